"""A PostgreSQL of its own, where the machine has the binaries: a cluster in a temporary folder."""
import os
import pathlib
import shutil
import socket
import subprocess
import time


def program(name):
    found = shutil.which(name)
    if found:
        return found
    for folder in sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / name).exists():
            return str(folder / name)
    return None


def is_there():
    return program("initdb") is not None and program("postgres") is not None


class Postgres:
    """With the user `weft`, whose password is wanted on TCP."""

    def __init__(self, folder, password):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.user = []
        if os.getuid() == 0:  # it refuses to run as root
            self.user = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
            shutil.chown(self.folder, "nobody", "nogroup")
            for above in self.folder.parents:
                if above != pathlib.Path("/") and above.stat().st_uid == 0:
                    above.chmod(above.stat().st_mode | 0o011)
        word = self.folder.parent / "initial"
        word.write_text(password + "\n")
        word.chmod(0o644)
        data = self.folder / "data"
        subprocess.run([*self.user, program("initdb"), "-D", data, "-U", "weft", "-A",
                        "scram-sha-256", "--pwfile", word, "--no-sync", "-E", "UTF8"],
                       check=True, capture_output=True, cwd="/")
        word.unlink()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [*self.user, program("postgres"), "-D", data, "-p", str(self.port), "-k", self.folder,
             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "log_statement=all"],
            stdout=subprocess.DEVNULL, stderr=(self.folder.parent / "postgres.log").open("w"),
            cwd="/")
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError((self.folder.parent / "postgres.log").read_text())

    def log(self):
        return (self.folder.parent / "postgres.log").read_text()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
