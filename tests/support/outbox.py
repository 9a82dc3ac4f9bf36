"""Pushes as the engine makes them, put into the outbox of a daemon that is stopped, for what no rule
sends; and what became of them."""
import contextlib
import itertools
import json
import sqlite3
import time

NUMBERS = itertools.count()


def push(d, target, body):
    now = int(time.time() * 1000)
    with contextlib.closing(sqlite3.connect(d.data / "qund.db")) as db:
        db.execute("INSERT INTO outbox(key, target, state, urgent, body, created, deadline, changed) "
                   "VALUES(?, ?, 0, 0, ?, ?, ?, ?)",
                   (f"test:{now}:{next(NUMBERS)}", target, json.dumps(body, ensure_ascii=False), now, now + 600000, now))
        db.commit()


def pushes(d, target):
    """Its rows, oldest first."""
    with d.client() as c:
        rows = c.get("/api/v1/outbox?limit=500").json()["items"]
    return sorted((r for r in rows if r["target"] == target), key=lambda r: r["id"])
