#!/usr/bin/env python3
"""What a full store costs: rows 8 and 9 at two million messages, row 13 at five."""
import http.client
import json
import shutil
import socket
import sqlite3
import tempfile
import time

import rig
from rig import Daemon, Tight, k, median, row

MILLION = 100000 if rig.QUICK else 1000000
PART = MILLION // 10
FAST = {"conns": 4, "body": 1000, "window": 40000}


class Local(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(connection, path):
    start = time.perf_counter()
    connection.request("GET", path)
    body = connection.getresponse().read()
    return (time.perf_counter() - start) * 1000, json.loads(body)


def bytes_of(path, names):
    """Bytes of the tables and indexes whose name begins with one of these."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    sizes = db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
    return sum(n for name, n in sizes if name.startswith(names))


def bare_bytes():
    """The bare table with its two indexes, of the same chat."""
    with Tight("os").run() as t:
        rig.load(t.address(), form="raw", events=PART, **FAST)
        t.stop()
        return bytes_of(t.folder / "tight.db", ("message", "sqlite_autoindex_message")) / PART


def grow(folder):
    """Fills two millions and gives the rates of the last tenth of each."""
    rates = []
    with Daemon("os", folder=folder, search=False).run() as d:
        for part in range(2):
            rig.load(d.sock, events=MILLION - PART, seed=10 + 2 * part, **FAST)
            rates.append(rig.load(d.sock, events=PART, seed=11 + 2 * part, **FAST)["rate"])
    return rates


def common_pair(folder):
    db = sqlite3.connect(f"file:{folder}/data/qund.db?mode=ro", uri=True)
    table = db.execute("SELECT name FROM sqlite_schema WHERE name GLOB 'message_[0-9]*' AND type = 'table'").fetchone()[0]
    texts = [r[0] for r in db.execute(f"SELECT text FROM {table} WHERE seq % 997 = 0 LIMIT 500")]
    count = {}
    for text in texts:
        for i in range(len(text) - 1):
            if "，" not in text[i:i + 2]:
                count[text[i:i + 2]] = count.get(text[i:i + 2], 0) + 1
    return max(count, key=count.get)


def read(folder):
    """Fills the search index, then asks."""
    with Daemon("os", folder=folder).run() as d:
        start, last = time.monotonic(), -1
        db = sqlite3.connect(f"file:{folder}/data/qund.db?mode=ro", uri=True)
        while True:
            done = db.execute("SELECT max(seq) FROM search_cursor").fetchone()[0] or 0
            if done >= 2 * MILLION or time.monotonic() - start > 1800:
                break
            time.sleep(0.5)
        filled = time.monotonic() - start
        c = Local(d.sock)
        groups = ask(c, "/api/v1/groups?limit=1")[1]
        group = next(iter(groups.values()))[0]["id"]
        page = [ask(c, f"/api/v1/groups/{group}/messages?limit=50")[0] for _ in range(50)]
        import urllib.parse
        pair = common_pair(folder)
        find = []
        for _ in range(20):
            ms, hits = ask(c, f"/api/v1/search?limit=50&q={urllib.parse.quote(pair)}")
            find.append(ms)
        hits = next(iter(hits.values()))
        ping = median([ask(c, "/healthz")[0] for _ in range(50)])
        print("filled", filled, "page", page, "search", find, "hits", len(hits), "ping", ping, flush=True)
        return filled, median(page), median(find), len(hits), ping


def starts(folder):
    """Five more starts of a store that has grown to five millions: until the first event is accepted."""
    with Daemon("os", folder=folder, search=False).run() as d:
        rig.load(d.sock, events=3 * MILLION, seed=20, **FAST)
    times = []
    for n in range(3 if rig.QUICK else 5):
        with Daemon("os", folder=folder) as d:
            def accepted(d=d, n=n):
                try:
                    c = Local(d.sock)
                    c.request("POST", "/api/v1/events", json.dumps(
                        {"id": f"start-{n}", "group": "wr000001", "sender": "wm00000001", "text": "早"}))
                    return c.getresponse().status == 202
                except OSError:
                    return False
            d.start(d.command(), accepted)
            times.append(d.start_s * 1000)
    print("starts", times, flush=True)
    return median(times)


def main():
    folder = tempfile.mkdtemp(prefix="qund-bench-")
    try:
        bare = bare_bytes()
        first, second = grow(folder)
        row("8.1", f"rate at {2 * MILLION:,} stored / at {MILLION:,}", f"{second / first:.2f} ({k(second)} / {k(first)})",
            ">= 0.8", second >= 0.8 * first)
        own = bytes_of(f"{folder}/data/qund.db", ("message_", "sqlite_autoindex_message_")) / (2 * MILLION)
        row("9.1", "bytes a message / bare table with its two indexes", f"{own / bare:.2f} ({own:.0f} / {bare:.0f} B)",
            "<= 1.15", own <= 1.15 * bare)
        filled, page, find, hits, ping = read(folder)
        row("8.2", "last 50 of a group, by the API", f"{page:.2f} ms (an empty request {ping:.2f})", "<= 1 ms",
            page - ping <= 1)
        row("8.3", f"2-character search, newest {hits} hits", f"{find:.1f} ms", "<= 100 ms", find <= 100)
        search = bytes_of(f"{folder}/data/qund.db", ("message_", "sqlite_autoindex_message_", "search_2")) / (2 * MILLION)
        row("9.2", "the same with search", f"{search / bare:.2f} ({search:.0f} B)", "<= 2.0", search <= 2 * bare)
        row("8.4", "search index filled afterwards", f"{k(2 * MILLION / filled)}")
        first = starts(folder)
        row("13", f"start to first accepted event, {rig.WORDS} rules and {5 * MILLION:,} messages", f"{first:.0f} ms",
            "<= 150 ms", first <= 150)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
