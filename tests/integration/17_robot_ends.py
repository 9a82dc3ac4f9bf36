"""What becomes of a push when the vendor is busy, at its limit, broken or silent, and how fast robots are fed by themselves:
every row of docs/robots.md, "What an answer means", for every kind of robot."""
# limit: 150 s
import datetime
import json
import pathlib
import time

from harness import PATIENCE, QUND, Cases, Daemon, check, equal, scratch, until
from outbox import push, pushes
from vendors import DINGTALK_SECRET, FEISHU_SECRET, NEEDS, Vendors

if not (pathlib.Path(QUND).parent / "plugins/robots.so").exists():
    print("the robots plugin is not built")
    raise SystemExit(77)

case = Cases()
ROBOTS = {"WeCom": "wecom", "DingTalk": "dingtalk", "Feishu": "feishu", "template": "telegram"}
# What the vendor's own limit answer makes them wait, in seconds; telegram says 3 itself.
WAITS = {"WeCom": 60, "DingTalk": 600, "Feishu": 10, "template": 3}
RATES = {"WeCom": 20, "DingTalk": 20, "Feishu": 100, "template": 18}
# Sentence, what the server does, how the push ends, how many calls there were.
ENDS = (
    ("busy is tried again", "busy,ok", "accepted", 2),
    ("a 5xx is tried again", "503,ok", "accepted", 2),
    ("a 4xx has failed", "404", "failed", 1),
    ("who is not wanted any more has failed, with the vendor's words", "denied", "failed", 1),
    ("a 429 waits as long as it says", "429:2,ok", "accepted", 2),
    ("effect without an answer goes once more, with the same id", "drop,ok", "accepted", 2),
    ("effect without an answer twice is left to a person", "drop", "unknown", 2),
    ("an answer that cannot be understood goes once more, with the same id", "junk,ok", "accepted", 2),
)
DENIED = {"WeCom": "93000", "DingTalk": "300001", "Feishu": "19001", "template": "bot was kicked"}


def entry(v, kind, name, **more):
    own = {"robot": kind} if kind != "telegram" else {"robot": "template", "template": kind} | NEEDS[kind]
    secret = {"dingtalk": DINGTALK_SECRET, "feishu": FEISHU_SECRET}.get(kind)
    return {"kind": "robots", **own, **({"secret": secret} if secret else {}), "url": v.url(kind, name), "allow_private": True,
            "timeout": "3s", "cards": False, **more}


with scratch() as folder, Vendors() as v, Daemon(folder / "d") as d:
    d.config["targets"] = {}
    for label, kind in ROBOTS.items():
        for i, (_, script, *_) in enumerate(ENDS):
            name = f"{kind}-{i}"
            d.config["targets"][name] = entry(v, kind, name, rate=0)
            v.script(name, script)
        d.config["targets"][f"{kind}-limit"] = entry(v, kind, f"{kind}-limit", rate=0)
        v.script(f"{kind}-limit", "limit,ok")
        d.config["targets"][f"{kind}-paced"] = entry(v, kind, f"{kind}-paced")
    v.limits = {name: 1000 for name in d.config["targets"] if not name.endswith("-paced")}
    d.config["targets"]["nobody"] = entry(v, "wecom", "nobody", rate=0, url="http://127.0.0.1:9/send?key=1-2")
    d.write_config()
    d.start()
    equal(d.stop(), 0, "exit")
    for name in d.config["targets"]:
        for i in range(12 if name.endswith("-paced") else 1):
            push(d, name, {"kind": "alert", "short": str(40 + i), "title": "t", "text": f"第 {i} 个"})
    began = time.time()
    d.start()

    for label, kind in ROBOTS.items():
        for i, (sentence, script, state, calls) in enumerate(ENDS):
            @case(f"{label}: {sentence}")
            def _(label=label, name=f"{kind}-{i}", script=script, state=state, calls=calls):
                until(lambda: len(v.calls(name)) >= calls and pushes(d, name)[0]["state"] == state, 40, f"{state} after {calls} calls")
                got = v.calls(name)
                equal(len(got), calls, "calls")
                if script == "denied":
                    check(DENIED[label] in pushes(d, name)[0]["reason"], "the vendor's words", pushes(d, name))
                if script.startswith("429"):
                    check(1.9 < got[1]["at"] - got[0]["at"] < 12 * PATIENCE, "Retry-After", got)
                if script in ("drop,ok", "drop", "junk,ok"):
                    equal(len({json.dumps(json.loads(c["body"]).get("content") or json.loads(c["body"]).get("text")) for c in got}), 1,
                          "the same words, with the same id")

    for label, kind in ROBOTS.items():
        @case(f"{label}: the vendor's own limit answer makes the whole target wait")
        def _(label=label, name=f"{kind}-limit"):
            until(lambda: v.calls(name), 10, "the call")
            at = v.calls(name)[0]["at"]
            if WAITS[label] > 5:
                row = until(lambda: next((r for r in pushes(d, name) if r["state"] == "quota_hit"), None), 10, "quota_hit")
                due = datetime.datetime.fromisoformat(row["due"]).timestamp()
                check(WAITS[label] * 0.6 <= due - at <= WAITS[label] * 1.5, "until when", due - at)
                equal(len(v.calls(name)), 1, "it is left alone")
            else:
                until(lambda: len(v.calls(name)) == 2, 20, "again")
                check(2.9 <= v.calls(name)[1]["at"] - at <= 12 * PATIENCE, "as long as it said", v.calls(name))

    for label, kind in ROBOTS.items():
        @case(f"{label}: the vendor's rate holds without being named")
        def _(label=label, name=f"{kind}-paced"):
            burst = RATES[label] // 4
            until(lambda: len(v.calls(name)) >= min(12, burst), 30 + 60 * 12 / RATES[label], "they leave")
            until(lambda: len(v.calls(name)) >= 12 or time.time() - began > 20, 60, "some time")
            for seconds in (5, 10, 60):
                most = burst + seconds * RATES[label] / 60 + 1
                check(v.most_in(name, seconds) <= most, f"in {seconds} s", v.most_in(name, seconds), most)
            if label == "Feishu":
                check(v.most_in(name, 1) <= 5, "five a second", v.most_in(name, 1))
            equal(v.over.get(name), None, "over the vendor's limit")

    @case("a vendor that is not reached is tried again, and nothing was sent")
    def _():
        row = until(lambda: next((r for r in pushes(d, "nobody") if r["state"] == "retry_at"), None), 10, "retry_at")
        check(row["reason"], "why", row)

    equal(d.stop(), 0, "exit")
    case.done(d)
