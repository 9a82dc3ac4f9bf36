"""A plan's way through the whole program: template, plan, card, page, word in the chat, proof, judgement, plan B. Its
hours pass by a clock that is set on; pages, chat and receiver are real."""
import base64
import hashlib
import hmac
import json
import re
import struct
import threading
import urllib.parse

from harness import Cases, Client, Daemon, Receiver, check, equal, scratch, until
from wallclock import Clock

ORG = """
staff:
  - {id: lin, name: 林, ids: [{realm: wx, id: wx-lin}], push: [ops]}
  - {id: wu, name: 吴, ids: [{realm: wx, id: wx-wu}], push: [ops]}
  - {id: zhao, name: 赵, push: [ops]}
groups:
  - {realm: wx, id: g, name: "一群", manager: zhao, roles: {consultant: [lin, wu], leader: [zhao]}}
"""
POST = "今晚八点聊验房：入户门、窗、地漏、空鼓四件事，来的送{}，问题现在就可以留言。"
INNER = """
  - {id: %s, title: %s, at: %s, kind: service, role: consultant, channel: staff_task, late: 2h, content: %s,
     expect: {metric: task_done, gte: 1, window: 2h}}"""
EVENING = """
id: evening
title: 晚间验房课
scope: group
trigger: manual
params: [{name: gift, label: 礼品, type: text}]
steps:
  - {id: S01, title: 预告, at: +10m, kind: service, role: consultant, channel: group, late: 2h, content: "%s",
     expect: {metric: speakers, gte: 2, window: 30m},
     plan_b: {role: leader, channel: group, content: "大家最想先听哪一件？回复数字就行。"}}""" % POST.format("{{gift}}") \
    + INNER % ("S02", "备料", "+10m", "把四件工具摆好。") + INNER % ("S03", "签到表", "+10m", "打印签到表。") \
    + INNER % ("S04", "占座", "+10m", "留两排座位。") + INNER % ("S05", "收尾", "+10m", "关灯锁门。")
LATER = """
id: %s
title: 晚些
scope: group
trigger: manual
%sparams: [{name: gift, label: 礼品, type: text, default: 伞}]
steps:
  - {id: L01, title: 回访, at: +1h, kind: service, role: consultant, channel: group, late: 4h, content: "昨天领到{{gift}}的朋友还满意吗？",
     expect: {metric: speakers, gte: 1, window: 30m}}
"""
case = Cases()


def token_of(key, task, staff, until_s):
    """The token of a task's page, made without the program: as an alert's, under version 2."""
    own = hmac.new(key, b"qund personal link", hashlib.sha256).digest()
    payload = struct.pack("<B", 2) + struct.pack("<Q", task)[:6] + struct.pack("<I", staff) + struct.pack("<Q", until_s)[:5]
    return base64.urlsafe_b64encode(payload + hmac.new(own, payload, hashlib.sha256).digest()[:16]).decode().rstrip("=")


with scratch() as folder, Receiver(folder) as receiver, \
        Daemon(folder / "d", {"targets": {"ops": dict(receiver.target["ops"], cards=False),
                                          "voice": dict(receiver.target["ops"], ordered=True)},
                              "channels": {"bot": {"kind": "api", "realm": "wx", "send_through": "voice"}},
                              "org": {"file": "org.yaml"}, "time": {"zone": "UTC", "lateness": "1s"},
                              "http": {"public_url": "https://qund.example/"}}) as d:
    clock = Clock(folder)
    clock.at(0, 9)
    (d.folder / "org.yaml").write_text(ORG, encoding="utf-8")
    d.start(**clock.env)
    api, desk, phone = d.client("ingest", channel="bot"), d.client(), Client(d.port)
    key = (d.data / "key").read_bytes()
    number = {}         # step → task

    def ask(method, path, body=None, want=200):
        got = desk.ask(method, "/api/v1" + path, body)
        equal(got.status, want, f"{method} {path}: {got.body.decode()[:300]}")
        return got.json()

    def task(step):
        return ask("GET", f"/tasks/{number[step]}")

    def log_of(step, event):
        return [line for line in task(step)["log"] if line["event"] == event]

    def bodies(kind="task"):
        return [b for b in (json.loads(c["body"]) for c in receiver.calls()) if b["kind"] == kind]

    def card(n, why="due"):
        return until(lambda: next((b for b in bodies() if b["short"] == f"T{n}" and b["why"] == why), None), 20,
                     f"the card of T{n}")

    def page(n, staff=1, until_s=None, **form):
        path = "/a/" + token_of(key, n, staff, until_s or int(clock.now()) + 3600)
        if not form:
            return phone.get(path)
        with Client(d.port) as other:
            return other.post(path, urllib.parse.urlencode(form), Content_Type="application/x-www-form-urlencoded")

    def say(n, text, who, **more):
        equal(api.events([dict({"channel": "bot", "id": n, "sender": who, "account": "us", "text": text}, **more)]).status,
              202, "status")

    def answered(text):
        until(lambda: any(b["text"] == text for b in bodies("message")), 20, f"the answer {text}")

    def plan(template, **more):
        made = ask("POST", "/plans", dict({"template": template, "groups": ["一群"]}, **more))
        of = ask("GET", f"/plans/{made['id']}/tasks")["items"]
        number.update({t["step"]: t["id"] for t in of})
        return made["id"]

    @case("from a text a template, from that a plan, and at its time a card with the words to copy and a link")
    def _():
        equal(ask("POST", "/sop/templates", {"text": EVENING, "name": "evening.yaml"})["version"], 1, "version")
        plan("evening", params={"gift": "水平尺"})
        equal(task("S01")["state"], "planned", "state")
        clock.forward(601)
        body = card(number["S01"])
        equal((body["person"]["name"], body["task"]["group_name"]), ("林", "一群"), "whom and where")
        check(f"\n----\n{POST.format('水平尺')}\n----\n" in body["text"], "words between two lines", body["text"])
        link = re.fullmatch(r"https://qund\.example/a/([\w-]{43})", body["link"])
        got = phone.get("/a/" + link.group(1)).body.decode()
        check('class="copy"' in got and POST.format("水平尺") in got and "林" in got, "the page holds the words", got)
        for step in ("S02", "S03", "S04", "S05"):
            card(number[step])

    @case("done is pressed twice: one effect and a kind answer")
    def _():
        equal([page(number["S02"], do="resolve", number="4").headers["Location"] for _ in range(2)], ["?r=done", "?r=already"],
              "answers")
        one = task("S02")
        equal((one["state"], one["done_by"], one["number"], len(log_of("S02", "claim"))), ("done", "staff:1", 4, 1), "task")
        check("不用再点了" in phone.get("/a/" + token_of(key, number["S02"], 1, int(clock.now()) + 60) + "?r=already").body.decode(),
              "it says so")

    @case("two people press at once: one has done it, the other hears so")
    def _():
        said, gate = [], threading.Barrier(4)

        def press(staff):
            gate.wait()
            said.append(page(number["S03"], staff, do="resolve").headers["Location"])
        pressing = [threading.Thread(target=press, args=(staff,)) for staff in (1, 2, 3, 1)]
        for t in pressing:
            t.start()
        for t in pressing:
            t.join()
        equal(sorted(said), ["?r=already"] * 3 + ["?r=done"], "answers")
        equal((task("S03")["state"], len(log_of("S03", "claim"))), ("done", 1), "task")

    @case("a link opened after its time changes nothing and says where to turn")
    def _():
        old = int(clock.now()) - 1
        for got in (page(number["S04"], 1, old), page(number["S04"], 1, old, do="resolve")):
            equal(got.status, 410, "status")
            check("已过期" in got.body.decode() and "什么也没有改动" in got.body.decode(), "a kind word", got)
        equal((task("S04")["state"], log_of("S04", "claim"), log_of("S04", "see")), ("pushed", [], []), "task")

    @case("a word in the chat is as good as the page, in both languages, and twice is once")
    def _():
        say("o1", f"完成 T{number['S04']} 留好了", "wx-wu")
        answered(f"T{number['S04']} 已完成。")
        say("o2", f"done T{number['S05']}", "wx-lin")
        answered(f"T{number['S05']} is done.")
        say("o3", f"done T{number['S04']}", "wx-lin")
        answered(f"T{number['S04']} is dealt with already.")
        equal((task("S04")["done_by"], "stand_in" in task("S04")["flags"], len(log_of("S04", "claim"))), ("staff:2", True, 1),
              "who did it")

    @case("the post in the group proves it, slightly edited too, and its window opens by it")
    def _():
        say("p1", "各位邻居，" + POST.format("水平尺").replace("，问题", "。问题"), "wx-lin", group="g")
        until(lambda: task("S01")["state"] == "done", 20, "done")
        one = task("S01")
        equal((one["evidence"], one["done_by"], one["expectation"]["outcome"]), ("proved", "staff:1", "open"), "task")
        equal(one["expectation"]["opens"], one["done"], "the window")

    @case("one voice is not enough: judged once, the manager alarmed, plan B sent once by its own role")
    def _():
        say("c1", "地漏怎么看", "u1", group="g", sender_name="王姐")
        d.drained()
        clock.forward(29 * 60)
        until(lambda: bodies("alert") == [] and task("S01")["expectation"]["outcome"] == "open", 5, "not before it closes")
        clock.forward(3 * 60)
        until(lambda: task("S01")["expectation"]["outcome"] == "miss", 20, "judged")
        equal(task("S01")["expectation"]["figure"], 1, "figure")
        b = [t for t in ask("GET", "/tasks")["items"] if t.get("plan_b") == number["S01"]]
        equal(len(b), 1, "plans B")
        body = card(b[0]["id"])
        equal((body["person"]["name"], body["task"]["plan_b"]), ("赵", True), "whom")
        told = until(lambda: next((b for b in bodies("alert") if "预期反馈没有达到" in b["text"]), None), 20, "the manager is told")
        shown = phone.get(told["link"][len("https://qund.example"):]).body.decode()
        check("预期反馈没有达到" in shown and "blockquote dir" not in shown, "a page without an empty quote", shown)
        clock.forward(2 * 3600)
        until(lambda: ask("GET", f"/tasks/{b[0]['id']}")["state"] == "expired", 20, "nobody did it")
        equal(sum(x["short"] == body["short"] and x["why"] == "due" for x in bodies()), 1, "its cards")
        shown = page(b[0]["id"], 3).body.decode()
        check("过了时间" in shown and "past its window" not in shown, "why it is over, in the page's language", shown)
        equal(sum(t.get("plan_b") == number["S01"] for t in ask("GET", "/tasks")["items"]), 1, "plans B in the end")

    @case("over the API a plan is edited, paused, resumed, cloned and cancelled")
    def _():
        ask("POST", "/sop/templates", {"text": LATER % ("later", "")})
        first = plan("later")
        ask("PATCH", f"/plans/{first}", {"params": {"gift": "卷尺"}})
        ask("POST", f"/plans/{first}/pause", {"reason": "等货"})
        clock.forward(3601)
        until(lambda: (task("L01")["state"], task("L01").get("reason")) == ("held", "paused"), 20, "held")
        ask("POST", f"/plans/{first}/resume", {})
        check("昨天领到卷尺的朋友" in card(number["L01"])["text"], "as edited")
        check("cannot be resumed" in ask("POST", f"/plans/{first}/resume", {}, 400)["error"]["message"], "resumed twice")
        again = ask("POST", f"/plans/{first}/clone", {})["id"]
        equal(ask("GET", f"/plans/{again}")["params"], {"gift": "卷尺"}, "its words")
        ask("POST", f"/plans/{again}/cancel", {"reason": "不做了"})
        equal({t["state"] for t in ask("GET", f"/plans/{again}/tasks")["items"]}, {"cancelled"}, "its tasks")
        check("cannot be cancelled" in ask("POST", f"/plans/{again}/cancel", {}, 400)["error"]["message"], "cancelled twice")

    @case("the plan that follows begins when the first is over, and its card comes")
    def _():
        ask("POST", "/sop/templates", {"text": LATER % ("chained", "next: later\n")})
        first = plan("chained")
        clock.forward(3601)
        card(number["L01"])
        page(number["L01"], do="resolve")
        clock.forward(31 * 60)
        follows = until(lambda: [p for p in ask("GET", "/plans?template=later")["items"] if p.get("after") == first], 20, "it follows")
        equal((ask("GET", f"/plans/{first}")["state"], len(follows)), ("finished", 1), "once")
        clock.forward(3601)
        card(ask("GET", f"/plans/{follows[0]['id']}/tasks")["items"][0]["id"])

    equal(d.stop(), 0, "exit code")
    d.clean()
case.done()
