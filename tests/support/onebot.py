"""A bridge of OneBot for tests: an implementation that is logged in to nothing, on a raw socket. It
speaks what a test tells it to, answers actions as a test scripts it, and remembers what it was asked.
"""
import contextlib
import hashlib
import hmac
import json
import socket
import threading
import time

import spoken
from harness import Client, until
from wire import Peer, Ws

NOTHING = object()      # an action that is not answered


def message(account, group, user, text, mid, ts=None, **more):
    """A group message as most bridges send it; text may be a list of segments or a string."""
    return {"self_id": account, "time": int(time.time()) if ts is None else ts, "post_type": "message",
            "message_type": "group", "sub_type": "normal", "message_id": mid, "group_id": group, "user_id": user,
            "message": [{"type": "text", "data": {"text": text}}] if isinstance(text, str) else text,
            "sender": {"user_id": user, "nickname": f"n{user}", "card": "", "role": "member"}, **more}


def notice(account, kind, **more):
    return {"self_id": account, "time": int(time.time()), "post_type": "notice", "notice_type": kind, **more}


class Bridge:
    """What is the same on every transport: the platform behind it."""

    def __init__(self, account=7, groups=None, answers=None):
        self.account, self.asked, self.ids = account, [], 1000
        self.groups = groups if groups is not None else {}      # id: [member, …]
        self.history = {}                                       # id: [message, …], oldest first
        self.answers = answers or {}                            # action: value or function(params)
        self.delay = {}                                         # action: seconds
        self.lock = threading.Lock()

    def answer(self, action, params):
        """The answer's body, without echo; NOTHING."""
        spoken.note("action")
        with self.lock:
            self.asked.append((action, params))
        scripted = self.answers.get(action)
        if callable(scripted):
            scripted = scripted(params)
        if scripted is not None:
            return scripted
        known = getattr(self, "do_" + action, None)
        if not known:
            return {"status": "failed", "retcode": 1404, "data": None}
        return {"status": "ok", "retcode": 0, "data": known(params)}

    def calls(self, *actions):
        with self.lock:
            return [(a, p) for a, p in self.asked if a in actions]

    def do_get_login_info(self, _):
        return {"user_id": self.account, "nickname": "小栖"}

    def do_get_status(self, _):
        return {"online": True, "good": True}

    def do_get_group_list(self, _):
        return [{"group_id": g, "group_name": f"群{g}", "member_count": len(m)} for g, m in self.groups.items()]

    def do_get_group_member_list(self, params):
        return [{"group_id": params["group_id"], "user_id": m, "nickname": f"n{m}", "card": "", "role": "member"}
                for m in self.groups[params["group_id"]]]

    def do_get_group_msg_history(self, params):
        before, count = params.get("message_seq"), params.get("count", 20)
        said = [m for m in self.history.get(params["group_id"], []) if before is None or m["message_id"] < before]
        return {"messages": said[-count:]}

    def do_send_group_msg(self, _):
        self.ids += 1
        return {"message_id": self.ids}

    do_send_private_msg = do_send_msg = do_send_group_msg

    def do_delete_msg(self, _):
        return None


class Line:
    """One open WebSocket between a bridge and qund; actions are answered in a thread of their own."""

    def __init__(self, bridge, ws):
        self.bridge, self.ws, self.closed, self.lock = bridge, ws, threading.Event(), threading.Lock()
        ws.sock.settimeout(None)        # a bridge may be silent for long
        threading.Thread(target=self.run, daemon=True).start()

    def say(self, frame):
        with self.lock:
            self.ws.send(frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False))

    def later(self, seconds, frame):
        timer = threading.Timer(seconds, self.try_say, [frame])
        timer.daemon = True
        timer.start()

    def try_say(self, frame):
        with contextlib.suppress(OSError):
            self.say(frame)

    def run(self):
        try:
            while True:
                text = self.ws.recv()
                if text is None:
                    break
                asked = json.loads(text)
                got = self.bridge.answer(asked["action"], asked["params"])
                if got is NOTHING:
                    continue
                for one in got if isinstance(got, list) else [got]:
                    self.later_or_now(asked, dict(one, echo=asked.get("echo")))
        except (OSError, ConnectionError, ValueError):
            pass
        self.closed.set()

    def later_or_now(self, asked, frame):
        wait = self.bridge.delay.get(asked["action"], 0)
        if wait:
            self.later(wait, frame)
        else:
            self.try_say(frame)

    def lifecycle(self):
        self.say({"time": int(time.time()), "self_id": self.bridge.account, "post_type": "meta_event",
                  "meta_event_type": "lifecycle", "sub_type": "connect"})

    def close(self):
        with contextlib.suppress(OSError):
            self.ws.close()
        self.closed.wait(5)
        self.ws.drop()

    def drop(self):
        """Without a word."""
        with contextlib.suppress(OSError):
            self.ws.sock.shutdown(socket.SHUT_RDWR)     # a close alone waits for the reader
        self.ws.drop()
        self.closed.wait(5)


def dial(bridge, port, channel, token="geheim", role="Universal", hello=True, path="/ws", **headers):
    """Reverse WebSocket: the bridge dials."""
    sent = {"X-Self-ID": str(bridge.account), "X-Client-Role": role}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    sent.update({k.replace("_", "-"): v for k, v in headers.items()})
    line = Line(bridge, Ws.connect(port, f"/hook/{channel}{path}", {k: v for k, v in sent.items() if v is not None}))
    if hello and role != "API":
        line.lifecycle()
    return line


class Listening:
    """Forward WebSocket: the bridge listens; .lines are those qund has opened, newest last."""

    def __init__(self, bridge, token="geheim"):
        self.bridge, self.token, self.lines = bridge, token, []
        self.peer = Peer(self.serve)

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.peer.port}/"

    def serve(self, ws):
        line = Line(self.bridge, ws)
        if ws.headers.get("authorization") != f"Bearer {self.token}":
            line.say({"status": "failed", "retcode": 1403, "data": None, "echo": None, "message": "token"})
            line.close()
            return
        line.lifecycle()
        self.lines.append(line)

    def line(self, n=1, seconds=15):
        return until(lambda: self.lines[-1] if len(self.lines) >= n else None, seconds, f"qund dials ({n})")


def post(port, channel, event, secret=None, token=None, signature=None, account=None, path="/http", chunk=0):
    """HTTP POST, in pieces of `chunk` bytes where that is said; the answer."""
    body = event if isinstance(event, (bytes, str)) else json.dumps(event, ensure_ascii=False)
    body = body.encode() if isinstance(body, str) else body
    headers = {"Content_Type": "application/json"}
    if account is not None:
        headers["X_Self_ID"] = str(account)
    if secret:
        signature = "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    if signature:
        headers["X_Signature"] = signature
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if chunk:
        body = iter([body[i:i + chunk] for i in range(0, len(body), chunk)])
    with Client(port) as c:
        return c.ask("POST", f"/hook/{channel}{path}", body, **headers)


class Seen:
    """What a daemon shows of its OneBot channels: the events it keeps, and its metrics."""

    def __init__(self, d, channel="qq"):
        self.d = d
        until(lambda: self.answers(channel) == 405, 10, "the channels open")

    def answers(self, channel):
        with Client(self.d.port) as c:
            return c.get(f"/hook/{channel}/").status

    def stored(self, **want):
        self.d.drained()
        rows = [json.loads(line) for line in self.d.run("export", "messages", check_exit=0)[1].splitlines()]
        return [r for r in rows if all(r.get(k) == v for k, v in want.items())]

    def becomes(self, n, seconds=15, **want):
        """The rows, once there are n of them."""
        return until(lambda: (lambda r: r if len(r) >= n else None)(self.stored(**want)), seconds, f"{n} rows {want}", 0.1)

    def metric(self, name, label):
        with self.d.client() as c:
            lines = c.get("/metrics").body.decode().splitlines()
        return sum(float(s.rsplit(" ", 1)[1]) for s in lines if s.startswith(name + "{") and label in s)
