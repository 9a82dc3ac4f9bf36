#!/usr/bin/env python3
"""What the whole program finds in chats it was tuned on, and in chats it was not.
# limit: 900 s

Each labelled chat is played with the shipped rules into a data folder of its own, its messages are
exported, and tests/support/judge.py compares all of them with the labels. Both parts have to reach
the figures that are promised: precision 0.90, recall 0.85, over all intents and rooms together. A
message that is taken back keeps nothing, and no message alarms the staff twice about one matter.
Run alone it takes names of label files, and --misses shows what went wrong in those for tuning.
"""
import glob
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("QUND_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
QUND = os.environ.get("QUND") or str(SOURCE / "build/ci/bin/qund")
TMP = pathlib.Path(os.environ.get("QUND_TMP") or tempfile.mkdtemp(prefix="qund-detection-"))
SAMPLE = SOURCE / "tests/data/conversations.jsonl"


def events_of(labels):
    """The chat itself: the label file without its labels, or the sample that it speaks of."""
    rows = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
    if "ts" not in rows[0]:
        return SAMPLE
    path = TMP / labels.name
    with path.open("w", encoding="utf-8") as f:
        for row in rows:
            row.pop("expect")
            f.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def exported(labels):
    data = TMP / ("data-" + labels.stem)
    for args in (["replay", "--virtual", str(events_of(labels))], ["export", "messages", "--format", "jsonl"]):
        run = subprocess.run([QUND, *args, "--data", str(data)], cwd=SOURCE, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"qund {args[0]} of {labels.name}: exit {run.returncode}\n{run.stderr[-2000:]}")
    return run.stdout


def wrong_in(labels, export):
    """What no label speaks of: taken-back messages that keep something, alerts said twice."""
    rows = [json.loads(line) for line in export.splitlines()]
    gone = {r.get("ref") for r in rows if r["type"] == "revoke"} - {None}
    wrong = [f"{labels.name}: {r['id']} is taken back and keeps {r['intents'] + r['rooms']}"
             for r in rows if r["id"] in gone and r["intents"] + r["rooms"] + r["phones"] + r["signups"]]
    db = sqlite3.connect(f"file:{TMP / ('data-' + labels.stem) / 'qund.db'}?mode=ro", uri=True)
    seen = set()
    for seq, rule in db.execute("SELECT m.seq, a.rule FROM alert_message m JOIN alert a ON a.id = m.alert"):
        matter = (seq, rule.split("-")[0])
        if matter in seen:
            wrong.append(f"{labels.name}: message {seq} raises two alerts of {matter[1]}")
        seen.add(matter)
    db.close()
    return wrong


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("--")]
    paths = [pathlib.Path(p) for p in names] or sorted(map(pathlib.Path, glob.glob(str(SOURCE / "tests/data/labels/*.jsonl"))))
    export, wrong = TMP / "export.jsonl", []
    with export.open("w", encoding="utf-8") as f:
        for path in paths:
            text = exported(path)
            wrong += wrong_in(path, text)
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
