"""Rows about the outside world: robots and webhooks that answer wrongly, are away, are hostile, or take a push and
say nothing."""
import collections
import contextlib
import json
import math
import re
import signal
import socket
import subprocess
import sys
import time as clock

from table import PATIENCE, Failed, check, row, until
from harness import TOP, Mailbox, spawn
from vendors import DINGTALK_SECRET, FEISHU_SECRET, TOKENS, Vendors


def robot(v, kind, name, **more):
    own = {"robot": kind} if kind in ("wecom", "dingtalk", "feishu") else {"robot": "template", "template": kind}
    secret = {"dingtalk": DINGTALK_SECRET, "feishu": FEISHU_SECRET}.get(kind)
    return {"kind": "robots", **own, "url": v.url(kind, name), "allow_private": True, "rate": 0, "timeout": "3s",
            **({"secret": secret} if secret else {}), **({"token": TOKENS[kind]} if kind in TOKENS else {}),
            **({"to": ["-100123"]} if kind == "telegram" else {}), **more}


class Asks:
    """Alerts of their own: each from somebody else in a group of its own."""

    def __init__(self, d):
        self.d, self.n = d, 0

    def send(self, n=1, text="这个多少钱"):
        with self.d.client() as c:
            events = [{"id": f"a{i}", "group": f"g{i}", "sender": f"u{i}", "text": text}
                      for i in range(self.n, self.n + n)]
            check(c.events(events).status == 202, "the events are taken")
        self.n += n


def rows_of(d):
    found, cursor = [], ""
    with d.client() as c:
        while True:
            page = c.get("/api/v1/outbox?limit=500" + (f"&cursor={cursor}" if cursor else "")).json()
            found += page["items"]
            cursor = page.get("next")
            if not cursor:
                return found


def states(d, target):
    return collections.Counter(r["state"] for r in rows_of(d) if r["target"] == target)


def ids_in(calls):
    """How often each short id took effect, alone or in a card."""
    found = collections.Counter()
    for call in calls:
        if call["effect"]:
            for one in set(re.findall(r"#(\d+)", call["body"])):
                found[one] += 1
    return found


CONFIG = {"alert": {"merge": "0s"}}

# What each vendor says, and what becomes of the push by the table.
ANSWERS = [(kind, word, state) for kind in ("wecom", "dingtalk", "feishu", "telegram", "slack", "bark")
           for word, state in (("busy", "retried"), ("limit", "quota_hit"), ("denied", "failed"), ("502", "retried"),
                               ("429", "quota_hit"), ("404", "failed"), ("302", "failed"), ("reset", "unknown"))]


@row("E1", "every wrong answer of six robots, one well target beside", "by the error table; the well one unaffected")
def e1(ctx):
    with Vendors() as v:
        targets = {"well": robot(v, "wecom", "well")}
        for kind, word, _ in ANSWERS:
            name = f"{kind}-{word}"
            targets[name] = robot(v, kind, name)
            v.script(name, word if word == "reset" else f"{word},ok")
        with ctx.daemon(config={**CONFIG, "targets": targets}) as d:
            d.start()
            start = clock.monotonic()
            Asks(d).send()
            until(lambda: len(v.calls("well")) == 1, 20, "the well one")
            took = clock.monotonic() - start
            wrong = []
            for kind, word, want in ANSWERS:
                name = f"{kind}-{word}"
                wanted = {"retried": "accepted"}.get(want, want)
                try:
                    until(lambda n=name, w=wanted: states(d, n)[w], 40, name, 0.2)
                except Failed:
                    wrong.append(f"{name}: {dict(states(d, name))}, want {wanted}")
                calls = len(v.calls(name))
                most = {"retried": 2, "unknown": 2}.get(want, 1)
                if calls > most:
                    wrong.append(f"{name}: {calls} calls, at most {most}")
            check(not wrong, "; ".join(wrong))
            check(states(d, "well") == {"accepted": 1}, "well", states(d, "well"))
            return f"{len(ANSWERS)} answers: each as its table says; the well one had its push after {took:.1f} s"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tries(d, target):
    """How often a try failed so far."""
    with d.client() as c:
        text = c.get("/metrics").body.decode()
    found = re.search(rf'qund_outbox_sent_total{{target="{target}",result="retry"}} (\d+)', text)
    return int(found[1]) if found else 0


def hours_until(instant):
    """Hours of rest that hold now and end at that full minute, on the installation's clock (Asia/Shanghai)."""
    minute = int(instant // 60 + 8 * 60) % 1440
    return "-".join(f"{m // 60:02}:{m % 60:02}" for m in ((minute - 180) % 1440, minute))


WAITING = {"rules": [{"id": level, "when": {"any": [word]}, "then": [{"alert": {"to": "consultant", "level": level, "text": word}}]}
                     for level, word in (("info", "多少钱"), ("urgent", "漏电"))]}


@row("E4", "the receiver is away (10 s; full form 30 min) with 200 alerts waiting; when it is back it is night",
     "<= 20 failures to open, bounded probes, small steps, each once, at night the urgent ones alone", 10, 1800, patient=True)
def e4(ctx):
    """Rounds are seconds."""
    port = free_port()
    with ctx.daemon(config={"alert": {"merge": "0s", "ladders": {"urgent": ["72h"]}}, "targets": {}}, rules=WAITING) as d:
        gone = Vendors.__new__(Vendors)
        gone.port = port
        d.config["targets"] = {"ops": robot(gone, "wecom", "ops")}
        d.write_config()
        d.start()
        asks = Asks(d)
        asks.send(190)
        until(lambda: tries(d, "ops") >= 10, 30, "the breaker opens", 0.05)
        clock.sleep(1)
        opened = tries(d, "ops")
        check(opened <= 20, f"{opened} failures before it is left alone")
        clock.sleep(ctx.rounds)     # the load of this row is time
        asks.send(10, "插座漏电")
        probes = tries(d, "ops") - opened
        # 5, 10, 20, 40 and from then on 60 s apart.
        most, at, wait = 2, 0, 5
        while at < ctx.rounds:
            at, wait, most = at + wait, min(2 * wait, 60), most + 1
        check(probes <= most, f"{probes} probes in {ctx.rounds} s, at most {most}")
        morning = 60 * math.ceil((clock.time() + (90 if ctx.full else 25)) / 60)
        d.config["quiet"] = {"hours": hours_until(morning)}
        d.write_config()
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: "event=config.loaded" in d.log(), 10, "the hours of rest are read")
        back = clock.monotonic()
        with Vendors(port) as v:
            v.scripts["ops"], v.limits = ["ok"], {"ops": 100000}
            until(lambda: v.calls("ops"), 90, "a probe finds it", 0.02)
            found = clock.monotonic() - back
            until(lambda: set(states(d, "ops")) <= {"accepted", "merged"}, 700, "all are sent", 0.2)
            first = [c["at"] for c in v.calls("ops")]
            crowd = sum(t < first[0] + 0.001 for t in first)
            told = ids_in(v.calls("ops"))
            doubled = [k for k, n in told.items() if n > 1]
            woken = [c["at"] - morning for c in v.calls("ops") if c["at"] < morning and "漏电" not in c["body"]]
            early = ids_in(c for c in v.calls("ops") if c["at"] < morning)
            check(not doubled, f"twice: {doubled[:5]}")
            check(len(told) == asks.n, f"{len(told)} of {asks.n} alerts arrived")
            check(crowd <= 1, f"{crowd} at the first instant")
            check(not woken, f"{len(woken)} messages came by night, the first {-min(woken, default=0):.1f} s before its end")
            check(len(early) == 10, f"{len(early)} of 10 urgent alerts came by night")
        return (f"away {ctx.rounds} s: {opened} failures, {probes} probes; back after {found:.0f} s, {len(early)} urgent ones "
                f"by night; {len(told)} alerts each once")


@row("E5", "robots that take it and close, drip or talk nonsense; kill -9 meanwhile", "each alert at most twice, one id;"
     " none lost, unknown is shown", 3, 30, patient=True)
def e5(ctx):
    with Vendors() as v:
        names = {"wecom": "drop,ok,ok,junk", "dingtalk": "ok,drop,ok", "feishu": "junk,ok,drip,ok"}
        targets = {kind: robot(v, kind, kind) for kind in names}
        v.limits = {kind: 100000 for kind in names}
        with ctx.daemon(config={**CONFIG, "targets": targets}) as d:
            d.start()
            asks = Asks(d)
            for _ in range(ctx.rounds):
                for kind, words in names.items():
                    v.script(kind, words + ",ok")
                asks.send(20)
                clock.sleep(0.3 + 1.5 * ctx.dice.random())
                d.kill9()
                d.start()
            settled = {"accepted", "merged", "unknown"}
            until(lambda: all(r["state"] in settled and (r["state"] != "unknown" or "due" not in r)
                              for r in rows_of(d)), 120, "all have ended", 0.3)
            parked = sum(r["state"] == "unknown" for r in rows_of(d))
            thrice, lost, twice = [], [], 0
            all_rows = rows_of(d)
            for kind in names:
                told = ids_in(v.calls(kind))
                thrice += [k for k, n in told.items() if n > 2]
                twice += sum(n == 2 for n in told.values())
                mine = [r for r in all_rows if r["target"] == kind]
                open_ids = {r["id"] for r in mine if r["state"] == "unknown"}
                shown = {r.get("alert") for r in mine if r["id"] in open_ids or r.get("merged_into") in open_ids}
                lost += [f"{kind} {i}" for i in range(1, asks.n + 1) if str(i) not in told and i not in shown]
            check(not thrice, f"three times: {thrice[:5]}")
            check(not lost, f"lost: {lost[:5]}")
            return (f"{ctx.rounds} kills, {3 * asks.n} alerts to three robots: lost 0, {twice} twice under their id, "
                    f"{parked} left to a person")


@row("E8C", "many alerts at once to one robot, whose vendor takes 20 a minute; the urgent ones come last",
     "<= 20 in any minute, in cards, urgent ones first, each told", 300, 1000, patient=True)
def e8c(ctx):
    """Rounds are alerts; the minute is a real one."""
    urgent = ctx.rounds // 20
    rules = {"rules": [{"id": level, "when": {"any": [word]}, "then": [{"alert": {"to": "consultant", "level": level, "text": word}}]}
                       for level, word in (("warn", "坏了"), ("urgent", "漏电"))]}
    with Vendors() as v, ctx.daemon(config={"targets": {}, "alert": {"ladders": {}}}, rules=rules) as d:
        d.config["targets"] = {"robot": {"kind": "robots", "robot": "wecom", "url": v.url("wecom", "robot"), "allow_private": True}}
        d.write_config()
        d.start()
        words = ["坏了，" + "请尽快派人来看一下" * 6] * (ctx.rounds - urgent) + ["漏电"] * urgent
        with d.client() as c:
            check(c.events([{"id": f"a{i}", "group": f"g{i % 40}", "group_name": "阳光花园三期业主交流群", "sender": f"u{i}",
                             "sender_name": f"{i}号 王姐", "text": text} for i, text in enumerate(words)]).status == 202, "taken")
        until(lambda: len(rows_of(d)) >= ctx.rounds and states(d, "robot").keys() <= {"accepted", "merged"},
              30 + 0.3 * ctx.rounds, "all have left", 1)
        calls = v.calls("robot")
        told, most = ids_in(calls), v.most_in("robot", 60)
        check(not v.over and most <= 20, f"{most} messages within a minute")
        check(set(map(int, told)) == set(range(1, ctx.rounds + 1)), f"{len(told)} of {ctx.rounds} alerts were told")
        first = {n: k for k, call in reversed(list(enumerate(calls))) for n in re.findall(r"#(\d+)", call["body"])}
        last = max(first[str(n)] for n in range(ctx.rounds - urgent + 1, ctx.rounds + 1))
        check(last <= 5 + urgent // 20, f"an urgent one came in message {last + 1} of {len(calls)}")
        check(len(calls) <= ctx.rounds / 15 + 10, f"{len(calls)} messages")
        return (f"{ctx.rounds} alerts in {len(calls)} messages over {calls[-1]['at'] - calls[0]['at']:.0f} s, at most {most} in a "
                f"minute, the urgent ones in the first {last + 1}")


def letters(box, **more):
    return {"kind": "mail", "host": "127.0.0.1", "port": box.port, "tls": "none", "from": "bot@example.com",
            "to": ["boss@example.com"], "allow_private": True, "rate": 0, "timeout": "2s", **more}


@row("E7", "hostile receivers: endless, dripping, silent, nonsense, 429, 410; silent and dripping mail servers",
     "bounded; isolated per target", 20, 300)
def e7(ctx):
    """Rounds are alerts."""
    kinds = {"endless": "endless", "drip": "drip", "stall": "stall", "headers": "headers", "junk": "junk",
             "wait": "429:2,429:2,200", "gone": "410", "reset": "reset"}
    folder = ctx.place()
    args = [sys.executable, TOP / "tests/support/receiver.py", "--log", folder / "log"]
    for name, words in kinds.items():
        args += ["--script", f"{name}={words}"]
    with contextlib.ExitStack() as servers:
        proc = servers.enter_context(spawn(args, stdout=subprocess.PIPE))
        servers.callback(proc.kill)
        boxes = {}
        for name, words in {"mail-silent": "silent", "mail-drip": "drip", "mail-well": "250"}.items():
            (folder / name).mkdir()
            boxes[name] = servers.enter_context(Mailbox(folder / name, words))
        url = f"http://127.0.0.1:{int(proc.stdout.readline())}/"
        targets = {name: {"url": url + name, "allow_private": True, "rate": 0, "timeout": "2s"}
                   for name in [*kinds, "well"]} | {name: letters(box) for name, box in boxes.items()}
        with ctx.daemon(config={**CONFIG, "targets": targets}) as d:
            d.start()
            asks, memory, slowest = Asks(d), d.memory_kib(), {"well": 0.0, "mail-well": 0.0}
            for _ in range(ctx.rounds):
                start = clock.monotonic()
                asks.send()
                for name in slowest:
                    until(lambda n=name: states(d, n)["accepted"] >= asks.n, 20, name, 0.02)
                    slowest[name] = max(slowest[name], clock.monotonic() - start)
            grown = d.memory_kib() - memory
            for name, seconds in slowest.items():
                check(seconds <= 2 * PATIENCE, f"{name} waited {seconds:.1f} s")
            check(grown <= 65536 * PATIENCE.times, f"memory grew by {grown} KiB")
            until(lambda: states(d, "gone")["failed"] == asks.n, 60, "410 is an end", 0.2)
            until(lambda: states(d, "wait")["accepted"] == asks.n, 60, "what asked for time had it", 0.2)
            descriptors = d.descriptors()
            check(descriptors < 120, f"{descriptors} descriptors")
            # Closed by the breaker, not for ever hammered.
            calls = collections.Counter(json.loads(line)["name"] for line in
                                        (folder / "log").read_text(encoding="utf-8").splitlines())
            mails = [len(boxes[name].log()) for name in ("mail-silent", "mail-drip")]
            check(min(mails) > 0, "the hostile mail servers were asked", mails)
            return (f"{asks.n} alerts, {len(kinds)} hostile receivers and 2 mail servers: the well one's slowest "
                    f"{1000 * slowest['well']:.0f} ms, the well mail's {1000 * slowest['mail-well']:.0f} ms, memory "
                    f"+{max(0, grown):,} KiB, at most {max(calls[k] for k in ('stall', 'drip', 'reset'))} calls, "
                    f"{max(mails)} mails")
