"""The READMEs of the examples are run line by line, as somebody would who types them."""
import pathlib
import shutil

import pytest
from tutorial import Shell, agree, form, steps_of

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("page", ["examples/shop/README.md", "examples/hospital/README.md"])
def test_the_page_says_what_happens(page, weft_bin, tmp_path):
    page = ROOT / page
    copy = tmp_path / "copy"
    shutil.copytree(page.parent, copy, ignore=shutil.ignore_patterns(".weft"))
    steps = steps_of(page.read_text())
    assert len(steps) >= 20
    shell = Shell(copy, weft_bin, tmp_path, page.parent.name)
    for step in steps:
        got, status = shell.run(step.command)
        assert agree(step.expected, got), "\n".join(
            [f"{page.name}:{step.line}: $ {step.command}", "expected:",
             *(" |" + form(line) for line in step.expected), "got:",
             *(" |" + form(line) for line in got)])
    shell.close()


def test_a_wrong_answer_is_noticed():
    assert agree(["a 12 ms", "...", "z"], ["a 7 ms", "b", "c", "z"])
    assert not agree(["3 published"], ["4 published"])
    assert not agree([], ["more"])
    assert not agree(["a", "b"], ["a"])
    assert agree(["  a.b: 1", "    x", "  c.d: 2", "end"], ["  c.d: 2", "  a.b: 1", "    x", "end"])
    assert not agree(["  a.b: 1", "    x", "  c.d: 2"], ["  a.b: 1", "  c.d: 2", "    x"])
