"""What is installed: a program that runs from any folder, DuckDB beside it, all libraries named."""
import os
import pathlib
import subprocess
import tarfile

import pytest

RELEASE = pathlib.Path(os.environ["WEFT_RELEASE_BIN"])
pytestmark = pytest.mark.skipif(not RELEASE.exists(), reason="no release build")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    config = RELEASE.parent / "CPackConfig.cmake"
    subprocess.run(["cpack", "--config", config, "-B", folder], check=True,
                   capture_output=True, cwd=folder)
    (archive,) = folder.glob("weft-*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "out")
    (top,) = (folder / "out").iterdir()
    return top


def test_the_program_runs_from_any_folder(unpacked, tmp_path):
    done = subprocess.run([unpacked / "bin/weft", "version"], cwd=tmp_path, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert "0.1.0" in done.stdout


def test_duckdb_lies_beside_it(unpacked):
    library = unpacked / "bin/libduckdb.so"
    assert library.is_file() and not library.is_symlink()
    assert library.stat().st_size > 50_000_000


def test_the_program_is_stripped_and_small(unpacked):
    assert (unpacked / "bin/weft").stat().st_size <= 5_000_000


def needed(program):
    out = subprocess.run(["readelf", "-d", program], check=True, capture_output=True,
                         text=True).stdout
    return [line.split("[")[1].rstrip("]") for line in out.split("\n") if "(NEEDED)" in line]


def test_weft_graph_lies_beside_it_under_its_own_licence(unpacked):
    done = subprocess.run([unpacked / "bin/weft-graph", "--version"], capture_output=True,
                          text=True)
    assert done.returncode == 0 and "igraph 0.10" in done.stdout, done
    assert "GNU GENERAL PUBLIC LICENSE" in (unpacked / "share/weft/LICENSE.weft-graph").read_text()
    assert "libigraph.so.3" in needed(unpacked / "bin/weft-graph")
    listed = (unpacked / "share/weft/LIBRARIES").read_text()
    assert all(name in listed for name in needed(unpacked / "bin/weft-graph"))


def test_weft_itself_links_neither_igraph_nor_curl(unpacked):
    names = " ".join(needed(unpacked / "bin/weft"))
    assert "igraph" not in names and "curl" not in names


def test_licences_and_libraries_are_listed(unpacked):
    share = unpacked / "share/weft"
    assert "Apache License" in (share / "LICENSE").read_text()
    listed = (share / "LIBRARIES").read_text()
    names = needed(unpacked / "bin/weft")
    missing = [name for name in names if name not in listed]
    assert names and not missing
    assert (share / "licences.md").is_file()
    assert all("Permission is hereby granted" in (share / name).read_text()
               for name in ("LICENSE.duckdb", "LICENSE.yyjson"))
