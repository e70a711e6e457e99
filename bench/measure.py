"""Times whole processes: wall time from exec to exit, and the largest sum of resident memory over
the process and all its children, sampled every 4 ms. Standard library only."""

import os
import statistics
import subprocess
import threading
import time


def _children(pid):
    out = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as f:
                for child in f.read().split():
                    out += _children(int(child))
    except OSError:
        pass
    return out


def _resident(pids):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/statm") as f:
                total += int(f.read().split()[1]) * 4096
        except (OSError, IndexError, ValueError):
            pass
    return total


def once(argv, env=None, expect=(0,), cwd=None):
    """(seconds, peak bytes, standard output)"""
    peak = 0
    start = time.perf_counter()
    process = subprocess.Popen(
        argv, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    done = threading.Event()

    def sample():
        nonlocal peak
        while not done.wait(0.004):
            peak = max(peak, _resident(_children(process.pid)))

    sampler = threading.Thread(target=sample)
    sampler.start()
    out, err = process.communicate()
    seconds = time.perf_counter() - start
    done.set()
    sampler.join()
    if process.returncode not in expect:
        raise SystemExit(f"{' '.join(argv)}: exit {process.returncode}\n{err.decode()}")
    return seconds, peak, out.decode()


def median(runs, before, *args, **kwargs):
    """Medians of `runs` runs; before() puts the world back before each."""
    seconds, peaks = [], []
    for _ in range(runs):
        if before:
            before()
        s, p, _out = once(*args, **kwargs)
        seconds.append(s)
        peaks.append(p)
    return statistics.median(seconds), statistics.median(peaks)


def pair(
    runs, before_a, argv_a, before_b, argv_b, env_a=None, env_b=None, expect_a=(0,), expect_b=(0,)
):
    """Two commands in turn, A B A B ...: (seconds a, bytes a, seconds b, bytes b), medians."""
    a, b = [], []
    for _ in range(runs):
        before_a and before_a()
        a.append(once(argv_a, env=env_a, expect=expect_a)[:2])
        before_b and before_b()
        b.append(once(argv_b, env=env_b, expect=expect_b)[:2])
    mid = lambda rows, i: statistics.median(r[i] for r in rows)
    return mid(a, 0), mid(a, 1), mid(b, 0), mid(b, 1)
