"""Histories after a gap when things go wrong meanwhile: the connection flaps, the daemon is killed, the bridge fails
once or for good. What can be read is read; what cannot is said."""
# limit: 180 s
import time

from harness import Cases, Daemon, check, equal, scratch, until
from onebot import Bridge, Seen, dial, message

case = Cases()
CONFIG = {"channels": {"qq": {"kind": "onebot", "token": "geheim", "members": "0s", "history": 5}}}
FAILED = {"status": "failed", "retcode": 103, "data": None}
MANY = range(100, 130)
AWAY_S = 3.5        # bridges count in seconds: what lies nearer to a gap than two of them is read with it

with scratch() as folder, Daemon(folder / "d", CONFIG) as d:
    d.start()
    seen = Seen(d)

    def deaf(account, groups):
        """A bridge whose account was heard and then lost, with one message missed in each group."""
        bridge = Bridge(account, {g: [account, 8] for g in groups})
        line = dial(bridge, d.port, "qq")
        line.say(message(account, groups[0], 8, f"vorher {account}", 1))
        seen.becomes(1, text=f"vorher {account}")
        until(lambda: bridge.calls("get_group_list"), 10, "introduced")
        line.drop()
        until(lambda: seen.metric("qund_onebot_connections", 'channel="qq"') == 0, 10, "it is noticed")
        for g in groups:
            bridge.history[g] = [message(account, g, 8, f"verpasst {account} {g}", 1000 + g)]
        bridge.asked.clear()
        if len(groups) > 10:        # the next gap is to be clearly another one
            until(lambda at=time.monotonic(): time.monotonic() > at + AWAY_S, 10, "some time away")
        return bridge

    def asked(bridge):
        return len(bridge.calls("get_group_msg_history"))

    def missed(account):
        return {r["text"] for r in seen.stored(account=str(account), type="message") if r["text"].startswith("verpasst")}

    def all_are_read(bridge, seconds=30):
        want = {f"verpasst {bridge.account} {g}" for g in bridge.groups}
        until(lambda: missed(bridge.account) == want, seconds, "all that was missed is stored", 0.3)

    def unfilled(account):
        return [r["data"] for r in seen.stored(type="gap", account=str(account)) if "unfilled" in r["data"]]

    @case("a connection that breaks off meanwhile: the other groups are read by the next one")
    def _():
        bridge = deaf(7, list(MANY))
        line = dial(bridge, d.port, "qq")
        until(lambda: asked(bridge) >= 3, 15, "it began")
        line.lifecycle()
        line.drop()
        check(asked(bridge) < len(MANY), "it had not ended", asked(bridge))
        line = dial(bridge, d.port, "qq")
        all_are_read(bridge)
        line.close()

    @case("kill -9 meanwhile: all are read in the next life")
    def _():
        bridge = deaf(9, list(MANY))
        line = dial(bridge, d.port, "qq")
        until(lambda: asked(bridge) >= 3, 15, "it began")
        d.kill9()
        line.drop()
        d.start()
        until(lambda: seen.answers("qq") == 405, 10, "open again")
        check(asked(bridge) < len(MANY), "it had not ended", asked(bridge))
        line = dial(bridge, d.port, "qq")
        all_are_read(bridge)
        line.close()

    def once(bridge, action):
        """The action fails the first time."""
        bridge.answers[action] = lambda p: FAILED if len(bridge.calls(action)) == 1 else None

    @case("the list of groups fails once: asked again")
    def _():
        bridge = deaf(10, [500])
        once(bridge, "get_group_list")
        line = dial(bridge, d.port, "qq")
        all_are_read(bridge)
        line.close()

    @case("a page fails once: asked again")
    def _():
        bridge = deaf(11, [600])
        once(bridge, "get_group_msg_history")
        line = dial(bridge, d.port, "qq")
        all_are_read(bridge)
        equal(unfilled(11), [], "nothing is amiss")
        line.close()

    @case("one group's history fails for good: the gap, the log and a metric say so, the others are read")
    def _():
        bridge = deaf(20, [900, 901])
        bridge.answers["get_group_msg_history"] = lambda p: FAILED if p["group_id"] == 900 else None
        line = dial(bridge, d.port, "qq")
        until(lambda: unfilled(20), 60, "told", 0.5)
        equal(missed(20), {"verpasst 20 901"}, "the other group")
        gap = next(r["data"] for r in seen.stored(type="gap", account="20") if set(r["data"]) == {"from", "to"})
        equal(unfilled(20), [dict(gap, unfilled=1)], "the same gap, told again")
        equal(seen.metric("qund_onebot_unfilled_total", 'channel="qq"'), 1, "counted")
        check("event=onebot.unfilled" in d.log(), "logged")
        with d.client() as c:
            listed = [g for g in c.get("/api/v1/gaps?limit=100").json()["items"] if "account" in g]
        equal([(g["account"], g["open"], g["unfilled"]) for g in listed if "unfilled" in g], [("20", False, 1)], "listed, it alone")
        check(any(g["account"] == "11" for g in listed), "beside others", listed)
        equal(len([p for _, p in bridge.calls("get_group_msg_history") if p["group_id"] == 900]), 4, "so often it was asked")
        line.close()

    equal(d.stop(), 0, "exit")
    case.done(d)
