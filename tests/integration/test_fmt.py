"""fmt: files of weft laid out as usual; comments stay, and the document."""
import os
import random

import pytest

UGLY = """\
# top
mesh:    "shop"   # the name
environments:
      dev:   { home: .weft/dev,vars: {inbox: 'in box'} }

      # of prod


      prod:
          home:  "a: b"
# end
"""
NEAT = """\
# top
mesh: shop        # the name
environments:
  dev: {home: .weft/dev, vars: {inbox: in box}}

  # of prod

  prod:
    home: "a: b"
# end
"""


def test_lays_out(weft, tmp_path):
    file = tmp_path / "weft.yaml"
    file.write_text(UGLY.replace("\n", "\r\n"), newline="")
    os.chmod(file, 0o640)
    assert "weft.yaml" in weft("fmt", "--check", "weft.yaml", status=4).stdout
    assert file.read_bytes() == UGLY.replace("\n", "\r\n").encode()
    assert weft("fmt", "weft.yaml").stdout == "changed weft.yaml\n"
    assert file.read_text() == NEAT
    assert os.stat(file).st_mode & 0o777 == 0o640
    assert "nothing to change" in weft("fmt", "--check", "weft.yaml").stdout
    assert weft("fmt", "-", input=UGLY).stdout == NEAT
    weft("fmt", "-", "--check", input=UGLY, status=4)
    weft("fmt", "-", "--check", input=NEAT)
    assert os.listdir(tmp_path) == ["weft.yaml"]


def test_whole_checkout(weft, tmp_path):
    weft("init", "m")
    root = tmp_path / "m"
    assert "nothing to change" in weft("fmt", cwd=root).stdout
    product = root / "domains/shop/orders/data_product.yaml"
    product.write_text(product.read_text().replace("  - {", "-   { "))
    assert "domains/shop/orders/data_product.yaml" in weft("fmt", cwd=root / "inbox").stdout
    weft("validate", cwd=root)
    assert weft("--json", "fmt", cwd=root).stdout == ""


def test_refuses(weft, tmp_path):
    file = tmp_path / "p.yaml"
    for text in ["a: [1\n", "a: 1\na: 2\n", "a: &x 1\n"]:
        file.write_text(text)
        done = weft("fmt", "p.yaml", status=1)
        assert "p.yaml" in done.stderr and "could not be formatted" in done.stderr
        assert file.read_text() == text
    weft("fmt", "missing.yaml", status=1)


def test_link_stays(weft, tmp_path):
    (tmp_path / "real.yaml").write_text("a:   1\n")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    weft("fmt", "link.yaml")
    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_text() == "a: 1\n"


def test_all_files_of_the_repository(weft, root, tmp_path):
    """Those of people are formatted; of seeds for fuzzing some are refused, none is changed in what
    it says (fmt looks itself)."""
    files = [p for p in root.glob("**/*.yaml") if "build" not in p.relative_to(root).parts[0]
             and not {"third_party", "corpus"} & set(p.parts)]
    folders = ("codec/corpus/yaml", "codec/corpus/yaml_format", "model/corpus/product",
               "policy/corpus/policy")
    seeds = [p for folder in folders for p in (root / "src" / folder).glob("*")]
    assert len(files) > 10
    refused = 0
    for path in files + random.Random(1).sample(seeds, min(len(seeds), 150)):
        text = path.read_bytes().decode("latin-1")
        once = weft("fmt", "-", input=text, encoding="latin-1", status=None)
        if once.returncode != 0:
            several = "policies" in path.parts and "a second document" in once.stderr
            assert path in seeds or several, (path, once.stderr)
            refused += "not be the same document" in once.stderr
            continue
        twice = weft("fmt", "-", input=once.stdout, encoding="latin-1")
        assert twice.stdout == once.stdout, path
    assert refused < 8


PIECES = ["a: 1", "b:", "  c: 2", "    d: [1, 2,", "   3]", "- x", "  - y", "-   z: 1", "    w: 2",
          "# c", "   # d", "", "e: |", "    text", "      more", "f: >-", "  folded",
          "g: {h: 1,i: 2}", "  j: 'q'", "k: \"two", "  lines\"", "l: plain",
          "   goes on", "m:", "- 1", "-", "  n: 3", "? o", "---", "p: [", "]", "\tq: 1",
          "r: x # y", "s: 'it''s' #z", "- - 1", "  - 2"]


@pytest.mark.parametrize("seed", range(4))
def test_random_lines(weft, tmp_path, seed):
    rng = random.Random(seed)
    for _ in range(60):
        text = "\n".join(rng.choice(PIECES) for _ in range(rng.randint(1, 9))) + "\n"
        once = weft("fmt", "-", input=text, status=None)
        assert once.returncode in (0, 1), text
        if once.returncode == 0:
            assert weft("fmt", "-", input=once.stdout).stdout == once.stdout, text
        else:
            assert "not be the same document" not in once.stderr, text
