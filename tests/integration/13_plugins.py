"""Plugins in the real daemon: loaded and refused, every service of the host, state over restarts, and
what a plugin that stops the daemon costs."""
# limit: 180 s
import http.server
import json
import pathlib
import signal
import threading
import time

from harness import PATIENCE, QUND, Cases, Client, Daemon, Mailbox, check, equal, scratch, until
from wire import Peer, Refused, Ws

PLUGINS = pathlib.Path(QUND).parent.parent / "tests/plugins"
if not (PLUGINS / "good.so").exists():
    print("the test plugins are not built")
    raise SystemExit(77)

case = Cases()
TOKEN = {"X_Token": "geheim"}


class Asked(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = f"{self.command} {self.headers['X-Asked']} {body.decode()}".encode()
        self.send_response(203)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


heard = []


def greet(ws):
    heard.append(ws.recv())
    ws.send("from-peer-%d" % len(heard))
    ws.close()
    ws.recv()
    ws.drop()


peer = Peer(greet)
asked = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked)
threading.Thread(target=asked.serve_forever, daemon=True).start()


def config(**more):
    return {"plugins": {"dirs": [str(PLUGINS)]},
            "channels": {"bot": {"kind": "good", "token": "geheim", "peer": f"http://127.0.0.1:{asked.server_port}/x",
                                 "ws_peer": f"ws://127.0.0.1:{peer.port}/ws"}, **more}}


with scratch() as folder, Daemon(folder / "d", config(
        unlucky={"kind": "good", "token": "unlucky"}, moonlit={"kind": "fails-to-start"},
        old={"kind": "too-old", "whatever": 1})) as d:
    d.config["alert"] = {"merge": "0s"}
    d.config["targets"] = {"ops": {"kind": "good", "rate": 0, "timeout": "2s"}}
    d.write_config()
    d.start()

    def hook(method, path, body=None, timeout=10, **headers):
        with Client(d.port, timeout=timeout) as c:
            return c.ask(method, "/hook/bot" + path, body, **headers)

    def is_open():
        return hook("GET", "/state", **TOKEN).status == 200

    check(is_open(), "ready means that channels are open")
    late = []
    threading.Thread(target=lambda: late.append(hook("POST", "/late", "x", timeout=60, **TOKEN)), daemon=True).start()

    def stored():
        return [json.loads(line) for line in d.run("export", "messages", check_exit=0)[1].splitlines()]

    @case("a loaded plugin and why others are not used stand in status, readyz and metrics")
    def _():
        said = d.status()["plugins"]
        equal(said["good"], "loaded 1.2.3", "good")
        check("plugin ABI 0.7, this program has 1.4" in said["too-old"], "too-old", said)
        check("there is no moon tonight" in said["fails-to-start"], "fails-to-start", said)
        status, ready = d.degraded()
        equal(status, 200, "it is fit all the same")
        for text in ("too-old", "no moon", "channel unlucky is down: token: this one brings bad luck"):
            check(text in ready, text, ready)

        def counted():
            with d.client() as c:
                lines = c.get("/metrics").body.decode()
            return 'qund_plugins{state="loaded"} 1' in lines and 'qund_plugins{state="refused"} 2' in lines
        until(counted, 5, "metrics")

    @case("check and doctor say it, too")
    def _():
        code, out, err = d.run("check")
        equal(code, 1, "check")
        check("too-old.so" in out + err and "0.7" in out + err, "check", out, err)
        code, out, _ = d.run("doctor")
        check("good 1.2.3, ABI 1.0, loaded: /" in out, "doctor: loaded", out)
        entries = d.config.pop("channels", None), d.config.pop("targets", None)
        d.write_config()
        _, bare, _ = d.run("doctor")
        check("good 1.2.3, ABI 1.0, loaded: /" in bare, "doctor: also what no entry names", bare)
        d.config |= {k: v for k, v in zip(("channels", "targets"), entries) if v is not None}
        d.write_config()
        check("too-old" in out and "0.7" in out, "doctor: refused", out)

    @case("what keeps an open channel from its source is said until it is over")
    def _():
        long = "令牌" * 60
        for said, shown in (("no milk today", "no milk today"), (long, long[:96]), (b"no \xff", "not UTF-8")):
            equal(hook("POST", "/trouble", said, **TOKEN).status, 204, "told")
            status, ready = d.degraded()
            entry = next((e for e in json.loads(ready)["degraded"] if e.startswith("channel bot: ")), None)
            check(entry and entry.endswith(shown), shown, ready)
            equal(status, 200, "it takes events all the same")
            check("channel bot: " in d.run("doctor")[1] and "channel bot: " in d.run("status", check_exit=0)[1], "doctor and status")
        equal(hook("POST", "/trouble", "", **TOKEN).status, 204, "over")
        check("channel bot" not in d.degraded()[1], "gone", d.degraded())

    @case("a request is the channel's, and an event is durable before it is answered")
    def _():
        equal(hook("POST", "/say", "m1 多少钱").status, 401, "no token")
        equal(hook("POST", "/say", "m1 多少钱", X_Token="gehein").status, 401, "a wrong token")
        equal(hook("GET", "/elsewhere", **TOKEN).status, 404, "another path")
        got = hook("POST", "/say", "m1 多少钱", **TOKEN)
        equal((got.status, got.body), (200, b"durable\n"), "said")
        d.drained()
        found = [m for m in stored() if m["id"] == "m1"]
        equal([(m["channel"], m["text"]) for m in found], [("bot", "多少钱")], "the message")
        equal(hook("POST", "/say", "m1 多少钱", **TOKEN).status, 200, "a repeat is answered")
        d.drained()     # its state, too, is kept by then

    @case("what the event border refuses is said by field, and nothing is taken")
    def _():
        before = hook("GET", "/state", **TOKEN).body
        got = hook("POST", "/say", b"m2 \xff", **TOKEN)
        equal(got.status, 400, "status")
        check(b"text: not valid UTF-8" in got.body, "reason", got.body)
        equal(hook("GET", "/state", **TOKEN).body, before, "the state")

    @case("a header with a line break does not leave")
    def _():
        equal(hook("GET", "/state", **TOKEN).headers.get("X-Odd"), None, "X-Odd")

    @case("a channel nobody configured, and one that is down")
    def _():
        with Client(d.port) as c:
            equal(c.get("/hook/nobody/x").status, 404, "nobody")
            equal(c.get("/hook/").status, 404, "no name")
            equal(c.get("/hook/unlucky/say").status, 503, "down")
            equal(c.get("/hook/old/say").status, 404, "refused")

    @case("a plugin asks by HTTP, on the daemon's terms")
    def _():
        got = hook("POST", "/ask", "body", **TOKEN)
        check(got.body.startswith(b"0 203 PUT yes body"), "answer", got.body)
        got = hook("POST", "/ask?public", "body", **TOKEN)
        equal(got.status, 400, "http:// without allow_private")
        check(b"allow_private" in got.body, "why", got.body)

    @case("a plugin sends a mail, on the same terms")
    def _():
        with Mailbox(folder, "250,550") as box:
            got = hook("POST", f"/mail?{box.port}", "a@example.com", **TOKEN)
            equal(got.body, b"0 250 0 ", "taken")
            equal([(m["from"], m["to"], m["helo"]) for m in box.log()],
                  [("good@example.com", ["a@example.com"], "good.test")], "the mail")
            got = hook("POST", f"/mail?{box.port}", "b@example.com", **TOKEN)
            equal(got.body, b"2 550 0 550 5.1.1 <b@example.com> is not wanted", "refused")
            got = hook("POST", f"/mail?{box.port}", "b@example.com>\r\nRSET", **TOKEN)
            equal(got.status, 400, "a command in an address")
            check(got.body.startswith(b"to: "), "why", got.body)

    @case("a WebSocket is accepted by header, with the sub-protocol it chose")
    def _():
        try:
            Ws.connect(d.port, "/hook/bot/ws")
            check(False, "opened without a token")
        except Refused as e:
            equal(e.status, 401, "no token")
        try:
            Ws.connect(d.port, "/hook/bot/silence", {"X-Token": "geheim"})
            check(False, "opened by nobody")
        except Refused as e:
            equal(e.status, 500, "unanswered")
        ws = Ws.connect(d.port, "/hook/bot/ws", {"X-Token": "geheim", "Sec-WebSocket-Protocol": "12.qund"})
        equal(ws.headers["sec-websocket-protocol"], "12.qund", "sub-protocol")
        for i in range(20):
            ws.send(f"w{i}")
        equal([ws.recv() for _ in range(20)], [f"w{i}" for i in range(20)], "echo")
        ws.send("bye")
        equal(ws.recv(), None, "closed")
        equal((ws.code, ws.reason), (4000, "bye yourself"), "close")
        long = Ws.connect(d.port, "/hook/bot/ws", {"X-Token": "geheim"})
        long.send("x" * 1001)
        equal(long.recv(), None, "closed")
        equal(long.code, 1009, "too large for this channel")

    @case("a plugin dials, and dials again")
    def _():
        until(lambda: len(heard) >= 3, 10, "three greetings")
        equal(heard[0], "hello", "greeting")
        d.drained()
        check(any(m["id"] == "from-peer-1" for m in stored()), "its text is an event")

    @case("alarms ring, jobs run, a later turn comes")
    def _():
        until(lambda: (d.metric("qund_good_ticks_total") or 0) > 5, 10, "ticks")
        until(lambda: (d.metric("qund_good_jobs_total") or 0) >= 1, 10, "jobs")
        check("event=good.started" in d.log(), "later")
        check("plugin=good" in d.log(), "its name stands in its lines")

    @case("a push goes through the plugin and ends once")
    def _():
        equal(hook("POST", "/say", "p1 这个多少钱", **TOKEN).status, 200, "said")
        until(lambda: "event=good.deliver" in d.log(), 10, "delivered")

        def ended():
            with d.client() as c:
                rows = c.get("/api/v1/outbox").json()["items"]
            return [r for r in rows if r["target"] == "ops" and r["state"] == "accepted"]
        until(ended, 10, "accepted")
        until(lambda: d.metric("qund_deliver_strays_total"), 10, "the second word is a stray")

    @case("a reload changes what may change, in place, and targets anew")
    def _():
        d.config["channels"]["bot"]["greeting"] = "hello again"
        d.config["targets"]["ops"]["answer"] = "limited"
        d.write_config()
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: "event=config.loaded" in d.log(), 10, "loaded")
        until(lambda: "hello again" in heard, 10, "the new greeting, by the same channel")
        with d.client() as c:    # of somebody else: an alert of its own
            equal(c.events([{"id": "p2", "group": "g2", "sender": "u2", "text": "那个多少钱"}]).status, 202, "said")

        def limited():
            with d.client() as c:
                rows = c.get("/api/v1/outbox").json()["items"]
            return [r for r in rows if r["state"] == "quota_hit"]
        until(limited, 10, "at its limit")

    @case("a wrong key of a plugin's is named by line, and the old configuration stays")
    def _():
        good = json.dumps(d.config)
        d.write_config(good.replace('"greeting"', '"greting"'))
        before = d.log().count("event=config.refused")
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: d.log().count("event=config.refused") > before, 10, "refused")
        check("nearest known: 'greeting'" in d.log(), "nearest")
        d.write_config()

    @case("who waits too long is answered 504; the plugin's own answer comes later and changes nothing")
    def _():
        until(lambda: d.metric("qund_good_late_total"), 45, "the plugin answers")
        equal([(a.status, a.body) for a in late], [(504, b"the channel did not answer in time\n")], "answered once")
        equal(hook("POST", "/say", "l1 x", **TOKEN).status, 200, "the channel goes on")

    @case("the state survives kill -9, as new as what was answered")
    def _():
        for i in range(30):
            equal(hook("POST", "/say", f"k{i} x", **TOKEN).status, 200, "said")
        rev, count = hook("GET", "/state", **TOKEN).body.split()
        d.kill9()
        del d.config["channels"]["bot"]["ws_peer"]
        d.write_config()
        d.start()
        until(is_open, 10, "open again")
        got = hook("GET", "/state", **TOKEN).body.split()
        check(int(got[0]) >= int(rev) and int(got[1]) >= int(count), "state", got, rev, count)
        d.drained()
        equal(sum(m["id"].startswith("k") for m in stored()), 30, "each once")

    @case("requests in hand are answered at a stop")
    def _():
        got = []

        def wait():
            try:
                got.append(hook("POST", "/never", "x", **TOKEN).status)
            except OSError as e:
                got.append(e)
        t = threading.Thread(target=wait)
        t.start()
        until(lambda: "event=good.unanswered" in d.log(), 5, "the plugin has it")
        start = time.monotonic()
        equal(d.stop(), 0, "exit")
        check(time.monotonic() - start < 4 * PATIENCE, "it waits a second, not half a minute")
        t.join(10)
        equal(got, [504], "answered")

    @case("three stops in a row: the daemon starts without it and says so")
    def _():
        for i in range(3):
            d.start()
            until(is_open, 10, "open")
            try:
                hook("POST", "/abort", "x", **TOKEN)
            except OSError:
                pass
            except Exception as e:  # whatever a client library says of half an answer
                check("emote" in str(e) or "status" in str(e), "the end", e)
            equal(d.proc.wait(20), -signal.SIGABRT, "it aborts")
        d.start()
        equal(d.status()["plugins"]["good"].split()[0], "stopped", "state")
        _, ready = d.degraded()
        check("good is not used" in ready and "3 times in a row" in ready, "readyz", ready)
        equal(hook("POST", "/say", "z1 x", **TOKEN).status, 404, "its channel")
        with d.client() as c:
            equal(c.events([{"id": "z2", "group": "g", "text": "x"}]).status, 202, "others go on")
        equal(d.stop(), 0, "exit")

    @case("after an orderly stop it is tried again")
    def _():
        d.start()
        until(is_open, 10, "open")
        equal(d.stop(), 0, "exit")

    @case("a kind that is nobody's does not start, and the nearest is named")
    def _():
        d.config["channels"]["bot"]["kind"] = "goood"
        d.write_config()
        code, said, _ = d.fails_to_start()
        equal(code, 1, "exit")
        check("there is no plugin 'goood'; nearest known: 'good'" in said, "said", said)

    @case("doctor lists the plugins also where the configuration names none of them")
    def _():
        d.config["channels"]["bot"]["kind"] = "GOOOD"
        d.write_config()
        code, out, err = d.run("doctor")
        equal(code, 1, "exit")
        check("there is no plugin 'GOOOD'; nearest known: 'good'" in err, "why", err)
        check("configuration  BAD" in out and "plugin         ok   good " in out, "the list", out)

    case.done(d)
