"""weft under a pseudo-terminal of its own, as a person sits before it."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from patience import PATIENCE

BIN = os.environ.get("WEFT_BIN", "")
ESCAPE = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78])")
CLEAN = {name: value for name, value in os.environ.items()
         if name not in ("NO_COLOR", "COLUMNS", "LINES", "PAGER", "LESS", "EDITOR", "VISUAL",
                         "XDG_STATE_HOME") and not name.startswith("WEFT_")}


class Terminal:
    """`text` is all that was written there since the last `wait`; `all` is everything."""

    def __init__(self, *arguments, cwd, columns=100, lines=40, env=None, program=None, **more):
        self.master, slave = pty.openpty()
        self.resize(columns, lines, fd=slave)
        self.before = termios.tcgetattr(slave)

        def control():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        streams = {"stdin": slave, "stdout": slave, "stderr": slave, **more}
        self.process = subprocess.Popen(
            [program or BIN, *map(str, arguments)], cwd=cwd, preexec_fn=control,
            env={**CLEAN, "TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})}, **streams)
        self.slave = slave
        self.raw = b""
        self.seen = 0

    def resize(self, columns, lines, fd=None):
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.master if fd is None else fd, termios.TIOCSWINSZ, size)

    @property
    def all(self):
        return ESCAPE.sub("", self.raw.decode(errors="replace")).replace("\r\n", "\n")

    @property
    def text(self):
        return self.all[self.seen:]

    def pump(self, seconds):
        """Takes what comes; False at the end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            block = os.read(self.master, 65536)
        except OSError:  # EIO: everyone has closed the other side
            return False
        self.raw += block
        return bool(block)

    def wait(self, wanted, seconds=PATIENCE):
        """Until the text (or pattern) stands behind what was waited for before; gives what stood
        before it."""
        pattern = wanted if hasattr(wanted, "search") else re.compile(re.escape(wanted))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = pattern.search(self.text)
            if found:
                before = self.text[:found.start()]
                self.seen += found.end()
                return before
            if not self.pump(0.1) or self.process.poll() is not None:
                self.pump(0.1)
                found = pattern.search(self.text)
                assert found, f"ended; wanted {wanted!r}, got {self.text!r}"
        raise AssertionError(f"wanted {wanted!r}, got {self.text!r}\nall: {self.all[-2000:]!r}")

    def quiet(self, seconds=0.3):
        """Until nothing has come for a while."""
        count = -1
        while count != len(self.raw):
            count = len(self.raw)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self.pump(0.05)
        return self

    def shows(self, end):
        """Until the line of the cursor ends so."""
        stop = time.monotonic() + PATIENCE
        while not self.line.endswith(end):
            assert time.monotonic() < stop, (end, self.line, self.all[-2000:])
            assert self.pump(0.1), ("ended", self.all[-2000:])
        return self

    def holds(self, pattern):
        """Until it stands somewhere in what came since the last wait."""
        stop = time.monotonic() + PATIENCE
        while not re.search(pattern, self.text):
            assert time.monotonic() < stop, (pattern, self.text)
            assert self.pump(0.1), ("ended", self.all[-2000:])
        return self

    def displays(self, pattern):
        """Until it stands somewhere on the screen, however it was drawn."""
        stop = time.monotonic() + PATIENCE
        while not re.search(pattern, self.screen):
            assert time.monotonic() < stop, (pattern, self.screen[-2000:])
            assert self.pump(0.1), ("ended", self.all[-2000:])
        return self

    @property
    def screen(self):
        """All lines since it was cleared, also those that scrolled away, without spaces behind."""
        return "\n".join("".join(cells).rstrip() for cells in self.drawn()[0])

    @property
    def line(self):
        """The line of the screen that the cursor is in, up to the cursor."""
        rows, row, column = self.drawn()
        return "".join(rows[row] + [" "] * (column - len(rows[row])))[:column]

    def drawn(self):
        """The lines, and the line and the column of the cursor. An editor goes back up and draws
        only what differs. Nothing wraps."""
        rows, row, column = [[]], 0, 0
        text = self.raw.decode(errors="replace")
        parts = r"\x1b\[([0-9;?]*)([A-Za-z@])|\x1b[()].|\x1b[=>78]|(.)"
        for part in re.finditer(parts, text, re.S):
            number = int(part[1]) if part[1] and part[1].isdigit() else 1
            cells = rows[row]
            if part[2] == "A":
                row = max(row - number, 0)
            elif part[2] == "B" or part[3] == "\n":
                row += number
                rows += [[] for _ in range(row + 1 - len(rows))]
            elif part[2] == "C":
                column += number
            elif part[2] == "D":
                column -= number
            elif part[2] == "G":
                column = number - 1
            elif part[2] == "K":
                del cells[column:]
            elif part[2] == "J" and part[1] == "2":
                rows, row, column = [[]], 0, 0
            elif part[2] == "J":
                del cells[column:], rows[row + 1:]
            elif part[2] == "P":
                del cells[column:column + number]
            elif part[2] == "@":
                cells[column:column] = [" "] * number
            elif part[3] == "\r":
                column = 0
            elif part[3] == "\b":
                column -= 1
            elif part[3] is not None and part[3] >= " ":
                cells += [" "] * (column + 1 - len(cells))
                cells[column] = part[3]
                column += 1
        return rows, row, column

    def type(self, text):
        os.write(self.master, text.encode())
        return self

    def end(self, status=0, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.pump(0.05)
        if self.process.poll() is None:
            self.process.kill()
            raise AssertionError(f"did not end: {self.all[-2000:]!r}")
        while self.pump(0) and select.select([self.master], [], [], 0)[0]:
            pass
        after = termios.tcgetattr(self.slave)
        os.close(self.slave)
        os.close(self.master)
        assert self.process.returncode == status, (self.process.returncode, self.all[-2000:])
        # echo and line mode are as they were: nobody has to type `reset`
        assert after[3] & (termios.ECHO | termios.ICANON) == (
            self.before[3] & (termios.ECHO | termios.ICANON))
        return self.all
