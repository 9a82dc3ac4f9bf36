"""A rule speaks in a chat: marked, once, not to who complains; its message coming back proves it."""
import json
import struct
import time

from harness import Cases, Daemon, Receiver, check, equal, scratch, until

RULES = {"rules": [
    {"id": "angry", "priority": 90, "when": {"any": ["投诉"]}, "then": [{"intent": "complaint"}]},
    {"id": "hours", "when": {"any": ["几点"]}, "cooldown": {"for": "1s"},
     "then": [{"reply": {"text": "{{sender.name}}，9:00-18:00"}}]},
    {"id": "hello", "on": "member.join", "when": {"from": ["any"]}, "then": [{"reply": "欢迎"}]}]}

case = Cases()
ALIVE_AT = 760     # in <data>/inhand, behind its three slots (store/inhand.c)
with scratch() as folder, Receiver(folder) as receiver, \
        Daemon(folder / "d", {"targets": receiver.target, "quiet": {"hours": "00:00-00:00"},
                              "channels": {"api": {"send_through": next(iter(receiver.target))}}}, rules=RULES) as d:
    d.start()

    def say(**event):
        with d.client("ingest") as api:
            equal(api.events([{"group": "g1", "account": "bot", **event}]).status, 202, "status")

    def outbox():
        with d.client() as c:
            return c.get("/api/v1/outbox").json()["items"]

    @case("the answer goes through the channel's target, marked, and names what it answers")
    def _():
        say(id="m1", sender="u1", sender_name="王姐", text="几点开门")
        until(lambda: receiver.calls(), 10, "it arrives")
        body = json.loads(receiver.calls()[0]["body"])
        equal([body[k] for k in ("kind", "group", "reply_to", "auto", "account", "text")],
              ["message", "g1", "m1", True, "bot", "【自动回复】王姐，9:00-18:00"], "body")

    @case("who complains hears nothing, and explain says why")
    def _():
        say(id="m2", sender="u2", sender_name="李哥", text="我要投诉，你们几点开门")
        d.drained()
        equal(d.metric("qund_auto_unsaid_total"), 1, "left unsaid")
        equal(d.metric("qund_auto_said_total"), 1, "said")
        said = json.loads(d.run("explain", "m2", "hours", "--json", check_exit=0)[1])["says"]
        equal([(s["act"], s["leaves"], s.get("why")) for s in said], [("reply", False, "intent")], "explain")
        check("would reply 2 times" in d.run("backtest", "hours", check_exit=0)[1], "backtest")

    @case("the list of members makes a newcomer, who is greeted")
    def _():
        for n, names in ((1, ["u1", "u2"]), (2, ["u1", "u2", "u3"])):
            say(id=f"l{n}", type="group.members", data={"whole": True, "members": [{"id": x} for x in names]})
            d.drained()
        until(lambda: len(receiver.calls()) == 2, 10, "a greeting")
        equal(json.loads(receiver.calls()[1]["body"])["mentions"], ["u3"], "whom")

    @case("nothing of it happens twice after kill -9, and repeats are silent")
    def _():
        d.kill9()
        d.start()
        say(id="m1", sender="u1", sender_name="王姐", text="几点开门")
        d.drained()
        until(lambda: all(r["state"] == "accepted" for r in outbox()), 10, "all went")
        equal(len(outbox()), 2, "pushes")

    @case("a gap is listed and said")
    def _():
        say(id="gap1", type="gap", data={"from": int(time.time() * 1000) - 60000})
        d.drained()
        with d.client() as c:
            gaps = c.get("/api/v1/gaps").json()["items"]
        equal([(g["channel"], g["account"], g["group"] > 0) for g in gaps], [("api", "bot", True)], "gaps")
        equal(d.metric("qund_gaps_total"), 1, "counted")
        check("not heard just now" in d.degraded()[1], "readyz", d.degraded())

    @case("our own absence is a gap of all channels; the last sign of life survives a kill")
    def _():
        d.kill9()
        mark = d.data / "inhand"
        page = bytearray(mark.read_bytes())
        [alive] = struct.unpack_from("<q", page, ALIVE_AT)
        check(time.time() - 20 < alive / 1000 <= time.time(), "a moment ago", alive)
        struct.pack_into("<q", page, ALIVE_AT, alive - 600000)      # as if it had died ten minutes ago
        mark.write_bytes(page)
        d.start()
        with d.client() as c:
            gaps = [g for g in c.get("/api/v1/gaps").json()["items"] if "channel" not in g]
        check(gaps and not gaps[0]["open"] and gaps[0]["to"] > gaps[0]["from"], "listed", gaps)
        check("event=engine.was_down" in d.log(), "and said")

    equal(d.stop(), 0, "exit")
    case.done(d)
