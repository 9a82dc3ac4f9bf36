"""What tests of the whole program stand on: a daemon in a folder of its own, a given redis-server, a
receiver, an HTTP client, and cases that are counted. Standard library only.

    from harness import Cases, Daemon, Receiver, scratch

    with scratch() as folder, Daemon(folder / "d") as d:
        d.start()
        print(d.client().get("/api/v1/status").json())

Nothing here sleeps to wait for something: `until` polls a condition and gives up at a deadline.
Every process is started to die with this one, whatever happens to it.
"""
import base64
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback

import patience
import spoken

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
QUND = os.environ.get("QUND") or str(TOP / "build/ci/bin/qund")
QUND_FAULT_BIN = os.environ.get("QUND_FAULT_BIN") or str(TOP / "build/fault/bin/qund")
FOUND = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
PATIENCE = patience.told()


class Failed(Exception):
    """A check that did not hold."""


def check(cond, what, *facts):
    if not cond:
        raise Failed(what + ("" if not facts else ": " + ", ".join(repr(f) for f in facts)))


def equal(got, want, what):
    check(got == want, f"{what}: got {got!r}, want {want!r}")


def until(cond, seconds, what, pause=0.02):
    """The first true value of cond(); Failed after the deadline."""
    start = time.monotonic()
    while True:
        value = cond()
        if value:
            return value
        if time.monotonic() - start > seconds * PATIENCE:
            raise Failed(f"not within {seconds * PATIENCE:g} s: {what}")
        time.sleep(pause)


def die_with_me():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # Who was started in the background has Ctrl-C ignored, and so has every shell behind him.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def spawn(args, **kw):
    return subprocess.Popen([str(a) for a in args], preexec_fn=die_with_me, **kw)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def scratch(name="qund"):
    """A fresh folder; it stays when QUND_KEEP is set."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=name + "-", dir=os.environ.get("QUND_TMP")))
    try:
        yield folder
    finally:
        if not os.environ.get("QUND_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


# --- HTTP ---------------------------------------------------------------------------------------

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        folder = os.open(os.path.dirname(self.path), os.O_PATH | os.O_DIRECTORY)
        try:    # paths over 107 bytes do not fit into an address
            self.sock.connect(f"/proc/self/fd/{folder}/{os.path.basename(self.path)}")
        finally:
            os.close(folder)


class Client:
    """One connection that is kept; made anew after a failure, which the caller hears of."""

    def __init__(self, where, token=None, timeout=10):
        self.token, self.where, self.timeout, self.conn = token, where, timeout * PATIENCE, None
        self.sent_at = None            # monotonic; None until the whole request has left

    def open(self):
        if isinstance(self.where, int):
            conn = http.client.HTTPConnection("127.0.0.1", self.where, timeout=self.timeout)
        else:
            conn = UnixConnection(self.where, self.timeout)
        conn.connect()
        if isinstance(self.where, int):
            conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.conn = conn

    def close(self):
        if self.conn:
            self.conn.close()
            self.conn = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, method, path, body=None, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("Authorization", "Bearer " + self.token)
        if isinstance(body, (dict, list)):
            body = json.dumps(body, ensure_ascii=False)
            sent.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        try:
            self.sent_at = None
            if not self.conn:
                self.open()
            self.conn.request(method, path, body, sent)
            self.sent_at = time.monotonic()
            got = self.conn.getresponse()
            if path.startswith("/hook/"):
                spoken.note("hook")
            return Answer(got.status, got.headers, got.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self.ask("POST", path, body, **headers)

    def events(self, events, **headers):
        """A list is sent as NDJSON, everything else as it is."""
        if isinstance(events, list):
            events = "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events)
            headers.setdefault("Content_Type", "application/x-ndjson")
        return self.ask("POST", "/api/v1/events", events, **headers)


def raw(port, data, seconds=5, shut=False):
    """What comes back for bytes that no client library would send, until the peer closes."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds * PATIENCE) as s:
        try:
            s.sendall(data)
            if shut:
                s.shutdown(socket.SHUT_WR)
            while True:
                more = s.recv(65536)
                if not more:
                    return got, "closed"
                got += more
        except TimeoutError:
            return got, "open"
        except OSError:
            return got, "reset"


# --- processes ----------------------------------------------------------------------------------

class Redis:
    """A redis-server of somebody else's, on a free port."""

    def __init__(self, folder, password=None, fsync="always", policy="noeviction", preload=None, extra=()):
        self.folder, self.port, self.password, self.proc = pathlib.Path(folder), free_port(), password, None
        self.folder.mkdir(parents=True, exist_ok=True)
        self.preload = preload
        self.args = ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder,
                     "--appendonly", "yes", "--appendfsync", fsync, "--save", "", "--daemonize", "no",
                     "--maxmemory-policy", policy, "--logfile", self.folder / "redis.log", *extra]
        if password:
            self.args += ["--requirepass", password]

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        env = dict(os.environ, **({"LD_PRELOAD": str(self.preload)} if self.preload else {}))
        self.proc = spawn(self.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        until(lambda: self.ask("PING") in (b"+PONG", b"-NOAUTH Authentication required."), 20, "redis answers")
        return self

    def ask(self, *words):
        """First line of the reply to one command; None when nobody answers."""
        text = b""
        for cmd in ([("AUTH", self.password)] if self.password else []) + [words]:
            text += b"*%d\r\n" % len(cmd) + b"".join(b"$%d\r\n%s\r\n" % (len(str(w).encode()), str(w).encode())
                                                     for w in cmd)
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as s:
                s.sendall(text)
                got = s.recv(65536)
        except OSError:
            return None
        lines = got.split(b"\r\n")
        return (lines[1] if self.password and lines[0] == b"+OK" else lines[0]) or None

    def kill9(self):
        self.proc.kill()
        self.proc.wait()

    def stop(self):
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Receiver:
    """tests/support/receiver.py: the outside world, with a log of its effects."""

    def __init__(self, folder, secret="whsec_" + base64.b64encode(b"k" * 24).decode(), script=None, name="ops"):
        self.log, self.secret, self.name = pathlib.Path(folder) / "effects.jsonl", secret, name
        args = [sys.executable, TOP / "tests/support/receiver.py", "--log", self.log, "--secret", f"{name}={secret}"]
        if script:
            args += ["--script", f"{name}={script}"]
        self.proc = spawn(args, stdout=subprocess.PIPE)
        self.port = int(self.proc.stdout.readline())

    @property
    def target(self):
        """Its entry in the configuration."""
        return {self.name: {"kind": "webhook", "url": f"http://127.0.0.1:{self.port}/{self.name}",
                            "secret": self.secret, "allow_private": True, "rate": 0, "timeout": "5s"}}

    def calls(self):
        if not self.log.exists():
            return []
        # A text may hold U+2028, and behind the last line end one may be half written.
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").split("\n")[:-1]]

    def script(self, words):
        with Client(self.port) as c:
            c.post(f"/_script/{self.name}", words)

    def stop(self):
        self.proc.kill()
        self.proc.wait()
        self.proc.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Mailbox:
    """tests/support/mailbox.py: a mail server, with a log of what it took."""

    def __init__(self, folder, script="250", tls=None, smtps=False, login=None):
        self.path = pathlib.Path(folder) / "mails.jsonl"
        args = [sys.executable, TOP / "tests/support/mailbox.py", "--log", self.path, "--script", script]
        args += ["--tls", tls] if tls else []
        args += ["--smtps"] if smtps else []
        args += ["--login", login] if login else []
        self.proc = spawn(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.proc.stdout.readline())

    def log(self):
        if not self.path.exists():
            return []
        mails = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines() if line.strip()]
        spoken.note("mail", len(mails))
        return mails

    def script(self, words):
        self.proc.stdin.write(f"script {words}\n".encode())
        self.proc.stdin.flush()

    def stop(self):
        self.proc.kill()
        self.proc.wait()
        self.proc.stdin.close()
        self.proc.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


# A price question is a tag, ten points and an alert; a brand is a point. What they make of an event
# can be read off its text: load.py expects exactly that.
RULES = {"rules": [
    {"id": "ask-price", "title": "询价", "when": {"any": ["多少钱"]},
     "then": [{"intent": "price_question"}, {"tag": "意向:询价"}, {"lead": {"score_add": 10}},
              {"alert": {"to": "consultant", "level": "info", "text": "{{sender.name}}问价：{{message.text}}"}}]},
    {"id": "brand", "title": "品牌", "when": {"any": ["欧派"]},
     "then": [{"tag": "关注:品牌"}, {"lead": {"score_add": 1}}]},
]}


def merged(base, more):
    out = dict(base)
    for key, value in (more or {}).items():
        out[key] = merged(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def entry_id(text):
    return tuple(int(part) for part in text.split("-"))


class Daemon:
    """A data folder, its configuration, and the program that serves it."""

    def __init__(self, folder, config=None, rules=None, binary=None, args=()):
        self.folder, self.binary, self.args = pathlib.Path(folder), str(binary or QUND), list(args)
        self.data, self.log_path = self.folder / "data", self.folder / "daemon.log"
        self.config_path, self.rules_path = self.folder / "qund.yaml", self.folder / "rules" / "10-test.yaml"
        self.port, self.proc, self.tokens = free_port(), None, {}
        self.rules_path.parent.mkdir(parents=True)
        self.log_path.touch()
        self.config = merged({"http": {"listen": f"127.0.0.1:{self.port}", "max_connections": 2000, "per_peer": 1500},
                              "rules": {"dirs": ["rules"]}, "quiet": {"hours": "00:00-00:00"},
                              "store": {"reserve": "1MiB"}}, config)
        self.write_config()
        self.write_rules(rules or RULES)

    def write_config(self, text=None):
        # JSON is YAML; a test that wants it broken gives the text. A reload never finds half of it.
        fresh = self.config_path.with_suffix(".new")
        fresh.write_text(text or json.dumps(self.config, ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(self.config_path)

    def write_rules(self, rules):
        text = rules if isinstance(rules, str) else json.dumps(rules, ensure_ascii=False, indent=1)
        self.rules_path.write_text(text, encoding="utf-8")

    @property
    def sock(self):
        return self.data / "qund.sock"

    @property
    def door(self):
        """Where strangers come in: the port, or the path of a unix socket."""
        listen = self.config["http"]["listen"]
        return pathlib.Path(listen[5:]) if listen.startswith("unix:") else self.port

    def environment(self, fault=None, **more):
        env = {k: v for k, v in os.environ.items() if k not in ("QUND_DATA", "QUND_CONFIG", "QUND_FAULT")}
        if fault:
            env["QUND_FAULT"] = fault
        return dict(env, **more)

    def command(self, *words, **env):
        return [self.binary, *words, "--data", self.data, "--config", self.config_path]

    def run(self, *words, stdin=None, seconds=60, check_exit=None):
        """A subcommand on this folder: (exit code, stdout, stderr)."""
        got = subprocess.run([str(w) for w in self.command(*words)], input=stdin, env=self.environment(),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds * PATIENCE, check=False)
        out, err = got.stdout.decode("utf-8", "replace"), got.stderr.decode("utf-8", "replace")
        if check_exit is not None and got.returncode != check_exit:
            raise Failed(f"qund {words[0]}: exit {got.returncode}, want {check_exit}: {out[-500:]}{err[-500:]}")
        return got.returncode, out, err

    def launch(self, fault=None, **env):
        with self.log_path.open("ab") as log:
            self.proc = spawn(self.command("serve", *self.args), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                              env=self.environment(fault, **env))
        return self.proc

    def start(self, seconds=20, fault=None, **env):
        self.launch(fault, **env)
        self.wait_ready(seconds)
        return self

    def is_ready(self):
        if self.proc.poll() is not None:
            raise Failed(f"the daemon ended with {self.proc.returncode}:\n{self.log()[-2000:]}")
        try:
            with Client(self.door, timeout=2) as c:
                return c.get("/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_ready(self, seconds=20):
        until(self.is_ready, seconds, f"the daemon is ready; its log ends:\n{self.log()[-2000:]}", 0.01)

    def fails_to_start(self, seconds=10):
        """(exit code, what it said, seconds it took)"""
        before = len(self.log())
        start = time.monotonic()
        self.launch()
        try:
            code = self.proc.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise Failed("it runs, although it must not start") from None
        return code, self.log()[before:], time.monotonic() - start

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def stop(self, seconds=15, how=signal.SIGTERM):
        """The exit code of an orderly stop."""
        if not self.proc or self.proc.poll() is not None:
            return self.proc.returncode if self.proc else None
        self.proc.send_signal(how)
        try:
            return self.proc.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise Failed(f"it did not stop within {seconds} s; its log ends:\n{self.log()[-2000:]}") from None

    def kill9(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()

    def client(self, role=None, timeout=10, channel="api"):
        """Role None: over the unix socket, which is the owner's."""
        if role is None:
            return Client(self.sock, timeout=timeout)
        return Client(self.port, self.token(role, channel), timeout=timeout)

    def token(self, role="ingest", channel="api"):
        if (role, channel) not in self.tokens:
            extra = ["--channel", channel] if role == "ingest" else []
            _, out, _ = self.run("token", "create", "--role", role, *extra, check_exit=0)
            self.tokens[role, channel] = out.split()[-1]
        return self.tokens[role, channel]

    def status(self):
        with self.client() as c:
            return c.get("/api/v1/status").json()

    def degraded(self):
        with Client(self.port, timeout=5) as c:
            got = c.get("/readyz")
            return got.status, got.body.decode()

    def metric(self, name):
        """Sum of a metric over its labels; None when there is none."""
        with self.client() as c:
            text = c.get("/metrics").body.decode()
        found = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                 if re.match(re.escape(name) + r"[ {]", line)]
        return sum(found) if found else None

    def memory_kib(self):
        text = pathlib.Path(f"/proc/{self.proc.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))

    def cpu_ms(self, thread=None):
        """Time on a processor so far, of all threads or of those with that word in their name: what work
        costs, whatever else the machine does."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.proc.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                if thread is None or thread in (task / "comm").read_text():
                    total += int((task / "schedstat").read_text().split()[0])
        return total / 1e6

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.proc.pid}/fd"))

    def applied(self):
        """The last queue entry whose effects are committed, as the store says."""
        with contextlib.closing(sqlite3.connect(f"file:{self.data / 'qund.db'}?mode=ro", uri=True, timeout=5)) as db:
            found = db.execute("SELECT value FROM meta WHERE key = 'applied_id'").fetchone()
        return entry_id(found[0] if found else "0-0")

    def drained(self, seconds=60):
        """Waits until all that was accepted is applied."""
        def empty():
            st = self.status()
            left = st["intake"]["waiting"] + st["intake"]["held_events"] + st["intake"]["spool_events"]
            return (left == 0 and st["recovered"] and st["intake"]["redis_up"]
                    and self.applied() >= entry_id(st["intake"]["last_pushed"]))
        until(empty, seconds, "the queue is drained", 0.05)

    def clean(self):
        """Nothing that a sanitizer found."""
        found = FOUND.search(self.log())
        check(not found, "sanitizer report in the daemon's log", self.log()[found.start():][:3000] if found else "")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.proc:
            self.kill9()


# --- cases --------------------------------------------------------------------------------------

class Cases:
    """The cases of one file: each a function with a sentence, counted, the last line says how many."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, what):
        def run(func):
            start, before = time.monotonic(), spoken.so_far()
            try:
                func()
                self.passed += 1
                said = spoken.since(before)
                print(f"ok    {what} ({time.monotonic() - start:.1f} s{'; ' if said else ''}{said})", flush=True)
            except Exception as e:  # a case that breaks is a case that failed; the next one runs
                self.failed += 1
                print(f"FAIL  {what}: {e}", flush=True)
                if not isinstance(e, Failed):
                    traceback.print_exc(file=sys.stdout)
            return func
        return run

    def done(self, *daemons):
        for d in daemons:
            self("the sanitizers found nothing")(d.clean)
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


def sanitized(binary):
    """All takes ten times as long there, and freed memory is kept back, so growth says little."""
    data = pathlib.Path(binary).read_bytes()
    return b"__asan_init" in data or b"__tsan_init" in data


def figure(text):
    """A line that the runner shows although the test passed."""
    print("FIGURE " + text, flush=True)
