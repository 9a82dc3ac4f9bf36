"""A price question in a group becomes a tag, a lead, an alert and a signed push, each once."""
import json

from harness import Cases, Daemon, Receiver, check, equal, scratch, until

case = Cases()
with scratch() as folder, Receiver(folder) as receiver, Daemon(folder / "d", {"targets": receiver.target}) as d:
    d.start()
    with d.client("ingest") as api:
        for i, text in enumerate(("大家好", "昨天去看了样板间", "还不错", "请问全屋定制多少钱一平？")):
            equal(api.events([{"id": f"m{i}", "group": "g1", "group_name": "云栖花园", "sender": "u7",
                               "sender_name": "3栋王姐", "text": text}]).status, 202, "status")
    until(lambda: len(receiver.calls()) >= 1, 10, "the push arrives")

    @case("the message is stored with its intent and the rule that fired")
    def _():
        lines = [json.loads(line) for line in d.run("export", "messages", check_exit=0)[1].splitlines()]
        equal([line["rules"] for line in lines if line["id"] == "m3"], [["ask-price"]], "rules")
        equal([line["intents"] for line in lines if line["id"] == "m3"], [["price_question"]], "intents")

    @case("the sender is a lead with ten points and a tag")
    def _():
        rows = [json.loads(line) for line in d.run("export", "leads", "--format", "jsonl", check_exit=0)[1].splitlines()]
        check(len(rows) == 1 and rows[0]["score"] == 10, "one lead of ten points", rows)
        people = d.run("export", "contacts", "--format", "jsonl", check_exit=0)[1]
        check("意向:询价" in people, "the tag", people)

    @case("the alert quotes the message, names group and sender, and shows three lines before it")
    def _():
        with d.client() as c:
            alerts = c.get("/api/v1/alerts").json()["items"]
        equal(len(alerts), 1, "alerts")
        text = json.dumps(alerts[0], ensure_ascii=False)
        check(all(w in text for w in ("多少钱一平", "云栖花园", "3栋王姐", "大家好", "还不错")), "what it shows", alerts[0])
        equal(alerts[0]["state"], "open", "state")

    @case("the push is signed, says what and who, and came once")
    def _():
        calls = receiver.calls()
        equal(len(calls), 1, "calls")
        equal(calls[0]["signature"], "ok", "signature")
        body = json.loads(calls[0]["body"])
        equal(body["kind"], "alert", "kind")
        check("多少钱一平" in calls[0]["body"], "the quote", body)

    @case("acknowledged, then resolved; a second time is refused")
    def _():
        with d.client() as c:
            number = c.get("/api/v1/alerts").json()["items"][0]["id"]
            equal(c.post(f"/api/v1/alerts/{number}/ack", {"note": "我来"}).status, 200, "ack")
            equal(c.get(f"/api/v1/alerts/{number}").json()["state"], "acknowledged", "state")
            equal(c.post(f"/api/v1/alerts/{number}/resolve", {}).status, 200, "resolve")
            check(c.post(f"/api/v1/alerts/{number}/resolve", {}).status >= 400, "again")

    @case("a message that is taken back takes its tag and its points along")
    def _():
        with d.client("ingest") as api:
            equal(api.events([{"id": "r1", "type": "revoke", "group": "g1", "sender": "u7", "ref": "m3"}]).status, 202, "status")
        d.drained()
        rows = [json.loads(line) for line in d.run("export", "leads", "--format", "jsonl", check_exit=0)[1].splitlines()]
        check(not rows or rows[0]["score"] == 0, "no points", rows)
        check("意向:询价" not in d.run("export", "contacts", "--format", "jsonl", check_exit=0)[1], "no tag")

    equal(d.stop(), 0, "exit code")
    case.done(d)
