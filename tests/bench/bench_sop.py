#!/usr/bin/env python3
"""Row 16: ten thousand tasks due in one second while events come in, and two weeks of a hundred groups simulated."""
import json
import pathlib
import random
import sqlite3
import subprocess
import tempfile
import threading
import time

from rig import QUICK, QUND, SOURCE, Daemon, load, row

GROUPS, STEPS = 100, 10 if QUICK else 100
RATE, AHEAD_S = 5000, 25
MESSAGES, DAYS = (20000 if QUICK else 200000), 14


class Planned(Daemon):
    """With staff who hold every role of a hundred of the load's groups, and one template."""

    def __init__(self):
        super().__init__("os")
        people = [f"s{i}" for i in range(10)]
        org = {"staff": [{"id": p, "name": p, "ids": [{"realm": "api", "id": p}], "push": ["ops"]} for p in people],
               "groups": [{"realm": "api", "id": f"wr{i:06}", "name": f"g{i}", "roles": {"consultant": [people[i % 10]]}}
                          for i in range(1, GROUPS + 1)]}
        (self.folder / "org.yaml").write_text(json.dumps(org), encoding="utf-8")
        folder = self.folder / "sop"
        folder.mkdir()
        steps = [{"id": f"S{n:03}", "at": f"+{AHEAD_S}s", "kind": "service", "role": "consultant", "channel": "staff_task",
                  "content": f"第 {n} 件事：看一眼，回复完成", "expect": {"metric": "task_done", "gte": 1, "window": "1h"},
                  "plan_b": {"role": "leader", "channel": "staff_task", "content": "问一声"}}
                 for n in range(1, STEPS + 1)]
        (folder / "rush.yaml").write_text(json.dumps(
            {"id": "rush", "title": "rush", "goal": {"main_conversion": "x", "targets": {"signups": 1}}, "steps": steps},
            ensure_ascii=False), encoding="utf-8")
        with self.config.open("a", encoding="utf-8") as f:
            f.write(f"org: {{file: org.yaml}}\nsop: {{dirs: ['{folder}']}}\n")

    def ask(self, *words):
        done = subprocess.run([QUND, *words, "--data", str(self.data), "--config", str(self.config), "--json"],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)


def watch(d, due, most):
    """Seconds after `due` at which each hundredth of the tasks was pushed, as another process sees the commits."""
    db = sqlite3.connect(f"file:{d.data}/qund.db?mode=ro", uri=True)
    seen = []
    while time.time() < due + 15 and (not seen or seen[-1][1] < GROUPS * STEPS):
        n = db.execute("SELECT count(*) FROM outbox WHERE alert < 0").fetchone()[0]
        seen.append((time.time() - due, n))
        if len(seen) % 20 == 0:  # reading it holds up whoever maps memory
            most[0] = max(most[0], d.memory_mb()[0])
        time.sleep(0.01)
    db.close()
    return next((t for t, n in seen if n >= 0.99 * GROUPS * STEPS), None), seen[-1][1]


def rush():
    with Planned().run() as d:
        begin = time.time()
        plan = d.ask("plan", "create", "rush", "--group", ",".join(str(i) for i in range(1, GROUPS + 1)), "--force")
        due, result, most = begin + AHEAD_S, {}, [0]
        print("made", plan.get("tasks"), f"in {time.time() - begin:.1f} s", flush=True)
        feeder = threading.Thread(target=lambda: result.update(
            load(d.address(), rate=RATE, body=50, conns=4, seconds=int(due + 8 - time.time()), window=200000)))
        feeder.start()
        time.sleep(max(0, due - time.time() - 0.5))
        late, n = watch(d, due, most)
        feeder.join()
        print("pushed", n, result, flush=True)
        return late, n, result, most[0]


TALK = ["早上好", "我家也是这样", "收到", "哈哈哈", "周末去看看", "谢谢", "楼上说得对", "今天降温了，出门多穿点", "下楼走走", "晚安"]
ASKS = ["请问周末几点开门？", "橱柜多少钱一米", "送货能送到楼上吗？", "验房要带什么工具？", "团购会怎么报名？"]
ANSWERS = ["周末 9:00 开门，直接来就行", "要看柜体和台面，我私聊您报价表", "可以送上楼，电梯房不加钱", "清单在群文件第一个"]


def write_chat(path):
    """Groups that are looked after: of twenty messages eighteen are talk, one asks, and two minutes later one of the staff
    answers it."""
    dice, rows, every = random.Random(16), [], 20
    for g in range(GROUPS):
        for n in range(MESSAGES // GROUPS // every):
            at = 1756684800000 + int((n + dice.random() / 2) * DAYS * 86400000 / (MESSAGES / GROUPS / every))
            for k in range(every - 2):
                rows.append((at + k * 240000, g, "customer", f"c{g + 1}-{dice.randrange(40) + 1:03}", dice.choice(TALK)))
            rows.append((at + 600000, g, "customer", f"c{g + 1}-{dice.randrange(40) + 1:03}", dice.choice(ASKS)))
            rows.append((at + 720000, g, "staff", "s-consultant", dice.choice(ANSWERS)))
    rows.sort()
    with path.open("w", encoding="utf-8") as f:
        for n, (at, g, role, who, text) in enumerate(rows):
            f.write(json.dumps({"id": f"m{n}", "ts": at, "group": f"r{g:03}", "sender": who, "sender_role": role, "text": text},
                               ensure_ascii=False) + "\n")


def simulated():
    with tempfile.TemporaryDirectory(prefix="qund-bench-") as folder:
        chat = pathlib.Path(folder) / "chat.jsonl"
        write_chat(chat)
        start = time.monotonic()
        done = subprocess.run([QUND, "simulate", "home_cold_start_groupbuy", "--group", "home", "--groups", str(GROUPS),
                               "--days", str(DAYS), "--start", "2026-09-01 08:00", "--messages", str(chat), "--json"],
                              capture_output=True, text=True, check=False)
        took = time.monotonic() - start
        if done.returncode:
            raise RuntimeError(done.stderr)
        summary = json.loads(done.stdout.splitlines()[-1])
        print(summary, flush=True)
        return took, summary


def main():
    took, summary = simulated()
    late, n, result, most = rush()
    row("16.1", f"{GROUPS * STEPS:,} tasks due in one second at {result['rate']:.0f} events/s: ready and outbox row committed, p99",
        f"{late:.2f} s" if late is not None else f"{n:,} of them", "<= 1 s", late is not None and late <= 1)
    row("16.3", "memory meanwhile", f"{most:.0f} MB", "<= 160 MB", most <= 160)
    row("16.2", f"{DAYS} days × {GROUPS} groups × {summary['events']:,} events simulated", f"{took:.1f} s", "<= 20 s",
        took <= 20)


main()
