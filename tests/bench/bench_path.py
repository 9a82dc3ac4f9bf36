#!/usr/bin/env python3
"""The whole path (socket, durable, matched, committed, acked) beside the tight program: rows 1, 2,
4, 5, 10, 11, 12 and 14. The two run in turn, A B A B A B; medians are compared, because absolute
figures of a shared machine move and ratios less."""
import time

import rig
from rig import Daemon, Lws, Tight, k, measured, median, row, spread

ROUNDS = 2 if rig.QUICK else 3
SECONDS = 4 if rig.QUICK else 30
FAST = {"seconds": SECONDS, "conns": 4, "body": 1000, "window": 40000}


def per(values):
    return f"{k(median(values))} ±{spread(values) * 100:.0f} %"


def profile():
    print(f"profile: shipped rules and {rig.WORDS} more, extractors and metrics on; {rig.WORDS} words for the tight "
          f"program; search index off during a run (bench_growth.py fills it afterwards); page cache 64 MiB; 1,000 "
          f"groups of 150 out of 50,000 people, Zipf; one message in ten holds a watched word (tag, alert, push); "
          f"NDJSON, 1,000 a request, 4 connections, at most 40,000 unapplied; {ROUNDS} rounds of {SECONDS} s",
          flush=True)


def token_of(daemon):
    daemon.out.flush()
    for line in open(daemon.folder / "out", encoding="utf-8"):
        if line.startswith("  "):
            return line.strip()
    raise RuntimeError("no admin token was printed")


def saturation():
    tight, os_, disk, tcp = [], [], [], []
    for n in range(ROUNDS):
        with Tight("os").run() as t:
            tight.append(measured(t, form="raw", seed=n + 1, **FAST))
        with Daemon("os", search=False).run() as d:
            os_.append(measured(d, seed=n + 1, **FAST))
            time.sleep(10 if n == 0 and not rig.QUICK else 0)
            if n == 0:
                drained = d.memory_mb()
        with Daemon("disk", search=False).run() as d:
            disk.append(measured(d, seed=n + 1, **FAST))
        with Daemon("os", search=False).run() as d:
            # The same by TCP and with a token.
            before = d.cpu_s()
            tcp.append(rig.load(f"127.0.0.1:{rig.PORT}", token=token_of(d), seed=n + 1, **FAST))
            del before
        print("round", n + 1, "tight", tight[-1], "os", os_[-1], "disk", disk[-1], "tcp", tcp[-1], flush=True)

    def rates(runs):
        return [r["rate"] for r in runs]

    def ratio(number, what, a, b, goal):
        x = median(rates(a)) / median(rates(b))
        row(number, what, f"{x:.2f} ({per(rates(a))} / {per(rates(b))})", f">= {goal}", x >= goal)

    ratio(1, "whole path by NDJSON, os / tight", os_, tight, 0.75)
    ratio(2, "the same, disk / os", disk, os_, 0.5)
    ratio(5, "the same by TCP with a token / row 1", tcp, os_, 0.9)
    cpu = median([r["cpu_us"] for r in os_]), median([r["cpu_us"] for r in tight])
    row(14, "processor time a message, with Redis / tight", f"{cpu[0] / cpu[1]:.2f} ({cpu[0]:.1f} / {cpu[1]:.1f} us)",
        "<= 1.4", cpu[0] <= 1.4 * cpu[1])
    top = max(r["memory_mb"][0] for r in os_)
    row("12.3", "private memory in saturation (page cache 64 MiB)", f"{top:.0f} MB", "<= 128 MB", top <= 128)
    return drained


def single_posts():
    """One event a request on 64 connections, answered when durable."""
    options = {"seconds": SECONDS / 2, "conns": 64, "body": 1}
    bare, ours = [], []
    for n in range(ROUNDS):
        with Lws().run() as w:
            bare.append(rig.load(w.address(), form="bare", seed=n + 1, **options))
        with Daemon("os", search=False).run() as d:
            ours.append(rig.load(f"127.0.0.1:{rig.PORT}", token=token_of(d), seed=n + 1, window=200000, **options))
    a, b = [r["answered_rate"] for r in ours], [r["answered_rate"] for r in bare]
    x = median(a) / median(b)
    row(4, "POST one event, 64 connections / bare lws", f"{x:.2f} ({per(a)} / {per(b)})", ">= 0.35", x >= 0.35)
    print("posts", ours, bare)


def histogram(before, after, q):
    """The bound of the bucket that holds the q-th part of what came between, in ms."""
    buckets = []
    for name, value in after.items():
        if name.startswith('qund_apply_seconds_bucket{le="') and "Inf" not in name:
            buckets.append((float(name.split('"')[1]), value - before.get(name, 0)))
    total = after["qund_apply_seconds_count"] - before["qund_apply_seconds_count"]
    for bound, below in sorted(buckets):
        if below >= q * total:
            return bound * 1000
    return float("inf")


def latency():
    """500 events a second: until heard in the live feed, which comes after the commit."""
    seconds = 5 if rig.QUICK else 20
    options = {"rate": 500, "seconds": seconds, "conns": 8, "body": 1}
    p50, p99, push, tight = [], [], [], []
    for n in range(ROUNDS):
        with Tight("os").run() as t:
            rig.load(t.address(), form="raw", seed=n + 1, **options)
            said = t.stop()
        tight.append(rig.json.loads(said))
        with Daemon("os", webhook=rig.PORT + 2, search=False).run() as d:
            r = rig.load(d.sock, live=1, webhook=rig.PORT + 2, seed=n + 1, **options)
            p50.append(r["heard"]["p50_ms"])
            p99.append(r["heard"]["p99_ms"])
            push.append(r["pushed"]["p99_ms"])
            print("latency", r, tight[-1], flush=True)
    t99 = median([t["p99_ms"] for t in tight])
    row("10.1", "500/s: socket to commit and feed, p50", f"{median(p50):.2f} ms (tight "
        f"{median([t['p50_ms'] for t in tight]):.2f} to commit)", "<= 1 ms", median(p50) <= 1)
    row("10.2", "the same, p99", f"{median(p99):.2f} ms", f"<= 5 x {t99:.2f} ms", median(p99) <= 5 * t99)
    row("10.3", "500/s: event to alert received by webhook, p99", f"{median(push):.1f} ms", "<= 20 ms",
        median(push) <= 20)


def steady():
    seconds = 10 if rig.QUICK else 60
    with Daemon("disk", search=False).run() as d:
        before = d.metrics()
        r = rig.load(d.sock, rate=5000, seconds=seconds, conns=16, body=10)
        after = d.metrics()
    late = r["seconds"] - seconds
    p99 = histogram(before, after, 0.99)
    row("11.1", f"5,000/s for {seconds} s, disk: behind at the end", f"{late * 1000:.0f} ms", "<= 1000 ms", late <= 1)
    row("11.2", "the same: receipt to commit, p99", f"<= {p99:g} ms", "<= 25 ms", p99 <= 25)
    print("steady", r, flush=True)


def memory(drained):
    with Daemon("os", cache="16MiB").run() as d:
        time.sleep(1)
        idle = d.memory_mb()
    row("12.1", "private memory, idle", f"{idle[0]:.1f} MB (Redis {idle[1]:.1f})", "<= 12 MB", idle[0] <= 12)
    with Daemon("os", cache="16MiB", words=9900).run() as d:
        rig.load(d.sock, people=200000, words=9900, conns=4, events=20000 if rig.QUICK else 300000, window=40000)
        rig.load(d.sock, people=200000, words=9900, rate=500, seconds=3 if rig.QUICK else 10, conns=4, body=1, seed=2)
        at500 = d.memory_mb()
    row("12.2", "private memory at 500/s: 10,000 rules, 1,000 groups, all of 200,000 people", f"{at500[0]:.0f} MB",
        "<= 64 + 16 MB", at500[0] <= 80)
    row("12.4", "Redis, 10 s after saturation, above idle", f"{drained[1] - idle[1]:.1f} MB", "<= 30 MB",
        drained[1] - idle[1] <= 30)


def main():
    profile()
    drained = saturation()
    single_posts()
    latency()
    steady()
    memory(drained)


if __name__ == "__main__":
    main()
