"""Events whose effects can be read off their text, and ways to send them that remember what was
answered.

`Chat` makes the events: every tenth asks for a price (somebody new each time: one tag, one lead with
ten points, one alert, one push), every seventh of the others names a brand (a point for one of fifty
people). `HttpLoad` sends batches over kept connections at a fixed rate, whatever the daemon does, and
sends again what was not answered: like any sane peer. What was answered 2xx is in `acked`, by the
number of the event; that set is what check.py holds against the store.
"""
import contextlib
import http.client
import json
import os
import queue
import re
import selectors
import socket
import subprocess
import threading
import time

from harness import Client, Failed, PATIENCE, equal, until

ASK, BRAND = 10, 7
GROUPS, PEOPLE = 50, 500


class Chat:
    """n events from `run`; times rise slowly from now, so that nothing is old or in the future."""

    def __init__(self, n, run="r", start_ms=None, step_us=100):
        self.n, self.run = n, run
        self.start_ms = start_ms or int(time.time() * 1000) - 60000
        self.step_us = step_us

    def event(self, i):
        if i % ASK == 0:
            who, text = f"{self.run}-asker-{i}", f"第{i}条：你好，这个多少钱"
        elif i % BRAND == 3:
            who, text = f"{self.run}-fan-{i % 50}", f"第{i}条：欧派的也看过了"
        else:
            who, text = f"{self.run}-person-{i % PEOPLE}", f"第{i}条：收到，谢谢"
        return {"id": f"{self.run}-{i}", "ts": self.start_ms + i * self.step_us // 1000, "group": f"g{i % GROUPS}",
                "group_name": f"第{i % GROUPS}群", "sender": who, "sender_name": "客户" + who[-6:], "text": text}

    def line(self, i):
        return json.dumps(self.event(i), ensure_ascii=False, separators=(",", ":")) + "\n"

    def lines(self, begin, end):
        return "".join(self.line(i) for i in range(begin, end))

    def write(self, path, begin=0, end=None):
        path.write_text(self.lines(begin, self.n if end is None else end), encoding="utf-8")


class Late(Exception):
    """Not everything was answered in time."""


class HttpLoad:
    """Sends events[begin:end] in batches from `workers` connections; start(), then finish().

    rate: events a second over all, from the clock and not from the answers; 0: as fast as it goes."""

    def __init__(self, daemon, chat, begin=0, end=None, batch=100, workers=4, rate=0, retry=True):
        self.daemon, self.chat, self.rate, self.batch, self.retry = daemon, chat, rate, batch, retry
        self.begin, self.end = begin, chat.n if end is None else end
        self.acked, self.lock = set(), threading.Lock()
        self.waits_ms, self.refused, self.answers = [], 0, {}
        self.broken_at = []            # when requests had left that got no answer
        self.answered_at = []          # monotonic, of each 2xx
        self.stop_flag, self.running, self.sending = threading.Event(), threading.Event(), 0
        self.running.set()
        self.token = daemon.token("ingest")
        self.work = queue.Queue()
        for first in range(self.begin, self.end, batch):
            self.work.put((first, min(first + batch, self.end)))
        self.threads = [threading.Thread(target=self.send_all, daemon=True) for _ in range(workers)]

    def start(self):
        self.started = time.monotonic()
        for t in self.threads:
            t.start()
        return self

    def send_all(self):
        with Client(self.daemon.port, self.token, timeout=15) as client:
            while not self.stop_flag.is_set():
                try:
                    first, last = self.work.get_nowait()
                except queue.Empty:
                    return
                due = self.started + (first - self.begin) / self.rate if self.rate else 0
                if self.stop_flag.wait(max(0, due - time.monotonic())):
                    return
                self.send_one(client, first, last)

    def pause(self):
        """What is under way is answered, and nothing more is sent until go_on()."""
        self.running.clear()
        until(lambda: not self.sending, 15, "the last request before the pause is answered", 0.005)

    def go_on(self):
        self.running.set()

    @contextlib.contextmanager
    def one_more(self):
        with self.lock:
            self.sending += 1
        try:
            yield
        finally:
            with self.lock:
                self.sending -= 1

    def send_one(self, client, first, last):
        body = self.chat.lines(first, last).encode()
        while not self.stop_flag.is_set():
            if not self.running.wait(0.2):
                continue
            at = time.monotonic()
            try:
                with self.one_more():
                    got = client.post("/api/v1/events", body, Content_Type="application/x-ndjson")
            except (OSError, http.client.HTTPException):
                with self.lock:
                    self.broken_at += [client.sent_at] if client.sent_at else []
                if not self.retry or self.stop_flag.wait(0.02):
                    return
                continue
            now = time.monotonic()
            with self.lock:
                self.answers[got.status] = self.answers.get(got.status, 0) + 1
            if got.status == 202:
                with self.lock:
                    equal(got.json()["accepted"], last - first, "accepted")
                    self.acked.update(range(first, last))
                    self.waits_ms.append((now - at) * 1000)
                    self.answered_at.append(now)
                return
            if got.status not in (429, 503):
                with self.lock:
                    self.refused += 1
                raise Failed(f"events {first}-{last}: {got}")
            if not got.headers.get("Retry-After"):
                raise Failed(f"{got.status} without Retry-After")
            if not self.retry or self.stop_flag.wait(0.05):
                return

    def count(self):
        with self.lock:
            return len(self.acked)

    def finish(self, seconds=120):
        end = time.monotonic() + seconds * PATIENCE
        for t in self.threads:
            t.join(max(0, end - time.monotonic()))
        if any(t.is_alive() for t in self.threads):
            self.stop()
            raise Late(f"{self.count()} of {self.end - self.begin} events answered within {seconds * PATIENCE:g} s")
        return self

    def stop(self):
        self.stop_flag.set()
        for t in self.threads:
            t.join(20)

    def percentile(self, p):
        with self.lock:
            waits = sorted(self.waits_ms)
        return waits[min(len(waits) - 1, int(len(waits) * p / 100))] if waits else 0.0

    def first_answer_after(self, moment):
        with self.lock:
            later = [t for t in self.answered_at if t > moment]
        return min(later) if later else None


class ReplayLoad:
    """`qund replay` of events[begin:end], again from where it was told to have come to."""

    def __init__(self, daemon, chat, begin=0, end=None):
        self.daemon, self.chat = daemon, chat
        self.at, self.end = begin, chat.n if end is None else end
        self.acked, self.proc = set(), None
        self.file = daemon.folder / "replay.jsonl"

    def start(self):
        self.chat.write(self.file, self.at, self.end)
        self.proc = subprocess.Popen([str(w) for w in self.daemon.command("replay", self.file, "--deliver", "--json")],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.daemon.environment())
        return self

    def finish(self, seconds=120):
        """Its exit code; what it said it got accepted is remembered either way."""
        out, err = self.proc.communicate(timeout=seconds * PATIENCE)
        said = re.search(rb'"accepted": ?(\d+)', out)
        if said is None:
            raise Failed(f"replay does not say how much was accepted: {out[-300:]!r} {err[-300:]!r}")
        n = int(said.group(1))
        self.acked.update(range(self.at, self.at + n))
        self.at += n
        if self.proc.returncode == 0:
            equal(self.at, self.end, "events replayed")
        return self.proc.returncode


class LiveFeeds:
    """n readers of the live feed, which read and forget. So as not to have to look for pings among what
    they read, they send a pong now and then, which the protocol allows unasked."""
    PONG = b"\x8a\x84" + bytes(4) + b"here"
    PONG_SECONDS = 15  # the daemon gives up a reader after 60 s without a word

    def __init__(self, daemon, n):
        self.daemon, self.n, self.bytes, self.over = daemon, n, 0, threading.Event()
        self.token = daemon.token("viewer")
        self.selector, self.open = selectors.DefaultSelector(), 0
        self.thread = threading.Thread(target=self.read, daemon=True)

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.daemon.port), timeout=5)
        s.sendall((f"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                   f"Authorization: Bearer {self.token}\r\n\r\n").encode())
        head = s.recv(4096)
        if b" 101 " not in head:
            s.close()
            raise Failed(f"live feed refused: {head[:200]!r}")
        s.setblocking(False)
        self.selector.register(s, selectors.EVENT_READ)
        self.open += 1

    def start(self):
        for _ in range(self.n):
            self.connect()
        self.thread.start()
        return self

    def read(self):
        pong_at = time.monotonic() + self.PONG_SECONDS
        while not self.over.is_set():
            if time.monotonic() >= pong_at:
                self.pong()
                pong_at += self.PONG_SECONDS
            for key, _ in self.selector.select(0.2):
                try:
                    got = key.fileobj.recv(1 << 20)
                except OSError:
                    got = b""
                self.bytes += len(got)
                if not got:
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()
                    self.open -= 1
            if not self.selector.get_map():
                self.over.wait(0.05)

    def pong(self):
        for key in self.selector.get_map().values():
            try:
                key.fileobj.send(self.PONG)
            except OSError:
                pass  # what ended it shows at the next read

    def stop(self):
        self.over.set()
        self.thread.join(5)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def processes_of(pid):
    """Children of a process: {pid: name}."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as f:
                stat = f.read()
        except OSError:
            continue
        if int(stat[stat.rindex(")") + 2:].split()[1]) == pid:
            found[int(entry)] = stat[stat.index("(") + 1:stat.rindex(")")]
    return found
