#!/usr/bin/env python3
"""What the whole program finds in chats it was tuned on, and in chats it was not.
# limit: 300 s

The labelled chats are played with the shipped rules, their messages are exported, and
tests/support/judge.py compares all of them with the labels. Starting a program and a data folder for
each chat would cost more than playing it: chats that share neither a group nor a person are merged by
time and played together, which gives each of them the same figures as alone. Both parts have to reach
what is promised: precision 0.90, recall 0.85, over all intents and rooms together. A message that is
taken back keeps nothing, and no message alarms the staff twice about one matter.
Run alone it takes names of label files, and --misses shows what went wrong in those for tuning.
"""
import datetime
import glob
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

SOURCE = pathlib.Path(os.environ.get("QUND_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
QUND = os.environ.get("QUND") or str(SOURCE / "build/ci/bin/qund")
TMP = pathlib.Path(os.environ.get("QUND_TMP") or tempfile.mkdtemp(prefix="qund-detection-"))
SAMPLE = SOURCE / "tests/data/conversations.jsonl"
LANES = 2


class Lane:
    """One data folder and the chats that are played into it."""

    def __init__(self, number):
        self.name, self.events, self.known = f"lane{number}", [], set()

    def add(self, chat, names):
        self.events += chat
        self.known |= names


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def chat_of(labels):
    """The chat itself, [(time, event)]: the label file without its labels, or the sample that it speaks
    of. A chat keeps its own order, also where its clock goes back."""
    rows = rows_of(labels)
    if "ts" not in rows[0]:
        rows = rows_of(SAMPLE)
    chat, latest = [], 0.0
    for row in rows:
        row.pop("expect", None)
        latest = max(latest, datetime.datetime.fromisoformat(row["ts"]).timestamp())
        chat.append((latest, row))
    return chat


def lanes_of(paths):
    """Deals the chats out, the longest first; those that share a group or a person never meet."""
    lanes, ids = [Lane(i) for i in range(LANES)], set()
    chats = sorted(((path, chat_of(path)) for path in paths), key=lambda c: -len(c[1]))
    for path, chat in chats:
        mine = [row["id"] for _, row in chat]
        if len(ids | set(mine)) < len(ids) + len(mine):
            sys.exit(f"{path.name}: an id of it is used twice, in it or in another chat; the judge could not tell them apart")
        ids |= set(mine)
        names = {(key, row[key]) for _, row in chat for key in ("group", "sender") if row.get(key)}
        free = [lane for lane in lanes if not lane.known & names]
        if not free:
            lanes.append(Lane(len(lanes)))
            free = lanes[-1:]
        min(free, key=lambda lane: len(lane.events)).add(chat, names)
    return [lane for lane in lanes if lane.events]


def exported(lane):
    path, data = TMP / (lane.name + ".jsonl"), TMP / ("data-" + lane.name)
    with path.open("w", encoding="utf-8") as f:
        for _, row in sorted(lane.events, key=lambda e: e[0]):
            f.write(json.dumps(row, ensure_ascii=False) + "\n")
    for args in (["replay", "--virtual", str(path)], ["export", "messages", "--format", "jsonl"]):
        run = subprocess.run([QUND, *args, "--data", str(data)], cwd=SOURCE, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"qund {args[0]} of {path.name}: exit {run.returncode}\n{run.stderr[-2000:]}")
    return run.stdout


def wrong_in(lane, export):
    """What no label speaks of: taken-back messages that keep something, alerts said twice."""
    rows = [json.loads(line) for line in export.splitlines()]
    gone = {r.get("ref") for r in rows if r["type"] == "revoke"} - {None}
    wrong = [f"{r['id']} is taken back and keeps {r['intents'] + r['rooms']}"
             for r in rows if r["id"] in gone and r["intents"] + r["rooms"] + r["phones"] + r["signups"]]
    db = sqlite3.connect(f"file:{TMP / ('data-' + lane.name) / 'qund.db'}?mode=ro", uri=True)
    seen = set()
    for seq, rule in db.execute("SELECT m.seq, a.rule FROM alert_message m JOIN alert a ON a.id = m.alert"):
        matter = (seq, rule.split("-")[0])
        if matter in seen:
            wrong.append(f"{lane.name}: message {seq} raises two alerts of {matter[1]}")
        seen.add(matter)
    db.close()
    return wrong


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("--")]
    paths = [pathlib.Path(p) for p in names] or sorted(map(pathlib.Path, glob.glob(str(SOURCE / "tests/data/labels/*.jsonl"))))
    export, wrong = TMP / "export.jsonl", []
    with export.open("w", encoding="utf-8") as f:
        lanes = lanes_of(paths)
        with ThreadPoolExecutor(LANES) as pool:
            for lane, text in zip(lanes, pool.map(exported, lanes)):
                wrong += wrong_in(lane, text)
                f.write(text)
    judge = subprocess.run([sys.executable, str(SOURCE / "tests/support/judge.py"), *map(str, paths),
                            "--export", str(export), *[a for a in sys.argv[1:] if a.startswith("--")]],
                           capture_output=True, text=True)
    for line in judge.stdout.splitlines():
        # The figures belong to the output of scripts/test; the table of each intent to this test's.
        print("FIGURE detection, " + line if "micro" in line else line)
    sys.stderr.write(judge.stderr)
    print("\n".join(wrong))
    return 1 if wrong else judge.returncode


if __name__ == "__main__":
    sys.exit(main())
