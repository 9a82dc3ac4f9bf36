#!/usr/bin/env python3
"""A store played in virtual time keeps its own time under every command that needs no daemon: a day of the clock on the
wall would carry it over years, and retention would take what it holds."""
import contextlib
import json
import sqlite3

from harness import Cases, Daemon, check, equal, scratch

case = Cases()
RULES = {"rules": [{"id": "price", "when": {"any": ["多少钱"]}, "then": [{"tag": "问价"}, {"alert": {"to": "manager", "text": "x"}}]}]}
YEARS = 1640995200000  # 2022: whatever year it is now, what was said before is past a month's retention


def played(folder):
    d = Daemon(folder, {"store": {"reserve": "1MiB", "retention": "31d"}}, RULES, args=["--virtual", "max"])
    d.write_config()
    d.write_rules(RULES)
    said = folder / "said.jsonl"
    said.write_text("".join(json.dumps({"id": f"m{i}", "group": "g", "sender": "a", "text": f"第{i}个多少钱",
                                        "ts": f"2021-{9 + i // 10:02d}-{i % 10 + 1:02d}T12:00:00Z"}) + "\n"
                            for i in range(20)), encoding="utf-8")
    d.run("replay", "--virtual", said, check_exit=0)
    return d


def stored(d):
    with contextlib.closing(sqlite3.connect(f"file:{d.data / 'qund.db'}?mode=ro", uri=True)) as db:
        return db.execute("SELECT value FROM meta WHERE key = 'engine_time'").fetchone()[0]


def backtest(d, *more):
    return json.loads(d.run("backtest", "price", "--json", *more, check_exit=0)[1])


@case("commands without a daemon leave a virtual store where it stands")
def _():
    with scratch("virtual") as folder:
        d = played(folder)
        time, kept = stored(d), d.run("export", "messages", check_exit=0)[1]
        check(time < YEARS and kept.count("第") == 20, "2021, with its words", time, kept[:200])
        before = backtest(d)
        check(before["events"] > 0 and before["matches"] > 0, "what was said in its last month", before)
        who = folder / "who.csv"
        who.write_text("realm,id,name\nwecom,wm-import-1,王\n", encoding="utf-8")
        for words in (["alert", "ack", "1"], ["token", "create", "--role", "viewer"], ["import", "contacts", who],
                      ["explain", '{"text":"多少钱","group":"g","sender":"a"}', "price"]):
            d.run(*words, check_exit=0)
            equal(stored(d), time, f"the time after {words[0]}")
        d.run("plan", "create", "quick_flash_sale", "--start", "2021-12-01")  # taken or refused
        equal(stored(d), time, "the time after a plan")
        check("2021-" in d.run("digest", "1", check_exit=0)[1], "the digest is of its last day")
        d.run("task", "list", check_exit=0)
        equal(backtest(d), before, "backtest afterwards")
        with d:
            d.start()
            equal(d.stop(), 0, "a daemon went on with it")
        equal(d.run("export", "messages", check_exit=0)[1], kept, "nothing was dropped")


@case("a backtest counts from the newest message, not from now")
def _():
    with scratch("virtual") as folder:
        d = played(folder)
        whole = backtest(d)
        with contextlib.closing(sqlite3.connect(d.data / "qund.db")) as db:  # quiet for three years since
            db.execute("UPDATE meta SET value = value + 3 * 365 * 86400000 WHERE key = 'engine_time'")
            db.commit()
        equal(backtest(d), whole, "the same words")
        equal(backtest(d, "--days", "2")["events"], 3, "two days back from the newest, its own instant included")


case.done()
