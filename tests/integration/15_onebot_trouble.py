"""Bridges that keep a channel of OneBot from its source: named by readyz while it lasts, tried again by themselves, and
taken back by the first sign that it is over."""
# limit: 180 s
import http.server
import json
import signal
import threading

from harness import Cases, Daemon, check, equal, free_port, scratch, until
from onebot import Bridge, Line, Listening, Seen, message, post

case = Cases()
OK = {"status": "ok", "retcode": 0}
RULES = {"rules": [{"id": "price", "when": {"any": ["多少钱"]}, "cooldown": {"for": "1s"}, "then": [{"reply": "三百"}]}]}


class Asked:
    """The HTTP side of a bridge that only posts its events: answers as it should, unless `odd` knows better."""

    def __init__(self, account):
        self.bridge, self.odd, self.asked = Bridge(account, {500: [1, 2]}), lambda action: None, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                action = self.path.strip("/")
                status, got = outer.odd(action) or (200, outer.bridge.answer(action, body))
                text = json.dumps(got).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                outer.asked.append(action)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def whos(self):
        return self.asked.count("get_login_info")


class Quiet(Listening):
    """Lets in who shows the token, and says nothing by itself."""

    def serve(self, ws):
        if ws.headers.get("authorization") == f"Bearer {self.token}":
            self.lines.append(Line(self.bridge, ws))
            self.lines[-1].closed.wait()
        else:
            super().serve(ws)


quiet = Quiet(Bridge(9, answers={"get_login_info": {"status": "failed", "retcode": 104, "data": None}}), token="neu")
no_socket, dead = Listening(Bridge(10)), free_port()
no_socket.peer.status = 501
known, stranger = Asked(7), Asked(8)
stranger.odd = lambda action: (200, {"status": "failed", "retcode": 1403, "data": None})
ONCE_MORE = {"kind": "onebot", "token": "geheim", "members": "0s", "pace": "0s", "token_again": "1s", "unreached": "1s"}
CONFIG = {
    "quiet": {"hours": "00:00-00:00"},
    "auto": {"per_group_hour": 1000, "per_group_day": 1000, "per_contact_day": 1000},
    "channels": {"post": ONCE_MORE | {"api": [known.url], "send_through": "say"},
                 "strange": ONCE_MORE | {"api": [stranger.url]},
                 "dialled": ONCE_MORE | {"connect": [quiet.url], "token_again": "10m"},
                 "both": ONCE_MORE | {"connect": [quiet.url], "api": [stranger.url], "token_again": "10m"},
                 "port": ONCE_MORE | {"connect": [f"ws://127.0.0.1:{dead}/"]},
                 "name": ONCE_MORE | {"connect": ["ws://nosuch.invalid:6700/"]},
                 "dead": ONCE_MORE | {"api": [f"http://127.0.0.1:{dead}"]},
                 "page": ONCE_MORE | {"connect": [quiet.url, no_socket.url], "token_again": "10m"}},
    "targets": {"say": {"kind": "onebot", "channel": "post", "rate": 0, "timeout": "2s"}}}

with scratch() as folder, Daemon(folder / "d", CONFIG, RULES) as d:
    d.start()
    seen = Seen(d, "post")
    numbers = iter(range(1, 100000))

    def trouble(channel):
        """What readyz says of the channel; None."""
        told = json.loads(d.degraded()[1]).get("degraded", [])
        return next((e for e in told if e.startswith(f"channel {channel}: ")), None)

    def refusals(channel):
        return seen.metric("qund_onebot_refused_total", f'channel="{channel}",why="token"')

    def ask():
        n = next(numbers)
        equal(post(d.port, "post", message(7, 500, 10000 + n, "多少钱", n), token="geheim", account=7).status, 204, "posted")

    def api_unknown(channel):
        return (trouble(channel) or "").startswith(f"channel {channel}: the bridge at api[0] does not know our token; write")

    @case("an api that answers 200 with retcode 1403 refuses the token: named, logged by the gate, counted each time")
    def _():
        until(lambda: api_unknown("strange"), 10, "named")
        until(lambda: refusals("strange") >= 3, 20, "counted each time that it is asked again")
        lines = [x for x in d.log().splitlines() if "event=onebot.token" in x and "channel=strange" in x]
        check(1 <= len(lines) < refusals("strange"), "logged, and not each time", lines)
        check("geheim" not in d.log() + trouble("strange"), "no token")

    @case("an answer that shows the token was known takes it back, though it is a failure")
    def _():
        check(api_unknown("strange"), "named still", trouble("strange"))
        stranger.odd = lambda action: (200, {"status": "failed", "retcode": 104, "data": None})
        until(lambda: not trouble("strange"), 10, "taken back")

    @case("one action that is refused says nothing about the token: get_login_info decides")
    def _():
        until(lambda: "get_group_list" in known.asked, 20, "it is known")
        known.odd = lambda action: (403, {}) if action.startswith("send") else None
        n, before = known.whos(), refusals("post")
        ask()
        until(lambda: known.whos() > n, 30, "asked who it is")
        equal((trouble("post"), refusals("post") - before), (None, 1), "not named, and counted")
        lists = known.asked.count("get_group_list")
        known.odd = lambda action: None
        ask()
        until(lambda: known.bridge.calls("send_group_msg"), 10, "sent")
        equal(known.asked.count("get_group_list"), lists, "its groups are not read anew")

    @case("an api that was known, refuses the token once and knows it again is taken back by itself")
    def _():
        known.odd = lambda action: (401, {})
        ask()
        until(lambda: api_unknown("post"), 30, "named")
        lists = known.asked.count("get_group_list")
        known.odd = lambda action: None
        until(lambda: not trouble("post"), 10, "taken back, with nothing to send")
        until(lambda: known.asked.count("get_group_list") > lists, 10, "its groups are read, which may have been refused")

    def reload():
        n = d.log().count("event=config.loaded")
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: d.log().count("event=config.loaded") > n, 10, "loaded")

    @case("a dialled one that is mended at its side is dialled at once by a reload that changes nothing here")
    def _():
        told = "the bridge at connect[0] does not know our token; write"
        until(lambda: told in (trouble("dialled") or ""), 10, "named")
        check("connect[0] does not know our token (one of 2 that do not); write" in trouble("both"), "before an api", trouble("both"))
        lines = len(quiet.lines)
        check(told in (trouble("page") or ""), "before one that cannot be reached", trouble("page"))
        reload()
        until(lambda: refusals("dialled") == 2, 10, "it refuses again, and is counted")
        check(told in trouble("dialled"), "named all the while", trouble("dialled"))
        quiet.token = "geheim"
        reload()
        until(lambda: len(quiet.lines) == lines + 3, 5, "all dialled")
        until(lambda: not trouble("dialled"), 20, "taken back, with a failure for an answer that knows the token")

    @case("a bridge that was never reached is named with its reason, behind one that refuses us, until it is reached")
    def _():
        for channel, key, why in (("port", "connect", ""), ("name", "connect", ""), ("dead", "api", str(dead)), ("page", "connect", "501")):
            at = 1 if channel == "page" else 0
            told = f"channel {channel}: the bridge at {key}[{at}] cannot be reached: "
            until(lambda: (trouble(channel) or "").startswith(told), 20, told)
            rest = trouble(channel)[len(told):].split("; look whether it runs")
            check(len(rest) == 2 and rest[0] and why in rest[0], "the reason, and what to do", trouble(channel))
        no_socket.peer.status = None
        until(lambda: not trouble("page"), 90, "reached")
        check("channel port: " in d.run("doctor")[1], "doctor")

    equal(d.stop(), 0, "exit")
    case.done(d)
