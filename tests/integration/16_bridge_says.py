"""What qund asks of a bridge, over a real socket: every delivery as the command it becomes, every answer as the end of its
delivery; and a talk with the staff. The tables of docs/channels.md as cases."""
# limit: 120 s
import contextlib
import pathlib
import threading
import time

import spoken
from bridge import Bridge, stored
from harness import PATIENCE, QUND, RULES, Cases, Daemon, check, equal, scratch, until
from outbox import push, pushes

if not (pathlib.Path(QUND).parent / "plugins/bridge.so").exists():
    print("the bridge plugin is not built")
    raise SystemExit(77)

case = Cases()
GROUP, PERSON = {"id": "g1", "type": "group"}, {"id": "u2", "type": "direct"}
STAFF = {"id": "staff", "type": "group"}
MEDIA = [{"kind": "image", "url": "https://x.test/a.png", "name": "a.png"}]
# Sentence, the bridge's account, the push, the command's name and arguments; or why it fails without one.
COMMANDS = (
    ("a message into a group, with mentions and what it answers", "able",
     {"kind": "message", "group": "g1", "text": "好", "mentions": ["u1"], "reply_to": "m0", "auto": True},
     "send", {"conv": GROUP, "text": "好", "mentions": ["u1"], "reply_to": "m0", "auto": True}),
    ("a message to a person", "able", {"kind": "message", "person_id": "u2", "text": "在的"}, "send", {"conv": PERSON, "text": "在的"}),
    ("media as they are, where the bridge can send them", "able", {"kind": "message", "group": "g1", "text": "看", "media": MEDIA},
     "send", {"conv": GROUP, "text": "看", "media": MEDIA}),
    ("media alone", "able", {"kind": "message", "group": "g1", "media": MEDIA}, "send", {"conv": GROUP, "media": MEDIA}),
    ("media by their address in the text, where it cannot", "poor", {"kind": "message", "group": "g1", "text": "看", "media": MEDIA},
     "send", {"conv": GROUP, "text": "看\nhttps://x.test/a.png"}),
    ("a recall in a group", "able", {"kind": "recall", "group": "g1", "message": "m9"}, "recall", {"conv": GROUP, "msg": "m9"}),
    ("a recall in a private chat", "able", {"kind": "recall", "person_id": "u2", "message": "m9"}, "recall", {"conv": PERSON, "msg": "m9"}),
    ("an alert, its text and link to the target's own place", "able", {"kind": "alert", "short": "7", "text": "询价 #7", "link": "https://q.test/7"},
     "send", {"conv": STAFF, "text": "询价 #7\nhttps://q.test/7"}),
    ("a card of several alerts", "able", {"kind": "card", "text": "2 件\n#1 a\n#2 b", "items": [], "link": "https://q.test/0"},
     "send", {"conv": STAFF, "text": "2 件\n#1 a\n#2 b\nhttps://q.test/0"}),
    ("a task", "able", {"kind": "task", "short": "T12", "text": "T12 发预告", "task": {"id": 12}}, "send", {"conv": STAFF, "text": "T12 发预告"}),
    ("a digest", "able", {"kind": "digest", "text": "一群：5 问 3 答", "asked": 5}, "send", {"conv": STAFF, "text": "一群：5 问 3 答"}),
    ("a quote that is forwarded", "able", {"kind": "forward", "group": "g1", "text": "张三：多少钱"}, "send", {"conv": GROUP, "text": "张三：多少钱"}),
    ("through the account that the target names", "second", {"kind": "message", "group": "g1", "text": "我来"}, "send", {"conv": GROUP, "text": "我来"}),
    ("a post that a person is to confirm is not said", "poor",
     {"kind": "message", "group": "g1", "text": "x", "confirm": True}, None, "lays nothing before a person"),
    ("a recall that the bridge cannot do fails", "poor", {"kind": "recall", "group": "g1", "message": "m9"}, None, "this bridge cannot recall"),
    ("a message that the bridge cannot send fails", "deaf", {"kind": "message", "group": "g1", "text": "x"}, None, "this bridge cannot send"),
    ("a message that says nothing fails", "able", {"kind": "message", "group": "g1"}, None, "there is nothing to send"),
    ("a recall of nobody knows what fails", "able", {"kind": "recall", "group": "g1"}, None, "which message"),
    ("an alert without a place fails", "nowhere", {"kind": "alert", "text": "x"}, None, "the target has no `to`"),
)
CAPS = {"able": ("send_text", "send_media", "recall"), "second": ("send_text",), "poor": ("send_text",), "deaf": (),
        "once": ("send_text", "once"), "nowhere": ("send_text",)}
# Sentence, account, what the bridge says to each try (None: nothing), how it ends.
ENDS = (
    ("yes, with an id: accepted, under that id", "able", [{"ok": True, "data": {"id": 4711}}], "accepted"),
    ("try again: it is, after the time that was said", "able", [{"ok": False, "err": {"code": "busy", "retry": True, "retry_ms": 1500}},
                                                               {"ok": True}], "accepted"),
    ("limited: it waits as long as was said", "able", [{"ok": False, "err": {"code": "limited", "retry_ms": 1500}}, {"ok": True}],
     "accepted"),
    ("unknown: a person decides", "able", [{"ok": False, "err": {"code": "unknown", "text": "断了"}}], "unknown"),
    ("neither yes nor no: a person decides", "able", [{"data": 1}], "unknown"),
    ("nothing: a person decides", "able", [None], "unknown"),
    ("nothing, by one that remembers keys: once more under the same key", "once", [None, {"ok": True}], "accepted"),
    ("any other no: failed, with its words", "able", [{"ok": False, "err": {"code": "muted", "text": "全员禁言"}}], "failed"),
)
ORG = """
staff:
  - {id: lin, name: 林, ids: [{realm: wechat, id: u-lin}], push: [lin]}
  - {id: wu, name: 吴, ids: [{realm: wechat, id: u-wu}], push: [say]}
groups:
  - {realm: wechat, id: g-ask, name: "一群", roles: {consultant: [lin]}}
  - {realm: wechat, id: g-own, name: "二群", roles: {consultant: [wu]}}
"""
SPEAKING = {"rules": RULES["rules"] + [
    {"id": "hours", "when": {"any": ["几点"]}, "then": [{"reply": "九点"}]}, {"id": "away", "on": "revoke", "then": [{"recall": "own"}]}]}


def channel_of(account):
    """Each of its own, but two that share one."""
    return {"second": "able"}.get(account, account)


def target(account, **more):
    return {"kind": "bridge", "channel": channel_of(account), "account": account, "rate": 0, "timeout": "10s",
            **({} if account == "nowhere" else {"to": "group:staff"}), **more}


class Answering(Bridge):
    """Answers in a thread of its own: to each target's text what its script says, to the rest yes."""

    def __init__(self, d, account):
        super().__init__(d, account, caps=CAPS[account], channel=channel_of(account))
        self.told, self.scripts = [], {}
        for op in ("send", "recall"):
            self.answers[op] = lambda args, op=op: self.answer(op, args)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError, ConnectionError):
            while self.read() is not None:
                pass

    def answer(self, op, args):
        script = self.scripts.get(args.get("text"))
        self.told.append((op, args, time.monotonic()))
        if script is None:
            return {"ok": True, "data": {"id": f"sent-{len(self.told)}"}}
        return script.pop(0) if len(script) > 1 else script[0]

    def asked(self, such, n=1):
        """The first n commands with such arguments; they came over the socket, perhaps before this case began."""
        got = until(lambda: (lambda found: found[:n] if len(found) >= n else None)([t for t in self.told if such(t[1])]), 20, "a command")
        spoken.note("ws", n)
        return got if n > 1 else got[0]



def blanks_are_refused(d):
    for to, right in (("group:a b", False), ("group:a\u00a0b", True), ("private: u", False), ("group:a-b", True)):
        lines = ["channels:", "  wx: {kind: bridge, token: geheim}", "targets:", f"  say: {{kind: bridge, channel: wx, to: '{to}'}}", ""]
        path = d.folder / "blanks.yaml"
        path.write_text("\n".join(lines), encoding="utf-8")
        code, out, err = d.run("check", str(path))
        check((code == 0) == right and (right or f"blanks.yaml:4:40: targets.say.to: '{to}' must be group:ID or private:ID, without blanks" in out + err), to, out, err)


with scratch() as folder, Daemon(folder / "d", rules=SPEAKING) as d:
    d.config["channels"] = {name: {"kind": "bridge", "token": "geheim", "realm": "wechat", "answer": "2s", "trust_roles": True,
                                   "send_through": "say"} for name in CAPS if name != "second"}
    d.config["targets"] = {f"c{i}": target(account) for i, (_, account, *_) in enumerate(COMMANDS)}
    d.config["targets"] |= {f"e{i}": target(account) for i, (_, account, *_) in enumerate(ENDS)}
    d.config["targets"] |= {"say": {"kind": "bridge", "channel": "able", "rate": 0}, "lin": target("able", to="private:u-lin")}
    d.config |= {"org": {"file": "org.yaml"}, "alert": {"merge": "0s"}}
    (d.folder / "org.yaml").write_text(ORG, encoding="utf-8")
    d.write_config()
    d.start()
    equal(d.stop(), 0, "exit")
    for i, (_, _, body, *_) in enumerate(COMMANDS):
        push(d, f"c{i}", body)
    for i in range(len(ENDS)):
        push(d, f"e{i}", {"kind": "message", "group": "g-ends", "text": f"end {i}"})
    d.start()

    @case("a place with a blank in its id, which none has, is refused by check")
    def _():
        blanks_are_refused(d)

    @case("nobody connected: it waits")
    def _():
        until(lambda: pushes(d, "c0")[0]["state"] == "quota_hit", 10, "it waits")
        row = pushes(d, "c0")[0]
        check("no bridge is connected" in row["reason"], "why", row)

    bridges = {account: Answering(d, account) for account in CAPS}
    for i, (_, account, script, *_) in enumerate(ENDS):
        bridges[account].scripts[f"end {i}"] = list(script)

    def ended(name):
        return until(lambda: next((r for r in pushes(d, name) if r["state"] in ("accepted", "failed", "unknown")), None), 30, f"{name} ends")

    for i, (sentence, account, body, op, want) in enumerate(COMMANDS):
        @case(sentence)
        def _(i=i, account=account, op=op, want=want):
            row = ended(f"c{i}")
            if op is None:
                equal(row["state"], "failed", "state")
                check(want in row["reason"], "why", row)
                return
            equal(row["state"], "accepted", "state")
            told_op, args, _ = bridges[account].asked(lambda args: {k: v for k, v in args.items() if k != "key"} == want)
            equal(told_op, op, "command")
            check(op == "recall" or args["key"], "its key")

    for i, (sentence, account, script, state) in enumerate(ENDS):
        @case("the bridge says " + sentence)
        def _(i=i, account=account, script=script, state=state):
            row = ended(f"e{i}")
            equal(row["state"], state, "state")
            mine = bridges[account].asked(lambda args: args.get("text") == f"end {i}", len(script))
            mine = mine if len(script) > 1 else [mine]
            equal(sum(t[1].get("text") == f"end {i}" for t in bridges[account].told), len(script), "commands")
            equal(len({t[1]["key"] for t in mine}), 1, "one key")
            err = (script[0] or {}).get("err", {})
            if "retry_ms" in err:
                check(mine[1][2] - mine[0][2] > err["retry_ms"] / 1000 - 0.1, "it waited", mine)
            if state in ("failed", "unknown") and "text" in err:
                check(err["text"] in row["reason"], "its words", row)
            if state == "accepted" and "data" in (script[0] or {}):
                equal(row["their_id"], "4711", "id")

    able = bridges["able"]

    def now_ms():
        return int(time.time() * 1000)

    @case("a rule answers in the group, and takes its answer back when the question is taken back")
    def _():
        able.message("几点开门", id="q-1", conv="g-talk", sender="u-k", ts=now_ms())
        _, args, _ = able.asked(lambda args: args["conv"]["id"] == "g-talk")
        equal((args["text"], args["reply_to"], args["auto"]), ("【自动回复】九点", "q-1", True), "the answer")
        row = until(lambda: next((r for r in pushes(d, "say") if r.get("their_id")), None), 10, "accepted")
        able.event("recall", conv="g-talk", sender="u-k", msg={"id": "q-1"}, ts=now_ms())
        op, args, _ = able.asked(lambda args: args.get("msg") == row["their_id"])
        equal((op, args["conv"]["id"]), ("recall", "g-talk"), "taken back")

    @case("an alert in private, and the words of the staff that answer it")
    def _():
        able.message("这个多少钱", id="q-2", conv="g-ask", sender="u-k2", ts=now_ms())
        _, args, _ = able.asked(lambda args: args["conv"] == {"id": "u-lin", "type": "direct"})
        check("#1 回复：收到 1" in args["text"], "what to answer", args)
        able.event(conv={"id": "u-lin", "type": "direct"}, sender="u-lin", msg={"id": "w-1", "text": "收到 1"}, ts=now_ms())
        _, args, _ = able.asked(lambda args: args.get("reply_to") == "w-1")
        check(args["text"].endswith("#1 已记下，由你处理。"), "the answer", args)
        with d.client() as c:
            equal(c.get("/api/v1/alerts/1").json()["state"], "acknowledged", "the alert")

    @case("an alert through a target without a place of its own goes to the person it is for, by the account that knows them")
    def _():
        able.event(conv={"id": "u-wu", "type": "direct"}, sender="u-wu", msg={"id": "w-2", "text": "在"}, ts=now_ms())
        able.message("这个多少钱", id="q-3", conv="g-own", sender="u-k3", ts=now_ms())
        _, args, _ = able.asked(lambda args: args["conv"] == {"id": "u-wu", "type": "direct"})
        check("#2 回复：收到 2" in args["text"], "what to answer", args)

    @case("whoever wants to be a friend, or into a group")
    def _():
        able.event("request", conv=None, sender="f1", msg={"id": "flag-1", "text": "加我"}, ts=now_ms())
        able.event("request", conv="g-new", sender="f2", msg={"id": "flag-2", "text": "进群"}, ts=now_ms())
        until(lambda: able.acked >= able.seq, 20 * PATIENCE, "stored")
        d.drained()
        equal([(m["sender"], m["text"], m["data"]["flag"]) for m in stored(d, type="request.friend") + stored(d, type="request.group", group="g-new")],
              [("f1", "加我", "flag-1"), ("f2", "进群", "flag-2")], "requests")

    for b in bridges.values():
        b.drop()
    equal(d.stop(), 0, "exit")
    case.done(d)
