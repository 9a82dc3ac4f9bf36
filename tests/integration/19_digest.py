"""The day of a group: by mail to its manager at the chosen minute, once, over kills; and whenever somebody asks."""
# limit: 180 s
import email
import email.policy
import json
import pathlib

from harness import QUND, Cases, Daemon, Mailbox, check, equal, scratch, until

if not (pathlib.Path(QUND).parent / "plugins/mail.so").exists():
    print("the mail plugin is not built")
    raise SystemExit(77)

case = Cases()
RULES = {"rules": [{"id": "asks", "when": {"any": ["多少钱", "吗"]}, "then": [{"intent": "needs_reply"}]}]}
ORG = {"staff": [{"id": "zhao", "name": "赵", "push": ["boss", "hook"]}],
       "groups": [{"realm": "api", "id": "g1", "name": "一群", "manager": "zhao"},
                  {"realm": "api", "id": "g2", "name": "二群", "manager": "zhao"}]}

with scratch() as folder, Mailbox(folder) as box:
    (folder / "org.yaml").write_text(json.dumps(ORG))
    d = Daemon(folder / "d", {
        "org": {"file": str(folder / "org.yaml")}, "digest": {"at": "19:00"}, "alert": {"merge": "0s"},
        "targets": {"boss": {"kind": "mail", "host": "127.0.0.1", "port": box.port, "tls": "none", "rate": 0,
                             "from": "bot@example.com", "to": ["zhao@example.com"], "allow_private": True},
                    "hook": {"url": "http://127.0.0.1:1/x", "allow_private": True}}}, RULES, args=["--virtual", "max"])
    d.start()
    said = [0]

    def say(ts, group, sender, text, **more):
        said[0] += 1
        with d.client() as c:
            equal(c.events([{"id": f"e{said[0]}", "ts": ts, "group": group, "sender": sender, "sender_name": sender,
                             "text": text, **more}]).status, 202, "said")

    def digests():
        with d.client() as c:
            rows = c.get("/api/v1/outbox?limit=500").json()["items"]
        return [m for m in box.log() if "2025-09-15" in str(email.message_from_string(
            m["message"], policy=email.policy.default)["Subject"])], rows

    say("2025-09-15T01:00:00Z", "g1", "张三", "封阳台多少钱")
    for i in range(3):
        say(f"2025-09-15T01:0{i + 1}:00Z", "g1", f"邻居{i}", "封阳台好看")
    d.drained()

    @case("it is read at any time, by API and on the command line, and they agree")
    def _():
        with d.client() as c:
            page = c.get("/api/v1/groups/1/digest?day=2025-09-15").json()
            equal(c.get("/api/v1/groups/1/digest?day=2025-9-1").status, 400, "a day that is none")
            gone = c.get("/api/v1/groups/9/digest")
            equal((gone.status, gone.json()["error"]["message"]), (404, "no group has this number"), "no such group")
        equal((page["asked"], page["unanswered"], page["messages"], page["speakers"]), (1, 1, 4, 4), "figures")
        equal(page["open"][0]["text"], "封阳台多少钱", "open")
        equal(page["words"][0], ["封阳台", 4], "words")
        _, out, _ = d.run("digest", "1", "--day", "2025-09-15", "--json", check_exit=0)
        equal(json.loads(out), page, "the same")
        _, out, _ = d.run("digest", "1", "--day", "2025-09-15", check_exit=0)
        equal(out, page["text"], "its text")
        equal(d.run("digest", "9")[0], 1, "no such group")
        equal(d.run("digest", "x")[0], 2, "no number")
        equal(d.run("digest", "1", "--day", "today")[0], 1, "no day")

    @case("the manager gets it by mail after the minute has come, and not at the other target, too")
    def _():
        say("2025-09-15T10:58:00Z", "g1", "张三", "在吗")
        d.drained()
        equal(digests()[0], [], "not before its time")
        say("2025-09-15T11:05:00Z", "g2", "李四", "早")
        until(lambda: digests()[0], 20, "the mail")
        mails, rows = digests()
        m = email.message_from_string(mails[0]["message"], policy=email.policy.default)
        equal((m["Subject"], mails[0]["to"]), ("一群 2025-09-15", ["zhao@example.com"]), "mail")
        text, html = (p.get_content() for p in m.iter_parts())
        check("提问 2，已答 0，未答 2" in text.replace("\r\n", "\n"), "text", text)
        check("封阳台多少钱" in html and "热词" in html, "html", html)

    @case("a kill and a start later it was sent once")
    def _():
        d.drained()
        for _ in range(3):
            d.kill9()
            d.start()
            d.drained()
        say("2025-09-15T11:20:00Z", "g2", "李四", "再来")
        d.drained()
        until(lambda: all(r["state"] != "sending" for r in digests()[1]), 20, "nothing is on its way")
        equal(len(digests()[0]), 1, "one page of that day and group")

    equal(d.stop(), 0, "exit")
    case.done(d)
