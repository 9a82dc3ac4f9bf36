"""koishi's OneBot adapter judges the OneBot implementation that the tests of the onebot plugin talk with
(tests/support/onebot.py): as a client of ours, and as a server that we dial. What an application that is not
ours takes for OneBot 11 is what the daemon is tried with."""
# limit: 120 s

from harness import Cases, check, equal, free_port, scratch, until
from interop import Node, needs
from onebot import Bridge, Listening, dial, message, notice

needs("koishi", "koishi-plugin-adapter-onebot", "@koishijs/plugin-server")
case = Cases()
ONLINE = 1


def chat(bridge, line, bot):
    """The same on both transports."""
    line.say(message(7, 100, 8, "ping eins", 11))
    said = bot.wait("message", message="11")
    equal((said["user"], said["group"], said["content"], said["direct"]), ("8", "100", "ping eins", False), "as koishi reads it")
    equal(bot.wait("sent")["ids"], ["1001"], "the id of what it sent")
    sent = bridge.calls("send_group_msg")[-1][1]
    equal((str(sent["group_id"]), "".join(s["data"]["text"] for s in sent["message"])), ("100", "pong ping eins"), "sent")
    line.say(message(7, 100, 8, "x", 12) | {"message": "[CQ:at,qq=7] a &amp; b &#91;c&#93;"})
    check('id="7"' in bot.wait("message", message="12")["content"], "a CQ string", bot.said[-1])
    line.say(notice(7, "group_increase", group_id=100, user_id=9, operator_id=8, sub_type="approve"))
    equal(bot.wait("added")["user"], "9", "a join")
    line.say(notice(7, "group_decrease", group_id=100, user_id=9, operator_id=9, sub_type="leave"))
    equal(bot.wait("removed")["user"], "9", "a leave")
    line.say(notice(7, "group_recall", group_id=100, user_id=8, operator_id=8, message_id=11))
    equal(bot.wait("deleted")["message"], "11", "a recall")
    bot.tell("members", group="100")
    equal(bot.wait("members")["ids"], ["7", "8"], "members")
    bot.tell("delete", group="100", message="1001")
    bot.wait("done")
    equal([str(p["message_id"]) for _, p in bridge.calls("delete_msg")], ["1001"], "a recall of its own")


with scratch() as folder:
    @case("koishi dials us: events, sends, notices, members, recall")
    def _():
        bridge = Bridge(7, {100: [7, 8]})
        listening = Listening(bridge)
        with Node(folder / "forward", "koishi_bot.cjs", PROTOCOL="ws", ENDPOINT=listening.url) as bot:
            line = listening.line(seconds=30)
            bot.wait("status", status=ONLINE)
            chat(bridge, line, bot)

    @case("we dial koishi: the same")
    def _():
        bridge, port = Bridge(7, {100: [7, 8]}), free_port()
        with Node(folder / "reverse", "koishi_bot.cjs", PROTOCOL="ws-reverse", PORT=str(port)) as bot:
            bot.wait("ready")

            def dialled():
                try:
                    return dial(bridge, port, "koishi")
                except OSError:
                    return None
            line = until(dialled, 20, "koishi listens", 0.1)
            bot.wait("status", status=ONLINE)
            chat(bridge, line, bot)
            line.close()

    case.done()
