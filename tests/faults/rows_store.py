"""Rows about the store: poison, locks, copies, and the same events twice or in another order."""
import hashlib
import http.client
import json
import random
import sqlite3
import struct
import threading
import time as clock

from harness import Failed, equal
from table import (PATIENCE, Chat, HttpLoad, Receiver, brief, check, delivered, preload, row, until, verdict)
from rows_queue import Holder, stored

POISON = {"id": "poison-1", "group": "g1", "sender": "somebody", "sender_name": "某人", "text": "这一条谁也受不了"}


def stops_until_buried(d, fault, provoke=lambda: None):
    """How often it stops at that point before it lives on; each start is armed anew."""
    stops = 0
    while stops < 5:
        provoke()
        until(lambda: d.proc.poll() is not None or "event=engine.dead " in d.log(), 60, "it stops, or buries it")
        if d.proc.poll() is None:
            break
        stops += 1
        d.launch(fault)
    d.wait_ready()
    return stops


def buried(d, kind, word):
    """The id of the one dead letter, which shows what it was and why it is there."""
    _, out, _ = d.run("dead", "list", "--json", check_exit=0)
    dead = [json.loads(line) for line in out.splitlines()]
    equal([letter["kind"] for letter in dead], [kind], "dead letters")
    with d.client() as c:
        shown = c.get(f"/api/v1/dead/{dead[0]['id']}").json()
    check("three times" in shown["reason"] and word in json.dumps(shown, ensure_ascii=False),
          "its reason and body are shown", shown)
    return dead[0]["id"]


def retried_once(d, letter, worked, what):
    d.run("dead", "retry", str(letter), check_exit=0)
    until(worked, 10, what)
    again, _, _ = d.run("dead", "retry", str(letter))
    equal(again, 1, "exit code of a second retry")


@row("B9", "poison event, timer, command; 4,096 pending", "third stop: dead with body and reason; recovery <= 2 s")
def b9(ctx):
    took = poison_event(ctx)
    poison_timer(ctx)
    poison_command(ctx)
    check(took <= 2 * PATIENCE, f"4,096 pending were applied after {took:.2f} s")
    return ("event, timer, command: buried at the third stop, others go on, retry works once; "
            f"4,096 pending applied {took:.2f} s after a start")


def poison_event(ctx):
    """Among 4,400 others. Returns the seconds in which 4,096 pending ones are applied at a start."""
    with ctx.daemon(binary=ctx.fault_program()) as d:
        chat = Chat(4400, "b9", step_us=10)
        d.start(fault="poison:crash")
        HttpLoad(d, chat, 0, 100).start().finish()
        d.drained()
        hold = Holder(d)
        HttpLoad(d, chat, 100, 2100).start().finish()
        with d.client() as c:
            equal(c.events([dict(POISON, ts=int(clock.time() * 1000))]).status, 202, "the poison is taken")
        HttpLoad(d, chat, 2100, chat.n).start().finish()
        hold.let_go()
        equal(stops_until_buried(d, "poison:crash"), 3, "stops until it is buried")
        letter = buried(d, "event", "这一条谁也受不了")
        d.drained()
        d.stop()
        took = recovery(d, ctx)
        retried_once(d, letter, lambda: stored(d) == chat.n + 1 + 4096, "the retried event is stored")
        d.stop()
        check(stored(d) == chat.n + 1 + 4096, "nothing else is lost", stored(d))
        return took


def poison_timer(ctx):
    """The timer by which a push that met a 500 is tried again."""
    with Receiver(ctx.place(), script="500,200") as receiver, \
            ctx.daemon(receiver=receiver, binary=ctx.fault_program()) as d:
        d.start(fault="outbox.due:crash")
        HttpLoad(d, Chat(2, "b9t")).start().finish()     # one of them asks: one push
        until(lambda: d.proc.poll() is not None, 60, "the retry comes due")
        d.launch("outbox.due:crash")
        equal(1 + stops_until_buried(d, "outbox.due:crash"), 3, "stops until it is buried")
        HttpLoad(d, Chat(200, "b9u"), 1, 10).start().finish()
        d.drained()
        equal(len(receiver.calls()), 1, "calls until then")
        letter = buried(d, "timer", "outbox.due")
        d.stop()
        d.start()
        retried_once(d, letter, lambda: len(receiver.calls()) == 2, "the push is tried again")
        delivered(d, receiver)
        equal(d.stop(), 0, "exit code")
        equal(stored(d), 11, "events stored")


def poison_command(ctx):
    def ack(d, note):
        with d.client() as c:
            try:
                return c.post("/api/v1/alerts/1/ack", {"note": note})
            except (OSError, http.client.HTTPException):
                return None

    def alert_state(d):
        with d.client() as c:
            return c.get("/api/v1/alerts?limit=1").json()["items"][0]["state"]
    with ctx.daemon(binary=ctx.fault_program()) as d:
        arm = "alert.ack:crash"
        d.start(fault=arm)
        HttpLoad(d, Chat(2, "b9c")).start().finish()
        d.drained()

        def provoke():
            d.wait_ready()
            got = ack(d, "谁也受不了")
            check(got is None or got.status == 409, "no answer, or the letter's number", got)
        equal(stops_until_buried(d, arm, provoke), 3, "stops until it is buried")
        got = ack(d, "谁也受不了")
        check(got.status == 409 and b"dead show" in got.body, "the same command is refused", got)
        HttpLoad(d, Chat(200, "b9d"), 1, 10).start().finish()
        d.drained()
        letter = buried(d, "command", "谁也受不了")
        d.stop()
        d.start()
        state = alert_state(d)
        retried_once(d, letter, lambda: alert_state(d) != state, "the alert is acknowledged")
        equal(d.stop(), 0, "exit code")
        equal(stored(d), 11, "events stored")


def recovery(d, ctx):
    """Seconds from a start (without faults) until 4,096 events that were pending are applied."""
    d.start()
    chat = Chat(4096, "pending", step_us=10)
    hold = Holder(d)
    HttpLoad(d, chat).start().finish()
    d.kill9()
    hold.let_go()
    before = stored(d)
    start = clock.monotonic()
    d.start()
    until(lambda: stored(d) == before + 4096, 20, "the pending events are applied")
    return clock.monotonic() - start


@row("C3", "an outside process holds the store for 5 s", "waits <= 2 s then 503; events go on")
def c3(ctx):
    with Receiver(ctx.folder) as receiver, ctx.daemon(receiver=receiver) as d:
        d.start()
        chat = Chat(5000, "c3")
        load = HttpLoad(d, chat, batch=20, workers=2, rate=500).start()
        until(lambda: load.count() > 300, 20, "the load runs")
        hold = Holder(d)
        start = clock.monotonic()
        with d.client(timeout=10) as c:
            got = c.post("/api/v1/alerts/1/ack", {"note": "seen"})
        took = clock.monotonic() - start
        reads = d.client().get("/api/v1/alerts?limit=1").status
        until(lambda: clock.monotonic() - start > 5, 10, "five seconds")
        _, degraded = d.degraded()
        hold.let_go()
        load.finish(60)
        v = verdict(d, chat, [load], receiver)
        equal(got.status, 503, "a command while the store is held")
        check(took <= 2 * PATIENCE, f"the command waited {took:.2f} s")
        equal(reads, 200, "reads")
        check("cannot be written" in degraded, "readyz says so", degraded)
        check("SNAPSHOT" not in d.log(), "never BUSY_SNAPSHOT")
        return f"503 after {took:.2f} s, slowest event {load.percentile(100):.0f} ms, {brief(v)}"


@row("C4", "second daemon on the same data, also after kill -9", "refused <= 1 s naming the holder; no stale lock")
def c4(ctx):
    slowest = 0.0
    with ctx.daemon() as first, ctx.daemon() as second:
        second.data = first.data
        for _ in range(2):
            first.start()
            code, text, took = second.fails_to_start()
            slowest = max(slowest, took)
            equal(code, 1, "exit code")
            check(str(first.proc.pid) in text, "the holder is named", text)
            first.kill9()
        start = clock.monotonic()
        second.start()
        up = clock.monotonic() - start
        second.stop()
    check(slowest <= 1 * PATIENCE, f"refused after {slowest:.2f} s")
    return f"refused in {slowest:.2f} s with the pid; after kill -9 up in {up:.2f} s"


class Commits:
    """How long commits take: a command is answered after the commit that holds it, so each of 40 a
    second tells of one, to the microsecond; events come between them all the while."""

    def __init__(self, d):
        self.d, self.waits_ms, self.over = d, [], threading.Event()
        self.thread = threading.Thread(target=self.ask, daemon=True)

    def ask(self):
        due = clock.monotonic()
        with self.d.client() as c:
            while not self.over.wait(max(0, due - clock.monotonic())):
                start = clock.monotonic()
                got = c.post("/api/v1/alerts/1/ack", {"note": "seen"})
                self.waits_ms.append((clock.monotonic() - start) * 1000 if got.status != 503 else float("inf"))
                due = max(due + 0.025, clock.monotonic())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(20)

    def p99(self):
        check(len(self.waits_ms) >= 150 / PATIENCE.times, "commits measured", len(self.waits_ms))
        waits = sorted(self.waits_ms)
        return waits[int(len(waits) * 0.99)]


@row("C7", "backup while writing, restore", "integrity ok, commits' p99 <= 3 x, restored = the instant, nothing sent")
def c7(ctx):
    """The time before and the time of the backups are equally long; one backup follows the other."""
    n, window = (60000, 30) if ctx.full else (20000, 10)
    with Receiver(ctx.folder) as receiver, ctx.daemon(receiver=receiver) as d:
        d.start()
        chat = Chat(n + 500 * (2 * window + 60), "c7", step_us=10)
        first = HttpLoad(d, chat, 0, n, batch=50, workers=2).start().finish()
        delivered(d, receiver)
        load = HttpLoad(d, chat, n, chat.n, batch=10, workers=2, rate=500).start()
        with Commits(d) as quiet:
            clock.sleep(window)     # what is measured is time
        end, made = clock.monotonic() + window, 0
        with Commits(d) as during:
            with d.client(timeout=60) as c:
                while clock.monotonic() < end:
                    got = c.post("/api/v1/backup", {})
                    equal(got.status, 200, f"a backup: {got}")
                    made += 1
        kept = stored(d)
        _, out, _ = d.run("backup", str(ctx.folder / "backups"), "--json", check_exit=0)
        most = stored(d)
        load.stop()
        v = verdict(d, chat, [first, load], receiver)
        copy = json.loads(out.strip().splitlines()[-1])["path"]
        quiet, during = quiet.p99(), during.p99()
        back = ctx.daemon(receiver=receiver)
        with back:
            back.data.mkdir()
            back.run("restore", copy, check_exit=0)
            restored = stored(back)
            check(kept <= restored <= most, "restored = an instant of the backup", kept, restored, most)
            db = sqlite3.connect(back.data / "qund.db")
            equal(db.execute("PRAGMA integrity_check").fetchone()[0], "ok", "integrity")
            waiting = db.execute("SELECT count(*) FROM outbox WHERE state IN (0, 1, 5, 6, 7)").fetchone()[0]
            db.close()
            equal(waiting, 0, "pushes that would leave by themselves")
            calls = len(receiver.calls())
            back.start()
            back.drained()
            clock.sleep(1)   # the time in which a push would leave
            equal(len(receiver.calls()), calls, "calls after the restore")
            equal(back.stop(), 0, "exit code")
        check(during <= 3 * quiet * PATIENCE, f"commits' p99 {quiet:.1f} -> {during:.1f} ms in {made} backups")
        return (f"{made} backups: commits' p99 {quiet:.1f} -> {during:.1f} ms; restored {restored:,} (of {kept:,}..{most:,}), "
                f"integrity ok, 0 sent; {brief(v)}")


# --- damage -------------------------------------------------------------------------------------

def overwrite(path, at, bytes_):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(bytes_)


def root_page(d, table):
    """(offset, size) of the root page of a table in the store's file."""
    db = sqlite3.connect(f"file:{d.data / 'qund.db'}?mode=ro", uri=True)
    size = db.execute("PRAGMA page_size").fetchone()[0]
    number = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    db.close()
    return (number - 1) * size, size


DAMAGED_AT_START = {    # what is overwritten while nobody looks; 0xA5 is no sound page of any kind
    "header": lambda d: overwrite(d.data / "qund.db", 0, b"\xa5" * 16),
    "schema": lambda d: overwrite(d.data / "qund.db", 100, b"\xa5" * 1000),
    "foreign WAL": lambda d: (d.data / "qund.db-wal").write_bytes(b"\xa5" * 4152),
}


def content(d):
    """What lies in the store's files, byte for byte."""
    return [hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (d.data / "qund.db", d.data / "qund.db-wal") if path.exists()]


def refused_and_restored(d, what, harm, copy):
    harm(d)
    code, said, took = d.fails_to_start()
    equal(code, 1, f"exit code with a damaged {what}")
    check("qund restore" in said, f"damaged {what}: the restore command is shown", said)
    d.run("restore", str(copy), check_exit=0)
    d.start()
    d.drained()
    equal(d.stop(), 0, "exit code")
    return took


def damaged_while_running(d, chat, load_of):
    """Seconds until it was found; events go on being taken, nothing is written."""
    offset, size = root_page(d, "attempt")
    overwrite(d.data / "qund.db", offset, b"\xa5" * size)
    start = clock.monotonic()
    until(lambda: "is damaged" in d.degraded()[1], 60, "the damaged page is found", 0.1)
    found = clock.monotonic() - start
    before, applied = content(d), d.applied()
    status, degraded = d.degraded()
    check(status == 200 and "qund restore" in degraded, "events are taken, the command is shown", status, degraded)
    check("event=store.damaged" in d.log() and "qund restore" in d.log(), "the log says so", d.log()[-1500:])
    load = load_of(500, 1000)
    with d.client(timeout=5) as c:
        at = clock.monotonic()
        got = c.post("/api/v1/alerts/1/ack", {"note": "seen"})
        check(got.status == 503 and b"qund restore" in got.body, "a command is refused and told why", got)
        check(clock.monotonic() - at <= 0.5 * PATIENCE, "at once", clock.monotonic() - at)
    equal(d.applied(), applied, "the last entry applied")
    equal(d.stop(), 0, "exit code")
    equal(content(d), before, "bytes of the store since the damage was found")
    code, said, _ = d.fails_to_start()
    check(code == 1 and "qund restore" in said, "the next start refuses a store that is still damaged", code, said)
    return load, found


@row("C8", "damaged header, schema, page, WAL", "refused at start, page found <= 10 min: no write, restore shown", patient=True)
def c8(ctx):
    with ctx.daemon() as d:
        chat = Chat(1000, "c8", step_us=10)

        def load_of(first, last):
            return HttpLoad(d, chat, first, last, batch=50, workers=2).start().finish()
        d.start()
        loads = [load_of(0, 500)]
        d.drained()
        _, out, _ = d.run("backup", str(ctx.folder / "backups"), "--json", check_exit=0)
        copy = json.loads(out.strip().splitlines()[-1])["path"]
        d.stop()
        slowest = max(refused_and_restored(d, what, harm, copy) for what, harm in DAMAGED_AT_START.items())
        d.start()
        load, found = damaged_while_running(d, chat, load_of)
        d.run("restore", copy, check_exit=0)
        d.start()
        v = verdict(d, chat, [*loads, load], pushes=False)
        wal_gone(d)
        return (f"{len(DAMAGED_AT_START)} refused in {slowest:.2f} s; a page found after {found:.0f} s, 0 bytes written, "
                f"500 events kept for the restored store: {brief(v)}")


def wal_gone(d):
    """A log that somebody removed after a crash took commits with it: said, not passed over."""
    d.start()
    with d.client("ingest") as c:
        equal(c.events([{"text": "wal"}]).status, 202, "an event")
    d.drained()
    d.kill9()
    (d.data / "qund.db-wal").unlink()
    d.start()
    check("write-ahead log was removed" in d.degraded()[1], "a missing WAL is told", d.degraded())
    d.stop()


class HalfTimeless(Chat):
    """Every other event has no time of its own: its id alone says that it is a repeat."""

    def event(self, i):
        e = super().event(i)
        if i % 2:
            del e["ts"]
        return e


def jump(d, file, seconds):
    """The daemon's wall clock, from now on."""
    before = d.status()["now"]
    with file.open("r+b") as f:     # in place: the daemon has it mapped
        f.write(struct.pack("=q", seconds * 1000000000))
    until(lambda: d.status()["now"][:13] > before[:13], 5, "an hour has passed for it")


@row("D1", "duplicates at once, after 1 h, after restart, after kill -9", "one effect each")
def d1(ctx):
    n = 20000 if ctx.full else 3000
    file = ctx.folder / "clock"
    file.write_bytes(struct.pack("=q", 0))
    env = {**preload(ctx), "QUND_CLOCK_PROGRAM": "qund", "QUND_CLOCK_FILE": str(file)}
    with Receiver(ctx.folder) as receiver, ctx.daemon(receiver=receiver) as d:
        d.start(**env)
        chat = HalfTimeless(n, "d1", step_us=50)
        loads = [HttpLoad(d, chat).start(), HttpLoad(d, chat, batch=70).start()]
        loads = [load.finish() for load in loads]
        d.drained()
        delivered(d, receiver)
        jump(d, file, 3660)
        repeats = d.metric("qund_events_repeated_total")
        loads.append(HttpLoad(d, chat, batch=50).start().finish())
        d.drained()
        equal(d.metric("qund_events_repeated_total") - repeats, n, "repeats known after an hour")
        d.stop()
        d.start(**env)
        loads.append(HttpLoad(d, chat, batch=33).start().finish())
        d.kill9()
        d.start(**env)
        loads.append(HttpLoad(d, chat, batch=200).start().finish())
        d.drained()
        v = verdict(d, chat, loads, receiver)
        equal(v.numbers["stored"], n, "events stored")
        return f"{n:,} events sent 5 times, every other without a time: {brief(v)}"


# --- another order ------------------------------------------------------------------------------

STEP_MS = 30    # 100 groups: each hears something every three seconds


def town(n, start_ms):
    """Joins, leaves, questions, answers of staff, prices, rooms: rows that could depend on the order.
    Each text means the same wherever it stands; rules that look at the talk around a message may
    fire otherwise in another order, which is theirs to do."""
    dice = random.Random(7)
    said = ("这个多少钱", "几点开门？", "请问怎么报名", "我是3栋2单元1201的", "收到", "好的谢谢", "今天天气真好",
            "有没有优惠", "怎么还没人回复？", "我想预约周六量房", "太贵了吧", "质量怎么样？")
    answers = ("您好，100元一平", "早上九点", "私信您了", "好的，已经登记")
    out = []
    for i in range(n):
        who = dice.randrange(200)
        e = {"id": f"d2-{i}", "ts": start_ms + i * STEP_MS, "group": f"g{dice.randrange(100)}"}
        what = dice.random()
        if what < 0.06:
            e.update(type="member.join", data={"member": f"p{who}"})
        elif what < 0.09:
            e.update(type="member.leave", data={"member": f"p{who}"})
        elif what < 0.25:
            e.update(sender=f"staff{who % 4}", sender_role="staff", sender_name=f"顾问{who % 4}", text=dice.choice(answers))
        else:
            e.update(sender=f"p{who}", sender_name=f"邻居{who}", text=dice.choice(said))
        out.append(e)
    return out


def shuffled(events, within_ms, dice):
    """No event moves by more than within_ms of event time."""
    return sorted(events, key=lambda e: e["ts"] + dice.uniform(0, within_ms))


DUMPS = {
    "messages": "SELECT m.eid, ifnull(m.ts, m.key_ts), g.pid, i.pid, m.type, m.text FROM {month} m"
                " LEFT JOIN grp g ON g.id = m.grp LEFT JOIN identity i ON i.contact = m.contact",
    "members": "SELECT g.pid, i.pid, joined, left_at FROM member JOIN grp g ON g.id = grp"
               " JOIN identity i ON i.contact = member.contact",
    "metrics": "SELECT hour, g.pid, messages, staff_messages, speakers, joins, leaves FROM measure"
               " JOIN grp g ON g.id = grp",
    "speakers": "SELECT hour, g.pid, i.pid FROM speaker JOIN grp g ON g.id = grp"
                " JOIN identity i ON i.contact = speaker.contact",
    "answers": "SELECT q.eid, q.state, q.answer_ts, q.reply_ms FROM question q",
    "attribute tags": "SELECT DISTINCT i.pid, tag.name FROM contact_tag JOIN tag ON tag.id = tag AND kind = 1"
                      " JOIN identity i ON i.contact = contact_tag.contact",
    "rooms": "SELECT DISTINCT i.pid, room, self FROM contact_room JOIN identity i ON i.contact = contact_room.contact",
}


def dump(d):
    db = sqlite3.connect(f"file:{d.data / 'qund.db'}?mode=ro", uri=True)
    months = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE name GLOB 'message_[0-9]*' AND type='table'")]
    out = {}
    for what, sql in DUMPS.items():
        rows = [r for m in (months if "{month}" in sql else months[:1]) for r in db.execute(sql.format(month=m))]
        out[what] = sorted(rows, key=repr)
    db.close()
    return out


def played(ctx, events):
    with ctx.daemon(config={"channels": {"api": {"trust_roles": True}}}) as d:
        del d.config["rules"]       # the shipped ones
        d.write_config()
        d.start()
        with d.client("ingest") as c:
            for at in range(0, len(events), 500):
                equal(c.events(events[at:at + 500]).status, 202, "events taken")
        d.drained(300)
        equal(d.stop(), 0, "exit code")
        d.clean()
        return dump(d)


@row("D2", "events shuffled within the lateness", "messages, members, metrics, tags as in order")
def d2(ctx):
    n = 100000 if ctx.full else 5000
    events = town(n, int(clock.time() * 1000) - n * STEP_MS - 60000)
    one = played(ctx, events)
    two = played(ctx, shuffled(events, 30000, ctx.dice))
    equal(len(one["messages"]), n, "events stored")
    wrong = []
    for what in DUMPS:
        if one[what] != two[what]:
            a, b = set(map(repr, one[what])), set(map(repr, two[what]))
            wrong.append(f"{what}: {len(a - b)} of {len(a)} differ, e.g. {sorted(a - b)[:2]} / {sorted(b - a)[:2]}")
    check(not wrong, "; ".join(wrong))
    return f"{n:,} events: equal " + ", ".join(f"{what} {len(one[what]):,}" for what in DUMPS)

