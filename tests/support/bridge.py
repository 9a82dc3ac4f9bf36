"""A program on the other side of the plain bridge protocol, for tests, and what became of what it said."""
import json
import time

from harness import PATIENCE, Client, check
from wire import Ws

NOW = int(time.time() * 1000)


class Bridge:
    """A program on the other side: numbers its events, keeps what is not acknowledged, answers commands."""

    def __init__(self, d, account="bot-1", token="geheim", path="", caps=("send_text", "recall"), hello=True, channel="wx", **more):
        self.ws = Ws.connect(d.port, f"/hook/{channel}{path}", {"Authorization": "Bearer " + token}, timeout=10 * PATIENCE)
        self.seq, self.acked, self.got, self.answers = 0, 0, [], {}
        self.account = account
        if hello:
            self.say({"t": "hello", "proto": 1, "bridge": "test", "version": "1", "platform": "test",
                      "account": {"id": account, "name": "bot"}, "caps": list(caps), **more})
            self.welcome = self.await_("welcome")
            self.seq = self.acked = self.welcome["resume_from"]

    def say(self, frame):
        self.ws.send(frame if isinstance(frame, str) else json.dumps(frame))

    def read(self):
        """One frame, already taken account of; None when it was closed."""
        text = self.ws.recv()
        if text is None:
            return None
        f = json.loads(text)
        if f["t"] == "ack":
            self.acked = max(self.acked, f["seq"])
        if f["t"] == "ping":
            self.say({"t": "pong", "ts": f["ts"]})
        if f["t"] == "cmd" and f["op"] in self.answers:
            answer = self.answers[f["op"]](f["args"])
            if answer is not None:
                self.say({"t": "res", "id": f["id"], **answer})
        self.got.append(f)
        return f

    def await_(self, t, **want):
        end = time.monotonic() + 20 * PATIENCE    # pings keep coming
        while time.monotonic() < end:
            f = self.read()
            if f is None:
                raise ConnectionError(f"closed with {self.ws.code} {self.ws.reason} while waiting for {t}")
            if f["t"] == t and all(f.get(k) == v for k, v in want.items()):
                return f
        raise ConnectionError(f"no {t} {want}")

    def event(self, kind="message", seq=None, ts=None, conv="g1", sender="u1", **more):
        self.seq = self.seq + 1 if seq is None else seq
        frame = {"t": "event", "seq": self.seq, "kind": kind, "ts": NOW + self.seq if ts is None else ts, **more}
        if conv:
            frame["conv"] = {"id": conv, "type": "group", "name": "群 " + conv} if isinstance(conv, str) else conv
        if sender:
            frame["from"] = {"id": sender, "name": "名 " + sender} if isinstance(sender, str) else sender
        self.say(frame)
        return self.seq

    def message(self, text, id=None, **more):
        return self.event(msg={"id": id or f"m{NOW}-{self.seq + 1}", "text": text}, **more)

    def until_acked(self, seq=None):
        end = time.monotonic() + 60 * PATIENCE
        while self.acked < (self.seq if seq is None else seq):
            if time.monotonic() > end or self.read() is None:
                raise ConnectionError(f"closed with {self.ws.code} {self.ws.reason}, acked {self.acked}")

    def ended(self):
        """(code, reason) when the other side closes."""
        end = time.monotonic() + 20 * PATIENCE
        while self.read() is not None:
            check(time.monotonic() < end, "it is not closed")
        return self.ws.code, self.ws.reason

    def drop(self):
        self.ws.drop()


def stored(d, **want):
    found = [json.loads(line) for line in d.run("export", "messages", check_exit=0)[1].splitlines()]
    return [m for m in found if all(m.get(k) == v for k, v in want.items())]


def is_open(d):
    try:
        with Client(d.port) as c:
            return c.get("/hook/wx", Authorization="Bearer geheim").status == 426
    except OSError:
        return False
