"""Rows in which something dies: at a named point, in order, or at any moment at all."""
import collections
import contextlib
import json
import os
import signal
import sqlite3

from harness import Redis, equal
from load import LiveFeeds, ReplayLoad
from table import (Chat, Failed, HttpLoad, PATIENCE, Receiver, brief, check, delivered, row, time, until,
                   verdict)

ON_THE_WAY_IN = ("parsed", "verified", "pushed", "answered", "claimed", "tx_open", "tx_committed", "acked")
ON_THE_WAY_OUT = ("sending_committed", "outbox_leased", "bytes_sent", "answer_read", "marked_sent")
FIRST_ANSWER_S = 2


def wait_death(daemon, load, seconds, point):
    """The fault point was passed: SIGKILL by its own hand."""
    until(lambda: daemon.proc.poll() is not None or not any(t.is_alive() for t in load.threads), seconds,
          f"{point} is passed", 0.005)
    if daemon.proc.poll() is None:
        raise Failed(f"the load ended before {point} was passed")
    equal(daemon.proc.returncode, -signal.SIGKILL, f"death at {point}")


def die_at_points(ctx, points, daemon, load, passes):
    """Each start is armed with the next point, so the recovery from one death is what the next death
    interrupts. Returns the times from a start to the first answered event, in seconds."""
    answers = []
    plan = [p for _ in range(ctx.rounds) for p in points]
    for at, point in enumerate(plan):
        wait_death(daemon, load, 30, point)
        arm = f"{plan[at + 1]}:crash:{ctx.dice.randint(*passes)}" if at + 1 < len(plan) else None
        born = time.monotonic()
        daemon.launch(arm)

        def answered(born=born):
            return load.first_answer_after(born) or daemon.proc.poll() is not None
        until(answered, 20, f"an event is answered after the death at {point}", 0.005)
        first = load.first_answer_after(born)
        if first:   # the next death may come before the first answer
            answers.append(first - born)
    return answers


@row("A1", "kill -9 at each point from parsed to acked", "lost 0, doubled 0, first answer <= 2 s", 3, 50)
def a1(ctx):
    with Receiver(ctx.folder) as receiver, \
            ctx.daemon(receiver=receiver, binary=ctx.fault_program()) as d:
        chat = Chat(ctx.rounds * len(ON_THE_WAY_IN) * 2500 + 5000, "a1")
        d.start()
        d.token("ingest"), d.token("viewer")
        d.stop()
        load = HttpLoad(d, chat, batch=20, workers=4, rate=500)
        d.start(fault=f"{ON_THE_WAY_IN[0]}:crash:{ctx.dice.randint(3, 20)}")
        feeds = LiveFeeds(d, 200 if ctx.full else 20).start()
        load.start()
        answers = die_at_points(ctx, ON_THE_WAY_IN, d, load, (3, 20))
        feeds.stop()
        d.wait_ready()
        load.stop()
        v = verdict(d, chat, [load], receiver)
        slowest = max(answers)
        check(slowest <= FIRST_ANSWER_S * PATIENCE, f"first answer after {slowest:.2f} s; {brief(v)}")
        return f"{ctx.rounds} x {len(ON_THE_WAY_IN)} points: {brief(v)}, first answer <= {slowest:.2f} s"


@row("A2", "kill -9 at each point of a push, effect then drop", "doubled 0, unknown is retried by id", 1, 50)
def a2(ctx):
    drops = ",".join(ctx.dice.choice(("200",) * 11 + ("drop",)) for _ in range(4000)) + ",200"
    with Receiver(ctx.folder, script=drops) as receiver, \
            ctx.daemon(receiver=receiver, binary=ctx.fault_program()) as d:
        chat = Chat(ctx.rounds * len(ON_THE_WAY_OUT) * 2500 + 5000, "a2")
        d.start()
        d.token("ingest")
        d.stop()
        load = HttpLoad(d, chat, batch=20, workers=4, rate=500)
        d.start(fault=f"{ON_THE_WAY_OUT[0]}:crash:{ctx.dice.randint(1, 10)}")
        load.start()
        die_at_points(ctx, ON_THE_WAY_OUT, d, load, (1, 10))
        d.wait_ready()
        load.stop()
        receiver.script("200")
        v = verdict(d, chat, [load], receiver, seconds=180 if ctx.rounds < 10 else 900)  # waits double with each try
        n = v.numbers
        return (f"{ctx.rounds} x {len(ON_THE_WAY_OUT)} points: {brief(v)}, {n['pushes']:,} pushes,"
                f" {n['repeats by id']} repeats known by id")


def told_once(calls, data):
    """Every alert stands in one push: what was told under one id is one, however often it came."""
    pushes = {}
    for call in calls:
        if call["effect"]:
            pushes.setdefault(call["id"], json.loads(call["body"]))
    told = collections.Counter(short for body in pushes.values() for short in body["short"].split())
    with contextlib.closing(sqlite3.connect(data / "qund.db")) as db:
        alerts = {str(i) for i, in db.execute("SELECT id FROM alert")}
        loose = db.execute("SELECT count(*) FROM outbox o WHERE state = 8 AND (merged_into IS NULL OR NOT EXISTS"
                           " (SELECT 1 FROM outbox c WHERE c.id = o.merged_into AND c.state = 2))").fetchone()[0]
    check(not loose, f"{loose} merged rows without a card that arrived")
    check(set(told) == alerts, f"{len(alerts - set(told))} alerts were told to nobody")
    twice = [short for short, n in told.items() if n > 1]
    check(not twice, f"told in two pushes: {twice[:5]}")
    return len(alerts), sum(body["kind"] == "card" for body in pushes.values()), len(pushes)


@row("A2C", "kill -9 at each point of a card", "each alert told once, in a card or alone", 1, 20)
def a2c(ctx):
    """A rate far below what comes, so that most of it leaves in cards; rounds are deaths at each point."""
    points = ("card_made", "tx_open", "tx_committed") + ON_THE_WAY_OUT
    with Receiver(ctx.folder) as receiver:
        target = {receiver.name: dict(receiver.target[receiver.name], rate=300)}
        with ctx.daemon(config={"targets": target}, binary=ctx.fault_program()) as d:
            chat = Chat(ctx.rounds * len(points) * 2500 + 5000, "a2c")
            d.start()
            d.token("ingest")
            d.stop()
            load = HttpLoad(d, chat, batch=20, workers=4, rate=500)
            d.start(fault=f"{points[0]}:crash:{ctx.dice.randint(1, 5)}")
            load.start()
            die_at_points(ctx, points, d, load, (1, 5))
            d.wait_ready()
            load.stop()
            d.drained(60)
            delivered(d, receiver, 180 if ctx.rounds < 10 else 900)
            equal(d.stop(), 0, "exit code of an orderly stop")
            alerts, cards, pushes = told_once(receiver.calls(), d.data)
            check(cards > 0, "no card was made")
            d.clean()
            return f"{ctx.rounds} x {len(points)} points: {alerts:,} alerts in {pushes:,} pushes, {cards:,} of them cards"


@row("A4", "SIGTERM under load", "exit 0 <= 10 s, nothing in flight reset", 3, 20)
def a4(ctx):
    """A request that had left its client before the signal is in flight. What a client sends on a kept
    connection after it may meet a closed one."""
    slowest, resets = 0.0, 0
    with ctx.daemon() as d:
        chat = Chat(ctx.rounds * 20000, "a4")
        d.start()
        loads, at = [], 0
        for i in range(ctx.rounds):
            if i:
                d.start()
            load = HttpLoad(d, chat, at, at + 20000, batch=50, workers=8, rate=5000, retry=False).start()
            at += 20000
            until(lambda load=load: load.count() > 1000, 20, "the load runs")
            time.sleep(ctx.dice.uniform(0, 0.3))
            start = time.monotonic()
            code = d.stop(10)
            slowest = max(slowest, time.monotonic() - start)
            equal(code, 0, "exit code")
            load.stop()
            resets += sum(sent < start for sent in load.broken_at)
            loads.append(load)
        d.start()
        v = verdict(d, chat, loads, pushes=False)
        check(resets == 0, f"{resets} answers cut off; {brief(v)}")
        return f"{ctx.rounds} stops: exit 0 <= {slowest:.2f} s, reset 0, {brief(v)}"


# --- at any moment ------------------------------------------------------------------------------

class Killer:
    """Kills `who` and brings it back; with a managed Redis the daemon's death is Redis' death."""

    def __init__(self, daemon, redis):
        self.daemon, self.redis, self.kills = daemon, redis, 0

    def kill(self, who):
        self.kills += 1
        if who in ("redis", "both"):
            if self.redis:
                self.redis.kill9()
            else:
                os.kill(self.redis_pid(), signal.SIGKILL)
        if who in ("daemon", "both"):
            self.daemon.kill9()
        if self.redis and who != "daemon":
            self.redis.start()
        if who != "redis":
            self.daemon.start()

    def redis_pid(self):
        return until(lambda: self.daemon.status().get("redis_pid"), 10, "redis runs")


def kill_during_http(ctx, d, killer, chat, rounds, pick):
    load = HttpLoad(d, chat, batch=100, workers=4).start()
    marks = sorted(ctx.dice.uniform(0, 0.95) * chat.n for _ in range(rounds))
    for mark in marks:
        until(lambda mark=mark: load.count() >= mark, 120, "the intake goes on", 0.001)
        time.sleep(ctx.dice.uniform(0, 0.02))
        killer.kill(pick())
    load.finish(300)
    return [load]


def kill_during_replay(ctx, d, killer, chat, rounds, pick):
    """A part of the file for each kill; after it, on from where the replay was told to have come to."""
    load = ReplayLoad(d, chat)
    for i in range(rounds):
        load.end = chat.n * (i + 1) // rounds
        some = (d.metric("qund_events_accepted_total") or 0) + ctx.dice.uniform(0, 0.9) * (load.end - load.at)
        load.start()

        def along(some=some):
            return load.proc.poll() is not None or (d.metric("qund_events_accepted_total") or 0) >= some
        until(along, 60, "the replay goes on", 0.002)
        killer.kill(pick())
        load.finish()
        while load.at < load.end:
            load.start()
            load.finish(300)
    return [load]


WAYS = {"http": kill_during_http, "replay": kill_during_replay}


def intake(ctx, way, managed, kills, events):
    """One intake of so many events with so many kills, judged to the last push."""
    place = ctx.place()
    victims = ("daemon", "redis") if managed else ("daemon", "redis", "both")
    turn = [0]

    def pick():
        turn[0] += 1
        return victims[(turn[0] + len(victims)) % len(victims)]
    redis = None if managed else Redis(place / "redis").start()
    config = {} if managed else {"queue": {"url": redis.url}}
    try:
        with Receiver(place) as receiver, ctx.daemon(place, receiver, config=config) as d:
            d.start()
            chat = Chat(events, f"{way}{int(managed)}", step_us=20)
            killer = Killer(d, redis)
            loads = WAYS[way](ctx, d, killer, chat, kills, pick)
            v = verdict(d, chat, loads, receiver, seconds=300)
            equal(v.numbers["stored"], events, "events stored at the end")
            return killer.kills, v
    finally:
        if redis:
            redis.stop()


@row("KILL", "kill -9 of daemon, Redis, both during an intake", "lost 0, doubled 0", 3, 100)
def kill(ctx):
    """Rounds are kills. Full: 100,000 events an intake, ten kills each; by HTTP and by replay, with a
    managed and a given Redis in turn."""
    events = 100000 if ctx.full else 20000
    each = 10 if ctx.rounds >= 20 else ctx.rounds
    intakes = [("http", True), ("replay", False)] if ctx.rounds < 20 else \
        [(way, managed) for _ in range((ctx.rounds + 39) // 40) for way in WAYS for managed in (True, False)]
    kills, acknowledged, alerts = 0, 0, 0
    for way, managed in intakes:
        n, v = intake(ctx, way, managed, each, events)
        kills += n
        acknowledged += v.numbers["acknowledged"]
        alerts += v.numbers["pushes"]
        print(f"      {way:6} {'managed' if managed else 'given':7} {n:3} kills: {v.sum()}", flush=True)
    return f"{kills} kills, {acknowledged:,} acknowledged: lost 0, doubled 0; {alerts:,} pushes, each once"


