"""What every integration test shares: the program under test, run as a person would."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def weft_bin():
    return os.environ["WEFT_BIN"]


@pytest.fixture
def weft(weft_bin, tmp_path):
    """weft("query", "SELECT 1", cwd=..., status=0) -> CompletedProcess; checks the exit status."""

    def run(*arguments, cwd=tmp_path, status=0, env=None, **more):
        done = subprocess.run([weft_bin, *map(str, arguments)], cwd=cwd, text=True,
                              capture_output=True, env={**os.environ, **(env or {})}, **more)
        if status is not None:
            assert done.returncode == status, (arguments, done.stdout, done.stderr)
        return done

    return run
