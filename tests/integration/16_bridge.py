"""The plain bridge protocol over real sockets: what each event becomes, numbers and acks over restarts of
either side, kill -9 in the middle, everything a broken bridge can send, and commands with their answers."""
# limit: 240 s
import json
import pathlib
import signal
import threading
import time

from bridge import NOW, Bridge, is_open, stored
from harness import PATIENCE, QUND, Cases, Client, Daemon, check, equal, figure, sanitized, scratch, until
from wire import Refused

if not (pathlib.Path(QUND).parent / "plugins/bridge.so").exists():
    print("the bridge plugin is not built")
    raise SystemExit(77)

case = Cases()

CONFIG = {"channels": {"wx": {"kind": "bridge", "token": "geheim", "realm": "wechat", "connections": 8,
                              "heartbeat": "1s", "answer": "2s", "trust_roles": True}},
          "targets": {"ops": {"kind": "bridge", "channel": "wx", "to": "group:staff", "rate": 0, "timeout": "5s"}},
          "alert": {"merge": "0s"}}


def start(d):
    d.start()
    check(is_open(d), "ready means that channels are open")
    return d


with scratch() as folder, Daemon(folder / "d", CONFIG) as d:
    start(d)

    @case("without the token nobody is let in, and the log says it once")
    def _():
        for token in ("", "gehein", "geheim2"):
            try:
                Bridge(d, token=token)
                check(False, "it was let in")
            except Refused as e:
                equal(e.status, 401, "status")
        equal(d.log().count("event=bridge.denied"), 1, "lines")
        equal(d.metric("qund_bridge_denied_total"), 3, "counted")
        with Client(d.port) as c:
            equal(c.get("/hook/wx").status, 401, "no token, no upgrade")
            equal(c.get("/hook/wx", Authorization="Bearer geheim").status, 426, "no upgrade")
        try:
            Bridge(d, path="/elsewhere")
            check(False, "it was let in")
        except Refused as e:
            equal(e.status, 404, "another path")
        Bridge(d, path="/bridge/v1/ws").drop()

    @case("a message in a group, with mention, answer and picture, is the canonical one")
    def _():
        b = Bridge(d, "bot-1")
        b.event(conv={"id": "g1", "type": "group", "name": "客厅"}, sender={"id": "u1", "name": "李"},
                msg={"id": "w1", "text": "多少钱", "mentions": ["bot-1", 77], "reply_to": 4711,
                     "media": [{"kind": "image", "data_b64": "aGFsbG8=", "name": "a.png"}]})
        b.until_acked()
        d.drained()
        m = stored(d, id="w1")[0]
        equal((m["channel"], m["realm"], m["type"], m["group"], m["sender"], m["account"], m["kind"]),
              ("wx", "wechat", "message", "g1", "u1", "bot-1", "mixed"), "who and where")
        equal((m["text"], m["mentions"], m["reply_to"]), ("多少钱", ["bot-1", "77"], "4711"), "what")
        equal(m["media"], [{"kind": "image", "sha256": "d3751d33f9cd5049c4af2b462735457e4d3baf130bcbb87f389e349fbaeb20b9",
                            "name": "a.png", "size": 5}], "content is measured")
        b.drop()

    @case("private chat, own messages, a picture alone")
    def _():
        b = Bridge(d, "bot-1")
        b.event(conv={"id": "u7", "type": "direct"}, sender="u7", msg={"id": "p1", "text": "在吗"})
        b.event(conv={"id": "u7", "type": "direct"}, sender={"id": "bot-1", "self": True}, msg={"id": "p2", "text": "在"})
        b.event(msg={"id": "p3", "media": [{"kind": "voice", "url": "https://x.test/1.amr", "size": 9}]})
        b.until_acked()
        d.drained()
        one, two, three = (stored(d, id=i)[0] for i in ("p1", "p2", "p3"))
        equal((one.get("group"), one["sender"], one["to"]), (None, "u7", "bot-1"), "to us")
        equal((two["sender"], two["to"], two["sender_role"]), ("bot-1", "u7", "bot"), "from us")
        equal((three["kind"], three["media"][0]["url"]), ("voice", "https://x.test/1.amr"), "a picture alone")
        b.drop()

    @case("joins, leaves, recalls, requests, new names, the end of a group, a gap")
    def _():
        b = Bridge(d, "bot-1")
        b.event("join", sender=None, conv="g2", who=[{"id": "n1", "name": "甲"}, {"id": 2}], by="u1")
        b.event("leave", sender=None, conv="g2", who=[{"id": "n1"}])
        b.message("说错了", id="r1", conv="g2")
        b.event("recall", conv="g2", msg={"id": "r1"}, by="u1")
        b.event("request", conv=None, sender={"id": "f1", "name": "新"}, msg={"id": "flag-1", "text": "加我"})
        b.event("rename", sender=None, conv={"id": "g2", "type": "group", "name": "新名"}, by="u1")
        b.event("dismiss", sender=None, conv="g2")
        b.event("gap", sender=None, conv=None, from_ts=NOW - 5000, to_ts=NOW - 1000)
        b.until_acked()
        d.drained()
        joins = stored(d, type="member.join", group="g2")
        equal(sorted((j["sender"], json.loads(j["data"])["by"] if isinstance(j["data"], str) else j["data"]["by"])
                     for j in joins), [("2", "u1"), ("n1", "u1")], "one event per member")
        equal([m["sender"] for m in stored(d, type="member.leave")], ["n1"], "leave")
        equal([m["ref"] for m in stored(d, type="revoke")], ["r1"], "recall")
        equal([(m["sender"], m["text"]) for m in stored(d, type="request.friend")], [("f1", "加我")], "request")
        equal(len(stored(d, type="group.update")), 1, "rename")
        equal(len(stored(d, type="group.dismiss")), 1, "dismiss")
        equal(stored(d, type="gap")[0]["data"], {"from": NOW - 5000, "to": NOW - 1000}, "gap")
        b.drop()

    @case("after a new connection the welcome says where to go on, and what comes twice is stored once")
    def _():
        b = Bridge(d, "bot-2")
        equal(b.welcome["resume_from"], 0, "a new account")
        for i in range(50):
            b.message(f"eins {i}", conv="g3")
        b.until_acked()
        b.drop()
        b = Bridge(d, "bot-2")
        equal(b.welcome["resume_from"], 50, "resume_from")
        for i in range(40, 60):
            b.event(seq=i + 1, conv="g3", msg={"id": f"m{NOW}-{i + 1}", "text": f"eins {i}"})
        b.until_acked(60)
        d.drained()
        equal(len(stored(d, group="g3")), 60, "each once")
        equal(d.metric("qund_bridge_repeats_total"), 10, "counted")
        equal(len(stored(d, type="gap")), 1, "and no gap of it")
        b.drop()

    @case("missing numbers are a gap")
    def _():
        b = Bridge(d, "bot-2")
        b.message("zwei", seq=75, conv="g3")
        b.until_acked()
        d.drained()
        gaps = stored(d, type="gap", account="bot-2")
        equal([g["data"] for g in gaps], [{"from": NOW + 60, "to": NOW + 75}], "gap")
        b.drop()

    @case("a counter that begins anew loses and doubles nothing, said or not")
    def _():
        for account, said, resumes in (("bot-3", {"counter": "a"}, {"counter": "b"}), ("bot-4", {"last": 30}, {"last": 5}),
                                       ("bot-5", {}, {})):
            b = Bridge(d, account, **said)
            group = "g-" + account
            for i in range(30):
                b.event(conv=group, msg={"id": f"{account}-a{i}", "text": "x"}, ts=NOW + i)
            b.until_acked()
            b.drop()
            b = Bridge(d, account, **resumes)
            if resumes:
                equal(b.welcome["resume_from"], 0, "it is to send all it has")
            b.seq = b.acked = 0
            for i in range(25, 30):    # what it still had, under new numbers
                b.event(conv=group, msg={"id": f"{account}-a{i}", "text": "x"}, ts=NOW + i)
            for i in range(20):
                b.event(conv=group, msg={"id": f"{account}-b{i}", "text": "x"}, ts=NOW + 100 + i)
            b.until_acked(25)
            b.drop()
            b = Bridge(d, account, **{**resumes, **({"last": 25} if "last" in resumes else {})})
            equal(b.welcome["resume_from"], 25, "where the new one stands")
            b.drop()
            d.drained()
            equal(len({m["id"] for m in stored(d, group=group)}), 50, "different ones")
            equal(len(stored(d, group=group)), 50, "each once")
        equal(d.metric("qund_bridge_counter_restarts_total"), 2, "those that said so")
        equal(len(stored(d, type="gap", account="bot-5")), 0, "no gap of it")

    @case("the same account again: the newer one is it")
    def _():
        old, new = Bridge(d, "bot-1"), Bridge(d, "bot-1")
        equal(old.ended()[0], 4409, "the older is closed")
        new.message("noch da")
        new.until_acked()
        new.drop()

    @case("broken frames are named and survive, the events around them count")
    def _():
        b = Bridge(d, "bot-6")
        for text in ("{", "[]", "17", '{"t":7}', '{"x":1}', '{"t":"event","t":"event"}', "[" * 500000,
                     '{"t":"event","seq":1,' + ",".join(f'"k{i}":1' for i in range(25000)) + "}"):
            b.say(text)
            b.await_("error")
        b.say({"t": "from the future", "seq": 5})
        wrong = [{"kind": "message", "msg": {"id": "x"}}, {"kind": "message", "ts": NOW}, {"kind": "sing", "ts": NOW},
                 {"kind": "join", "ts": NOW, "conv": {"id": "g"}}, {"kind": "message", "ts": NOW, "from": {"id": "u"},
                 "conv": {"id": "g" * 200}, "msg": {"id": "x", "text": "y"}},
                 {"kind": "message", "ts": NOW, "from": {"id": "u"}, "conv": {"id": "g", "type": "room"}, "msg": {}},
                 {"kind": "message", "ts": NOW, "from": {"id": "u"}, "conv": {"id": "g"}, "msg": {"id": "l", "text": "大" * 30000}}]
        good = {"kind": "message", "ts": NOW, "from": {"id": "u"}, "conv": {"id": "g"}}
        wrong += [good | {"conv": conv, "msg": {"id": "c", "text": "x"}} for conv in ({"id": ""}, {"id": None}, "g", [])]
        wrong += [good | {"msg": {"id": "p"} | msg} for msg in ({"text": 5}, {"text": "x", "mentions": "all"}, {"text": "x", "media": {}})]
        for i, w in enumerate(wrong):
            b.say({"t": "event", "seq": i + 1, **w})
        b.seq = len(wrong)
        b.message("mittendrin", id="mid", conv="g6")
        b.until_acked()
        refused = [f for f in b.got if f["t"] == "refused"]
        equal(sorted(f["seq"] for f in refused), list(range(1, len(wrong) + 1)), "each named")
        check(any(f["where"] == "group" and "128" in f["text"] for f in refused), "by the event's border", refused)
        equal([f["where"] for f in sorted(refused, key=lambda f: f["seq"])][-7:],
              ["conv.id"] * 4 + ["msg.text", "msg.mentions", "msg.media"], "by their places")
        d.drained()
        equal(len(stored(d, id="mid")), 1, "the good one")
        equal(d.metric("qund_bridge_refused_total"), len(wrong), "counted")
        b.drop()
        b = Bridge(d, "bot-6")
        equal(b.welcome["resume_from"], len(wrong) + 1, "they are dealt with")
        b.drop()

    @case("half a character of JavaScript's is repaired, a NUL is text, other bytes close")
    def _():
        b = Bridge(d, "bot-6")
        seq = b.seq
        for i, text in enumerate((r"a\ud83d", r"\ude00b", r"\ud83d\ude00", r"\\ud83d", r"n\u0000l")):
            b.say(f'{{"t":"event","seq":{seq + i + 1},"kind":"message","ts":{NOW},"conv":{{"id":"g7"}},"from":{{"id":"u"}},'
                  f'"msg":{{"id":"h{i}","text":"{text}"}}}}')
        b.until_acked(seq + 5)
        d.drained()
        equal({m["id"]: m["text"] for m in stored(d, group="g7")},
              {"h0": "a\ufffd", "h1": "\ufffdb", "h2": "\U0001f600", "h3": "\\ud83d", "h4": "n\0l"}, "texts")
        equal(d.metric("qund_bridge_repaired_total"), 2, "counted")
        b.ws.frame(1, b'{"t":"\xff"}')
        equal(b.ended()[0], 1007, "not UTF-8")
        b = Bridge(d, "bot-6")
        b.ws.frame(2, b"{}")
        equal(b.ended()[0], 1003, "binary")

    @case("what a machine in a rage does: a hundred broken frames, 10 MB, no hello, a foreign version")
    def _():
        b = Bridge(d, "bot-6")
        for _ in range(100):
            b.say("{")
        equal(b.ended(), (4400, "too many broken frames"), "broken")
        b = Bridge(d, "bot-6")
        try:
            b.say('{"t":"event","x":"' + "x" * (10 << 20) + '"}')
        except OSError:
            pass
        try:
            equal(b.ended()[0], 1009, "10 MB")
        except (ConnectionError, OSError):
            pass
        b = Bridge(d, hello=False)
        b.say({"t": "event", "seq": 1})
        equal(b.ended()[0], 4400, "no hello")
        b = Bridge(d, hello=False)
        b.say({"t": "hello", "proto": 2, "account": {"id": "x"}})
        equal(b.ended()[0], 4406, "proto 2")
        b = Bridge(d, hello=False)
        b.say({"t": "hello", "proto": 1, "account": {"id": "x" * 200}})
        equal(b.ended()[0], 4400, "no account")
        b = Bridge(d, "bot-6")
        b.event(msg={"id": "big", "text": "", "media": [{"kind": "image", "data_b64": "A" * (6 << 20)}]})
        b.until_acked()
        d.drained()
        equal(stored(d, id="big")[0]["media"][0]["size"], 6 * (1 << 20) * 3 // 4, "6 MB of a picture are fine")
        b.drop()

    @case("a thousand connections, most at a time refused, and none stays")
    def _():
        open_, refused = [], 0
        for i in range(200):
            try:
                open_.append(Bridge(d, hello=False))
            except Refused as e:
                equal(e.status, 503, "status")
                refused += 1
        check(len(open_) <= 8 and refused >= 190, "at most 8 at a time", len(open_), refused)
        for b in open_:
            b.drop()
        for i in range(1000):
            try:
                Bridge(d, hello=False).drop()
            except Refused:
                pass
        until(lambda: d.metric("qund_bridge_connections") == 0, 10, "all are gone")
        Bridge(d, "bot-1").drop()

    @case("a bridge that is there but silent is given up")
    def _():
        b = Bridge(d, "bot-1")
        b.await_("ping")    # answered once
        start_ = time.monotonic()
        while b.ws.recv() is not None:    # and never again
            pass
        equal(b.ws.code, 4408, "code")
        check(time.monotonic() - start_ < 15 * PATIENCE, "in time")

    @case("50,000 events in a rush are slowed, not lost")
    def _():
        n = 5000 if sanitized(QUND) else 50000
        b = Bridge(d, "bot-7")
        first = time.monotonic()
        text = [json.dumps({"t": "event", "seq": i + 1, "kind": "message", "ts": NOW + i, "conv": {"id": "g8"},
                            "from": {"id": f"u{i % 100}"}, "msg": {"id": f"rush-{i}", "text": "好的"}}) for i in range(n)]

        def send():
            for t in text:
                b.ws.send(t)
        sender = threading.Thread(target=send)
        sender.start()
        b.until_acked(n)
        took = time.monotonic() - first
        sender.join()
        acks = sum(f["t"] == "ack" for f in b.got)
        d.drained()
        equal(sum(1 for m in stored(d, group="g8")), n, "each once")
        check(acks < n / 5, "acks are few", acks)
        figure(f"bridge: {n} events by one connection in {took:.1f} s, {acks} acks")
        b.drop()

    @case("20,000 of the smallest events in one go are slowed, never cut off with 4429")
    def _():
        n = 3000 if sanitized(QUND) else 20000
        b = Bridge(d, "bot-11")
        pauses = d.metric("qund_bridge_pauses_total")
        # As many to a read of the socket as there can be; a frame without a mask of its own is masked with zeros.
        whole = b"".join(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text
                         for text in (f'{{"t":"event","seq":{i + 1}}}'.encode() for i in range(n)))
        sender = threading.Thread(target=b.ws.sock.sendall, args=(whole,))
        sender.start()
        b.until_acked(n)
        sender.join()
        check(b.ws.code is None, "it is still open", b.ws.code, b.ws.reason)
        if n == 20000:    # fewer may go through as they come
            check(d.metric("qund_bridge_pauses_total") > pauses, "it was slowed")
        b.message("danach", id="after", conv="g11")
        b.until_acked()
        d.drained()
        equal(len(stored(d, id="after")), 1, "and heard")
        b.drop()

    @case("a push is a command; its answer ends it, in any order")
    def _():
        b = Bridge(d, "bot-1")
        told = []

        def answer(args):
            told.append(args)
            return {"ok": True, "data": {"id": f"sent-{len(told)}"}}
        b.answers["send"] = answer
        b.message("这个多少钱", conv="g-ask", sender="kunde-1", ts=int(time.time() * 1000))
        until_told = time.monotonic() + 10 * PATIENCE
        while not told and time.monotonic() < until_told:
            b.read()
        equal((told[0]["conv"], len(told[0]["key"]) > 0), ({"id": "staff", "type": "group"}, True), "where")
        check("多少钱" in told[0]["text"], "the alert's text", told[0])

        def accepted():
            with d.client() as c:
                return [r for r in c.get("/api/v1/outbox").json()["items"] if r["target"] == "ops" and r["state"] == "accepted"]
        until(accepted, 10, "accepted")
        b.drop()

    @case("no answer is unknown, a refusal fails, and nobody connected costs no try")
    def _():
        def states():
            with d.client() as c:
                return [r["state"] for r in c.get("/api/v1/outbox").json()["items"] if r["target"] == "ops"]
        before = states()
        b = Bridge(d, "bot-1")
        b.message("那个多少钱", conv="g-ask2", sender="kunde-2", ts=int(time.time() * 1000))
        b.await_("cmd", op="send")
        b.drop()    # in the middle
        until(lambda: states().count("unknown") > before.count("unknown"), 15, "unknown")
        b = Bridge(d, "bot-1")
        b.answers["send"] = lambda args: {"ok": False, "err": {"code": "muted", "text": "全员禁言"}}
        b.message("哪个多少钱", conv="g-ask3", sender="kunde-3", ts=int(time.time() * 1000))
        b.await_("cmd", op="send")
        until(lambda: states().count("failed") > before.count("failed"), 15, "failed")
        b.message("再问多少钱", conv="g-ask4", sender="kunde-4", ts=int(time.time() * 1000))
        b.answers["send"] = lambda args: {"ok": True}
        b.ws.close()
        b.ended()
        with d.client() as c:
            equal(c.events([{"id": "away", "group": "g", "sender": "kunde-5", "text": "多少钱"}]).status, 202, "said")
        until(lambda: "quota_hit" in states(), 10, "it waits")
        b = Bridge(d, "bot-1")
        b.answers["send"] = lambda args: {"ok": True}
        b.await_("cmd", op="send")

    @case("members are read after hello and handed over as they are")
    def _():
        b = Bridge(d, "bot-8", caps=("send_text", "groups", "members"))
        many = [{"id": f"wxid_{i:012}", "name": "名" * 20, "role": "member"} for i in range(3000)]
        lists = {"ga": [{"id": "u1", "name": "甲", "role": "owner"}, {"id": 2}], "gb": many}
        b.answers["groups"] = lambda args: {"ok": True, "data": [{"id": "ga"}, {"id": "gb"}]}
        b.answers["members"] = lambda args: {"ok": True, "data": {"members": lists[args["conv"]["id"]]}}
        def members():
            with d.client() as c:
                return {g["group"]: g["members"] for g in c.get("/api/v1/groups?limit=500").json()["items"]}

        def read_until(cond, what):
            end = time.monotonic() + 15 * PATIENCE
            while not cond():
                check(time.monotonic() < end, what)
                b.read()
        read_until(lambda: (members().get("ga"), members().get("gb")) == (2, 3000), "both groups are known, also the long list")
        equal(len(stored(d, type="group.members", group="gb")), 2, "in parts")
        equal(stored(d, type="member.join", group="ga"), [], "nobody joined: it was the first look")
        b.drop()

    @case("a reload keeps connections, another token ends them")
    def _():
        b = Bridge(d, "bot-1")
        d.config["channels"]["wx"]["heartbeat"] = "2s"
        d.write_config()
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: d.log().count("event=config.loaded") >= 1, 10, "loaded")
        b.message("bleibt")
        b.until_acked()
        d.config["channels"]["wx"]["token"] = "neu"
        d.write_config()
        d.proc.send_signal(signal.SIGHUP)
        equal(b.ended()[0], 4401, "closed")
        Bridge(d, "bot-1", token="neu").drop()
        d.config["channels"]["wx"]["token"] = "geheim"
        d.write_config()
        d.proc.send_signal(signal.SIGHUP)

        def again():
            try:
                Bridge(d, "bot-1").drop()
                return True
            except Refused:
                return False
        until(again, 10, "the old token again")

    @case("kill -9 in the middle, five times: every acknowledged event is there once")
    def _():
        sent, acked_total = 0, 0
        seq = 0
        for round_ in range(5):
            b = Bridge(d, "bot-9")
            seq = b.welcome["resume_from"]
            stop = threading.Event()

            def send(b=b, seq=seq):
                try:
                    for i in range(seq, seq + 20000):
                        if stop.is_set():
                            return
                        b.event(seq=i + 1, ts=NOW + i, conv="g9", msg={"id": f"k-{i}", "text": "好的"})
                except OSError:
                    pass
            sender = threading.Thread(target=send)
            sender.start()
            try:
                b.until_acked(seq + 300 + 77 * round_)
            except (ConnectionError, OSError):
                pass
            d.kill9()
            stop.set()
            try:
                while b.read() is not None:    # acks that had left before
                    pass
            except (ConnectionError, OSError):
                pass
            sender.join()
            b.drop()
            acked_total = b.acked
            start(d)
            if round_ % 2:    # three unclean ends in the hands of one plugin, and it is left out
                equal(d.stop(), 0, "exit")
                start(d)
            b = Bridge(d, "bot-9")
            check(b.welcome["resume_from"] >= acked_total, "never behind an ack", b.welcome["resume_from"], acked_total)
            b.drop()
        d.drained()
        found = [m["id"] for m in stored(d, group="g9")]
        missing = [i for i in range(acked_total) if f"k-{i}" not in set(found)]
        equal((missing[:5], len(found) - len(set(found))), ([], 0), "lost, doubled")
        figure(f"bridge: kill -9 five times, {acked_total} acknowledged, 0 lost, 0 doubled")

    @case("kill -9 between a command and its answer: unknown, and never said twice")
    def _():
        def states():
            with d.client() as c:
                return [r["state"] for r in c.get("/api/v1/outbox?limit=500").json()["items"] if r["target"] == "ops"]
        said = []    # what took effect at the other end
        for i in range(3):
            b = Bridge(d, "bot-1")
            before = states().count("unknown")
            b.answers["send"] = lambda args: said.append(args["key"])    # it is done, and no answer leaves
            b.message(f"第{i}个多少钱", conv=f"g-a2-{i}", sender=f"a2-{i}", ts=int(time.time() * 1000))
            until(lambda b=b: b.read() and len(said) > i, 20, "the effect", 0)
            d.kill9()
            b.drop()
            start(d)
            b = Bridge(d, "bot-1")
            b.answers["send"] = lambda args: said.append(args["key"])
            until(lambda: states().count("unknown") > before, 20, "unknown")
            b.await_("ping")
            b.await_("ping")    # two seconds and more: it would have come again
            b.drop()
            equal(d.stop(), 0, "exit")
            start(d)
        equal((len(said), len(set(said))), (3, 3), "effects, different ones")
        figure("bridge: kill -9 between effect and answer three times: doubled 0, unknown 3")

    @case("it stops in order with a bridge connected")
    def _():
        b = Bridge(d, "bot-1")
        b.message("zuletzt")
        b.until_acked()
        equal(d.stop(), 0, "exit")
        b.drop()

    case.done(d)
