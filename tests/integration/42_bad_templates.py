"""What must not be sent is refused before anything is: by `qund sop check`, by the API that takes templates, and when a
plan is made. Each refusal names the place, the reason and what would do instead."""
import json
import subprocess

from harness import QUND, Cases, Daemon, Receiver, check, equal, scratch, until

HEAD = "id: bad\ntitle: 试\nscope: group\n"
STEP = "  - {id: S01, at: D1 10:00, role: %s, channel: %s, content: %s%s}\n"


def one(role="consultant", channel="group", content="早", more="", head=""):
    text = json.dumps(content, ensure_ascii=False)
    return HEAD + head + "steps:\n" + STEP % (role, channel, text, ", " + more if more else "")


FIRST = "roles: {first_buyer: {actor_kind: %s, evidence: order_id, disclosure: '%s'}}\n"
SHOWN = "（本店邀请的真实客户，已实际下单）"
EXPECT = "expect: {metric: speakers, gte: 2, window: 2h}"
BAD = {     # what: (template, words of the refusal: place, reason, what would do)
    "wrong types": (one(more="late: [1], tags: 3"), ("bad.yaml:5:", "late must be a duration", "here belongs a list")),
    "an unknown key": (one(more="titel: x"), ("unknown key 'titel'", "nearest known: 'title'")),
    "an unknown metric": (one(more="expect: {metric: speaker, gte: 1, window: 1h}"), ("nearest known: 'speakers'",)),
    "an unresolved variable": (one(content="{{gfit}}见"), ("{{gfit}}", "declare it under `params`")),
    "a variable of one person for a group": (one(content="{{member.nick}}早"), ("has no one member", "〔称呼〕")),
    "ten thousand steps": (HEAD + "steps:\n" + "".join(STEP.replace("S01", f"S{i}") % ("star", "group", "早", "")
                                                       for i in range(10000)), ("1 to 500 steps; this has 10000",)),
    "a follower of itself": (one(head="next: bad\n"), ("follow itself for ever", "name another")),
    "a plan B before its step": (one(more=EXPECT + ", plan_b: {role: leader, content: 再问, at: D0 09:00}"),
                                 ("plan_b.at lies before the step itself",)),
    "content due after its step": (one(more="ready_by: D2 10:00"), ("ready_by lies after the step itself",)),
    "a year too far": (one().replace("D1 10:00", "D401 10:00"), ("more than 400 days away",)),
    "content over the channel's limit": (one(content="长" * 1400), ("bytes", "group bears 2048", "shorten it")),
    "content over the limit of SMS": (one(channel="sms", content="长" * 400), ("sms bears", "shorten it")),
    "content not written yet": (one(content="待补"), ("not written yet", "ready_by")),
    "a role that does not exist": (one(role="fan"), ("role", "koc_fan")),
    "staff as a customer": (one("first_buyer", content="大家好", head=FIRST % ("staff", SHOWN)),
                            ("invited customers alone", "misleading advertising", "{{count.orders}}")),
    "a customer nobody declared": (one("koc_fan", content="话题（自己的话说）：住得怎么样"), ("not declared under `roles`", "disclosure")),
    "a disclosure left out": (one("first_buyer", content="好", head=FIRST % ("invited_customer", "  ")),
                              ("needs a `disclosure`", "cannot be left out")),
    "a disclosure removed by a step": (one("first_buyer", content="好", more='disclosure: ""', head=FIRST % ("invited_customer", SHOWN)),
                                       ("cannot change or remove the disclosure",)),
    "staff who bought": (one(content="我也买了，真的好"), ("'我也买了' may not stand here", "invited customer")),
    "a typed number of orders": (one(content="已下单 86 户，手慢无"), ("counted, never typed", "{{count.orders}}")),
    "a typed number of sales without 已": (one(content="昨天到场的里下定86户，手慢无"), ("counted, never typed", "{{count.orders}}")),
    "a variable as a default": (one(content="送{{gift}}", head='params: [{name: gift, type: text, default: "{{count.orders}}"}]\n'),
                                ("a default is a value", "write it in the content")),
    "count.orders as a parameter": (one(content="已下单{{count.orders}}", head="params: [{name: count.orders, type: number}]\n"),
                                    ("{{count.orders}} is computed", "never be typed")),
    "an absolute claim": (one(content="全网最低价"), ("'全网最低", "Advertising Law", "say what can be shown")),
    "a private account": (one(content="转我微信"), ("'转我微信'", "the firm's own channels")),
    "text that is no YAML": ("id: bad\n\ttitle: x\n", ("bad.yaml:1:5",)),
    "a bomb of aliases": ("id: &a bad\ntitle: [*a, *a]\n", ("bad.yaml:1:",)),
}
case = Cases()


def refused(out, words, what):
    for word in words:
        check(word in out, f"{what}: it says {word!r}", out[:600])


def look(*paths):
    got = subprocess.run([QUND, "sop", "check", *map(str, paths)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return got.returncode, got.stdout.decode()


with scratch() as folder, Receiver(folder) as receiver, \
        Daemon(folder / "d", {"targets": receiver.target, "org": {"file": "org.yaml"}, "time": {"zone": "UTC"}}) as d:
    (d.folder / "org.yaml").write_text(
        "staff: [{id: zhao, name: 赵, push: [ops]}]\n"
        "groups: [{realm: api, id: g, name: 一群, manager: zhao}]\n", encoding="utf-8")
    d.start()
    desk = d.client()

    def ask(path, body):
        got = desk.post("/api/v1" + path, body)
        return got.status, got.body.decode()

    @case("`qund sop check` refuses each bad template with place, reason and what would do")
    def _():
        for what, (text, words) in BAD.items():
            (folder / "bad.yaml").write_text(text, encoding="utf-8")
            code, out = look(folder / "bad.yaml")
            check(code != 0 and "bad.yaml:" in out, f"{what}: refused", out[:400])
            refused(out, words, what)

    @case("the API refuses the same, and keeps nothing of it")
    def _():
        for what, (text, words) in BAD.items():
            status, out = ask("/sop/templates", {"text": text, "name": "bad.yaml"})
            if len(text) > 256 * 1024:
                equal(status, 413, what)    # not even read
                continue
            equal(status, 400, f"{what}: {out[:300]}")
            refused(out, words, what)
        equal(desk.get("/api/v1/sop/templates/bad").status, 404, "kept")

    @case("plans that follow in a circle: named by the folder's check, and refused where the last link is put in")
    def _():
        ring = {name: one(head=f"next: {after}\n").replace("id: bad", f"id: {name}")
                for name, after in (("a", "b"), ("b", "c"), ("c", "a"))}
        place = folder / "ring"
        place.mkdir()
        for name, text in ring.items():
            (place / f"{name}.yaml").write_text(text, encoding="utf-8")
        code, out = look(place)
        check(code != 0, "refused", out)
        refused(out, ("a.yaml", "`next` leads from 'a' back to itself", "a circle without an end"), "the ring")
        equal(ask("/sop/templates", {"text": one().replace("id: bad", "id: c")})[0], 200, "the last")
        for name in ("b", "a"):
            equal(ask("/sop/templates", {"text": ring[name]})[0], 200, name)
        status, out = ask("/sop/templates", {"text": ring["c"]})
        equal(status, 400, out)
        refused(out, ("lead back to 'c'",), "the ring")

    @case("a plan into the past, with too much, or with words that may not be said is refused before anything is kept")
    def _():
        equal(ask("/sop/templates", {"text": one(content="送{{gift}}，见{{day}}", head="params: [{name: gift, label: 礼品, type: text}]\n")})[0],
              200, "a good one")
        for what, more, words in (
                ("a start in the past", {"start": "2020-01-01 09:00"}, ("start", "lies in the past", "leave `start` out")),
                ("a parameter without a name", {"params": {"gfit": "伞"}}, ("no parameter 'gfit'", "nearest known: 'gift'")),
                ("a typed count", {"params": {"gift": "伞", "count.orders": "86"}}, ("no parameter 'count.orders'",)),
                ("a parameter that is too long", {"params": {"gift": "长" * 1400}}, ("shorten it or a parameter",)),
                ("a variable in a parameter", {"params": {"gift": "{{count.orders}}"}}, ("params.gift", "holds a variable", "in the template")),
                ("a figure of sales in a parameter", {"params": {"gift": "伞，已下单 86 户"}}, ("S01", "with its parameters filled", "counted, never typed")),
                ("a claim in a parameter", {"params": {"gift": "全网最低价的伞"}}, ("S01", "'全网最低'", "may not stand here", "Advertising Law")),
                ("a group of nobody", {"groups": [99]}, ("there is no group 99",))):
            body = {"template": "bad", "groups": [1], "params": {"gift": "伞"}, **more}
            status, out = ask("/plans", body)
            check(status in (400, 404), what, status, out[:300])
            refused(out, words, what)
        equal(desk.get("/api/v1/plans").json()["items"], [], "plans")

    @case("a role that nobody holds: said beforehand, held when its time comes, the manager told")
    def _():
        equal(ask("/sop/templates", {"text": one().replace("D1 10:00", "+0m")})[0], 200, "template")
        status, out = ask("/plans", {"template": "bad", "groups": [1]})
        check(status in (200, 201), "made", out)
        refused(out, ("consultant", "nobody holds this role", "held until somebody holds it"), "the warning")
        plan = json.loads(out)["id"]
        d.drained()
        until(lambda: [(t["state"], t.get("reason")) for t in desk.get(f"/api/v1/plans/{plan}/tasks").json()["items"]]
              == [("held", "nobody")], 20, "held")
        until(lambda: any("没有人担任这个角色" in c["body"] for c in receiver.calls()), 20, "the manager is told")
        listed = d.run("alert", "list", check_exit=0)[1]
        check("没有人担任这个角色" in listed and "「" not in listed, "listed, and quotes nothing", listed)

    equal(d.stop(), 0, "exit code")
    d.clean()
case.done()
