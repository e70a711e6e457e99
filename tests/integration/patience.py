"""How long a test waits for what must come. Long enough for a machine that is slow, busy, or has a
sanitizer; it is there so that what hangs ends. No test passes or fails by how quick something is:
figures are in bench/."""
import os
import pathlib
import time

PATIENCE = 240


def wait_for(condition, process=None, seconds=PATIENCE):
    """Until it holds, and gives what it gave; the process must go on meanwhile."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, "it did not happen"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.002)


def children(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def state(pid):
    """One letter (proc(5)): T stands still, Z is dead; None: gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return text.rsplit(")", 1)[1].split()[0]


def alive(pid):
    return state(pid) not in (None, "Z")


def frozen_worker(process):
    """The worker of a command that was started with FREEZE, once it stands still."""
    return wait_for(lambda: next((pid for pid in children(process.pid) if state(pid) == "T"), None),
                    process)


def freeze(point):
    """What to put into the environment: the worker stops there, until it gets SIGCONT."""
    return {"WEFT_FAULT": f"freeze:{point}:1", "WEFT_FAULT_IN": "worker"}


def catches(pid, number):
    """It has a handler for the signal: to be stopped is no longer to be killed."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return int(caught.split()[1], 16) >> (number - 1) & 1 == 1


def resident(pid):
    """Resident memory in bytes."""
    fields = pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
