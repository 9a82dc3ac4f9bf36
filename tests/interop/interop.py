"""A program of somebody else's, under Node: told what to do by lines of JSON, and saying what it sees the
same way."""
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time

from harness import PATIENCE, Failed, spawn, until

HERE = pathlib.Path(__file__).resolve().parent
MODULES = HERE / "node_modules"


def needs(*packages):
    """Skips the test where they are not installed."""
    missing = [p for p in packages if not (MODULES / p).exists()]
    if missing or not shutil.which("node"):
        print("not installed: " + (", ".join(missing) or "node") + " (scripts/test --interop installs them)")
        raise SystemExit(77)


class Node:
    """A script of this folder, run in a folder of its own that sees the packages."""

    def __init__(self, folder, script, *also, **env):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in (HERE / script, *also):
            shutil.copy(path, self.folder)
        if not (self.folder / "node_modules").exists():
            (self.folder / "node_modules").symlink_to(MODULES)
        self.said, self.log = [], self.folder / "node.log"
        self.proc = spawn(["node", self.folder / script], cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=self.log.open("ab"), env=dict(os.environ, HOME=str(self.folder), **env))
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.proc.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                continue    # what the program itself prints
            if isinstance(said, dict) and "is" in said:
                self.said.append(said)

    def tell(self, do, **what):
        self.proc.stdin.write((json.dumps({"do": do, **what}, ensure_ascii=False) + "\n").encode())
        self.proc.stdin.flush()

    def all(self, what, **want):
        return [s for s in self.said if s["is"] == what and all(s.get(k) == v for k, v in want.items())]

    def wait(self, what, n=1, seconds=30, **want):
        """The n-th thing of that kind."""
        def there():
            if self.proc.poll() is not None and len(self.all(what, **want)) < n:
                raise Failed(f"node ended with {self.proc.returncode}: {self.log.read_text()[-1500:]}")
            found = self.all(what, **want)
            return found[n - 1] if len(found) >= n else None
        return until(there, seconds, f"{what} {want} ({n}); it said {self.said[-5:]}")

    def kill9(self):
        self.proc.kill()
        self.proc.wait()

    def stop(self):
        if self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(5 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill9()
        self.reader.join(5)
        self.proc.stdin.close()
        self.proc.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def stored(d, **want):
    """Messages of the daemon with those members, everything that was accepted being applied."""
    d.drained()
    rows = [json.loads(line) for line in d.run("export", "messages", check_exit=0)[1].splitlines()]
    return [r for r in rows if all(r.get(k) == v for k, v in want.items())]


def becomes(d, n, seconds=30, **want):
    """The rows, once there are n of them."""
    return until(lambda: (lambda rows: rows if len(rows) >= n else None)(stored(d, **want)), seconds,
                 f"{n} rows with {want}", 0.1)


def now_ms():
    return int(time.time() * 1000)
