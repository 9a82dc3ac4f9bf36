"""OneBot when there is too much: 50,000 events as fast as they can be written, a thousand connections, a queue
that has no room. Slowed down, never cut off, and nothing that was taken is lost."""
# alone: it measures how long things take
# limit: 240 s
import json
import signal
import struct
import threading
import time

from harness import PATIENCE, Cases, Client, Daemon, Redis, check, equal, figure, sanitized, scratch, until, QUND
from onebot import Bridge, dial, message
from wire import Refused, Ws

case = Cases()
SLOW = sanitized(QUND)
N = 5000 if SLOW else 50000
LINES = 10
CONFIG = {"log": {"level": "info"},
          "channels": {"qq": {"kind": "onebot", "token": "geheim", "members": "0s"}}}
RULES = {"rules": [{"id": "none", "when": {"any": ["nie gesagt"]}, "then": [{"tag": "x"}]}]}


def framed(text):
    """A client's frame, masked with zeros: what is sent is known beforehand."""
    body = text.encode()
    head = bytes([0x81, 0x80 | len(body)]) if len(body) < 126 else bytes([0x81, 0xfe]) + struct.pack(">H", len(body))
    return head + bytes(4) + body


with scratch() as folder, Daemon(folder / "d", CONFIG, RULES) as d:
    d.start()

    def is_open():
        with Client(d.port) as c:
            return c.get("/hook/qq/").status == 405

    until(is_open, 10, "the channel opens")

    def metric(name, label):
        with d.client() as c:
            lines = c.get("/metrics").body.decode().splitlines()
        return sum(float(s.rsplit(" ", 1)[1]) for s in lines if s.startswith(name + "{") and label in s)

    def count(begins):
        """Messages with such a text: (all, different ones)."""
        texts = [json.loads(row).get("text", "") for row in d.run("export", "messages", check_exit=0)[1].splitlines()]
        texts = [t for t in texts if t.startswith(begins)]
        return len(texts), len(set(texts))

    @case(f"{N} events at once over {LINES} connections: all are there once")
    def _():
        lines = [Ws.connect(d.port, "/hook/qq/ws", {"Authorization": "Bearer geheim", "X-Self-ID": str(1000 + i)}, timeout=120)
                 for i in range(LINES)]
        now = int(time.time())
        load = [b"".join(framed(json.dumps(message(1000 + i, 100 + k % 50, 5000 + k % 700, f"flut {i}-{k}", k, ts=now + k // 5000),
                                           ensure_ascii=False)) for k in range(N // LINES)) for i in range(LINES)]
        start = time.monotonic()
        threads = [threading.Thread(target=line.sock.sendall, args=[data]) for line, data in zip(lines, load)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        written = time.monotonic() - start
        top = []
        until(lambda: top.append(d.memory_kib()) or metric("qund_onebot_events_total", 'type="message"') == N, 90, "all are read", 0.05)
        read = time.monotonic() - start
        until(lambda: metric("qund_onebot_held", 'channel="qq"') == 0, 60, "all are durable", 0.2)
        d.drained(120)
        equal(count("flut "), (N, N), "stored")
        figure(f"onebot flood: {N} events written in {written:.1f} s, read in {read:.1f} s, applied in {time.monotonic() - start:.1f} s, "
               f"slowed down {metric('qund_onebot_slowed_total', 'qq'):.0f} times, memory at most {max(top) >> 10} MiB")
        for line in lines:
            line.drop()

    @case("a daemon that stands still for a while has everything when it goes on")
    def _():
        line = Ws.connect(d.port, "/hook/qq/ws", {"Authorization": "Bearer geheim", "X-Self-ID": "7"}, timeout=120)
        d.proc.send_signal(signal.SIGSTOP)
        data = b"".join(framed(json.dumps(message(7, 1, 8, f"stau {k}", k, ts=int(time.time())))) for k in range(N // 10))
        sender = threading.Thread(target=line.sock.sendall, args=[data])
        sender.start()
        d.proc.send_signal(signal.SIGCONT)
        sender.join(60 * PATIENCE)
        check(not sender.is_alive(), "written")
        until(lambda: metric("qund_onebot_events_total", 'type="message"') == N + N // 10, 60, "read", 0.2)
        d.drained(60)
        equal(count("stau "), (N // 10, N // 10), "stored")
        line.drop()

    @case("a thousand connections of one account: the newest is there, nothing is left behind")
    def _():
        before = d.descriptors()
        bridge = Bridge(7)
        for _ in range(1000):
            Ws.connect(d.port, "/hook/qq/ws", {"Authorization": "Bearer geheim", "X-Self-ID": "7"}).drop()
        line = dial(bridge, d.port, "qq")
        line.say(message(7, 900, 8, "tausend", N + 1))
        until(lambda: (d.drained() or count("tausend")) == (1, 1), 10, "it is heard", 0.2)
        until(lambda: metric("qund_onebot_connections", 'channel="qq"') == 1, 15, "one connection", 0.2)
        until(lambda: d.descriptors() <= before + 5, 15, "no descriptor is left")
        line.close()

    @case("more connections than there is room for: 503 and counted, those that are open go on")
    def _():
        open_ones, refused = [], 0
        for i in range(530):
            try:
                open_ones.append(Ws.connect(d.port, "/hook/qq/ws", {"Authorization": "Bearer geheim"}))
            except Refused as e:
                equal(e.status, 503, "status")
                refused += 1
        equal((len(open_ones), refused), (512, 18), "open and refused")
        equal(metric("qund_onebot_refused_total", 'why="room"'), 18, "counted")
        open_ones[0].send(json.dumps(message(7, 901, 8, "voll", N + 2)))
        until(lambda: (d.drained() or count("voll")) == (1, 1), 10, "it is heard", 0.2)
        for ws in open_ones:
            ws.drop()

    equal(d.stop(), 0, "exit")
    case("the sanitizers found nothing")(d.clean)

# Redis is away and the spool is full: there is no room at all.
MORE = 8000
with scratch() as folder, Redis(folder / "redis").start() as redis, Daemon(folder / "d", {
        **CONFIG, "queue": {"url": redis.url, "spool_max": "1MiB"}}, RULES) as e:
    e.start()

    def opened():
        with Client(e.port) as c:
            return c.get("/hook/qq/").status == 405

    until(opened, 10, "the channel opens")

    @case("without any room bridges wait; what was read is handed over again when there is")
    def _():
        def metric(name):
            with e.client() as c:
                lines = c.get("/metrics").body.decode().splitlines()
            return sum(float(s.rsplit(" ", 1)[1]) for s in lines if s.startswith(name + "{"))

        redis.kill9()
        line = Ws.connect(e.port, "/hook/qq/ws", {"Authorization": "Bearer geheim", "X-Self-ID": "7"}, timeout=120)
        data = b"".join(framed(json.dumps(message(7, 1 + k % 9, 8, f"voll {k} " + "x" * 300, k, ts=int(time.time()))))
                        for k in range(MORE))
        sender = threading.Thread(target=line.sock.sendall, args=[data])
        sender.start()
        until(lambda: metric("qund_onebot_slowed_total") >= 1, 30, "the bridge is slowed down", 0.1)
        check(metric("qund_onebot_held") > 0, "some wait")
        time.sleep(2)       # what is not done can only be waited for; what waits is tried again every 50 ms
        held = metric("qund_onebot_held")
        check(metric("qund_onebot_slowed_total") <= 5, "it stays slow", metric("qund_onebot_slowed_total"))
        time.sleep(1)
        equal(metric("qund_onebot_held"), held, "nothing more is read meanwhile")
        redis.start()
        sender.join(60 * PATIENCE)
        check(not sender.is_alive(), "written")
        until(lambda: metric("qund_onebot_events_total") == MORE and metric("qund_onebot_held") == 0, 90, "all is taken", 0.2)
        e.drained(90)
        texts = [json.loads(row).get("text", "") for row in e.run("export", "messages", check_exit=0)[1].splitlines()]
        texts = [t for t in texts if t.startswith("voll ")]
        equal((len(texts), len(set(texts))), (MORE, MORE), "each once")
        line.drop()

    equal(e.stop(), 0, "exit")
    case.done(e)
