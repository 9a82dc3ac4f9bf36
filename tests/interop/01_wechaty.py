"""Wechaty's mock puppet speaks through the sample bridge of plugins/bridge/samples/wechaty: events in, a text
out, and neither a kill -9 of the daemon nor one of the bot loses or doubles a word."""
# limit: 180 s
import pathlib
import shutil

from harness import TOP, Cases, Client, Daemon, check, equal, figure, scratch, until
from interop import Node, becomes, needs, stored

needs("wechaty", "wechaty-puppet-mock", "ws")
case = Cases()
SAMPLE = TOP / "plugins/bridge/samples/wechaty/bridge.mjs"
CONFIG = {"channels": {"wechat": {"kind": "bridge", "token": "geheim", "members": "0s"}},
          "targets": {"ops": {"kind": "bridge", "channel": "wechat", "to": "group:r1@chatroom", "rate": 0}},
          "alert": {"merge": "0s"}}


def is_open(d):
    with Client(d.port) as c:
        return c.get("/hook/wechat", Authorization="Bearer geheim").status == 426


def start(d):
    d.start()
    until(lambda: is_open(d), 20, "the channel opens")


with scratch() as folder, Daemon(folder / "d", CONFIG) as d:
    start(d)

    def node(name="bot"):
        bot = Node(folder / name, "wechaty_mock.mjs", SAMPLE, QUND_URL=f"ws://127.0.0.1:{d.port}/hook/wechat",
                   QUND_TOKEN="geheim")
        bot.wait("ready", seconds=60)
        return bot
    bot = node()

    @case("a word in a group and one in private, with mention and name")
    def _():
        bot.tell("say", who="mary", text="你好 @bot", mention="bot")
        row = becomes(d, 1, text="你好 @bot")[0]
        equal((row["group"], row["sender"], row["sender_name"], row["mentions"], row["account"], row["type"]),
              ("r1@chatroom", "mary", "名 mary", ["bot"], "bot", "message"), "row")
        bot.tell("tell", who="li", text="在吗")
        row = becomes(d, 1, text="在吗")[0]
        equal((row.get("group"), row["sender"], row["to"]), (None, "li", "bot"), "private")

    @case("joins, leaves and new names")
    def _():
        bot.tell("join", who="li")
        bot.tell("leave", who="mary")
        bot.tell("topic", text="新群名")
        equal(becomes(d, 1, type="member.join")[0]["sender"], "li", "join")
        equal(becomes(d, 1, type="member.leave")[0]["sender"], "mary", "leave")
        equal(becomes(d, 1, type="group.update")[0]["group"], "r1@chatroom", "topic")

    @case("a push is said by the bot, and what it says comes back as its own")
    def _():
        bot.tell("say", who="mary", text="这个多少钱")
        said = bot.wait("message", own=True, room="r1@chatroom")
        check("多少钱" in said["text"], "the alert", said)
        own = becomes(d, 1, sender="bot", group="r1@chatroom")[0]
        equal(own["account"], "bot", "account")

    @case("a picture that never comes holds up nothing, and is known to have been one")
    def _():
        bot.tell("hang")
        bot.tell("say", who="mary", text="然后呢")
        becomes(d, 1, text="然后呢")
        equal([r["kind"] for r in stored(d, id="hung")], ["image"], "the picture")

    @case("the file of a bot that is never idle stays short")
    def _():
        bot.tell("busy")
        lines = bot.wait("busy")["lines"]
        check(lines <= 6, "lines", lines)

    @case("a login that is told again is no new connection")
    def _():
        for i in range(3):
            bot.tell("login")
            bot.tell("say", who="mary", text=f"还在 {i}")
            becomes(d, 1, text=f"还在 {i}")
        equal((d.metric("qund_bridge_replaced_total"), d.log().count("event=bridge.hello")), (0, 1), "replaced, hellos")

    @case("kill -9 of the daemon while people talk: every word is there once")
    def _():
        for i in range(120):
            bot.tell("say", who="mary" if i % 2 else "li", text=f"话 {i}")
            if i == 40:
                d.kill9()
            if i == 80:
                start(d)
        until(lambda: len([r for r in stored(d) if r.get("text", "").startswith("话 ")]) >= 120, 40, "all 120", 0.2)
        texts = [r["text"] for r in stored(d) if r.get("text", "").startswith("话 ")]
        equal((len(texts), len(set(texts))), (120, 120), "rows, different ones")

        def empty():
            bot.tell("box")
            return bot.said and bot.said[-1].get("waiting") == 0
        until(empty, 20, "the outbox is empty", 0.1)

    @case("kill -9 of the bot with words that were not sent: its next life sends them")
    def _():
        global bot
        d.kill9()
        for i in range(30):
            bot.tell("say", who="li", text=f"留言 {i}")
        box = folder / "bot/outbox.jsonl"
        until(lambda: box.read_text(encoding="utf-8").count("留言") >= 30, 20, "they are noted")
        bot.kill9()
        bot.stop()
        start(d)
        bot = node()
        until(lambda: len([r for r in stored(d) if r.get("text", "").startswith("留言")]) >= 30, 40, "all 30", 0.2)
        equal(len([r for r in stored(d) if r.get("text", "").startswith("留言")]), 30, "each once")

    @case("a bot that lost its file begins to count anew, and nothing is lost or doubled")
    def _():
        global bot
        bot.stop()
        (folder / "bot/outbox.jsonl").unlink()
        bot = node()
        bot.tell("say", who="mary", text="又来了")
        equal(len(becomes(d, 1, text="又来了")), 1, "once")
        equal(d.metric("qund_bridge_counter_restarts_total"), 1, "noticed")

    @case("a second bot of the account ends the first, for good")
    def _():
        with node("second") as second:
            until(lambda: any("4409" in said["text"] for said in bot.all("log")), 20, "the first says why")
            second.tell("say", who="mary", text="换我了")
            becomes(d, 1, text="换我了")
            equal(d.metric("qund_bridge_replaced_total"), 1, "replaced")
            equal(d.metric("qund_bridge_connections"), 1, "connected")

    bot.stop()
    figure("wechaty: 120 words over a kill -9 of the daemon, 30 over one of the bot: 0 lost, 0 doubled")
    equal(d.stop(), 0, "exit")
    case.done(d)
