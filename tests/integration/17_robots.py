"""Robots against servers that answer like their vendors: shapes, signatures, limits, faults, and what
becomes of each push."""
# limit: 240 s
import datetime
import json
import pathlib
import re
import signal
import time

from harness import QUND, Cases, Daemon, check, equal, sanitized, scratch, until
from vendors import DINGTALK_SECRET, FEISHU_SECRET, TOKENS, Vendors

if not (pathlib.Path(QUND).parent / "plugins/robots.so").exists():
    print("the robots plugin is not built")
    raise SystemExit(77)

case = Cases()
KEY = "693axxx6-7aoc-"


def robot(v, kind, name, **more):
    secret = {"dingtalk": DINGTALK_SECRET, "feishu": FEISHU_SECRET}.get(kind)
    own = {"robot": kind} if kind in ("wecom", "dingtalk", "feishu") else {"robot": "template", "template": kind}
    return {"kind": "robots", **own, "url": v.url(kind, name), "allow_private": True, "timeout": "2s",
            **({"secret": secret} if secret else {}), **({"token": TOKENS[kind]} if kind in TOKENS else {}),
            **({"to": ["-100123"]} if kind == "telegram" else {}), **more}


def vendor(kind, **more):
    return {"kind": "robots", "robot": kind, "url": "https://x.example/", **more}


def shipped(name, **more):
    return {"kind": "robots", "robot": "template", "template": name, **more}


# What changes nothing, and what would fail each push: an entry, and what is said of it; None: it is right.
IDLE, PLACE, ONE = "it has no effect; remove the line", "this template has no place for it; remove the line", "make a target of each"
WRONG = ((vendor("feishu", token="x"), IDLE), (vendor("feishu", to=["x"]), IDLE), (vendor("dingtalk", template="slack"), IDLE),
         (vendor("wecom", secret="x"), IDLE), (vendor("feishu", media_dir="/"), IDLE), (vendor("dingtalk", secret="x"), None),
         (vendor("wecom", media_dir="/"), None), (vendor("wecom", media_dir="/nowhere"), "there is no folder /nowhere"),
         (shipped("pushplus", token="x", to=["a"]), PLACE), (shipped("pushplus", token="x"), None),
         (shipped("bark", token="x", secret="y"), PLACE), (shipped("slack", url="https://x.example/", token="x"), PLACE),
         (shipped("slack", url="https://x.example/", form="card"), IDLE), (shipped("slack", url="https://x.example/", mention="all"), IDLE),
         (shipped("telegram", token="x", to=["1", "2"]), ONE), (shipped("ntfy", to=["a", "b"]), ONE), (shipped("ntfy", to=["a"]), None),
         (shipped("wxpusher", token="x", to=["a", "b"]), ONE),
         (shipped("sms-twilio", url="https://x.example/", token="x", secret="y", to=["1"]), "wants 2 entries, here are 1"),
         (shipped("sms-twilio", url="https://x.example/", token="x", secret="y", to=["1", "2"]), None),
         (shipped("sms-form", url="https://x.example/", token="x", secret="y", to=["1", "2", "3"]), None))

with scratch() as folder, Vendors() as v, Daemon(folder / "d") as d:
    d.config["alert"] = {"merge": "0s"}
    d.config["log"] = {"level": "debug"}
    d.config["targets"] = {kind: robot(v, kind, kind, rate=0)
                           for kind in ("wecom", "dingtalk", "feishu", "telegram", "slack", "bark")}
    d.write_config()
    d.start()
    said = [0]

    def alert(text="这个多少钱"):
        """One alert, for every target there is; its sender has no other."""
        said[0] += 1
        with d.client() as c:
            equal(c.events([{"id": f"e{said[0]}", "group": f"g{said[0]}", "sender": f"u{said[0]}",
                             "text": text}]).status, 202, "said")
        return said[0]

    def rows(target):
        with d.client() as c:
            return [r for r in c.get("/api/v1/outbox?limit=500").json()["items"] if r["target"] == target]

    def ended(target, state, n=1, seconds=20):
        until(lambda: sum(r["state"] == state for r in rows(target)) >= n, seconds, f"{target}: {n} {state}")
        return [r for r in rows(target) if r["state"] == state]

    def retarget(**targets):
        before = d.log().count("event=config.loaded")
        d.config["targets"] = targets
        d.write_config()
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: d.log().count("event=config.loaded") > before, 10, "reloaded")

    @case("each robot takes a message of the shape and with the signature it wants")
    def _():
        alert("这个多少钱 <at user_id=\"all\">x</at> \"价\"")
        for kind in d.config["targets"]:
            ended(kind, "accepted")
            got = v.calls(kind)
            equal([(c["effect"], c["answer"]) for c in got], [(True, "ok")], kind)
            check("多少钱" in json.dumps(json.loads(got[0]["body"]), ensure_ascii=False), kind, got[0]["body"])
        check("<at user_id" not in json.loads(v.calls("feishu")[0]["body"])["content"]["text"], "nobody is named")
        check("/bot" + TOKENS["telegram"] + "/sendMessage" in v.calls("telegram")[0]["path"], "telegram's path")

    @case("a secret that is wrong is refused by the vendor, and its words are kept")
    def _():
        retarget(dt=robot(v, "dingtalk", "dt", secret="SECwrong"), fs=robot(v, "feishu", "fs", secret="wrong"),
                 tg=robot(v, "telegram", "tg", to=["5"]))
        alert()
        for name, words in (("dt", "310000: sign not match"), ("fs", "19021: sign match fail"),
                            ("tg", "400, code : chat not found")):
            row = ended(name, "failed")[0]
            check(words in json.dumps(row), name, row)

    @case("busy and 5xx are tried again, a limit waits as long as the vendor wants")
    def _():
        retarget(busy=robot(v, "wecom", "busy"), broken=robot(v, "feishu", "broken"),
                 full=robot(v, "wecom", "full"), mute=robot(v, "dingtalk", "mute"), slow=robot(v, "slack", "slow"))
        for name, words in (("busy", "busy,ok"), ("broken", "500,503,ok"), ("full", "limit,ok"), ("mute", "limit,ok"),
                            ("slow", "429:2,ok")):
            v.script(name, words)
        alert()
        ended("busy", "accepted")
        ended("broken", "accepted", seconds=40)
        equal([c["effect"] for c in v.calls("broken")], [False, False, True], "broken")
        for name, least_s in (("full", 40), ("mute", 500)):
            row = ended(name, "quota_hit")[0]
            due = datetime.datetime.fromisoformat(row["due"]).timestamp()
            check(due - time.time() > least_s, name, row)
            equal(len(v.calls(name)), 1, f"{name} is left alone")
        ended("slow", "accepted")
        at = [c["at"] for c in v.calls("slow")]
        check(1.9 < at[1] - at[0] < 10, "Retry-After", at)

    @case("what took effect without an answer goes once more, with the same id, and no third time")
    def _():
        retarget(lost=robot(v, "wecom", "lost"), again=robot(v, "wecom", "again"), dark=robot(v, "feishu", "dark"))
        v.script("lost", "drop,ok")
        v.script("again", "drop")
        v.script("dark", "junk,ok")
        alert()
        ended("lost", "accepted")
        ended("dark", "accepted")
        for name in ("lost", "dark"):
            one, two = [json.loads(c["body"]) for c in v.calls(name)]
            key = "text" if name == "lost" else "content"
            equal(one[key], two[key], f"{name}: the same words")
            check("\n#" in json.dumps(one, ensure_ascii=False).replace("\\n", "\n"), "its id", one)
        until(lambda: len(v.calls("again")) == 2, 20, "a second try")
        until(lambda: [r["state"] for r in rows("again")] == ["unknown"], 10, "parked")
        time_of_two = time.monotonic()
        until(lambda: time.monotonic() - time_of_two > 7, 20, "no third")
        equal(len(v.calls("again")), 2, "twice at most")

    @case("a vendor that drips, never ends or never answers costs itself its time and others nothing")
    def _():
        retarget(drip=robot(v, "wecom", "drip"), endless=robot(v, "wecom", "endless"),
                 stall=robot(v, "wecom", "stall"), well=robot(v, "wecom", "well"))
        for name in ("drip", "endless", "stall"):
            v.script(name, name)
        start = time.monotonic()
        alert()
        ended("well", "accepted")
        check(time.monotonic() - start < 10, "well is not held up")
        for name in ("drip", "endless", "stall"):
            until(lambda n=name: [r["state"] for r in rows(n)] == ["unknown"] and len(v.calls(n)) == 2, 30, name)
        check(d.memory_kib() < 300_000, "memory", d.memory_kib())

    @case("the vendor's pace holds without being named, and seconds where seconds count")
    def _():
        retarget(paced=robot(v, "wecom", "paced", cards=False), second=robot(v, "feishu", "second", cards=False))
        for _ in range(14):
            alert()
        until(lambda: len(v.calls("second")) >= 14, 40, "feishu has all")
        check(v.most_in("second", 1) <= 5, "at most five a second", v.most_in("second", 1))
        check(v.most_in("paced", 10) <= 8, "a burst of five, then one in four seconds", v.most_in("paced", 10))
        check(not v.over, "over a limit", v.over)

    @case("a hundred at once leave in a few cards, and the words of none are so long that another is lost")
    def _():
        retarget(crowd=robot(v, "wecom", "crowd"), tall=robot(v, "wecom", "tall", form="markdown"))
        first = said[0] + 1
        said[0] += 100
        with d.client() as c:
            equal(c.events([{"id": f"e{i}", "group": f"g{i}", "group_name": "阳光花园三期业主交流群", "sender": f"u{i}",
                             "sender_name": f"3-2-{i} 王姐", "text": f"{i}号楼这个多少钱" + "，另外想问一下安装要不要加钱" * 5}
                            for i in range(first, said[0] + 1)]).status, 202, "said")
        for name in ("crowd", "tall"):
            def told(name=name):
                return {int(n) for c in v.calls(name) if c["effect"]
                        for n in re.findall(r"\n#(\d+) ", json.loads(c["body"])[json.loads(c["body"])["msgtype"]]["content"])}
            until(lambda: len(told()) >= 100, 40, f"{name}: each is named")
            check(len(v.calls(name)) < 15, "in cards", len(v.calls(name)))
        check(not v.over, "over a limit", v.over)

    @case("the personal link goes where one person reads, the short command where a group does")
    def _():
        one = Daemon(folder / "one", {"alert": {"merge": "0s"}, "org": {"file": "org.yaml"},
                                      "http": {"public_url": "https://qund.example"}})
        one.config["targets"] = {
            "group": robot(v, "wecom", "staff-group"), "card": robot(v, "wecom", "staff-card", form="card"),
            "own": robot(v, "wecom", "own-group", shared=False), "phone": robot(v, "bark", "phone"),
            "chat": robot(v, "telegram", "chat")}
        one.folder.mkdir(exist_ok=True)
        (one.folder / "org.yaml").write_text(
            "staff:\n  - {id: lin, name: 林, phone: +86 138-0000-0105, push: [group, card, own, phone, chat]}\n"
            "groups:\n  - {realm: api, id: g, roles: {consultant: [lin]}}\n", encoding="utf-8")
        one.write_config()
        one.start()
        with one.client() as c:
            equal(c.events([{"id": "p1", "group": "g", "sender": "u1", "text": "多少钱"}]).status, 202, "said")
        for name, linked in (("staff-group", False), ("staff-card", False), ("own-group", True), ("phone", True),
                             ("chat", False)):
            until(lambda n=name: v.calls(n), 20, name)
            body = v.calls(name)[0]["body"]
            equal("https://qund.example/a/" in body, linked, f"{name}: {body}")
            text = json.dumps(json.loads(body), ensure_ascii=False)
            equal("收到 1" in text, not linked, f"{name}: {text}")
            check("#1" in text, f"{name}: its number", text)
        equal(json.loads(v.calls("staff-group")[0]["body"])["text"]["mentioned_mobile_list"], ["13800000105"],
              "whose id is not known is called by phone")
        equal(one.stop(), 0, "exit")
        one.clean()

    @case("what is wrong with an entry is named at its place")
    def _():
        good = d.config["targets"]
        for wrong, words in ((robot(v, "wecom", "x") | {"url": "http://x"}, None),
                             ({"kind": "robots", "robot": "wecom"}, "the address the vendor shows is needed"),
                             ({"kind": "robots", "robot": "wecom", "url": "http://x.example"}, "https:// is wanted"),
                             ({"kind": "robots", "robot": "wecom", "url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"},
                              "the key is missing"),
                             ({"kind": "robots", "robot": "wecom", "url": "https://oapi.dingtalk.com/robot/send?access_token=x"},
                              "it is the address of a robot of dingtalk"),
                             ({"kind": "robots", "robot": "feishu", "url": "https://open.feishu.cn/open-apis/bot/v2/hook/x"}, None),
                             ({"kind": "robots", "robot": "template"}, "the name of a shipped file"),
                             ({"kind": "robots", "robot": "template", "template": "tellegram"}, "telegram, wecom, wxpusher"),
                             ({"kind": "robots", "robot": "template", "template": "telegram"}, "this template needs it"),
                             *WRONG, ({"kind": "robots", "robot": "wecm", "url": "https://x"}, "wecom"),
                             ({"kind": "robots", "robot": "wecom", "url": "https://x", "tokn": "x"},
                              "nearest known: 'token'")):
            d.config["targets"] = {"x": wrong}
            d.write_config()
            got, out, err = d.run("check")
            if words is None:
                equal(got, 0, out + err)
            else:
                check(got == 1 and words in out + err, words, out, err)
        d.config["targets"] = good
        d.write_config()

    @case("nothing is said in a customer's chat by a robot of the staff: `send_through` and `confirm_through` are refused where they stand")
    def _():
        for robot_of, key in (("wecom, url: 'https://x.example/'", "send_through"), ("template, template: slack, url: 'https://x.example/'",
                                                                                    "send_through"), ("feishu, url: 'https://x.example/'", "confirm_through")):
            lines = ["channels:", "  shop:", f"    {key}: ops", "targets:", f"  ops: {{kind: robots, robot: {robot_of}}}", ""]
            (folder / "through.yaml").write_text("\n".join(lines), encoding="utf-8")
            got, out, err = d.run("check", str(folder / "through.yaml"))
            check(got == 1 and f"through.yaml:3:{7 + len(key)}: channels.shop.{key}: the target 'ops' (kind: robots) cannot" in out + err, key, out, err)

    @case("a file of one's own is a robot, too")
    def _():
        own = folder / "own.json"
        own.write_text(json.dumps({"url": "{{url}}", "json": {"msgtype": "text", "text": {"content": "{{text}}"}},
                                   "rate": 7, "answer": {"code": "/errcode", "ends": {"0": "SENT"}}}))
        entry = robot(v, "wecom", "own") | {"robot": "template", "template": str(own)}
        retarget(own=entry)
        alert()
        ended("own", "accepted")

    @case("keys, tokens and addresses stand in no line of the log, nor in what is printed")
    def _():
        with d.client() as c:
            seen = d.log() + c.get("/metrics").body.decode() + c.get("/api/v1/outbox?limit=500").body.decode()
        for word in (KEY, DINGTALK_SECRET[8:30], FEISHU_SECRET, TOKENS["telegram"], TOKENS["bark"], "tok-dt"):
            check(word not in seen, word)

    @case("many reloads with pushes on their way leave nothing behind and lose nothing")
    def _():
        d.config["targets"]["own"] |= {"rate": 0, "timeout": "20s"}  # an answer after it would be a repeat
        before = len(rows("own"))
        n = 40 if sanitized(QUND) else 200    # they keep the loop busy ten times as long there
        for i in range(n):
            d.config["targets"]["own"]["title"] = f"t{i}"
            d.write_config()
            d.proc.send_signal(signal.SIGHUP)
            if i % (n // 5) == 0:
                alert()
        retarget(**d.config["targets"])
        ended("own", "accepted", before + 5, 30)
        doubled = [c["body"] for c in v.calls("own") if c["effect"]]
        equal(len(doubled), len(set(doubled)), "each once")

    equal(d.stop(), 0, "exit")
    case.done(d)
