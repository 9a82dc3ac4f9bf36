"""Rows in which Redis stalls, dies, forgets, or is not fit to be trusted, and disks that are full."""
import contextlib
import glob
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess

from harness import Redis, entry_id
from load import LiveFeeds
from table import (PATIENCE, Chat, HttpLoad, Receiver, Skipped, brief, check, preload, row, time, until,
                   verdict)

ANSWER_MS = 300


def in_order(store):
    """Events of one connection are stored in the order in which they were sent."""
    db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    months = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE name GLOB 'message_[0-9]*'"
                                       " AND type = 'table'")]
    ids = [int(eid.rsplit("-", 1)[1]) for (eid,) in
           db.execute(" UNION ALL ".join(f"SELECT eid, seq FROM {m}" for m in months).join(
               ("SELECT eid FROM (", ") ORDER BY seq")))]
    db.close()
    return ids == sorted(ids)


@row("B1", "SIGSTOP of Redis (5 s; full: 30 s)", "answers <= 300 ms, in order, backlog gone <= 30 s")
def b1(ctx):
    stall = 30 if ctx.full else 5
    with Receiver(ctx.folder) as receiver, ctx.daemon(receiver=receiver) as d:
        d.start()
        chat = Chat(500 * (stall + 10), "b1")
        feeds = LiveFeeds(d, 200 if ctx.full else 20).start()
        load = HttpLoad(d, chat, batch=10, workers=1, rate=500).start()
        until(lambda: load.count() > 500, 20, "the load runs")
        redis = d.status()["redis_pid"]
        os.kill(redis, signal.SIGSTOP)
        try:
            time.sleep(stall)   # the fault itself
        finally:
            os.kill(redis, signal.SIGCONT)
        woke = time.monotonic()
        d.drained(30)
        gone = time.monotonic() - woke
        load.finish(120)
        feeds.stop()
        v = verdict(d, chat, [load], receiver)
        slowest = load.percentile(100)
        check(in_order(d.data / "qund.db"), "the order was not kept")
        check(slowest <= ANSWER_MS * PATIENCE, f"slowest answer {slowest:.0f} ms; {brief(v)}")
        return f"slowest answer {slowest:.0f} ms, backlog gone in {gone:.1f} s, {brief(v)}"


RECONNECT_S = 1.0


@row("B2", "Redis kill -9 and restart, also with slow fsync", "lost 0, doubled 0, reconnect <= 1 s", 3, 20)
def b2(ctx):
    """Each durability with the disk as it is and with fsync of 0.8 s, where each turn of Redis' own loop
    takes that long: there the time back is shown and nothing is asked of it."""
    worst, ways, slowest, total = 0.0, 0.0, 0.0, 0
    for durability in ("disk", "os"):
        for slow in (False, True):
            env = {**preload(ctx), "QUND_SLOW_PROGRAM": "redis-server",
                   "QUND_SLOW_FSYNC_MS": "800"} if slow else {}
            n, gap, way = redis_deaths(ctx, durability, slow, env)
            total += n
            if slow:
                slowest = max(slowest, gap)
            else:
                worst, ways = max(worst, gap), max(ways, way)
    check(worst <= RECONNECT_S * PATIENCE, f"back after {worst:.2f} s, of which the daemon's {ways:.2f} s")
    return (f"4 x {ctx.rounds} deaths: lost 0, doubled 0 of {total:,}, back after <= {worst:.2f} s, <= {ways:.2f} s of it not "
            f"Redis' own start (with fsync of 0.8 s: {slowest:.1f} s)")


def answers(d):
    """Redis itself, asked on its socket."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        s.settimeout(1)
        folder = os.open(d.data / "redis", os.O_PATH | os.O_DIRECTORY)
        try:
            s.connect(f"/proc/self/fd/{folder}/redis.sock")
            s.sendall(b"PING\r\n")
            return s.recv(64).startswith(b"+PONG")
        except OSError:
            return False
        finally:
            os.close(folder)


def redis_deaths(ctx, durability, slow, env):
    """(events acknowledged, longest time from a death until Redis takes events again, longest part of
    it that was not Redis' own start: from the death to its launch, and from its first answer on)"""
    longest = way = 0.0
    with ctx.daemon(config={"queue": {"durability": durability}}) as d:
        d.start(**env)
        chat = Chat(ctx.rounds * 1500 + 1500, f"b2{durability}{int(slow)}")
        load = HttpLoad(d, chat, batch=20, workers=4, rate=1000).start()
        for i in range(ctx.rounds):
            until(lambda i=i: load.count() >= 1000 + i * 1000 + ctx.dice.randint(0, 400), 60, "the load runs")
            pid = until(lambda: d.status().get("redis_pid"), 10, "redis runs")
            os.kill(pid, signal.SIGKILL)
            died = time.monotonic()
            until(lambda pid=pid: d.status().get("redis_pid") not in (0, None, pid), 30, "redis is launched", 0.005)
            launched = time.monotonic()
            until(lambda: answers(d), 30, "redis answers", 0.005)
            answered = time.monotonic()
            until(lambda: d.status()["intake"]["redis_up"], 30, "redis is back", 0.005)
            back = time.monotonic()
            longest = max(longest, back - died)
            way = max(way, launched - died + back - answered)
        load.finish(120)
        v = verdict(d, chat, [load], pushes=False, seconds=120)
        return v.numbers["acknowledged"], longest, way


# --- forgetting ---------------------------------------------------------------------------------

def aof_files(d):
    return sorted(glob.glob(str(d.data / "redis" / "**" / "*.aof"), recursive=True), key=os.path.getmtime)


def emptied(d, dice):
    for path in glob.glob(str(d.data / "redis" / "appendonlydir" / "*")):
        os.unlink(path)


def tail_cut(d, dice):
    path = max(aof_files(d), key=os.path.getsize)
    os.truncate(path, os.path.getsize(path) - dice.randint(3, 60))


def middle_broken(d, dice):
    """Where a command begins: bytes broken inside of an event go unnoticed by Redis, and the event is
    buried by the engine, by name."""
    path = max(aof_files(d), key=os.path.getsize)
    with open(path, "r+b") as f:
        content = f.read()
        f.seek(content.index(b"\r\n*", len(content) // 2) + 2)
        f.write(b"\xff" * 64)


def store_knows(d):
    """(last applied, last answered) as the store says, after everything stopped."""
    db = sqlite3.connect(f"file:{d.data / 'qund.db'}?mode=ro", uri=True)
    found = dict(db.execute("SELECT key, value FROM meta WHERE key IN ('applied_id', 'pushed_id')").fetchall())
    db.close()
    return [found.get(key, "0-0") for key in ("applied_id", "pushed_id")]


def iso(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms / 1000)) + f".{ms % 1000:03d}Z"


SPAN = re.compile(r"the queue was (?:emptied|cut): it ends at (\d+-\d+) \([^)]*\); the store knows as last applied (\d+-\d+)"
                  r" \([^)]*\), as last answered (\d+-\d+) \([^)]*\); what was accepted after (\d+-\d+) \(([^)]*)\)"
                  r" and before this start \(([^)]*)\) is unknown")


def told(d, knows, began_ms):
    """What is unknown is said with the ids that the store holds and the time from the last of them until
    the start, in the log and in /readyz."""
    _, degraded = d.degraded()
    for where in (d.log(), degraded):
        said = SPAN.search(where)
        check(said, "ids and time of what is unknown", where[-1500:])
        ends, applied, answered, after, since, until_then = said.groups()
        check([applied, answered] == knows, "the ids that the store knows", said.groups(), knows)
        check(after == max(ends, applied, key=entry_id), "the last that is in neither", said.groups())
        check(since == iso(entry_id(after)[0]), "its time", said.groups())
        check(iso(began_ms) <= until_then <= iso(int(time.time() * 1000)), "the time of the start", said.groups())
    return ends


@row("B3", "Redis emptied, its file cut, broken in the middle", "last ids and time span named, goes on, no crash")
def b3(ctx):
    said = []
    for harm in (emptied, tail_cut, middle_broken):
        with ctx.daemon() as d:
            d.start()
            chat = Chat(6000, "b3" + harm.__name__, step_us=10)
            HttpLoad(d, chat, 0, 3000).start().finish()
            d.drained()
            hold = Holder(d)        # nothing is applied from here on
            HttpLoad(d, chat, 3000, 4000).start().finish()
            d.kill9()
            hold.let_go()
            harm(d, ctx.dice)
            knows, began_ms = store_knows(d), int(time.time() * 1000)
            d.start(30)
            check(d.degraded()[0] == 200, "it takes events again", d.degraded())
            ends = told(d, knows, began_ms)
            HttpLoad(d, chat, 4000, 6000).start().finish()
            d.drained()
            d.stop()
            known = stored(d)
            check(known >= 5000, f"{harm.__name__}: what was applied and what came after is stored", known)
            check(entry_id(ends) > (0, 0) or known == 5000, "an emptied queue holds nothing", ends, known)
            d.clean()
            said.append(f"{harm.__name__} kept {known - 5000} of 1,000 unapplied")
    return "; ".join(said) + "; ids and span told each time"


def stored(d):
    db = sqlite3.connect(f"file:{d.data / 'qund.db'}?mode=ro", uri=True)
    tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE name GLOB 'message_[0-9]*' AND type='table'")]
    n = sum(db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables)
    db.close()
    return n


# --- full ---------------------------------------------------------------------------------------

class Holder:
    """An outside process' lock on the store: nothing can be applied while it lasts."""

    def __init__(self, d):
        self.db = sqlite3.connect(d.data / "qund.db", timeout=10, isolation_level=None)
        self.db.execute("BEGIN IMMEDIATE")

    def let_go(self):
        self.db.execute("ROLLBACK")
        self.db.close()


def evicting_meanwhile(ctx):
    """Somebody changes the policy of a Redis that is in use; it is found at the next connection."""
    place = ctx.place()
    with Redis(place / "later").start() as redis, ctx.daemon(place, config={"queue": {"url": redis.url}}) as d:
        d.start()
        for policy, done in (("allkeys-lru", lambda said: "maxmemory-policy noeviction" in said and "spool" in said),
                             ("noeviction", lambda said: "maxmemory" not in said and "spool" not in said)):
            redis.ask("CONFIG", "SET", "maxmemory-policy", policy)
            redis.ask("CLIENT", "KILL", "TYPE", "normal")
            until(lambda done=done: done(d.degraded()[1]), 20, f"/readyz knows of {policy}")
            with d.client("ingest") as c:
                check(c.events([{"id": policy, "group": "g", "sender": "u", "text": "在吗"}]).status == 202, policy)
        until(lambda: d.metric("qund_events_applied_total") == 2, 20, "both events are applied")


@row("B5", "maxmemory reached; eviction policy that evicts, at start or later", "back-pressure, lost 0; start refused; "
     "later: spooled, told")
def b5(ctx):
    evicting_meanwhile(ctx)
    place = ctx.place()
    with Redis(place / "lru", policy="allkeys-lru", extra=["--maxmemory", "20mb"]).start() as redis, \
            ctx.daemon(place, config={"queue": {"url": redis.url}}) as d:
        code, text, took = d.fails_to_start()
        check(code == 1 and "noeviction" in text, "an evicting Redis is refused", code, text)
    place = ctx.place()
    with Redis(place / "small", extra=["--maxmemory", "6mb"]).start() as redis, \
            ctx.daemon(place, config={"queue": {"url": redis.url}, "store": {"search": False},
                                      "alert": {"ladders": {"normal": ["10m"]}}}) as d:
        d.config["queue"]["spool_max"] = "1MiB"
        d.write_config()
        d.start()
        chat = Chat(60000, "b5", step_us=10)
        d.token("ingest")
        hold = Holder(d)
        load = HttpLoad(d, chat, batch=200, workers=4).start()
        until(lambda: load.answers.get(503, 0) + load.answers.get(429, 0) > 5, 60, "senders are pushed back")
        before = load.count()
        _, degraded = d.degraded()
        hold.let_go()
        check("the queue is full" in degraded, "readyz says so", degraded)
        load.finish(120)
        v = verdict(d, chat, [load], pushes=False, seconds=120)
        pushed_back = load.answers.get(503, 0) + load.answers.get(429, 0)
        return (f"refused in {took:.2f} s; pushed back {pushed_back} times after {before:,} events, then {brief(v)}")


class Tmpfs:
    """A small disk of its own; for root alone."""

    def __init__(self, folder, size):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs",
                                                self.folder], stderr=subprocess.DEVNULL, check=False).returncode:
            raise Skipped("mounting a small disk takes root")

    def resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.folder], check=True)

    def close(self):
        subprocess.run(["umount", "-l", self.folder], check=False)


@row("B6", "disk full under Redis and under the store (8 MiB)", "no false 2xx, 503 with reason, reads work, heals <= 2 s")
def b6(ctx):
    said = []
    for where in ("data", "data/redis"):
        place = ctx.place()
        d = ctx.daemon(place, config={"store": {"reserve": "1MiB", "search": False}, "queue": {"spool_max": "4MiB"}})
        disk = Tmpfs(d.folder / where, "8m" if where != "data" else "12m")
        try:
            said.append(f"{where}: " + fill(d, disk, where))
        finally:
            d.__exit__()
            disk.close()
    return "; ".join(said)


def refusing(d, load):
    """/readyz while nobody sends any more, when it says not ready. A little room may come back: then
    it is ready for so long."""
    load.go_on()
    until(lambda: d.degraded()[0] == 503, 10, "it says that it is not ready")
    load.pause()
    got = d.degraded()
    return got if got[0] == 503 else None


def fill(d, disk, where):
    d.start()
    chat = Chat(60000, "b6" + where[-5:].replace("/", ""), step_us=10)
    # The other channels of trouble: nothing may be answered 2xx that is not kept.
    load = HttpLoad(d, chat, batch=100, workers=4, rate=20000).start()
    if where == "data":
        until(lambda: load.answers.get(503, 0) + load.answers.get(429, 0) > 10, 90, "the disk is full")
    else:   # its file is full: Redis ends, is started again, ends; meanwhile there is the spool
        until(lambda: d.status().get("redis_restarts", 0) > 0, 90, "the disk of Redis is full")
    if where == "data":     # neither Redis nor the spool has room: it must not say that it is ready
        status, degraded = until(lambda: refusing(d, load), 30, "it says that it is not ready, and stays so")
        check("events are refused" in degraded and "No space left" in degraded, "its reason", degraded)
    else:
        status, degraded = d.degraded()
    with d.client(timeout=5) as c:
        reads = c.get("/api/v1/alerts?limit=1").status
    check(reads == 200, "reads still work", reads)
    refused = dict(load.answers)
    before = load.count()
    disk.resize("400m")
    start = time.monotonic()
    until(lambda: d.degraded()[0] == 200, 20, "it finds out by itself that there is room")
    load.go_on()
    until(lambda: load.count() > before, 20, "it takes events again")
    healed = time.monotonic() - start
    load.finish(120)
    v = verdict(d, chat, [load], pushes=False, seconds=120)
    check(healed <= 2 * PATIENCE, f"healed after {healed:.1f} s; {brief(v)}")
    return (f"503 x {refused.get(503, 0)}, /readyz {status}, healed in {healed:.1f} s, {brief(v)}")



def fill_up(folder):
    """Takes the last page of that disk."""
    with (pathlib.Path(folder) / "filler").open("ab", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(bytes(4096))


@contextlib.contextmanager
def small_disk(ctx, where="data"):
    """A daemon that ran once on a disk of its own, which is full now."""
    d = ctx.daemon(ctx.place(), config={"store": {"reserve": "1MiB", "search": False}})
    disk = Tmpfs(d.folder / where, "8m")
    try:
        d.start()
        with d.client("ingest") as c:
            check(c.events([{"id": "before", "group": "g", "sender": "u", "text": "在吗"}]).status == 202, "taken")
        d.drained()
        d.kill9()
        fill_up(disk.folder)
        yield d, disk
    finally:
        d.__exit__()
        disk.close()


def room_again(d, disk, events):
    """Space appears: all of it is applied, nothing is degraded, the reserve is there again."""
    (disk.folder / "filler").unlink()
    until(lambda: '"degraded":[]' in d.degraded()[1], 20, "nothing is degraded any more")
    until(lambda: d.metric("qund_store_reserve_held") == 1, 10, "the reserve is taken again")
    d.drained()
    d.stop()
    with sqlite3.connect(d.data / "qund.db") as db:
        months = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE name GLOB 'message_[0-9]*'"
                                           " AND type = 'table'")]
        stored = sum(db.execute(f"SELECT count(*) FROM {m}").fetchone()[0] for m in months)
    check(stored == events, f"{stored} of {events} events are stored")


@row("B6S", "the disk is full when it starts: with its reserve, without, under Redis alone",
     "starts degraded, or one line that says so; never advice to restore")
def b6s(ctx):
    with small_disk(ctx) as (d, disk):      # what is kept for a full disk is given to the start
        d.start()
        status, degraded = d.degraded()
        check(status == 200 and "disk of the data folder" in degraded, "/readyz says so", status, degraded)
        until(lambda: d.metric("qund_store_reserve_held") == 0, 5, "the metric says so")
        with d.client("ingest") as c:
            check(c.events([{"id": "on it", "group": "g", "sender": "u", "text": "在吗"}]).status == 202, "it takes events")
        room_again(d, disk, 2)
    with small_disk(ctx) as (d, disk):
        (d.data / "reserve").unlink()
        fill_up(disk.folder)
        code, said, took = d.fails_to_start()
        line = said.strip().splitlines()[-1]
        check(code == 1 and "the disk is full" in line and "start again" in line, "one line says it", code, said)
        check("restore" not in said, "a sound store is not to be restored", said)
        (disk.folder / "filler").unlink()
        d.start()
        d.drained()
    with small_disk(ctx, "data/redis") as (d, disk):
        d.start()
        with d.client("ingest") as c:       # more than the last page of its file takes
            for i in range(4):
                text = "在吗" * 300
                check(c.events([{"id": f"r{i}", "group": "g", "sender": "u", "text": text}]).status == 202, "taken")
        until(lambda: "the disk below it is full" in d.degraded()[1], 20, "/readyz says why Redis is away")
        room_again(d, disk, 5)
    return f"degraded and healed with the reserve; without: exit 1 in {took:.2f} s; under Redis: spooled, applied"
