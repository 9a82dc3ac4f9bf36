"""What goes out through OneBot 11: sends, replies, @, recall, alerts; by WebSocket and by HTTP; and
what every way of answering, or of not answering, makes of a push."""
# limit: 240 s
import http.server
import json
import signal
import threading
import time

from harness import Cases, Client, Daemon, check, equal, scratch, until
from onebot import NOTHING, Bridge, dial, message, notice, post
from outbox import push
from wire import Refused

case = Cases()
RULES = {"rules": [
    {"id": "price", "when": {"any": ["多少钱"]}, "then": [{"reply": "三百，[CQ:at,qq=all]&#91;别急&#93;"}]},
    {"id": "quiet-word", "when": {"any": ["悄悄"]}, "then": [{"reply": {"text": "私下说", "private": True}}]},
    {"id": "away", "on": "revoke", "then": [{"recall": "own"}]},
    {"id": "call", "when": {"any": ["找人"]},
     "then": [{"alert": {"to": "consultant", "level": "warn", "text": "{{sender.name}}：{{message.text}}"}}]}]}
OK = {"status": "ok", "retcode": 0}


class Api(http.server.BaseHTTPRequestHandler):
    """The HTTP side of a bridge that only posts its events."""
    bridge, status, tokens = Bridge(77, {500: [1, 2]}), None, []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.tokens.append(self.headers.get("Authorization"))
        action = self.path.strip("/")
        got = self.bridge.answer(action, body)
        if self.status and action.startswith("send"):
            self.send_response(self.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if got is NOTHING:
            self.connection.close()
            return
        text = json.dumps(got).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=api.serve_forever, daemon=True).start()
CONFIG = {
    "auto": {"per_group_hour": 1000, "per_group_day": 1000, "per_contact_day": 1000},
    "channels": {
        "qq": {"kind": "onebot", "token": "geheim", "members": "0s", "pace": "0s", "send_through": "say"},
        "odd": {"kind": "onebot", "token": "geheim", "members": "0s", "pace": "0s", "send_through": "say-odd"},
        "slow": {"kind": "onebot", "token": "geheim", "members": "0s", "pace": "2s", "send_through": "say-slow"},
        "post": {"kind": "onebot", "token": "geheim", "members": "0s", "pace": "0s", "send_through": "say-http",
                 "api": [f"http://127.0.0.1:{api.server_port}/"]}},
    "targets": {
        "say": {"kind": "onebot", "channel": "qq", "rate": 0, "timeout": "2s", "to": "group:900"},
        "say-odd": {"kind": "onebot", "channel": "odd", "rate": 0, "timeout": "2s"},
        "say-slow": {"kind": "onebot", "channel": "slow", "rate": 0, "timeout": "2s"},
        "say-http": {"kind": "onebot", "channel": "post", "rate": 0, "timeout": "2s"}}}

with scratch() as folder, Daemon(folder / "d", CONFIG, RULES) as d:
    d.start()
    until(lambda: Client(d.port).get("/hook/qq/").status == 405, 10, "the channels open")
    bridge = Bridge(7, {100: [7, 8], 900: [7, 6]})
    numbers = iter(range(1, 100000))

    def metric(name, label):
        with d.client() as c:
            lines = c.get("/metrics").body.decode().splitlines()
        return sum(float(s.rsplit(" ", 1)[1]) for s in lines if s.startswith(name + "{") and label in s)

    def outbox(target="say"):
        with d.client() as c:
            return [r for r in c.get("/api/v1/outbox?limit=500").json()["items"] if r["target"] == target]

    def newest(known, target="say", *states):
        """The push that was not among the known, in one of these states."""
        def found():
            for r in outbox(target):
                if r["id"] not in known and r["state"] in states:
                    return r
            return None
        return until(found, 15, f"a push that is {states}; there are {[(r['id'], r['state'], r.get('reason')) for r in outbox(target)]}")

    def known(target="say"):
        return {r["id"] for r in outbox(target)}

    def ask(line, text="多少钱", group=100, account=7, **more):
        mid = next(numbers)
        line.say(message(account, group, 10000 + mid, text, mid, **more))
        return mid

    def sent(b, n, *actions):
        names = actions or ("send_group_msg",)
        return until(lambda: b.calls(*names)[n:] or None, 10, "the action")[0][1]

    line = dial(bridge, d.port, "qq")

    def try_dial(channel):
        try:
            return dial(bridge, d.port, channel)
        except Refused:
            return None

    @case("a reply goes into the group, quoting, as segments: a text cannot become a code")
    def _():
        n, before = len(bridge.calls("send_group_msg")), known()
        mid = ask(line)
        p = sent(bridge, n)
        equal(p["group_id"], 100, "the group, as a number like it came")
        equal([s["type"] for s in p["message"]], ["reply", "text"], "segments")
        equal(p["message"][0]["data"]["id"], str(mid), "quoted")
        check("[CQ:at,qq=all]&#91;" in p["message"][1]["data"]["text"], "untouched", p["message"][1])
        check(p["message"][1]["data"]["text"].startswith("【自动回复】"), "marked")
        row = newest(before, "say", "accepted")
        equal(row.get("their_id"), f"7:{bridge.ids}", "their id")
        check(metric("qund_onebot_actions_total", 'outcome="ok"') >= 1, "counted")

    @case("a private reply goes to the person")
    def _():
        n = len(bridge.calls("send_private_msg"))
        mid = ask(line, "悄悄")
        equal(sent(bridge, n, "send_private_msg")["user_id"], 10000 + mid, "the person")

    @case("an alert goes where the target says")
    def _():
        n = len(bridge.calls("send_group_msg"))
        ask(line, "找人")
        p = sent(bridge, n)
        equal(p["group_id"], 900, "the staff's group")
        check("找人" in p["message"][-1]["data"]["text"], "its text", p)

    @case("a message that is taken back takes the answer back, by its id")
    def _():
        n, before = len(bridge.calls("delete_msg")), known()
        mid = ask(line)
        newest(before, "say", "accepted")
        answer = bridge.ids
        line.say(notice(7, "group_recall", group_id=100, user_id=10000 + mid, operator_id=10000 + mid, message_id=mid))
        equal(sent(bridge, n, "delete_msg"), {"message_id": answer}, "the answer's id, a number")

    @case("ids that came as strings go back as strings")
    def _():
        other = Bridge("wxid_b", {"g@chatroom": ["x"]})
        with_strings = dial(other, d.port, "qq")
        with_strings.say(message("wxid_b", "g@chatroom", "wxid_a", "多少钱", "m-1"))
        p = sent(other, 0)
        equal((p["group_id"], p["message"][0]["data"]["id"]), ("g@chatroom", "m-1"), "ids")
        with_strings.close()

    @case("answers that overtake each other find their push")
    def _():
        first = threading.Event()

        def slowly(params):
            if not first.is_set():
                first.set()
                return [dict(OK, data={"message_id": 1})]
            return dict(OK, data={"message_id": 2})
        before = known()
        bridge.answers["send_group_msg"] = slowly
        bridge.delay["send_group_msg"] = 0.6
        one = ask(line)
        until(first.is_set, 5, "the first is under way")
        bridge.delay["send_group_msg"] = 0
        two = ask(line)
        rows = until(lambda: (lambda r: r if len(r) == 2 and all(x["state"] == "accepted" for x in r) else None)(
            [r for r in outbox() if r["id"] not in before]), 10, "both")
        equal(sorted(r["their_id"] for r in rows), ["7:1", "7:2"], "each its own")
        check(one != two, "two messages")
        del bridge.answers["send_group_msg"]

    @case("an echo that comes twice, one of nobody, one of another kind change nothing")
    def _():
        before, strays = known(), metric("qund_onebot_strays_total", 'channel="qq"')
        bridge.answers["send_group_msg"] = lambda p: [dict(OK, data={"message_id": 5}),
                                                      {"status": "failed", "retcode": 100, "data": None}]
        ask(line)
        equal(newest(before, "say", "accepted", "failed")["state"], "accepted", "the first counts")
        for echo in ("q0-0", "q1-999999", None, 5, {"a": 1}, "q99999999999999999999999-1"):
            line.say(dict(OK, data=None, echo=echo))
        until(lambda: metric("qund_onebot_strays_total", 'channel="qq"') - strays == 7, 5, "counted")
        del bridge.answers["send_group_msg"]

    for code, words, state, part in ((100, "bad group_id", "failed", "retcode 100"), (1400, "", "failed", "1400"),
                                     (1404, "", "failed", "1404"), (103, "", "unknown", "103"), (1, "", "unknown", "1"),
                                     (1200, "NTEvent Timeout", "unknown", "Timeout"), (104, "", "retry_at", "104"),
                                     (1401, "", "retry_at", "1401"), (1403, "", "retry_at", "1403")):
        @case(f"retcode {code} {words}: {state}")
        def _(code=code, words=words, state=state, part=part):
            before = known()
            bridge.answers["send_group_msg"] = {"status": "async" if code == 1 else "failed", "retcode": code, "data": None,
                                                "message": words, "wording": words}
            ask(line)
            row = newest(before, "say", "failed", "unknown", "retry_at", "accepted")
            equal(row["state"], state, "state")
            check(part in row["reason"], "the reason", row)
            del bridge.answers["send_group_msg"]

    # Of its own, since the daemon leaves a target alone that fails too often.
    main, line = line, dial(bridge, d.port, "odd")

    @case("a bridge that answers nothing: unknown, parked, never sent twice; then it is left alone until it answers")
    def _():
        bridge.answers["send_group_msg"] = bridge.answers["get_status"] = lambda p: NOTHING
        n = len(bridge.calls("send_group_msg"))
        for _ in range(2):
            before = known("say-odd")
            ask(line)
            row = newest(before, "say-odd", "unknown")
            check("no answer in time" in row["reason"], "reason", row)
        before = known("say-odd")
        ask(line)
        row = newest(before, "say-odd", "quota_hit")
        check("unanswered" in row["reason"], "reason", row)
        equal(len(bridge.calls("send_group_msg")) - n, 2, "no third was sent")
        del bridge.answers["send_group_msg"]
        del bridge.answers["get_status"]
        newest(before, "say-odd", "accepted")
        equal(len(bridge.calls("send_group_msg")) - n, 3, "the third left when a sign of life had come")

    @case("an answer that comes too late changes nothing")
    def _():
        before = known("say-odd")
        bridge.delay["send_group_msg"] = 3
        ask(line)
        row = newest(before, "say-odd", "unknown")
        strays = metric("qund_onebot_strays_total", 'channel="odd"')
        bridge.delay["send_group_msg"] = 0
        until(lambda: metric("qund_onebot_strays_total", 'channel="odd"') > strays, 5, "it came")
        equal([r["state"] for r in outbox("say-odd") if r["id"] == row["id"]], ["unknown"], "state")

    @case("the connection breaks after the action left: unknown")
    def _():
        before = known("say-odd")

        def cut(_):
            line.drop()
            return NOTHING
        bridge.answers["send_group_msg"] = cut
        ask(line)
        row = newest(before, "say-odd", "unknown")
        check("connection ended" in row["reason"], "reason", row)
        del bridge.answers["send_group_msg"]

    @case("no connection: the push waits, nothing was sent; it leaves when the bridge is back")
    def _():
        global line
        n, before = len(bridge.calls("send_group_msg")), known("say-odd")
        quiet = dial(bridge, d.port, "odd", role="Event")     # it can be heard and not be spoken to
        ask(quiet)
        row = newest(before, "say-odd", "quota_hit")
        check("no connection for actions" in row["reason"], "reason", row)
        speaking = dial(bridge, d.port, "odd", role="API")
        newest(before, "say-odd", "accepted")
        equal(len(bridge.calls("send_group_msg")) - n, 1, "once")
        quiet.close()
        speaking.close()
        line = dial(bridge, d.port, "odd")

    line.close()
    line = main

    @case("an account that is in the group speaks, and the one that has the message replies")
    def _():
        other = Bridge(70, {200: [70]})
        second = dial(other, d.port, "qq")
        until(lambda: other.calls("get_group_list"), 10, "its groups are known")
        n = len(bridge.calls("send_group_msg"))
        ask(second, group=200, account=70)
        equal(sent(other, 0)["group_id"], 200, "by the second")
        equal(len(bridge.calls("send_group_msg")), n, "not by the first")
        second.close()

    @case("an account is paced: two messages are not sent at once, and neither is lost")
    def _():
        paced, times = Bridge(3, {300: [3]}), []
        paced.answers["send_group_msg"] = lambda p: times.append(time.monotonic()) or dict(OK, data={"message_id": len(times)})
        slow = dial(paced, d.port, "slow")
        for _ in range(2):
            ask(slow, group=300, account=3)
        until(lambda: len(times) == 2, 20, "both")
        check(times[1] - times[0] > 1.3, "apart", times)
        slow.close()

    @case("HTTP actions for a bridge that only posts: asked who it is, then sends, with the token")
    def _():
        equal(post(d.port, "post", message(77, 500, 8, "早", next(numbers)), token="geheim").status, 204, "posted")
        until(lambda: Api.bridge.calls("get_group_list"), 20, "it is known")
        before = known("say-http")
        equal(post(d.port, "post", message(77, 500, 8, "多少钱", next(numbers)), token="geheim").status, 204, "posted")
        p = sent(Api.bridge, 0)
        equal((p["group_id"], p["message"][-1]["type"]), (500, "text"), "sent")
        equal(newest(before, "say-http", "accepted")["their_id"], f"77:{Api.bridge.ids}", "their id")
        equal(set(Api.tokens), {"Bearer geheim"}, "token")

    @case("HTTP: the answer never comes: unknown")
    def _():
        before = known("say-http")
        Api.bridge.answers["send_group_msg"] = NOTHING
        post(d.port, "post", message(77, 500, 30000, "多少钱", next(numbers)), token="geheim")
        equal(newest(before, "say-http", "unknown", "accepted", "failed")["state"], "unknown", "state")
        del Api.bridge.answers["send_group_msg"]

    for status, state in ((404, "failed"), (401, "retry_at"), (403, "retry_at"), (500, "unknown"), (502, "retry_at"), (503, "retry_at"),
                          (429, "quota_hit")):       # the last makes the target wait
        @case(f"HTTP status {status}: {state}")
        def _(status=status, state=state):
            before = known("say-http")
            Api.status = status
            post(d.port, "post", message(77, 500, 20000 + status, "多少钱", next(numbers)), token="geheim")
            row = newest(before, "say-http", "failed", "unknown", "retry_at", "quota_hit", "accepted")
            equal(row["state"], state, "state")
            check(f"HTTP {status}" in row["reason"], "reason", row)
            check("channel post:" not in d.degraded()[1], "one action says nothing about the bridge", d.degraded())
            Api.status = None

    line.close()
    equal(d.stop(), 0, "exit")

    @case("pictures and files by address, an @, a card by its text: what no rule sends yet")
    def _():
        n = len(bridge.calls("send_group_msg"))
        push(d, "say", {"kind": "message", "group": "100", "text": "请看", "mentions": ["8", "all"],
                        "media": [{"kind": "image", "url": "https://x.test/1.png"}, {"kind": "file", "path": "/srv/a.pdf", "name": "a.pdf"}]})
        push(d, "say-odd", {"kind": "card", "text": "三件事", "link": "https://q.test/1", "person": {"ids": {"odd": "66"}}})
        d.start()
        line = until(lambda: try_dial("qq"), 10, "open again")
        other = until(lambda: try_dial("odd"), 10, "open again")
        p = sent(bridge, n)
        equal(p, {"group_id": 100, "message": [
            {"type": "at", "data": {"qq": "8"}}, {"type": "at", "data": {"qq": "all"}}, {"type": "text", "data": {"text": " 请看"}},
            {"type": "image", "data": {"file": "https://x.test/1.png"}},
            {"type": "file", "data": {"file": "file:///srv/a.pdf", "name": "a.pdf"}}]}, "params")
        found = until(lambda: [p for _, p in bridge.calls("send_private_msg") if p["user_id"] == 66], 10, "the card")[0]
        equal(found["message"][0]["data"]["text"], "三件事\nhttps://q.test/1", "to the person it is for")
        line.close()
        other.close()

    @case("reloads change target and channel while they work, again and again, and leave nothing behind")
    def _():
        line = until(lambda: try_dial("qq"), 10, "open")
        before = d.descriptors()
        for i in range(40):
            d.config["targets"]["say"]["to"] = f"group:{900 + i}"
            d.config["channels"]["qq"]["pace"] = f"{i % 2}ms"
            d.write_config()
            n = d.log().count("event=config.loaded")
            d.proc.send_signal(signal.SIGHUP)
            until(lambda n=n: d.log().count("event=config.loaded") > n, 10, "loaded")
        bridge.groups[939] = [7]
        n = len(bridge.calls("send_group_msg"))
        ask(line, "找人")
        until(lambda: [p for _, p in bridge.calls("send_group_msg")[n:] if p["group_id"] == 939], 10, "the last one counts")
        until(lambda: d.descriptors() <= before + 2, 5, "descriptors")
        check(not line.closed.is_set(), "the connection was not touched")
        line.close()

    equal(d.stop(), 0, "exit")
    case.done(d)
