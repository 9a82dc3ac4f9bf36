"""The judge: what was acknowledged against what is stored, and each effect against its event.

    python3 tests/support/check.py STORE CHAT.jsonl [ACKED] [EFFECTS]

lost     an event that was answered 2xx and is not in the store; an effect that a stored event must
         have and has not
doubled  an event or an effect of it that is there twice; a push that reached the receiver under two
         ids (the same id twice is what ids are for, and is counted as a repeat)
foreign  a stored event that nobody sent
stuck    what should have ended and has not: a push not delivered, a dead letter

What effects an event must have is computed from its text alone (load.py writes them so), never from
the rows. Prints one sum; exits 1 when any of it is not 0.
"""
import collections
import json
import pathlib
import sqlite3
import sys

ASK_WORD, BRAND_WORD = "多少钱", "欧派"
ASK_POINTS, BRAND_POINTS = 10, 1
DELIVERED = (2, 4)      # accepted, delivered


class Verdict:
    def __init__(self):
        self.lost, self.doubled, self.foreign, self.stuck = [], [], [], []
        self.numbers = collections.OrderedDict()

    @property
    def ok(self):
        return not (self.lost or self.doubled or self.foreign or self.stuck)

    def sum(self):
        return (f"lost {len(self.lost)}, doubled {len(self.doubled)}, foreign {len(self.foreign)}, "
                f"stuck {len(self.stuck)} (" + ", ".join(f"{k} {v}" for k, v in self.numbers.items()) + ")")

    def details(self, most=5):
        return "; ".join(f"{name}: {', '.join(map(str, found[:most]))}" for name, found in
                         (("lost", self.lost), ("doubled", self.doubled), ("foreign", self.foreign),
                          ("stuck", self.stuck)) if found)


def exactly(v, what, got, want):
    """Compares two mappings key → count."""
    for key in want.keys() - got.keys():
        v.lost.append(f"{what} of {key}")
    for key in got.keys() - want.keys():
        v.foreign.append(f"{what} of {key}")
    for key in want.keys() & got.keys():
        if got[key] > want[key]:
            v.doubled.append(f"{what} of {key}: {got[key]} for {want[key]}")
        elif got[key] < want[key]:
            v.lost.append(f"{what} of {key}: {got[key]} for {want[key]}")


def pairs(db, sql):
    return dict(db.execute(sql).fetchall())


def months(db):
    return [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB"
                                     " 'message_[0-9]*' ORDER BY name")]


def stored_events(db):
    """seq → (id, sender, text) of every message in the store."""
    out = {}
    for table in months(db):
        out.update({seq: (eid, sender, text or "") for seq, eid, sender, text in db.execute(
            f"SELECT m.seq, m.eid, i.pid, m.text FROM {table} m LEFT JOIN identity i"
            " ON i.contact = m.contact AND i.realm = m.realm")})
    return out


def check_messages(v, stored, sent, acked):
    ids = collections.Counter(eid for eid, _, _ in stored.values())
    v.doubled += [f"event {eid} stored {n} times" for eid, n in ids.items() if n > 1]
    v.lost += [f"event {eid}" for eid in acked if eid not in ids]
    v.foreign += [f"event {eid}" for eid in ids if eid not in sent]
    v.numbers["sent"], v.numbers["acknowledged"], v.numbers["stored"] = len(sent), len(acked), len(ids)


def check_effects(v, db, stored):
    asks = {seq: who for seq, (_, who, text) in stored.items() if ASK_WORD in text}
    brands = {seq: who for seq, (_, who, text) in stored.items() if BRAND_WORD in text}
    score = collections.Counter()
    for who in asks.values():
        score[who] += ASK_POINTS
    for who in brands.values():
        score[who] += BRAND_POINTS
    person = "(SELECT pid FROM identity WHERE contact = {}.contact LIMIT 1)"

    exactly(v, "points", pairs(db, f"SELECT {person.format('lead')}, score FROM lead WHERE score <> 0"), score)
    exactly(v, "lead event", pairs(db, "SELECT seq, count(*) FROM lead_event WHERE delta <> 0 GROUP BY seq"),
            {seq: 1 for seq in asks.keys() | brands.keys()})
    for tag, who in (("意向:询价", asks), ("关注:品牌", brands)):
        exactly(v, "tag " + tag, pairs(db, f"SELECT DISTINCT {person.format('contact_tag')}, 1 FROM contact_tag"
                                           f" JOIN tag ON tag.id = contact_tag.tag WHERE tag.name = '{tag}'"),
                {w: 1 for w in who.values()})
    exactly(v, "alert", pairs(db, "SELECT seq, count(*) FROM alert_message GROUP BY seq"), {seq: 1 for seq in asks})
    exactly(v, "alert row", pairs(db, "SELECT seq, sum(n) FROM alert GROUP BY seq"), {seq: 1 for seq in asks})
    exactly(v, "rules fired", pairs(db, "SELECT seq, json_array_length(rules) FROM mark WHERE rules IS NOT NULL"),
            {seq: 1 for seq in asks.keys() | brands.keys()})
    counted = db.execute("SELECT coalesce(sum(messages), 0) FROM measure").fetchone()[0]
    exactly(v, "messages counted", {"all": counted}, {"all": len(stored)})
    v.numbers["tags, leads and alerts of"] = len(asks) + len(brands)
    return asks


def check_pushes(v, db, asks, effects):
    """One push an alert; at the receiver one id an alert."""
    alerts = pairs(db, "SELECT id, seq FROM alert")
    exactly(v, "push", pairs(db, "SELECT alert, count(*) FROM outbox GROUP BY alert"), {a: 1 for a in alerts})
    for state, n in db.execute("SELECT state, count(*) FROM outbox GROUP BY state"):
        if state not in DELIVERED:
            v.stuck.append(f"{n} pushes in state {state}")
    v.numbers["pushes"] = len(alerts)
    if effects is None:
        return
    ids, repeats, bad = collections.defaultdict(set), 0, 0
    for call in effects:
        bad += call["signature"] != "ok"
        if not call["effect"]:
            continue
        alert = int(json.loads(call["body"])["short"])
        repeats += call["id"] in ids[alert]
        ids[alert].add(call["id"])
    exactly(v, "effect at the receiver", {a: len(s) for a, s in ids.items()}, {a: 1 for a in alerts})
    if bad:
        v.foreign.append(f"{bad} calls with a bad signature")
    v.numbers["effects received"], v.numbers["repeats by id"] = len(ids), repeats


def judge(store, sent, acked, effects=None, pushes=True):
    """store: path; sent, acked: ids; effects: lines of the receiver, None when there is none."""
    v = Verdict()
    db = sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)
    try:
        db.execute("BEGIN")
        found = db.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            v.lost.append("integrity_check: " + found)
        stored = stored_events(db)
        check_messages(v, stored, set(sent), set(acked))
        asks = check_effects(v, db, stored)
        if pushes:
            check_pushes(v, db, asks, effects)
        v.stuck += [f"dead {kind} {key}: {why}" for kind, key, why in
                    db.execute("SELECT kind, key, reason FROM dead WHERE state = 0")]
    finally:
        db.close()
    return v


def main():
    if not 3 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    sent = [json.loads(line)["id"] for line in pathlib.Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    acked = pathlib.Path(sys.argv[3]).read_text(encoding="utf-8").split() if len(sys.argv) > 3 else sent
    effects = ([json.loads(line) for line in pathlib.Path(sys.argv[4]).read_text(encoding="utf-8").splitlines()]
               if len(sys.argv) > 4 else None)
    v = judge(sys.argv[1], sent, acked, effects)
    print(v.sum())
    if not v.ok:
        print(v.details(20))
    sys.exit(0 if v.ok else 1)


if __name__ == "__main__":
    main()
