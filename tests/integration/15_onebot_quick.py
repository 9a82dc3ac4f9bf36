"""Quick replies: what a rule answers goes into the answer to the posted event, where no action can be sent."""
# limit: 60 s
import json
import time

from harness import Cases, Client, Daemon, check, equal, scratch, until
from onebot import dial, message, post, Bridge

SECRET = "qund-secret"
case = Cases()
RULES = {"rules": [
    {"id": "price", "when": {"any": ["多少钱"]}, "then": [{"reply": "三百[CQ:at,qq=all]"}]},
    {"id": "quiet", "when": {"any": ["悄悄"]}, "then": [{"reply": {"text": "嘘", "private": True}}]}]}
CONFIG = {
    "auto": {"per_group_hour": 1000, "per_group_day": 1000, "per_contact_day": 1000},
    "channels": {"qq": {"kind": "onebot", "secret": SECRET, "token": "geheim", "members": "0s", "pace": "0s",
                        "send_through": "say", "quick_reply": "3s"},
                 "wx": {"kind": "onebot", "token": "geheim", "members": "0s", "pace": "0s", "send_through": "say-twelve",
                        "quick_reply": "3s"}},
    "targets": {"say-twelve": {"kind": "onebot", "channel": "wx", "rate": 0, "timeout": "2s"},
                "say": {"kind": "onebot", "channel": "qq", "rate": 0, "timeout": "2s"}}}

with scratch() as folder, Daemon(folder / "d", CONFIG, RULES) as d:
    d.start()
    until(lambda: Client(d.port).get("/hook/qq/").status == 405, 10, "the channel opens")

    def outbox():
        with d.client() as c:
            return c.get("/api/v1/outbox?limit=100").json()["items"]

    def states():
        return [r["state"] for r in outbox()]

    @case("the answer to a posted event is the reply, as segments; what became of it is not claimed")
    def _():
        got = post(d.port, "qq", message(7, 100, 8, "这个多少钱", 1), secret=SECRET, account=7)
        equal((got.status, got.headers["Content-Type"]), (200, "application/json"), "answer")
        said = got.json()
        equal((said["at_sender"], [s["type"] for s in said["reply"]]), (False, ["reply", "text"]), "a quick operation")
        check(said["reply"][1]["data"]["text"].endswith("三百[CQ:at,qq=all]"), "what it says", said)
        until(lambda: states() == ["awaiting_person"], 10, "awaits a person's word")
        check("does not tell" in outbox()[0]["reason"], "reason", outbox())

    @case("the message that comes back proves it")
    def _():
        text = "【自动回复】三百[CQ:at,qq=all]"
        own = message(7, 100, 7, [{"type": "text", "data": {"text": text}}], 2)
        equal(post(d.port, "qq", own, secret=SECRET, account=7).status, 204, "posted, and not waited for")
        until(lambda: states() == ["delivered"], 10, "delivered")

    @case("in private, too")
    def _():
        ev = {"self_id": 7, "time": int(time.time()), "post_type": "message", "message_type": "private", "sub_type": "friend",
              "message_id": 3, "user_id": 8, "message": "多少钱"}
        got = post(d.port, "qq", ev, secret=SECRET, account=7)
        equal(got.status, 200, "answer")
        check("三百" in json.dumps(got.json(), ensure_ascii=False), "what it says", got)

    @case("nobody replies, or somewhere else: 204 when the time is over")
    def _():
        for n, text in ((4, "早上好"), (5, "悄悄问一下")):
            start = time.monotonic()
            equal(post(d.port, "qq", message(7, 100, 8, text, n), secret=SECRET, account=7).status, 204, text)
            check(2.5 < time.monotonic() - start < 8, "waited", time.monotonic() - start)
        until(lambda: states().count("failed") == 1, 10, "a private answer to a group's message cannot be said there")

    @case("of 12 the answer is a list of actions")
    def _():
        ev = {"id": "e1", "time": time.time(), "type": "message", "detail_type": "group", "sub_type": "", "group_id": "g@chatroom",
              "self": {"platform": "wechat", "user_id": "wxid_bot"}, "message_id": "m1", "user_id": "wxid_a", "alt_message": "",
              "message": [{"type": "text", "data": {"text": "多少钱"}}]}
        equal(post(d.port, "qq", ev, token="geheim").status, 401, "12 is not signed, so not where there is a secret")
        got = post(d.port, "wx", ev, token="geheim")
        equal(got.status, 200, "answer")
        [action] = got.json()
        equal((action["action"], action["params"]["group_id"], action["self"]["user_id"]), ("send_message", "g@chatroom", "wxid_bot"),
              "an action")

    @case("an account that can be reached is answered by actions, and its posts at once")
    def _():
        bridge = Bridge(9, {200: [9, 8]})
        line = dial(bridge, d.port, "qq", role="API")
        until(lambda: bridge.calls("get_group_list"), 10, "it is known")
        equal(post(d.port, "qq", message(9, 200, 8, "多少钱", 6), secret=SECRET, account=9).status, 204, "answer")
        until(lambda: bridge.calls("send_group_msg"), 10, "the action")
        line.close()

    equal(d.stop(), 0, "exit")
    case.done(d)
