"""`state export` and `plan --against`."""
import os
import pathlib
import subprocess
import sys

import pytest
from mesh_support import Mesh

HERE = pathlib.Path(__file__).resolve().parent


@pytest.mark.parametrize("file, least", [("test_plan_impact.py", 40), ("test_mesh_plan.py", 40),
                                         ("test_mesh_life.py", 20), ("test_defer.py", 10)])
def test_all_plans_of(file, least, tmp_path):
    """The tests of a file once more: at the home and against its state, plans are the same."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p",
         "against", f"--basetemp={tmp_path}/t", HERE / file], capture_output=True, text=True, cwd=HERE,
        env={**os.environ, "PYTHONPATH": str(HERE), "AGAINST_COUNT": str(tmp_path / "count")})
    assert done.returncode == 0, done.stdout[-6000:]
    assert len((tmp_path / "count").read_text()) >= least
