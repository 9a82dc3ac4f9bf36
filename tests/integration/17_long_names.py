"""Channels and accounts with the longest names there can be, and more accounts than a channel has room for."""
import contextlib

from bridge import Bridge as Plain
from harness import Cases, Daemon, check, equal, scratch, until
from onebot import Bridge, Seen, dial, message
from wire import Refused

case = Cases()
LONG, ACCOUNT = "q" * 64, "1" * 64
TWINS = ["w" * 63 + "a", "w" * 63 + "b"]
CONFIG = {"channels": {
    LONG: {"kind": "onebot", "token": "geheim", "members": "0s"},
    "many": {"kind": "onebot", "token": "geheim", "members": "0s"},
    **{name: {"kind": "bridge", "token": "geheim", "members": "0s"} for name in TWINS}}}

with scratch() as folder, Daemon(folder / "d", CONFIG) as d:
    d.start()
    seen = Seen(d, LONG)

    @case("bridge: two channels whose long names begin alike keep their places apart")
    def _():
        first = Plain(d, ACCOUNT, channel=TWINS[0])
        first.message("eins")
        first.until_acked()
        second = Plain(d, ACCOUNT, channel=TWINS[1])
        equal(second.welcome["resume_from"], 0, "the other's is not ours")
        first.drop()
        equal(d.stop(), 0, "exit")
        d.start()
        until(lambda: seen.answers(LONG) == 405, 10, "open again")
        for name, place in zip(TWINS, (1, 0)):
            bridge = Plain(d, ACCOUNT, channel=name)
            equal(bridge.welcome["resume_from"], place, "its place")
            bridge.drop()

    @case("onebot: the last sign of an account outlives kill -9 also where both names are long")
    def _():
        line = dial(Bridge(ACCOUNT), d.port, LONG)
        line.say(message(ACCOUNT, 1, 8, "vorher", 1))
        seen.becomes(1, text="vorher")
        d.kill9()
        line.drop()
        d.start()
        until(lambda: seen.answers(LONG) == 405, 10, "open again")
        line = dial(Bridge(ACCOUNT), d.port, LONG)
        seen.becomes(1, type="gap", account=ACCOUNT)
        line.close()

    @case("onebot: accounts that come and go make room; one too many at a time is refused, and the log says which it is")
    def _():
        for i in range(70):
            dial(Bridge(1000 + i), d.port, "many", hello=False).drop()
        until(lambda: seen.metric("qund_onebot_connections", 'channel="many"') == 0, 10, "all are gone", 0.1)
        with contextlib.ExitStack() as open_ones:
            for i in range(64):
                open_ones.callback(dial(Bridge(2000 + i), d.port, "many", hello=False).drop)
            try:
                dial(Bridge(3000), d.port, "many", hello=False)
                check(False, "let in")
            except Refused as e:
                equal(e.status, 403, "status")
            check("an account too many: 64 of this channel are connected" in d.log(), "said")
        until(lambda: seen.metric("qund_onebot_connections", 'channel="many"') == 0, 10, "all are gone", 0.1)
        line = dial(Bridge(3000), d.port, "many")
        line.say(message(3000, 2, 8, "doch noch", 1))
        seen.becomes(1, text="doch noch")
        line.close()

    equal(d.stop(), 0, "exit")
    case.done(d)
