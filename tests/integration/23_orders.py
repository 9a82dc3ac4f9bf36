"""Words of the staff about alerts, through the real program: heard in a private chat, done, answered there."""
import json

from harness import Cases, Daemon, Receiver, check, equal, scratch, until

ORG = """
staff:
  - {id: lin, name: 林, ids: [{realm: wx, id: wx-lin}], push: [ops]}
groups:
  - {realm: wx, id: g, name: "一群", roles: {consultant: [lin]}}
"""
case = Cases()

with scratch() as folder, Receiver(folder) as receiver, \
        Daemon(folder / "d", {"targets": {"ops": receiver.target["ops"],
                                          "voice": dict(receiver.target["ops"], ordered=True)},
                              "channels": {"bot": {"kind": "api", "realm": "wx", "send_through": "voice"}},
                              "org": {"file": "org.yaml"}}) as d:
    (d.folder / "org.yaml").write_text(ORG, encoding="utf-8")
    d.start()
    api, desk = d.client("ingest", channel="bot"), d.client()
    n = 0

    def say(text, who="wx-lin", **more):
        global n
        n += 1
        equal(api.events([dict({"channel": "bot", "id": f"e{n}", "sender": who, "account": "us", "text": text}, **more)]).status,
              202, "status")

    def alert(i):
        return desk.get(f"/api/v1/alerts/{i}").json()

    def answered(text):
        def there():
            return [b for b in (json.loads(c["body"]) for c in receiver.calls()) if b["kind"] == "message" and b["text"] == text]
        return until(there, 20, f"the answer {text}")[0]

    @case("a push without a link ends with the words to answer with, and they work")
    def _():
        say("多少钱", "u1", group="g", sender_name="王姐")
        push = until(lambda: next((json.loads(c["body"]) for c in receiver.calls()), None), 20, "the push")
        check(push["text"].endswith("#1 回复：收到 1 / 完成 1 / 稍后 1 30分钟 / 转交 1 姓名 / 无关 1"), "its last line", push["text"])
        equal((push["person"]["name"], push["person"]["ids"]), ("林", {"wx": "wx-lin"}), "whom it is for")
        say("收到 1")
        body = answered("#1 已记下，由你处理。")
        equal((body["person_id"], body["reply_to"], body["account"]), ("wx-lin", "e2", "us"), "where it goes")
        equal((alert(1)["state"], alert(1)["by"]), ("acknowledged", "staff:1"), "alert")

    @case("a repeat of the message is no second order, a customer's word is none at all")
    def _():
        equal(api.events([{"channel": "bot", "id": "e2", "sender": "wx-lin", "account": "us", "text": "收到 1"}]).status, 202, "status")
        say("完成 1", "u1")
        say("完成 1 =2 已回电")
        answered("#1 已完成。")
        one = alert(1)
        equal((one["state"], one["number"], one["note"]), ("resolved", 2, "已回电"), "alert")
        equal(sum('"kind":"message"' in c["body"].replace(" ", "") for c in receiver.calls()), 2, "answers so far")

    @case("done without a figure, several at once, not relevant: all can be read as before")
    def _():
        for i in (2, 3, 4):
            say("多少钱", f"u{i}", group="g", sender_name=f"客人{i}")
        until(lambda: alert(4).get("state") == "open", 20, "alerts")
        say("完成 2、3")
        answered("#2 已完成。\n#3 已完成。")
        say("no 4")
        answered("#4 is marked not relevant.")
        equal([(alert(i)["state"], "number" in alert(i), "proof" in alert(i)) for i in (2, 3, 4)], 3 * [("resolved", False, False)],
              "alerts")
        equal(len(desk.get("/api/v1/alerts").json()["items"]), 4, "the list")
        equal(desk.post("/api/v1/alerts/4/reopen", {}).status, 200, "open again")
        equal(desk.post("/api/v1/alerts/4/resolve", {"number": "", "proof": ""}).status, 200, "by the API, with nothing")
        check("number" not in alert(4), "the same", alert(4))

    equal(d.stop(), 0, "exit code")
    d.clean()
case.done()
