"""OneBot 11 into the daemon, by all four transports: what bridges send, what they may not, and that
nothing taken is lost or doubled."""
# limit: 180 s
import datetime
import json
import signal
import time

from harness import Cases, Daemon, check, equal, free_port, raw, scratch, until
from onebot import Bridge, Listening, Seen, dial, message, notice, post
from wire import Refused, Ws

SECRET = "qund-secret"
case = Cases()
forward = Listening(Bridge(9))
late, soon = Listening(Bridge(10), token="anders"), Listening(Bridge(11))
soon.peer.status = 401
CONFIG = {"channels": {
    "qq": {"kind": "onebot", "token": "geheim", "secret": SECRET, "members": "0s"},
    "out": {"kind": "onebot", "token": "geheim", "connect": [forward.url], "members": "0s", "realm": "qq"},
    "refused": {"kind": "onebot", "token": "geheim", "connect": [late.url, soon.url], "members": "0s"},
    "few": {"kind": "onebot", "token": "geheim", "accounts": ["5"], "members": "0s", "max_frame": "32KiB"}}}

with scratch() as folder, Daemon(folder / "d", CONFIG) as d:
    d.start()

    seen = Seen(d)
    stored, becomes, metric = seen.stored, seen.becomes, seen.metric

    a = Bridge(7)

    @case("reverse WebSocket: a group message in array form, and one as a CQ string")
    def _():
        line = dial(a, d.port, "qq")
        line.say(message(7, 100, 8, [{"type": "at", "data": {"qq": 7, "name": "小栖"}},
                                     {"type": "text", "data": {"text": " 多少钱"}},
                                     {"type": "image", "data": {"url": "http://x.test/1.png"}}], 1))
        line.say(message(7, 100, 8, "x", 2, raw_message="x") | {"message": "[CQ:reply,id=1]好&#91;的&#93;"})
        rows = becomes(2, group="100")
        equal([(r["id"], r["text"], r["sender"], r["sender_name"], r["account"]) for r in rows],
              [("7:1", "@小栖 多少钱[图片]", "8", "n8", "7"), ("7:2", "好[的]", "8", "n8", "7")], "rows")
        equal((rows[0]["mentions"], rows[0]["kind"], rows[0]["media"][0]["url"]), (["7"], "mixed", "http://x.test/1.png"), "parts")
        equal(rows[1]["reply_to"], "7:1", "reply")
        line.close()

    @case("a separate event connection brings events, too")
    def _():
        line = dial(a, d.port, "qq", role="event")
        line.say(message(7, 101, 8, "事件", 3))
        becomes(1, group="101")
        line.close()

    @case("no token, a wrong one: 401, counted, and one line in the log")
    def _():
        before, lines = metric("qund_onebot_refused_total", 'channel="qq",why="token"'), d.log().count("event=onebot.refused")
        for token in [None, "falsch"] * 20:
            try:
                dial(a, d.port, "qq", token=token)
                check(False, "it was let in")
            except Refused as e:
                equal(e.status, 401, "status")
        equal(metric("qund_onebot_refused_total", 'channel="qq",why="token"') - before, 40, "counted")
        check(d.log().count("event=onebot.refused") - lines <= 2, "the log is not filled")
        check("geheim" not in d.log() and "falsch" not in d.log(), "no token in the log")

    @case("the token as bridges show it: with other words, without one, in the query")
    def _():
        for headers in ({"Authorization": "Token geheim"}, {"Authorization": "geheim"}):
            dial(a, d.port, "qq", token=None, **headers).close()
        dial(a, d.port, "qq", token=None, path="/ws?access_token=%67eheim").close()
        dial(a, d.port, "qq", token="", path="/ws?x=1&access_token=geheim").close()

    @case("joins, leaves, a recall, a request and what nobody knows become events")
    def _():
        line = dial(a, d.port, "qq")
        line.say(notice(7, "group_increase", group_id=102, user_id=8))
        line.say(notice(7, "group_decrease", group_id=102, user_id=8, operator_id=6, sub_type="kick"))
        line.say(message(7, 102, 8, "说错了", 10))
        line.say(notice(7, "group_recall", group_id=102, user_id=8, operator_id=8, message_id=10))
        line.say({"self_id": 7, "time": int(time.time()), "post_type": "request", "request_type": "group",
                  "sub_type": "add", "group_id": 102, "user_id": 11, "comment": "业主", "flag": "f-1"})
        line.say(notice(7, "notify", sub_type="poke", group_id=102, user_id=8, target_id=7))
        line.say(notice(7, "neues", group_id=102, user_id=8, weather="rain"))
        becomes(7, group="102")
        rows = {r["type"]: r for r in stored(group="102")}
        equal(rows["member.join"]["data"], {"member": "8"}, "join without a reason")
        equal(rows["member.leave"]["data"], {"member": "8", "by": "6", "scene": "kick"}, "leave")
        equal(rows["revoke"]["ref"], "7:10", "recall")
        equal(rows["request.group"]["data"]["flag"], "f-1", "request")
        equal(rows["onebot.notify.poke"]["data"]["target_id"], 7, "poke")
        equal(rows["onebot.neues"]["data"]["weather"], "rain", "unknown")
        equal(metric("qund_onebot_events_total", 'type="unknown"'), 1, "counted as unknown")
        line.close()

    @case("what takes a message back finds it")
    def _():
        rows = [r for r in stored(group="102", type="message")]
        equal([r.get("state") for r in rows], ["revoked"], "the message")

    @case("own messages are known as our own")
    def _():
        line = dial(a, d.port, "qq")
        line.say(message(7, 103, 7, "机器人说", 20))
        line.say({"self_id": 7, "time": int(time.time()), "post_type": "message_sent", "message_type": "private",
                  "message_id": 21, "user_id": 7, "target_id": 8, "message": "私聊"})
        line.say({"self_id": 7, "time": int(time.time()), "post_type": "message", "message_type": "private",
                  "sub_type": "friend", "message_id": 22, "user_id": 8, "message": "在吗"})
        equal(becomes(1, id="7:20")[0]["sender"], "7", "sender")
        equal([(r["sender"], r["to"]) for r in becomes(1, id="7:21") + becomes(1, id="7:22")], [("7", "8"), ("8", "7")], "ends")
        line.close()

    @case("a bridge that counts its messages from 1 again loses and doubles nothing")
    def _():
        starts = (int(time.time()) - 3000, int(time.time()) - 2000)
        for start in starts:
            line = dial(a, d.port, "qq")
            for mid in (1, 2, 3):
                line.say(message(7, 104, 8, f"{start}-{mid}", mid, ts=start + mid))
            line.say(message(7, 104, 8, f"{start}-3", 3, ts=start + 3))        # the same frame again
            line.close()
        equal(sorted(r["text"] for r in becomes(6, group="104")),
              sorted(f"{s}-{m}" for s in starts for m in (1, 2, 3)), "each once")

    @case("two accounts at once, and the same event by two transports")
    def _():
        b, lines = Bridge(70), []
        lines.append(dial(a, d.port, "qq"))
        lines.append(dial(b, d.port, "qq"))
        ev = message(7, 105, 8, "两路", 30)
        lines[0].say(ev)
        equal(post(d.port, "qq", ev, secret=SECRET, account=7).status, 204, "posted as well")
        lines[1].say(message(70, 105, 8, "两路", 99))
        equal(sorted((r["account"], r["id"]) for r in becomes(2, group="105")), [("7", "7:30"), ("70", "70:99")], "per account")
        until(lambda: metric("qund_onebot_accounts", 'channel="qq"') == 2, 5, "both are shown")
        for line in lines:
            line.close()

    @case("a newer connection of the same account and role takes over")
    def _():
        old = dial(a, d.port, "qq")
        new = dial(a, d.port, "qq")
        check(old.closed.wait(5), "the old one is closed")
        equal(old.ws.code, 1001, "code")
        new.say(message(7, 106, 8, "新的", 40))
        becomes(1, group="106")
        new.close()

    @case("the events are right when the header names another account")
    def _():
        line = dial(a, d.port, "qq", X_Self_ID="6")
        line.say(message(7, 107, 8, "谁", 41))
        equal(becomes(1, group="107")[0]["account"], "7", "account")
        check("event=onebot.self_id" in d.log(), "said once")
        line.close()

    @case("accounts that are not allowed are refused")
    def _():
        try:
            dial(a, d.port, "few")
            check(False, "let in")
        except Refused as e:
            equal(e.status, 403, "status")
        line = dial(Bridge(5), d.port, "few")
        line.say(message(7, 108, 8, "fremd", 42))
        line.say(message(5, 108, 8, "eigen", 43))
        equal([r["text"] for r in becomes(1, group="108")], ["eigen"], "rows")
        line.close()

    @case("HTTP POST: signed, answered when it is durable, 204 and no body")
    def _():
        got = post(d.port, "qq", message(7, 110, 8, "签名", 50), secret=SECRET, account=7)
        equal((got.status, got.body), (204, b""), "answer")
        becomes(1, group="110")
        got = post(d.port, "qq", message(7, 110, 8, "分段", 57), secret=SECRET, account=7, chunk=16)
        equal((got.status, [r["text"] for r in becomes(2, group="110")]), (204, ["签名", "分段"]), "also in chunks")
        equal(post(d.port, "qq", {"self_id": 7, "post_type": "meta_event", "meta_event_type": "heartbeat",
                                  "interval": 5000}, secret=SECRET, account=7).status, 204, "a heartbeat")

    @case("the signatures of other programs are ours")
    def _():
        body = '{"post_type":"message","message_type":"group","group_id":100200300,"user_id":10003000,"message":"你好"}'
        equal(post(d.port, "qq", body, signature="sha1=7e225cc6f605a93f13fcd9aed0345cfd34faf449", account=7).status, 204, "first")
        body = '{"time":1700000000,"self_id":10001000,"post_type":"meta_event","meta_event_type":"heartbeat","interval":15000}'
        equal(post(d.port, "qq", body, signature="sha1=ace37581b798be287aee61beb18625e212458694", account=10001000).status, 204, "second")

    @case("HTTP POST: no signature 401, a wrong one 403, no JSON 400, a stranger 403, GET 405")
    def _():
        ev = message(7, 111, 8, "nein", 51)
        equal(post(d.port, "qq", ev).status, 401, "none")
        equal(post(d.port, "qq", ev, token="geheim").status, 401, "none, and a token makes up for nothing")
        equal(metric("qund_onebot_refused_total", 'channel="qq",why="signature"'), 2, "counted")
        check("no X-Signature, which the channel's `secret` asks for" in d.log(), "and said")
        equal(post(d.port, "qq", ev, secret="anders").status, 403, "wrong")
        equal(post(d.port, "qq", ev, signature="sha256=00").status, 403, "another kind")
        equal(post(d.port, "qq", ev, secret="anders", token="geheim").status, 403, "wrong beside a right token")
        equal(post(d.port, "few", ev, token="geheim").status, 403, "not among the accounts")
        equal(post(d.port, "few", message(5, 111, 8, "ja", 52), token="geheim").status, 204, "by token")
        equal(post(d.port, "qq", "nonsense", secret=SECRET).status, 400, "no JSON")
        equal(post(d.port, "qq", b'{"post_type":"message","self_id":7,"message":"\xff"}', secret=SECRET).status, 400, "no UTF-8")
        equal(post(d.port, "qq", message(7, 111, 8, "x", "i" * 300) | {"group_id": "g\n"}, secret=SECRET).status, 400, "no id")
        equal([r["text"] for r in becomes(1, group="111")], ["ja"], "only what was let in")

    @case("JSON within a JSON string, as one bridge posts it")
    def _():
        equal(post(d.port, "qq", json.dumps(json.dumps(message(7, 112, 8, "doppelt", 53))), secret=SECRET).status, 204, "status")
        equal(becomes(1, group="112")[0]["text"], "doppelt", "text")

    @case("forward WebSocket: dialled with the token, dialled again when it breaks off")
    def _():
        first = forward.line(1)
        equal(first.ws.headers["authorization"], "Bearer geheim", "token")
        first.say(message(9, 120, 8, "eins", 60))
        becomes(1, group="120")
        first.drop()
        second = forward.line(2)
        second.say(message(9, 120, 8, "zwei", 61))
        rows = becomes(2, group="120", type="message")
        equal([r["realm"] for r in rows if "realm" in r], ["qq"] * sum("realm" in r for r in rows), "realm")

    @case("a bridge that does not know our token, said at the handshake or after it: an error, and left alone")
    def _():
        until(lambda: d.log().count("event=onebot.token") == 2, 10, "both are said")
        equal(metric("qund_onebot_refused_total", 'channel="refused",why="token"'), 2, "counted")
        dials = metric("qund_onebot_dials_total", 'channel="refused"')
        time.sleep(1.5)     # what is not done can only be waited for; its first wait would be a second
        equal((dials, metric("qund_onebot_dials_total", 'channel="refused"')), (2, 2), "dialled once each")
        status, ready = d.degraded()
        equal(status, 200, "events are taken")
        check("channel refused: the bridge at connect[0] does not know our token (one of 2 that do not); write" in ready, "readyz", ready)
        check("geheim" not in ready, "no token", ready)

    @case("bad frames are counted and skipped, the connection stays")
    def _():
        before = metric("qund_onebot_refused_total", 'why="frame"')
        line = dial(a, d.port, "qq")
        for bad in ("nonsense", "[]", "{}", "[" * 1000, '{"post_type":"message","post_type":"x"}', '"', "null",
                    '{"echo":"q1-1","status":"ok","retcode":0}', '{"post_type":5}'):
            line.say(bad)
        line.say(message(7, 121, 8, "noch da", 62))
        becomes(1, group="121")
        equal(metric("qund_onebot_refused_total", 'why="frame"') - before, 7, "counted")
        equal(metric("qund_onebot_answers_stray_total", "") + metric("qund_onebot_strays_total", 'channel="qq"'), 1, "the stray answer")
        line.close()

    @case("messages that cannot be placed are refused, and pass for no private word; an impossible time is none")
    def _():
        before = metric("qund_onebot_refused_total", 'why="frame"')
        line = dial(a, d.port, "qq")
        for wrong in ({"group_id": 1e30}, {"group_id": True}, {"group_id": None}, {"user_id": True, "sender": None}):
            line.say(message(7, 125, 8, "verirrt", 70) | wrong)
        line.say({"post_type": "message"})
        line.say(message(7, 126, 8, "spät", 71, ts=99999999999999999))
        came = datetime.datetime.fromisoformat(becomes(1, group="126")[0]["ts"]).timestamp()
        check(abs(came - time.time()) < 30, "its time is when it came", came)
        equal(metric("qund_onebot_refused_total", 'why="frame"') - before, 5, "counted")
        equal([r for r in seen.stored(type="message") if r.get("text") in ("verirrt", None)], [], "not stored")
        line.close()

    @case("broken UTF-8, a binary frame, a frame too long: closed by their codes, the next connection works")
    def _():
        for opcode, body, code in ((1, b'{"a":"\xff\xfe"}', 1007), (2, b"{}", 1003), (1, b"x" * 65535, 1009)):
            line = dial(Bridge(5), d.port, "few")
            line.ws.frame(opcode, body)
            check(line.closed.wait(5), "closed")
            equal(line.ws.code, code, "code")
        line = dial(Bridge(5), d.port, "few")
        line.say(message(5, 122, 8, "weiter", 63))
        becomes(1, group="122")
        line.close()

    @case("ten megabytes in one frame are refused before they are read")
    def _():
        sock = Ws.connect(d.port, "/hook/qq/ws", {"Authorization": "Bearer geheim"}).sock
        head = b"\x81\xff" + (10 << 20).to_bytes(8, "big") + bytes(4)
        sent = 0
        try:
            sock.sendall(head)
            while sent < 10 << 20:
                sent += sock.send(b"x" * 65536)
        except OSError:
            pass
        answer = b""
        try:
            while True:
                more = sock.recv(4096)
                if not more:
                    break
                answer += more
        except OSError:
            pass
        check(b"\x03\xf1" in answer or sent < 10 << 20, "closed with 1009", sent, answer)
        sock.close()
        line = dial(a, d.port, "qq")
        line.say(message(7, 123, 8, "lebt", 64))
        becomes(1, group="123")
        line.close()

    @case("half a handshake and a wrong path harm nobody")
    def _():
        got, _ = raw(d.port, b"GET /hook/qq/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             b"Authorization: Bearer geheim\r\n\r\n", 3)
        check(b" 4" in got.split(b"\r\n")[0], "refused", got[:80])

    @case("check refuses addresses and accounts that cannot be")
    def _():
        good = json.dumps(d.config)
        for old, new, word in ((forward.url, "http://x/", "ws://"), ('"geheim"', "null", "token")):
            other = Daemon(folder / f"check{free_port()}", json.loads(good.replace(old, new)))
            code, out, err = other.run("check")
            check(code != 0 and word in out + err, "check", out, err)

    @case("check refuses addresses without TLS where nothing private is allowed")
    def _():
        for key, bad, good in (("connect", "ws://b.example/", "wss://b.example/"), ("api", "http://b.example", "https://b.example")):
            for address, words in ((bad, "is without TLS"), (good, "no errors")):
                channel = {"kind": "onebot", "token": "geheim", "allow_private": False, key: [address]}
                other = Daemon(folder / f"check{free_port()}", {"channels": {"x": channel}})
                code, out, err = other.run("check")
                check((code == 0) == (address == good) and words in out + err, address, out, err)

    @case("check refuses addresses and tokens that can never work")
    def _():
        for wrong, words in (({"connect": ["ws://x y/"]}, "ws://HOST:PORT/"), ({"connect": ["ws://127.0.0.1:99999/"]}, "ws://HOST:PORT/"),
                             ({"connect": ["ws://:80/"]}, "ws://HOST:PORT/"), ({"api": ["http://"]}, "http://HOST:PORT"),
                             ({"token": "a\nb"}, "a line break"),
                             ({"connect": ["ws://[::1]:80/x", "ws://b.example?access=1", "wss://b"]}, "no errors")):
            other = Daemon(folder / f"check{free_port()}", {"channels": {"x": {"kind": "onebot", "token": "geheim"} | wrong}})
            code, out, err = other.run("check")
            check((code == 0) == (words == "no errors") and words in out + err, wrong, out, err)
        other = Daemon(folder / f"check{free_port()}", d.config | {"targets": {"x": {"kind": "onebot", "channel": "few", "to": "group: 5"}}})
        code, out, err = other.run("check")
        check(code == 1 and "without blanks" in out + err, "to", out, err)

    @case("check names the channel that a target must have meant")
    def _():
        for name, words in (("fwe", "no channel of kind onebot is called 'fwe'; nearest known: few"),
                            ("api", "no channel of kind onebot is called 'api'"), ("few", "no errors")):
            other = Daemon(folder / f"check{free_port()}", d.config | {"targets": {"x": {"kind": "onebot", "channel": name}}})
            code, out, err = other.run("check")
            check((code == 0) == (name == "few") and words in out + err, name, out, err)

    @case("check refuses a target that speaks in another realm's groups")
    def _():
        for realm in ("wx", "few"):
            lines = ["channels:", "  few: {kind: onebot, token: geheim}", f"  shop: {{realm: {realm}, send_through: say}}", "targets:",
                     "  say: {kind: onebot, channel: few}", ""]
            path = folder / f"realm-{realm}.yaml"
            path.write_text("\n".join(lines), encoding="utf-8")
            code, out, err = d.run("check", str(path))
            want = (1, f"{path.name}:3:35: channels.shop.send_through: the target 'say' speaks by the channel 'few'") if realm == "wx" else (0, "no errors")
            check(code == want[0] and want[1] in out + err, realm, out, err)

    def reload(channel="few", **keys):
        n = d.log().count("event=config.loaded")
        d.config["channels"][channel].update(keys)
        d.write_config()
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: d.log().count("event=config.loaded") > n, 10, "loaded")

    @case("a reload keeps connections; one that takes their account out of `accounts` ends them, another token ends all")
    def _():
        line, other = dial(Bridge(5), d.port, "few"), None
        reload(accounts=["5", "6"])
        other = dial(Bridge(6), d.port, "few")
        other.say(message(6, 127, 8, "noch", 80))
        becomes(1, group="127")
        reload(accounts=["5"])
        check(other.closed.wait(10), "closed")
        equal(other.ws.code, 4403, "code")
        line.say(message(5, 127, 8, "weiter", 81))
        becomes(2, group="127")
        reload(token="neu")
        check(line.closed.wait(10), "closed")
        equal(line.ws.code, 4401, "code")
        dial(Bridge(5), d.port, "few", token="neu").close()

    @case("bridges that refused our token are dialled at once with another one")
    def _():
        equal(late.lines, [], "it waits")
        reload("refused", token="anders")
        late.line(1, 5).say(message(10, 128, 8, "endlich", 82))
        becomes(1, group="128")
        until(lambda: "channel refused: the bridge at connect[1] does not know our token; write" in d.degraded()[1], 10,
              "the one that lets us in is not named any more, the other still is")

    equal(d.stop(), 0, "exit")
    case.done(d)
