"""Files that are bad, whole or in parts: a clear error with its place, or a quarantine with exact
counts; what was there before stays; time and memory are bounded."""
import gzip
import os
import re
import shutil
import struct
import threading
import time

import pytest

from mesh import ORDERS, Mesh, strays
from patience import PATIENCE

HEAD = b"tag,id,amount\n"
STAYS = ORDERS.replace("  done: ../../../done\n", "")
MEMORY_MAX = 450 << 20  # with fault points and without optimisation


def line(i, amount=None):
    return f"{i},o{i},{i % 90 if amount is None else amount}\n".encode()


GOOD = HEAD + b"".join(line(i) for i in range(1, 101))


def zstd(data, level=3):
    import pyarrow
    return pyarrow.compress(data, codec="zstd", asbytes=True)


class Shop(Mesh):
    """100 orders are published; then something bad comes."""

    def __init__(self, root):
        super().__init__(root, {"orders": STAYS})
        self.write("inbox/orders0.csv", GOOD)
        self.weft("apply", "--yes")
        self.memory = 0

    def run(self, status, timeout=PATIENCE):
        process = self.start("run", "shop.orders", env={"WEFT_MEMORY": "300MB"})
        watch = threading.Timer(timeout, process.kill)
        watch.start()
        err, out = process.stderr.read(), process.stdout.read()
        _, code, usage = os.wait4(process.pid, 0)  # with the worker: the larger of the two
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(code)
        self.memory = usage.ru_maxrss << 10
        assert process.returncode == status, (process.returncode, out, err)
        assert self.memory < MEMORY_MAX, self.memory
        return out + err

    def refused(self, name, content, *words, status=1, state="failed"):
        """The whole file is refused: nothing of it is in, and without it all goes on."""
        before = self.one("select snapshot_id from mesh.products where product = 'shop.orders'")
        path = self.write(f"inbox/{name}", content) if content is not None else \
            self.root / "inbox" / name
        text = self.run(status)
        for word in words:
            assert re.search(word, text), (word, text)
        assert "internal" not in text
        assert path.exists()
        self.as_before(100, 0, before)
        assert self.query("select state as s from mesh.runs order by started_at desc limit 1") == [
            {"s": state}]
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.goes_on(100)
        return text

    def as_before(self, rows, aside, snapshot):
        assert self.one("select snapshot_id from mesh.products "
                        "where product = 'shop.orders'") == snapshot
        assert self.count("shop.orders") == rows
        assert self.count("shop__quarantine.orders") == aside
        assert strays(self, "shop.orders") == []
        self.verify()

    def goes_on(self, rows):
        self.write("inbox/orders9.csv", HEAD + line(9000))
        self.run(0)
        assert self.count("shop.orders") == rows + 1
        self.verify()

    def taken(self, name, content, good, aside):
        """Read, with so many rows published and so many set aside, each for its reason."""
        self.write(f"inbox/{name}", content)
        self.run(0)
        assert self.count("shop.orders") == 100 + good
        rows = self.query("select line, byte, raw, list_sort(rules) as rules, file from "
                          "shop__quarantine.orders order by byte")
        assert len(rows) == aside
        run = self.query("select read, accepted, quarantined, published from mesh.runs "
                         "order by started_at desc limit 1")[0]
        assert run == {"read": good + aside, "accepted": good, "quarantined": aside,
                       "published": good}
        self.verify()
        return rows


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "m")


# ---- parts

def test_half_bad(shop):
    text = HEAD + b"".join(line(i, "no" if i % 2 else None) for i in range(1000, 3000))
    rows = shop.taken("orders1.csv", text, 1000, 1000)
    assert {tuple(row["rules"]) for row in rows} == {("amount.type",)}
    for row in rows[:3] + rows[-3:]:
        assert text[row["byte"]:].startswith(row["raw"].encode() + b"\n"), row
        assert text.split(b"\n")[row["line"] - 1].decode() == row["raw"]


def test_all_bad(shop):
    text = HEAD + b"".join(line(i, "no") for i in range(1000, 1500))
    said = shop.refused("orders1.csv", text, "no row is left", "quarantine_max", status=3,
                        state="blocked")
    run = re.search(r"--run ([0-9a-f-]{36})", said)
    assert run, said


def test_all_bad_is_shown(shop):
    shop.write("inbox/orders1.csv", HEAD + b"".join(line(i, "no") for i in range(1000, 1500)))
    run = re.search(r"--run ([0-9a-f-]{36})", shop.run(3)).group(1)
    shown = shop.weft("quarantine", "shop.orders", "--run", run).stdout
    assert "1000,o1000,no" in shown and "amount" in shown


def test_ragged_rows(shop):
    text = HEAD + (b"1000,o1000,1\n1001,o1001\n1002,o1002,2,more\n1003\n1004,o1004,3\n\n"
                   b"1005,o1005,5\n")
    shop.write("inbox/orders1.csv", text)
    said = shop.run(0)
    assert shop.count("shop.orders") == 103, said
    rows = shop.query("select line from shop__quarantine.orders order by 1")
    lines = [row["line"] for row in rows]
    assert lines in ([3, 4, 5], [3, 4, 5, 7]), lines  # an empty line is a row or none


def test_each_row_is_whole(shop):
    """BOM, CRLF, quoted line breaks, delimiters and quotes in quotes, no end of the last line."""
    text = (b'\xef\xbb\xbftag,id,amount\r\n1000,"a\r\nb",1\r\n1001,"c,""d""",2\r\n1002,"e\n",x\r\n'
            b"1003,f,-4")
    rows = shop.taken("orders1.csv", text, 2, 2)
    assert [(row["line"], row["raw"]) for row in rows] == [(5, '1002,"e\n",x'), (7, "1003,f,-4")]
    rows = shop.query("select id from shop.orders where tag >= 1000 order by tag")
    assert [row["id"] for row in rows] == ["a\r\nb", 'c,"d"']


# ---- files refused as a whole

def test_unclosed_quote(shop):
    text = GOOD.replace(b"o1,", b"x1,") + b'1000,"never closed,1\n'
    text += b"".join(map(line, range(2000, 4000)))
    shop.refused("orders1.csv", text, r"orders1\.csv:102:", "quote")


@pytest.mark.parametrize("cut", [1, 5, 12, 200])
def test_truncated_gzip(shop, cut):
    data = gzip.compress(HEAD + b"".join(line(i) for i in range(1000, 9000)))
    shop.refused("orders1.csv.gz", data[:-cut], r"orders1\.csv\.gz", "trunc|end|cut|byte")


@pytest.mark.parametrize("cut", [1, 40, 2000])
def test_truncated_zstd(shop, cut):
    data = zstd(HEAD + b"".join(line(i) for i in range(1000, 9000)))
    shop.refused("orders1.csv.zst", data[:-cut], r"orders1\.csv\.zst", "trunc|end|cut|byte")


def test_wrong_checksum(shop):
    data = bytearray(gzip.compress(HEAD + b"".join(line(i) for i in range(1000, 9000))))
    data[-8:-4] = struct.pack("<I", struct.unpack("<I", data[-8:-4])[0] ^ 1)
    shop.refused("orders1.csv.gz", bytes(data), r"orders1\.csv\.gz", "gzip|check|CRC|crc")


def test_wrong_length_in_gzip(shop):
    data = bytearray(gzip.compress(HEAD + b"".join(line(i) for i in range(1000, 9000))))
    data[-1] ^= 1
    shop.refused("orders1.csv.gz", bytes(data), r"orders1\.csv\.gz")


def test_damaged_in_the_middle(shop):
    data = bytearray(gzip.compress(HEAD + b"".join(line(i) for i in range(1000, 9000))))
    data[len(data) // 2] ^= 0xFF
    shop.refused("orders1.csv.gz", bytes(data), r"orders1\.csv\.gz")


def test_something_behind_the_gzip(shop):
    shop.refused("orders1.csv.gz", gzip.compress(HEAD + line(1000)) + b"and something else",
                 r"orders1\.csv\.gz")


def test_plain_text_named_gz(shop):
    """What a file is packed with is seen from its content, not its name."""
    shop.taken("orders1.csv.gz", HEAD + line(1000), 1, 0)


def test_ten_thousand_columns(shop):
    names = b",".join(b"c%d" % i for i in range(10_000))
    shop.refused("orders1.csv", names + b"\n" + b",".join([b"1"] * 10_000) + b"\n",
                 "orders1.csv", "column|limit|tag")


def test_ten_thousand_columns_and_ours(shop):
    """More than columns_max is a mistake of the file, also where those asked for are there."""
    names = HEAD.strip() + b"," + b",".join(b"c%d" % i for i in range(10_000))
    row = b"1000,o1000,1," + b",".join([b"1"] * 10_000)
    shop.write("inbox/orders1.csv", names + b"\n" + row + b"\n")
    process = shop.weft("run", "shop.orders", status=(0, 1))
    assert shop.count("shop.orders") == (101 if process.returncode == 0 else 100)
    assert "column" in process.stderr + process.stdout


@pytest.mark.parametrize("byte", [b"a", b"\0", b'"', b",", b"\n"])
def test_one_gigabyte_without_an_end(shop, byte):
    """One line of 1 GB (or as many empty ones), 1 MB as gzip."""
    path = shop.root / "inbox" / "orders1.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(HEAD + line(1000))
        block = byte * (1 << 22)
        for _ in range(256):
            file.write(block)
    if byte == b"\n":  # empty lines: of one column they would be rows, of three they are none
        text = shop.weft("run", "shop.orders", status=(0, 1, 3), timeout=PATIENCE)
        assert shop.count("shop.orders") in (100, 101), text
        return
    shop.refused(path.name, None, r"orders1\.csv\.gz:[23]:")


@pytest.mark.parametrize("cell", [b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80",
                                  b"\xc0\xaf"])
def test_invalid_utf8(shop, cell):
    shop.refused("orders1.csv", HEAD + line(1000) + b"1001," + cell + b",2\n" + line(1002),
                 r"orders1\.csv:3:", "[Uu][Tt][Ff]-?8")


def test_nul_byte(shop):
    shop.refused("orders1.csv", HEAD + line(1000) + b"1001,a\0b,2\n", r"orders1\.csv:3:")


def test_utf16(shop):
    shop.refused("orders1.csv", (HEAD + line(1000)).decode().encode("utf-16"), r"orders1\.csv:1:")


def test_html(shop):
    page = b"<!DOCTYPE html>\n<html><body>\n<h1>502 Bad Gateway</h1></body></html>\n"
    shop.refused("orders1.csv", page, r"orders1\.csv:1", "no csv")


def test_binary(shop):
    shop.refused("orders1.csv", b"PAR1" + os.urandom(5000) + b"PAR1", "orders1.csv")


def test_empty_file(shop):
    shop.write("inbox/orders1.csv", b"")
    done = shop.weft("run", "shop.orders", status=(0, 1))
    assert shop.count("shop.orders") == 100
    said = done.stderr
    assert done.returncode == 0 or re.search("orders1.csv.*(empty|header)", said), said


def test_header_only(shop):
    shop.taken("orders1.csv", HEAD, 0, 0)
    shop.goes_on(100)


def test_directory(shop):
    (shop.root / "inbox" / "orders1.csv").mkdir()
    done = shop.weft("run", "shop.orders", status=(0, 1))
    assert shop.count("shop.orders") == 100
    assert done.returncode == 0 or "orders1.csv" in done.stderr


def test_duplicate_header(shop):
    shop.refused("orders1.csv", b"tag,id,amount,id\n1000,a,1,b\n", r"orders1\.csv:1", "id")


def test_headers_that_differ_by_case(shop):
    """Columns of an input keep their names: ID is another one, and no part of the schema."""
    assert shop.taken("orders1.csv", b"tag,id,amount,ID\n1000,a,1,b\n", 1, 0) == []
    assert shop.one("select id from shop.orders where tag = 1000") == "a"


def test_missing_column(shop):
    shop.refused("orders1.csv", b"tag,amount\n1000,1\n", "orders1.csv", "`?id`?")


def test_unreadable(shop):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    path = shop.write("inbox/orders1.csv", HEAD + line(1000))
    path.chmod(0)
    assert "orders1.csv" in shop.run(1)


def test_a_bad_file_beside_a_good_one(shop):
    """The run is all or nothing, and when the bad one is gone the good one is read."""
    shop.write("inbox/orders1.csv", HEAD + line(1000))
    shop.write("inbox/orders2.csv", HEAD + b'1001,"x')
    assert re.search(r"orders2\.csv:2:", shop.run(1))
    assert shop.count("shop.orders") == 100
    (shop.root / "inbox/orders2.csv").unlink()
    shop.goes_on(101)


# ---- changed while it is read

def rewrite(path, stop, how):
    i = 0
    while not stop.is_set():
        i += 1
        if how == "append":
            with open(path, "ab") as file:
                file.write(line(10_000_000 + i))
        elif how == "overwrite":
            with open(path, "r+b") as file:
                file.seek(len(HEAD))
                file.write(b"%07d" % (i % 10_000_000))
        else:
            with open(path, "r+b") as file:
                file.truncate(max(1000, os.path.getsize(path) - 5000))
        time.sleep(0.001)


@pytest.mark.parametrize("how", ["append", "overwrite", "truncate"])
def test_changed_while_it_is_read(shop, how):
    path = shop.write("inbox/orders1.csv", HEAD + b"".join(
        b"%07d,o%d,%d\n" % (i, i, i % 50) for i in range(1_000_000, 1_400_000)))
    stop = threading.Event()
    thread = threading.Thread(target=rewrite, args=(path, stop, how))
    thread.start()
    try:
        text = shop.run(1)
    finally:
        stop.set()
        thread.join()
    assert re.search("orders1.csv.*chang|orders1.csv:", text), text
    assert shop.count("shop.orders") == 100
    path.unlink()
    shop.goes_on(100)


def test_replaced_while_it_is_read(shop):
    """Another file takes the name: the run reads the one or the other, whole, or fails."""
    one = HEAD + b"".join(line(i) for i in range(1_000_000, 1_200_000))
    two = HEAD + b"".join(line(i) for i in range(2_000_000, 2_150_000))
    shop.write("inbox/orders1.csv", one)
    process = shop.start("run", "shop.orders")
    time.sleep(0.08)
    shop.write("inbox/orders1.csv", two)
    out, err = process.communicate(timeout=PATIENCE)
    rows = shop.count("shop.orders")
    assert (process.returncode, rows) in ((0, 200_100), (0, 150_100), (1, 100)), (out, err, rows)


# ---- the files people write

def refused_yaml(tmp_path, text, path="domains/shop/orders/data_product.yaml"):
    mesh = Mesh(tmp_path / "m", {"orders": STAYS})
    mesh.weft("apply", "--yes")
    mesh.write(path, text)
    results = []
    for words in (["validate"], ["plan"], ["apply", "--yes"]):
        with open(tmp_path / "said", "w+b") as said:  # no pipe that may be full
            process = mesh.start(*words, stdout=said, stderr=said, text=False)
            watch = threading.Timer(PATIENCE, process.kill)
            watch.start()
            _, code, usage = os.wait4(process.pid, 0)
            watch.cancel()
            process.returncode = os.waitstatus_to_exitcode(code)
            said.seek(0)
            text = said.read()
        assert usage.ru_maxrss << 10 < MEMORY_MAX
        assert len(text) < 1 << 20, "an error that fills the screen"
        results.append((process.returncode, text.decode()))
    mesh.product("orders", STAYS)
    mesh.write("weft.yaml", "mesh: test\n")
    mesh.write("inbox/orders0.csv", GOOD)
    mesh.weft("apply", "--yes")
    mesh.weft("run", "shop.orders")
    assert mesh.count("shop.orders") == 100
    return results


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12))


@pytest.mark.parametrize("text", [
    "schema: " + "[" * 10_000 + "]" * 10_000,
    "schema: " + "{a: " * 10_000 + "1" + "}" * 10_000,
    "".join(" " * i + f"k{i}:\n" for i in range(1000)),
    "- " * 5000 + "x",
    BOMB,
    "version: 1.0.0\ntags: [" + ", ".join(["t" * 50] * 40_000) + "]\nunknown_key: 1\n",
    "version: 1.0.0\n" + "".join(f"key{i}: 1\n" for i in range(20_000)),
    "version: 1.0.0\nversion: 1.0.0\n",
    "\0\0\0",
    "description: \"never closed\n",
    "\xff\xfe".encode("latin-1").decode("latin-1"),
    "%YAML 9.9\n---\na: 1\n",
    "&a a: *a\n",
    "a: &x [*x]\n",
    "? [complex, {key: 1}]\n: 2\n",
    "--- !!python/object/apply:os.system [id]\n",
], ids=["lists", "maps", "indents", "dashes", "bomb", "long_list", "keys", "twice", "nul", "quote",
        "latin", "version", "own_key", "own_value", "complex", "tag"])
def test_yaml_that_is_refused(tmp_path, text):
    for path in ("domains/shop/orders/data_product.yaml", "weft.yaml"):
        for status, said in refused_yaml(tmp_path / path.replace("/", "_"), text, path):
            assert status in (1, 2), said
            assert re.search(rf"{re.escape(path)}:\d+|{re.escape(path)}", said), said[:500]


def test_one_megabyte_of_yaml(tmp_path):
    """Large is not bad; larger than a limit is, and the limit is named."""
    mesh = Mesh(tmp_path / "m", {"orders": STAYS})

    def with_enum(count):
        words = ", ".join(f"o{i}" for i in range(count))
        return STAYS.replace("{name: id, type: string, required: true}",
                             "{name: id, type: string, required: true, enum: [" + words + "]}")

    text = with_enum(9000)
    mesh.product("orders", text + "# a comment\n" * (((1 << 20) - len(text)) // 12))
    mesh.write("inbox/orders0.csv", GOOD)
    mesh.weft("apply", "--yes")
    assert mesh.count("shop.orders") == 100
    mesh.doctor()
    mesh.product("orders", text + "# a comment\n" * (1 + ((1 << 20) - len(text)) // 12))
    assert "1024 KB" in mesh.weft("validate", status=1).stderr
    mesh.product("orders", with_enum(60_000) + "description: |\n" + "  a long text\n" * 20_000)
    said = mesh.weft("validate", status=1).stderr
    assert re.search(r"data_product\.yaml:\d+:\d+: `enum` has 60000 entries", said), said
    assert re.search(r"data_product\.yaml:\d+:\d+: the text of `description` is longer", said), said
