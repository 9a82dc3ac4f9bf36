#!/usr/bin/env python3
"""OneBot 11 by reverse WebSocket through the whole path (socket, durable, matched, committed, acked), over
one connection and over 100, beside the tight program, a plain Node bot and koishi that stores, all on the
same made-up chat: rows 1, 2, 3, 10, 11 and 14 for this path. The parts run in turn, medians are compared."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import rig
from bench_path import histogram
from rig import PORT, Daemon, Process, Tight, k, measured, median, row, spread

NODE = pathlib.Path(__file__).resolve().parent / "node"
# The shortest form proves that everything runs: QUND_ONEBOT_SECONDS=2 QUND_ONEBOT_ROUNDS=1.
ROUNDS = int(os.environ.get("QUND_ONEBOT_ROUNDS", "2" if rig.QUICK else "3"))
SECONDS = float(os.environ.get("QUND_ONEBOT_SECONDS", "4" if rig.QUICK else "30"))
WINDOW = 40000
BOT = f"127.0.0.1:{PORT + 4}"
FRAMES = {"form": "onebot", "token": "bench"}
BURST = {1: 400, 100: 8}      # frames a connection sends at once, in saturation


def installed():
    """The packages beside their list, the one with native code built here."""
    lock, have = NODE / "package-lock.json", NODE / "node_modules/.installed"
    if not shutil.which("node"):
        return "no node"
    if have.exists() and have.read_bytes() == lock.read_bytes():
        return ""
    print("installing the packages of tests/bench/node", flush=True)
    for command in (["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["npm", "rebuild", "better-sqlite3"]):
        done = subprocess.run(command, cwd=NODE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            return f"{' '.join(command)}: {done.stdout[-300:]}"
    shutil.copy(lock, have)
    return ""


class Bridged(Daemon):
    """The daemon with a OneBot channel; no member lists, no answers wanted."""

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        channel = "{kind: onebot, token: bench, members: 0s, history: 0}"    # of at most 64 accounts
        with self.config.open("a", encoding="utf-8") as f:
            f.write(f"channels: {{bench0: {channel}, bench1: {channel}}}\n")

    def where(self):
        return {"to": f"127.0.0.1:{PORT}", "path": "/hook/bench", "shards": 2}

    def ready(self):
        return super().ready() and self.channel_open()

    def channel_open(self):
        got = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{PORT}/hook/bench0/"],
                             capture_output=True, text=True, check=False).stdout
        return got not in ("503", "000")


class Bot(Process):
    """A Node program that listens for bridges."""

    def __init__(self, script, accounts=1, counter=BOT):
        super().__init__()
        self.script, self.accounts, self.counter = script, accounts, counter
        (self.folder / "words").write_text(rig.printed("words"), encoding="utf-8")

    def run(self):
        os.environ["ACCOUNTS"] = str(self.accounts)
        self.start(["node", str(NODE / self.script), BOT.rsplit(":", 1)[1], str(self.folder), str(self.folder / "words")], self.up)
        return self

    def up(self):
        return b"up" in (self.folder / "out").read_bytes()

    def address(self):
        return self.counter

    def where(self):
        return {"to": BOT, "path": "/onebot"}


def per(values):
    return f"{k(median(values))} ±{spread(values) * 100:.0f} %"


def saturated(server, conns, seed, **more):
    options = {"seconds": SECONDS, "window": WINDOW, "conns": conns, "seed": seed, "body": BURST[conns], **FRAMES,
               **server.where(), **more}
    return measured(server, **options)


def shown(name, n, result):
    print(json.dumps({"round": n + 1, "what": name, **result}), flush=True)
    return result


def saturation(node):
    runs = {name: [] for name in ("tight", "one", "hundred", "disk", "plain", "koishi")}
    for n in range(ROUNDS):
        with Tight("os").run() as t:
            runs["tight"].append(shown("tight", n, measured(t, form="raw", seed=n + 1, seconds=SECONDS, conns=4, body=1000,
                                                            window=WINDOW)))
        for name, durability, conns in (("one", "os", 1), ("hundred", "os", 100), ("disk", "disk", 1)):
            with Bridged(durability, search=False).run() as d:
                runs[name].append(shown(name, n, saturated(d, conns, n + 1)))
        if node:
            continue
        with Bot("plain.mjs").run() as b:
            runs["plain"].append(shown("plain", n, saturated(b, 1, n + 1)))
        with Bot("koishi.cjs", counter=f"127.0.0.1:{PORT + 5}").run() as b:
            runs["koishi"].append(shown("koishi", n, saturated(b, 1, n + 1, window=200, body=1)))
    rates = {name: [r["rate"] for r in found] for name, found in runs.items()}

    def ratio(number, what, a, b, goal):
        if rates[b]:
            x = median(rates[a]) / median(rates[b])
            row(number, what, f"{x:.2f} ({per(rates[a])} / {per(rates[b])})", f">= {goal}", x >= goal)

    ratio("1.1", "OneBot over 1 WebSocket, os / tight", "one", "tight", 0.75)
    ratio("1.2", "the same over 100", "hundred", "tight", 0.75)
    ratio("2.1", "OneBot, disk / os", "disk", "one", 0.5)
    if node:
        row("3.1", "beside a plain Node bot and koishi", f"not run: {node}", "", False)
    ratio("3.1", "OneBot / a plain Node bot with the same rows", "one", "plain", 4)
    ratio("3.2", "OneBot / koishi that stores", "one", "koishi", 150)
    cpu = {name: median([r["cpu_us"] for r in found]) for name, found in runs.items() if found}
    row("14.1", "processor time an event of OneBot, with Redis / tight", f"{cpu['one'] / cpu['tight']:.2f} "
        f"({cpu['one']:.1f} / {cpu['tight']:.1f} us" + (f", plain Node {cpu['plain']:.1f}" if "plain" in cpu else "") + ")",
        "<= 1.4", cpu["one"] <= 1.4 * cpu["tight"])


def latency():
    """500 events a second over 100 connections: until heard in the live feed, which comes after the commit."""
    options = {"rate": 500, "seconds": min(SECONDS, 20), "conns": 100, "body": 1, **FRAMES}
    runs, tight = [], []
    for n in range(ROUNDS):
        with Tight("os").run() as t:
            rig.load(t.address(), form="raw", rate=500, seconds=min(SECONDS, 20), conns=8, body=1, seed=n + 1)
            tight.append(json.loads(t.stop()))
        with Bridged("os", webhook=PORT + 2, search=False).run() as d:
            runs.append(shown("500/s", n, rig.load(d.sock, live=1, webhook=PORT + 2, seed=n + 1, **options, **d.where())))
    p50, p99, push = (median([r[a][b] for r in runs]) for a, b in (("heard", "p50_ms"), ("heard", "p99_ms"),
                                                                   ("pushed", "p99_ms")))
    t99 = median([t["p99_ms"] for t in tight])
    row("10.4", "500/s of OneBot over 100 WebSockets: to commit and feed, p50", f"{p50:.2f} ms", "<= 1 ms", p50 <= 1)
    row("10.5", "the same, p99", f"{p99:.2f} ms", f"<= 5 x {t99:.2f} ms", p99 <= 5 * t99)
    row("10.6", "the same: to the alert at a webhook, p99", f"{push:.1f} ms", "<= 20 ms", push <= 20)


def steady():
    seconds = min(SECONDS * 2, 60)
    with Bridged("disk", search=False).run() as d:
        before = d.metrics()
        r = shown("5,000/s", 0, rig.load(d.sock, rate=5000, seconds=seconds, conns=100, **{"body": 1, **FRAMES}, **d.where()))
        p99 = histogram(before, d.metrics(), 0.99)
    late = r["seconds"] - seconds
    row("11.3", f"5,000/s of OneBot over 100 WebSockets for {seconds:.0f} s, disk: behind at the end",
        f"{late * 1000:.0f} ms", "<= 1000 ms", late <= 1)
    row("11.4", "the same: receipt to commit, p99", f"<= {p99:g} ms", "<= 25 ms", p99 <= 25)


def main():
    node = installed()
    print(f"profile: as bench_path.py; OneBot 11 group messages of about 420 bytes, {ROUNDS} rounds of {SECONDS:g} s; plain "
          "Node: ws, better-sqlite3, a transaction a message, NFKC, 1,000 rules; koishi: OneBot adapter, SQLite, 100 rules "
          "in a listener", flush=True)
    saturation(node)
    latency()
    steady()
    return 0


if __name__ == "__main__":
    sys.exit(main())
