"""What the benches of the whole path share: the daemon, the tight program and the load generator,
each in a fresh folder, with the processor time and memory of all processes that belong to them."""
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request

SOURCE = pathlib.Path(os.environ.get("QUND_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
QUND = os.environ.get("QUND", str(SOURCE / "build/bench/bin/qund"))
PROGRAMS = pathlib.Path(os.environ.get("QUND_BENCH", SOURCE / "build/bench/tests/bench"))
QUICK = os.environ.get("QUND_QUICK") == "1"
TICK = os.sysconf("SC_CLK_TCK")
PORT = int(os.environ.get("QUND_BENCH_PORT", "18720"))
WORDS = 1000


def row(number, what, figure, limit="", ok=None):
    print(f"ROW {number} | {what} | {figure} | {limit} | {'' if ok is None else 'yes' if ok else 'no'}",
          flush=True)


def median(values):
    return statistics.median(values)


def spread(values):
    """The distance from the median of the worst round, as a share."""
    m = median(values)
    return max(abs(v - m) for v in values) / m if m else 0


def k(rate):
    return f"{rate / 1000:.1f} k/s" if rate >= 10000 else f"{rate:.0f}/s"


def load(address, **options):
    command = [str(PROGRAMS / "load"), str(address)]
    for name, value in options.items():
        command += [name, str(value)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
    if done.returncode:
        raise RuntimeError(f"load: {done.stderr.strip()}")
    said = json.loads(done.stdout)
    for what in ("heard", "pushed"):
        if what in said and said[what]["n"] == 0:
            raise RuntimeError(f"load: nothing was {what}, so there is no figure")
    return said


def printed(what, n=WORDS):
    return subprocess.run([str(PROGRAMS / "load"), what, str(n)], capture_output=True, text=True,
                          check=True).stdout


class Process:
    """A server in a folder of its own; its redis-server is its child and counted with it."""

    def __init__(self, folder=None):
        self.keep = folder is not None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="qund-bench-"))
        self.child = None

    def start(self, command, up):
        self.log = open(self.folder / "log", "ab")
        self.out = open(self.folder / "out", "wb+")
        self.started = time.monotonic()
        self.child = subprocess.Popen(command, stdout=self.out, stderr=self.log, stdin=subprocess.DEVNULL)
        while not up():
            if self.child.poll() is not None or time.monotonic() - self.started > 60:
                raise RuntimeError(f"{command[0]} did not start, see {self.folder}/log")
            time.sleep(0.001)
        self.start_s = time.monotonic() - self.started

    def pids(self):
        own = self.child.pid
        children = pathlib.Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return [own] + [int(c) for c in children]

    def cpu_s(self):
        """(own, redis) processor seconds."""
        used = []
        for pid in self.pids():
            try:
                f = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except FileNotFoundError:
                continue
            used.append((int(f[11]) + int(f[12])) / TICK)
        return used[0], sum(used[1:])

    def memory_mb(self):
        """(own, redis) private memory."""
        found = []
        for pid in self.pids():
            total = 0
            try:
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith(("Private_Clean", "Private_Dirty")):
                        total += int(line.split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            found.append(total / 1024)
        return found[0], sum(found[1:])

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            self.child.wait(timeout=120)
        self.out.seek(0)
        text = self.out.read().decode()
        self.out.close()
        self.log.close()
        return text

    def __enter__(self):
        return self

    def __exit__(self, *what):
        if self.child and self.child.poll() is None:
            self.stop()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)


class Daemon(Process):
    """qund with the shipped rules and WORDS more, extractors and metrics on, search index on."""

    def __init__(self, durability="os", folder=None, cache="64MiB", webhook=None, words=WORDS, search=True):
        super().__init__(folder)
        self.data = self.folder / "data"
        self.sock = self.data / "qund.sock"
        self.config = self.folder / "qund.yaml"
        rules = self.folder / "rules"
        rules.mkdir(exist_ok=True)
        (rules / "bench.yaml").write_text(printed("rules", words), encoding="utf-8")
        self.config.write_text(
            f"http: {{listen: '127.0.0.1:{PORT}'}}\n"
            f"queue: {{durability: {durability}}}\n"
            f"store: {{page_cache: {cache}, search: {str(search).lower()}}}\n"
            f"rules: {{dirs: ['{SOURCE}/config/rules', '{rules}']}}\n"
            "log: {level: warn}\n"
            "quiet: {hours: '00:00-00:00'}\n"  # pushes leave at any hour of the run
            f"targets: {{ops: {{kind: webhook, url: 'http://127.0.0.1:{webhook or PORT + 2}/hook', "
            f"allow_private: true, rate: {0 if webhook else 20}}}}}\n", encoding="utf-8")

    def command(self):
        return [QUND, "serve", "--data", str(self.data), "--config", str(self.config)]

    def run(self):
        self.start(self.command(), self.ready)
        return self

    def ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5) as r:
                return r.status == 200
        except OSError:
            return False

    def address(self):
        return self.sock

    def metrics(self):
        text = subprocess.run(["curl", "-s", "--unix-socket", str(self.sock), "http://localhost/metrics"],
                              capture_output=True, text=True, check=True).stdout
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in text.splitlines() if line and not line.startswith("#")}


class Tight(Process):
    def __init__(self, durability="os"):
        super().__init__()
        self.durability = durability
        (self.folder / "words").write_text(printed("words"), encoding="utf-8")

    def run(self):
        self.start([str(PROGRAMS / "tight"), str(self.address()), str(self.folder),
                    str(self.folder / "words"), self.durability], self.address().exists)
        return self

    def address(self):
        return self.folder / "in"


class Lws(Process):
    def run(self):
        def up():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{PORT + 1}/", b"x", timeout=1):
                    return True
            except OSError:
                return False

        self.start([str(PROGRAMS / "bare_lws"), str(PORT + 1)], up)
        return self

    def address(self):
        return f"127.0.0.1:{PORT + 1}"


def measured(process, **options):
    """One load on a running server: what load says, and the processor time an event took."""
    before = process.cpu_s()
    result = load(process.address(), **options)
    after = process.cpu_s()
    own, redis = after[0] - before[0], after[1] - before[1]
    events = max(result["applied"] or result["accepted"], 1)
    result["cpu_us"] = (own + redis) / events * 1e6
    result["cpu_own_us"] = own / events * 1e6
    result["memory_mb"] = process.memory_mb()
    return result
