#!/usr/bin/env python3
"""Compares what qund found in chats with labels made by hand.

    qund export messages --format jsonl | tests/support/judge.py [LABELS…] --export -
    tests/support/judge.py tests/data/labels/held_*.jsonl --export export.jsonl

A label line holds `id` and `expect: {intents, rooms, phones, signups}` (and `call`, what a message of the
staff calls for: that is for scripts/train-lean and not judged); the other fields are the
event itself, so a label file can be replayed as it is. Lines of sample.jsonl hold id and expect only
and belong to tests/data/conversations.jsonl. Files with held_ in their name were never used for tuning and
are counted apart, and those of FRESH once more apart: written when the rules were as good as done, they
say how it goes in groups nobody had in mind.

Counted are pairs (message, intent) and (message, room); phones, owners of rooms and sign-ups are
shown beside them. A message that is labelled but not exported counts as found nothing.
Exit 1 when micro precision < --precision or recall < --recall among the tuned or the held-out ones, 2 on
usage. The fresh ones are reported and fail nothing: they do not reach these figures (docs/detection.md).
"""
import argparse
import collections
import glob
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LABELS = os.path.join(HERE, "..", "data", "labels", "*.jsonl")
FRESH = ("blind3_held_", "blind5_held_", "blind6_held_", "blind8_held_", "blind9_held_", "daily_held_")
CUSTOMER_INTENTS = (
    "price_question", "complaint", "purchase_intent", "signup", "signup_cancel", "signup_confirm",
    "needs_reply", "room_no", "phone", "spam", "opt_out", "staff_risk",
)


def lines(stream, name):
    for number, line in enumerate(stream, 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as e:
                sys.exit(f"{name}:{number}: not JSON: {e}")


def read_labels(paths):
    """{part: {id: expect}} and the texts, for showing misses."""
    parts, texts = {"tuning": {}, "held-out": {}, "fresh held-out": {}}, {}
    for path in paths:
        name = os.path.basename(path)
        part = "fresh held-out" if name.startswith(FRESH) else "held-out" if "held_" in name else "tuning"
        with open(path, encoding="utf-8") as f:
            for row in lines(f, path):
                if any(row["id"] in p for p in parts.values()):
                    sys.exit(f"{path}: id {row['id']} is labelled twice")
                parts[part][row["id"]] = row["expect"]
                texts[row["id"]] = row.get("text", "")
    return parts, texts


def read_export(path, texts):
    found = {}
    with (sys.stdin if path == "-" else open(path, encoding="utf-8")) as f:
        for row in lines(f, path):
            found[row["id"]] = row
            texts[row["id"]] = row.get("text") or texts.get(row["id"], "")
    return found


def facets(row):
    """What is compared, as sets; the first two are the judged ones."""
    rooms = row.get("rooms") or []
    signups = row.get("signups") or []
    return {
        "intents": {i for i in row.get("intents") or [] if i in CUSTOMER_INTENTS},
        "room": {r["room"] for r in rooms},
        "owner": {(r["room"], r.get("owner")) for r in rooms},
        "phone value": set(row.get("phones") or []),
        # A doubt alone ("不一定") may be noted or not; a party that nobody said is not compared.
        "signup row": {(s["state"], s.get("party") or None) for s in signups},
    }


class Count:
    def __init__(self):
        self.hit = self.extra = self.missed = 0

    def add(self, got, want):
        self.hit += len(got & want)
        self.extra += len(got - want)
        self.missed += len(want - got)

    def precision(self):
        return self.hit / (self.hit + self.extra) if self.hit + self.extra else 1.0

    def recall(self):
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else 1.0


def judge(expected, found):
    counts, total, misses = collections.defaultdict(Count), Count(), []
    for mid, want_row in expected.items():
        want, got = facets(want_row), facets(found.get(mid, {}))
        for intent in want["intents"] | got["intents"]:
            counts[intent].add(got["intents"] & {intent}, want["intents"] & {intent})
        total.add(got["intents"], want["intents"])
        total.add(got["room"], want["room"])
        for name in ("room", "owner", "phone value", "signup row"):
            counts["= " + name].add(got[name], want[name])
        extra = ["+" + str(x) for f in ("intents", "owner") for x in sorted(got[f] - want[f])]
        missed = ["-" + str(x) for f in ("intents", "owner") for x in sorted(want[f] - got[f])]
        if extra or missed:
            misses.append((mid, extra + missed))
    return counts, total, misses


def show(part, counts, total):
    print(f"\n{part}")
    print(f"  {'':18} {'hit':>5} {'extra':>5} {'missed':>6}  precision  recall")
    order = [i for i in CUSTOMER_INTENTS if i in counts]
    for name in order + sorted(n for n in counts if n.startswith("=")):
        c = counts[name]
        print(f"  {name:18} {c.hit:5} {c.extra:5} {c.missed:6}  {c.precision():9.3f}  {c.recall():6.3f}")
    print(f"  {'all intents, rooms':18} {total.hit:5} {total.extra:5} {total.missed:6}"
          f"  {total.precision():9.3f}  {total.recall():6.3f}")
    print(f"{part}: micro precision {total.precision():.3f}, recall {total.recall():.3f}"
          f" ({total.hit} found, {total.extra} too many, {total.missed} missed)")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("labels", nargs="*", help="label files (default: all of tests/data/labels)")
    p.add_argument("--export", required=True, help="what `qund export messages` wrote; - is stdin")
    p.add_argument("--precision", type=float, default=0.90)
    p.add_argument("--recall", type=float, default=0.85)
    p.add_argument("--misses", action="store_true", help="list the differences of the tuning part")
    args = p.parse_args()

    parts, texts = read_labels(args.labels or sorted(glob.glob(LABELS)))
    found = read_export(args.export, texts)
    good = True
    for part, expected in parts.items():
        if not expected:
            continue
        counts, total, misses = judge(expected, found)
        show(part, counts, total)
        if part != "fresh held-out":
            good = good and total.precision() >= args.precision and total.recall() >= args.recall
        if args.misses and part == "tuning": # the held-out part stays unread, else it is none
            for mid, what in misses:
                print(f"  {mid} {texts.get(mid, '')[:60]!r}: {' '.join(what)}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
