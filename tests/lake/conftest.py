"""Tables made by weft (make_tables.c) in a home whose name has a blank, opened by PyIceberg."""
import json
import os
import pathlib
import subprocess

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import StaticTable


class Lake:
    def __init__(self, home):
        self.home = home

    def run(self, *steps, status=0, env=None):
        """Runs steps; the answers of those that were made."""
        done = subprocess.run([os.environ["WEFT_MAKE_TABLES"], str(self.home)], text=True,
                              input=json.dumps(steps), capture_output=True,
                              env={**os.environ, **(env or {})})
        if status is not None:
            assert done.returncode == status, (done.returncode, done.stderr)
        self.stderr = done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def one(self, **step):
        return self.run(step)[0]

    def open(self, answer):
        return StaticTable.from_metadata(f"file://{self.home}/{answer['metadata']}")

    def metadata(self, answer):
        return json.loads((self.home / answer["metadata"]).read_text())

    def catalog(self):
        return SqlCatalog("health", uri=f"sqlite:///{self.home}/weft.db")


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "a home")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return Lake(tmp_path_factory.mktemp("lake") / "a home")
