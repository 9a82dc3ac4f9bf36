"""What a group's hours and days counted: people, questions, answers and how long they took; a late answer and one that
is taken back change it, and days are those of the group's own zone."""
import datetime

from harness import Cases, Daemon, equal, scratch

RULES = {"rules": [{"id": "asks", "when": {"any": ["多少钱"]}, "then": [{"intent": "needs_reply"}]}]}
ORG = """
staff: [{id: mia, name: Mia, ids: [{realm: w, id: mia}]}]
groups: [{realm: w, id: g, name: 群, zone: America/New_York}]
"""
case = Cases()
BASE = datetime.datetime(2025, 9, 15, 2, 0, tzinfo=datetime.timezone.utc)    # the 14th in New York, the 15th in Shanghai


def at(minutes):
    return (BASE + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def say(number, minutes, who, text, **more):
    return dict({"id": number, "channel": "w", "group": "g", "sender": who, "ts": at(minutes), "text": text}, **more)


with scratch() as folder:
    (folder / "org.yaml").write_text(ORG, encoding="utf-8")
    with Daemon(folder / "d", {"org": {"file": str(folder / "org.yaml")}, "channels": {"w": {"kind": "api", "live": True}}},
                RULES, args=["--virtual", "1"]) as d:
        d.start()

        def hours(query="by=hour"):
            with d.client() as c:
                got = c.get(f"/api/v1/groups/1/metrics?{query}&from={at(-48 * 60)}&to={at(48 * 60)}").json()["items"]
            return got

        def send(*events):
            with d.client("ingest", channel="w") as api:
                equal(api.events(list(events)).status, 202, "status")
            d.drained()

        @case("each question counts in the hour in which it was asked, with its answer")
        def _():
            send({"id": "j", "channel": "w", "type": "member.join", "group": "g", "sender": "u1", "ts": at(0)},
                 {"id": "l", "channel": "w", "type": "member.leave", "group": "g", "sender": "u9", "ts": at(0)},
                 say("q1", 1, "u1", "多少钱"), say("a1", 2, "mia", "260"),
                 say("q2", 3, "u2", "柜子多少钱"), say("a2", 6, "mia", "300", reply_to="q2"),
                 say("q3", 7, "u1", "门多少钱"), say("a3", 12, "mia", "90", reply_to="q3"),
                 say("q4", 13, "u3", "灯多少钱"))
            row, = hours()
            equal((row["messages"], row["staff_messages"], row["speakers"]), (4, 3, 3), "messages, staff's, speakers")
            equal((row["joins"], row["leaves"], row["net"]), (1, 1, 0), "came and went")
            equal((row["questions"], row["answered"], row["answer_ratio"]), (4, 3, 1), "one clock still runs")
            equal((row["reply_median_ms"], row["reply_p90_ms"]), (180000, 300000), "a minute, three, five")

        @case("when its clock has ended the open one counts against the ratio")
        def _():
            send(say("m", 60, "u2", "谢谢"))
            row = hours()[0]
            equal((row["questions"], row["answered"], row["answer_ratio"]), (4, 3, 0.75), "three of four")
            equal((hours()[1]["questions"], hours()[1]["answer_ratio"], hours()[1]["reply_p90_ms"]), (0, None, None), "none asked")

        @case("an answer that comes late counts, one that is taken back does not")
        def _():
            send(say("a4", 20, "mia", "45", reply_to="q4"))
            equal((hours()[0]["answered"], hours()[0]["answer_ratio"], hours()[0]["reply_p90_ms"]), (4, 1, 420000), "late")
            send({"id": "r", "channel": "w", "type": "revoke", "group": "g", "sender": "mia", "ref": "a2", "ts": at(61)})
            row = hours()[0]
            equal((row["questions"], row["answered"]), (4, 3), "q2 is open again")
            equal(row["reply_median_ms"], 300000, "of one, five and seven minutes")

        @case("days are the group's, unless somebody asks for another zone's")
        def _():
            equal([day["from"][:13] for day in hours("by=day")], ["2025-09-14T04"], "New York's midnight")
            equal([day["from"][:13] for day in hours("by=day&zone=Asia/Shanghai")], ["2025-09-14T16"], "Shanghai's")
            day, = hours("by=day")
            equal((day["questions"], day["answered"], day["speakers"]), (4, 3, 3), "summed over hours")

        equal(d.stop(), 0, "exit code")
        case.done(d)
