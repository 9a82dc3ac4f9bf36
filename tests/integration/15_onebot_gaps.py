"""What was missed and how it is made up for: gap events, histories, member lists."""
# limit: 180 s
import time

from harness import Cases, Daemon, check, equal, scratch, until
from onebot import Bridge, Seen, dial, message, post
from wire import Refused

case = Cases()
CONFIG = {"channels": {
    "qq": {"kind": "onebot", "token": "geheim", "members": "2s", "history": 3},
    "plain": {"kind": "onebot", "token": "geheim", "members": "0s"}}}

with scratch() as folder, Daemon(folder / "d", CONFIG) as d:
    d.start()

    seen = Seen(d)
    stored, becomes, metric = seen.stored, seen.becomes, seen.metric

    def now_ms():
        return int(time.time() * 1000)

    def try_dial():
        try:
            return dial(bridge, d.port, "qq")
        except (Refused, OSError):
            return None

    def ended_gaps(**want):
        return [r for r in stored(type="gap", **want) if "to" in r["data"]]

    def has_gaps(n, seconds=15, **want):
        return until(lambda: (lambda r: r if len(r) >= n else None)(ended_gaps(**want)), seconds, f"{n} gaps {want}", 0.1)

    def members(group):
        """Who is in it, as the daemon knows; None: it knows no such group."""
        with d.client() as c:
            for g in c.get("/api/v1/groups?limit=500").json()["items"]:
                if g["name"] == f"群{group}":
                    got = c.get(f"/api/v1/groups/{g['id']}/members?limit=500").json()["items"]
                    return sorted(m.get("nick") or "" for m in got if not m.get("left"))
        return None

    bridge = Bridge(7, {100: [7, 8, 9], 200: [7, 8]})
    start = int(time.time())
    line = dial(bridge, d.port, "qq")

    @case("the first connection leaves no gap; its groups and members are read")
    def _():
        rows = becomes(2, type="group.members")
        equal({(r["group"], r["account"]) for r in rows}, {("100", "7"), ("200", "7")}, "lists")
        equal(until(lambda: members(100), 5, "known"), ["n7", "n8", "n9"], "members")
        equal(stored(type="member.join"), [], "nobody joined")
        equal(stored(type="gap"), [], "gaps")

    @case("the lists are read again and again: who came and went without a notice is told")
    def _():
        bridge.groups[100] = [7, 8, 10]
        joined = becomes(1, type="member.join", group="100")[0]
        equal(joined["data"]["member"], "10", "who joined")
        equal(becomes(1, type="member.leave", group="100")[0]["data"]["member"], "9", "who left")
        until(lambda: members(100) == ["n10", "n7", "n8"], 5, "members", 0.2)

    @case("a list that cannot be is not believed")
    def _():
        bridge.groups[200] = list(range(7, 47))
        until(lambda: len(members(200)) == 40, 10, "forty", 0.2)
        bridge.answers["get_group_member_list"] = lambda p: {"status": "ok", "retcode": 0, "data": [{"user_id": 7}]
                                                             if p["group_id"] == 200 else []}
        asked = len(bridge.calls("get_group_member_list"))
        n = len(stored(type="group.members"))
        until(lambda: len(bridge.calls("get_group_member_list")) >= asked + 3, 15, "asked again")
        equal(len(stored(type="group.members")), n, "nothing was stored")
        del bridge.answers["get_group_member_list"]

    @case("an interruption is a gap, filled from the history, page by page; nothing comes twice")
    def _():
        global line
        t = int(time.time())
        line.say(message(7, 100, 8, "vorher", 1, ts=t))
        becomes(1, group="100", type="message")
        before = now_ms()
        line.drop()
        until(lambda: metric("qund_onebot_accounts", 'channel="qq"') == 0, 5, "it is noticed")
        missed = [message(7, 100, 8, f"verpasst {i}", 1 + i, ts=int(time.time())) for i in range(1, 8)]
        for m in missed:
            del m["post_type"], m["self_id"]
        old = [dict(message(7, 100, 8, f"alt {i}", -100 + i, ts=start - 5000)) for i in range(3)]
        bridge.history[100] = old + [message(7, 100, 8, "vorher", 1, ts=t)] + missed
        line = dial(bridge, d.port, "qq")
        line.say(message(7, 100, 8, "nachher", 9))
        gap = has_gaps(1)[0]
        check(before - 15000 <= gap["data"]["from"] <= before, "from", gap, before)
        check(before <= gap["data"]["to"] <= now_ms(), "to", gap)
        equal(gap["account"], "7", "whose")
        rows = becomes(9, group="100", type="message")
        equal(sorted(r["text"] for r in rows), sorted(["vorher", "nachher"] + [f"verpasst {i}" for i in range(1, 8)]), "each once")
        equal({r["origin"] for r in rows if r["text"].startswith("verpasst")}, {"backfill"}, "origin")
        check(len([p for _, p in bridge.calls("get_group_msg_history") if p["group_id"] == 100]) >= 3, "in pages of three")

    @case("a bridge that connects again and again leaves one gap")
    def _():
        global line
        n = len(ended_gaps())
        for _ in range(15):
            line.drop()
            line = dial(bridge, d.port, "qq")
        has_gaps(n + 1)
        until(lambda: bridge.calls("get_group_msg_history"), 5, "asked")
        equal(len(ended_gaps()), n + 1, "one")

    @case("a bridge that is offline behind its connection has a gap until it is online")
    def _():
        n = len(ended_gaps())

        def beat(online):
            line.say({"self_id": 7, "time": int(time.time()), "post_type": "meta_event", "meta_event_type": "heartbeat",
                      "interval": 60000, "status": {"online": online, "good": True}})
        beat(True)
        beat(False)
        until(lambda: "event=onebot.offline" in d.log(), 5, "offline")
        beat(False)
        beat(True)
        has_gaps(n + 1)
        check("event=onebot.online" in d.log(), "online")

    @case("a bridge without histories is asked once")
    def _():
        other = Bridge(70, {1: [70], 2: [70], 3: [70]})
        other.answers["get_group_msg_history"] = {"status": "failed", "retcode": 1404, "data": None}
        first = dial(other, d.port, "plain")
        until(lambda: other.calls("get_group_list"), 10, "introduced")
        first.say(message(70, 1, 8, "x", 1))
        becomes(1, account="70", type="message")
        first.drop()
        second = dial(other, d.port, "plain")
        has_gaps(1, account="70")
        until(lambda: len(other.calls("get_group_list")) == 2, 10, "introduced again")
        until(lambda: other.calls("get_group_msg_history"), 10, "asked")
        second.say(message(70, 1, 8, "y", 2))
        becomes(2, account="70", type="message")
        equal(len(other.calls("get_group_msg_history")), 1, "once")
        equal(other.calls("get_group_member_list"), [], "members: 0s asks for none")
        second.close()

    @case("kill -9: what was answered is there once, and our own absence is a gap")
    def _():
        global line
        n = len(ended_gaps(account="7"))
        for i in range(20):
            equal(post(d.port, "plain", message(70, 5, 8, f"post {i}", 100 + i), token="geheim").status, 204, "answered")
        line.say(message(7, 300, 8, "zuletzt", 50))
        becomes(1, group="300", type="message")
        line.closed.clear()
        before = now_ms()
        d.kill9()
        line.drop()
        d.start()
        until(lambda: seen.answers("qq") == 405, 10, "open again")
        line = dial(bridge, d.port, "qq")
        has_gaps(n + 1, account="7")
        gap = max((r["data"] for r in ended_gaps(account="7")), key=lambda g: g["to"])
        check(gap["from"] <= before <= gap["to"], "it covers the absence", gap, before)
        equal(len(stored(group="5", type="message")), 20, "each once")
        equal(post(d.port, "plain", message(70, 5, 8, "wieder", 200), token="geheim").status, 204, "posted again")
        until(lambda: any(r["data"]["to"] >= before for r in ended_gaps(account="70")), 10, "seen by POST alone", 0.2)

    def open_gaps():
        with d.client() as c:
            return [g for g in c.get("/api/v1/gaps?limit=100").json()["items"] if g["open"] and g.get("account") == "7"]

    @case("a bridge that stays away: the gap is open, also after a restart, and ends when it comes back")
    def _():
        global line
        n = len(ended_gaps(account="7"))
        line.close()
        until(open_gaps, 15, "open")
        equal(d.stop(), 0, "exit")
        d.start()
        until(open_gaps, 15, "still open")
        line = until(try_dial, 10, "it comes back")
        until(lambda: not open_gaps(), 15, "over")
        check(len(ended_gaps(account="7")) > n, "told with its end")

    @case("one that never came back after a restart is missed")
    def _():
        global line
        until(lambda: not open_gaps(), 5, "none is open")
        d.kill9()
        line.drop()
        d.start()
        until(open_gaps, 20, "open")
        line = until(try_dial, 10, "it comes back")
        until(lambda: not open_gaps(), 15, "over")

    line.close()
    equal(d.stop(), 0, "exit")
    case.done(d)
