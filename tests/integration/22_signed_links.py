"""Signed personal links as a phone sees them: what the page says, what pressing its buttons does, and what
wrong, old and repeated ones do not."""
import base64
import hashlib
import hmac
import html
import re
import signal
import struct
import time
import urllib.parse

from harness import Cases, Client, Daemon, Receiver, check, equal, scratch, until

ORG = """
staff:
  - {id: lin, name: 林, push: [ops]}
  - {id: zhao, name: "赵<b>", push: [ops]}
  - {id: mute, name: 哑}
groups:
  - {realm: api, id: g, name: "一群", manager: zhao, roles: {consultant: [lin]}}
"""
EVIL = "多少钱 <script>alert(1)</script> \"'&</blockquote><img src=x onerror=alert(2)>"
case = Cases()


def token_of(key, alert, staff, until_s, version=1):
    """The token as docs/alerts.md describes it, made without the program."""
    own = hmac.new(key, b"qund personal link", hashlib.sha256).digest()
    payload = struct.pack("<B", version) + struct.pack("<Q", alert)[:6] + struct.pack("<I", staff) \
        + struct.pack("<Q", until_s)[:5]
    mac = hmac.new(own, payload, hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(payload + mac).decode().rstrip("=")


def say(api, n, text):
    equal(api.events([{"id": f"m{n}", "group": "g", "group_name": "一群", "sender": f"u{n}", "sender_name": f"客人{n}",
                       "text": text}]).status, 202, "status")


def pushed(receiver, n):
    return until(lambda: next((c["body"] for c in receiver.calls() if f'"short":"{n}"' in c["body"].replace(" ", "")),
                              None), 20, f"alert {n} is pushed")


with scratch() as folder, Receiver(folder) as receiver, \
        Daemon(folder / "d", {"targets": {"ops": dict(receiver.target["ops"], cards=False)}, "org": {"file": "org.yaml"},
                              "http": {"public_url": "https://qund.example/x/"}}) as d:
    (d.folder / "org.yaml").write_text(ORG, encoding="utf-8")
    d.start()
    api, desk, phone = d.client("ingest"), d.client(), Client(d.port)
    key = (d.data / "key").read_bytes()
    soon = int(time.time()) + 3600

    def alert(n):
        return desk.get(f"/api/v1/alerts/{n}").json()

    def press(n, staff=1, /, **form):
        return phone.post("/a/" + token_of(key, n, staff, soon), urllib.parse.urlencode(form),
                          Content_Type="application/x-www-form-urlencoded")

    def page(n, staff=1, query="", **headers):
        return phone.get("/a/" + token_of(key, n, staff, soon) + query, **headers)

    @case("a push brings a link of the public address, for its person")
    def _():
        say(api, 1, EVIL)
        body = pushed(receiver, 1)
        link = re.search(r'"link": ?"https://qund\.example/x/a/([\w-]{43})"', body)
        check(link, "link", body)
        check(link.group(1) in body.split('"text"')[1], "the text ends with it", body)
        got = phone.get("/a/" + link.group(1))
        equal(got.status, 200, "status")
        check("林" in got.body.decode(), "it says whose it is", got)

    @case("what a customer wrote is text, under a policy that would run nothing")
    def _():
        got = page(1)
        text = got.body.decode()
        equal(got.headers["Content-Type"], "text/html; charset=utf-8", "type")
        policy = got.headers["Content-Security-Policy"]
        check(policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'"), "policy", policy)
        check("script" not in policy and "unsafe" not in policy, "policy", policy)
        equal(got.headers["Cache-Control"], "no-store", "cache")
        equal(got.headers["Referrer-Policy"], "no-referrer", "referrer")
        check("<script" not in text and "<img" not in text, "no tag of theirs", text)
        quote = re.search(r"<blockquote[^>]*>(.*?)</blockquote>", text, re.S).group(1)
        equal(html.unescape(quote), EVIL, "all of it is there")
        check("赵&lt;b&gt;" in text, "names are text, too", text)
        check("<style" not in text and " style=" not in text and " on" not in re.sub(r">[^<]*<", "><", text), "no inline code")
        equal(phone.get("/a/style.css").headers["Content-Type"], "text/css; charset=utf-8", "style")

    @case("Chinese first; English as the browser or the reader asks")
    def _():
        for headers, query, english in (({}, "", False), ({"Accept_Language": "zh-CN,zh;q=0.9,en;q=0.8"}, "", False),
                                        ({"Accept_Language": "en-US,en;q=0.9,zh;q=0.8"}, "", True),
                                        ({"Accept_Language": "de,en;q=0.5"}, "", True),
                                        ({"Accept_Language": "en;q=0.1,zh-TW"}, "", False),
                                        ({"Accept_Language": "en"}, "?lang=zh", False), ({}, "?lang=en", True)):
            text = page(1, 1, query, **headers).body.decode()
            equal("I take it" in text, english, f"{headers} {query}")
            equal('lang="en"' in text, english, f"{headers} {query}")

    @case("looking changes nothing, however often and by which method")
    def _():
        before = alert(1)
        for _ in range(3):
            equal(page(1).status, 200, "status")
            equal(phone.ask("HEAD", "/a/" + token_of(key, 1, 1, soon)).status, 200, "status")
        equal(page(1, 1, "?r=done").status, 200, "status")
        equal(phone.get("/a/" + token_of(key, 1, 1, soon) + "?do=ack").status, 400, "status")
        equal(phone.ask("PUT", "/a/" + token_of(key, 1, 1, soon)).status, 405, "status")
        equal(alert(1), before, "the alert")

    @case("pressed twice and by two people it has one effect and a kind answer")
    def _():
        equal(press(1, do="ack").headers["Location"], "?r=done", "first")
        one = alert(1)
        equal((one["state"], one["by"]), ("acknowledged", "staff:1"), "alert")
        equal(press(1, do="ack").headers["Location"], "?r=already", "again")
        got = press(1, 2, do="ack")
        equal((got.status, got.headers["Location"]), (303, "?r=already"), "the other")
        equal(alert(1), one, "alert")
        text = page(1, 2, "?r=already").body.decode()
        check("不用再点了" in text and "林" in text, "it says so, and who did it", text)

    def refused(words, values, got):
        """Nothing was done: the page again, with what was typed."""
        text = got.body.decode()
        equal((got.status, got.headers["Content-Type"], got.headers["Cache-Control"]), (422, "text/html; charset=utf-8", "no-store"), "kind")
        check(got.headers["Content-Security-Policy"].startswith("default-src 'none'"), "policy", got.headers)
        check(words in text, words, text)
        equal([html.unescape(v) for v in re.findall(r'<input name="[^>]* value="([^"]*)">', text)], values, "typed")
        return text

    @case("done with a proof and a figure; a figure that is none is said so, nothing is done, and what was typed is still there")
    def _():
        text = refused("数字没有看懂", ['已回"><script>x</script>', "<b>图</b>", "3,5"],
                       press(1, do="resolve", note='已回"><script>x</script>', proof="<b>图</b>", number="3,5"))
        check("<script" not in text and "<b>图" not in text, "as text", text)
        english = phone.post("/a/" + token_of(key, 1, 1, soon) + "?lang=en", "do=resolve&note=told&number=x")
        text = refused("The figure was not understood", ["told", "x"], english)
        check('action="?lang=en"' in text, "in the language of the page", text)
        equal(alert(1)["state"], "acknowledged", "state")
        check('name="number"' in page(1).body.decode() and ' pattern="' in page(1).body.decode(), "the browser refuses it sooner")
        equal(press(1, do="resolve", note="已回", proof="<b>图</b>", number="０．３５千").headers["Location"], "?r=done", "done")
        one = alert(1)
        equal((one["state"], one["note"], one["proof"], one["number"]), ("resolved", "已回", "<b>图</b>", 350), "alert")
        text = page(1).body.decode()
        check("&lt;b&gt;图" in text and "350" in text, "shown", text)
        check('value="ack"' not in text and 'value="reopen"' in text, "what is left to do", text)
        equal(press(1, do="reopen").headers["Location"], "?r=done", "reopened")

    @case("later, and a time that is none")
    def _():
        refused("时间没有看懂", ["soon"], press(1, **{"do": "snooze", "for": "soon"}))
        equal(press(1, **{"do": "snooze", "for": "2小时"}).headers["Location"], "?r=done", "snooze")
        check("snoozed_until" in alert(1), "asleep", alert(1))
        check("稍后再提醒" in page(1).body.decode(), "shown")

    @case("handed over, who gets it is told and may act; not relevant is kept so")
    def _():
        say(api, 2, "多少钱")
        pushed(receiver, 2)
        refused("没有转交", ["请看"], press(2, do="handover", to="99", note="请看"))
        equal(press(2, do="handover", to="2", note="请看").headers["Location"], "?r=done", "handed over")
        equal(alert(2)["to"], "staff:2", "whose")
        until(lambda: any('"id":2' in c["body"] and "赵" in c["body"] for c in receiver.calls()), 20, "the next one is told")
        equal(press(2, 2, do="irrelevant").headers["Location"], "?r=done", "not relevant")
        equal((alert(2)["state"], alert(2)["relevant"]), ("resolved", False), "alert")

    @case("nobody is offered it, and nobody gets it, who could not be told")
    def _():
        say(api, 3, "多少钱")
        pushed(receiver, 3)
        text = page(3).body.decode()
        equal(re.findall(r'<option value="(\d+)"', text), ["1", "2"], "offered")
        check("没有设置接收提醒的地方" in text, "and why not all", text)
        refused("没有转交", ["请看"], press(3, do="handover", to="3", note="请看"))
        got = desk.post("/api/v1/alerts/3/handover", {"to": "mute"})
        equal((got.status, got.json()["error"]["message"]), (400, "there is nowhere to tell them: no push target"), "the API")
        equal((alert(3)["to"], alert(3)["state"]), ("consultant", "open"), "as it was")

    @case("of one that is over the second is told so, whatever he typed")
    def _():
        say(api, 4, "多少钱")
        pushed(receiver, 4)
        equal(press(4, do="resolve", note="已回").headers["Location"], "?r=done", "first")
        one = alert(4)
        for form in ({"do": "resolve", "number": "3,5"}, {"do": "irrelevant", "number": "x"}, {"do": "snooze", "for": "soon"},
                     {"do": "handover", "to": "99"}, {"do": "handover", "to": "3"}):
            got = press(4, 2, **form, note="也回了")
            equal((got.status, got.headers.get("Location")), (303, "?r=already"), str(form))
        for deed, body in (("resolve", {"number": "x"}), ("snooze", {"for": "soon"}), ("handover", {"to": "nobody"})):
            got = desk.post(f"/api/v1/alerts/4/{deed}", body)
            equal((got.status, got.json()["error"]["message"]), (400, "alert 4 is resolved already"), deed)
        equal(alert(4), one, "as it was")

    @case("the list holds what is open and told to that person, each with a link of its own")
    def _():
        text = page(0).body.decode()
        links = re.findall(r'<a href="([\w-]{43})">', text)
        equal(len(links), 2, "open ones of lin")
        equal(phone.get("/a/" + links[0]).status, 200, "status")
        equal(press(0, do="ack").headers["Location"], "?r=form", "a list takes no deed")
        check("没有待处理" in page(0, 2).body.decode(), "none of zhao's is open")

    @case("after its end it changes nothing and says so")
    def _():
        old = "/a/" + token_of(key, 1, 1, int(time.time()) - 1)
        for got in (phone.get(old), phone.post(old, "do=resolve", Content_Type="application/x-www-form-urlencoded")):
            equal(got.status, 410, "status")
            check("已过期" in got.body.decode(), "kind words", got)
        equal(alert(1)["state"], "open", "state")
        check(d.metric("qund_links_refused_total") >= 2, "counted")

    @case("who left the staff, and an alert that never was, get one sentence")
    def _():
        for n, staff in ((1, 77), (999, 1)):
            got = page(n, staff)
            equal(got.status, 403, "status")
            check("多少钱" not in got.body.decode(), "nothing is shown")
        equal(press(1, 77, do="resolve").headers["Location"], "?r=denied", "no deed")
        equal(press(999, do="ack").headers["Location"], "?r=gone", "no alert")
        equal(alert(1)["state"], "open", "state")

    @case("forms that are broken, foreign or too large are refused")
    def _():
        for form in ("", "do=", "do=delete", "do=ack%zz", "do", "x=1&y=2", "do=%00", "do=resolve&note=%e5%9b", "do=resolve&number=%ff"):
            got = phone.post("/a/" + token_of(key, 1, 1, soon), form)
            equal((got.status, got.headers["Location"]), (303, "?r=form"), form)
        equal(phone.post("/a/" + token_of(key, 1, 1, soon), "do=ack&note=" + "x" * 20000).status, 413, "size")
        equal(alert(1)["state"], "open", "state")

    @case("a changed bit anywhere is refused, and so is another key, version or alphabet")
    def _():
        good = token_of(key, 1, 1, soon)
        bytes_of = base64.urlsafe_b64decode(good + "=")
        wrong = [base64.urlsafe_b64encode(bytes_of[:i] + bytes([bytes_of[i] ^ 1]) + bytes_of[i + 1:]).decode().rstrip("=")
                 for i in range(0, 32, 5)]
        wrong += [token_of(b"k" * 32, 1, 1, soon), token_of(key, 1, 1, soon, 3), good[:-1], good + "A", good.replace(good[9], "+", 1)]
        for token in wrong:
            got = phone.get("/a/" + token)
            check(got.status in (404, 429), f"{token}: {got.status}")
        equal(phone.get("/a/" + good).status, 200, "the good one")

    @case("many wrong ones are cut short, good ones go on")
    def _():
        statuses = [phone.get("/a/" + token_of(b"x" * 32, i, 1, soon)).status for i in range(60)]
        equal(statuses[-1], 429, "the last")
        equal(page(1).status, 200, "a good one")
        check(d.log().count("http.link_wrong") <= 8, "lines in the log")
        check(token_of(key, 1, 1, soon)[:20] not in d.log(), "no link in the log")

    @case("another key, and what was sent before is no longer good")
    def _():
        equal(d.stop(), 0, "exit code")
        (d.data / "key").write_bytes(b"short")
        code, said, _ = d.fails_to_start()
        check(code == 1 and "must be 32 bytes" in said, "a damaged key is named", said)
        (d.data / "key").unlink()
        d.start()
        fresh = Client(d.port)
        check((d.data / "key").stat().st_mode & 0o777 == 0o600, "mode")
        equal(fresh.get("/a/" + token_of(key, 1, 1, soon)).status, 404, "old link")
        equal(fresh.get("/a/" + token_of((d.data / "key").read_bytes(), 1, 1, soon)).status, 200, "new link")

    equal(d.stop(), 0, "exit code")
    d.clean()

TASK = """
id: now
title: 现在
scope: group
trigger: manual
steps:
  - {id: N1, title: 说, at: +0m, kind: service, role: consultant, channel: group, late: 2h, content: "各位好，今天有人吗？",
     expect: {metric: speakers, gte: 1, window: 30m}}
"""
with scratch() as folder, Receiver(folder) as receiver, \
        Daemon(folder / "d", {"targets": {"own": dict(receiver.target["ops"], cards=False, template="{{short}} {{text}} 见 {{link}}")},
                              "org": {"file": "org.yaml"}, "quiet": {"hours": "00:00-00:00"}, "sop": {"dirs": ["sop"]},
                              "alert": {"push_every": "0s"}, "http": {"public_url": "https://qund.example/x/"}}) as d:
    (d.folder / "sop").mkdir()
    (d.folder / "sop" / "now.yaml").write_text(TASK, encoding="utf-8")
    (d.folder / "org.yaml").write_text(ORG.replace("ops", "own"), encoding="utf-8")
    d.start()
    api = d.client("ingest")

    def links_of(n, plan):
        """Whether an alert and a card of a task bring a link."""
        say(api, n, "多少钱")
        d.drained()
        d.run("plan", "create", "now", "--group", "1", check_exit=0)
        found = [until(lambda head=head: next((c["body"] for c in receiver.calls() if c["body"].startswith(head + " ")), None), 20, head)
                 for head in (str(n), f"T{plan}")]
        return ["https://qund.example/x/a/" in body for body in found]

    @case("at one person's place where a second one is told, too, there is no link for either")
    def _():
        equal(links_of(1, 1), [False, False], "alert and task")
        where = f"{d.folder / 'org.yaml'}:4:37"
        check(f"two people at one person's place: {where}: `push` of zhao names own" in d.degraded()[1], "said", d.degraded())
        check("event=org.met_pushes" in d.log(), "and in the log")

    @case("each with a place of his own gets his links")
    def _():
        (d.folder / "org.yaml").write_text(ORG.replace("ops", "own").replace("own]}\n  - {id: mute", "zhaos]}\n  - {id: mute"), encoding="utf-8")
        before = d.log().count("event=config.loaded")
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: d.log().count("event=config.loaded") > before and "one person's place" not in d.degraded()[1], 10, "reload")
        equal(links_of(2, 2), [True, True], "alert and task")

    equal(d.stop(), 0, "exit code")
    d.clean()
case.done()
