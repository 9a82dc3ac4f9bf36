"""A thousand reloads: plugins are told of new values, targets opened anew, and nothing is left behind. Under a
sanitizer a leak fails the stop; without one memory must not grow."""
# limit: 400 s
import os
import pathlib
import signal
import statistics

from harness import QUND, Cases, Client, Daemon, check, equal, scratch, until


PLUGINS = pathlib.Path(QUND).parent.parent / "tests/plugins"
if not (PLUGINS / "good.so").exists():
    print("the test plugins are not built")
    raise SystemExit(77)

SANITIZED = any(s in str(QUND) for s in ("asan", "tsan", "ubsan"))
RELOADS = 200 if SANITIZED else 1000
WARM = RELOADS // 4         # caches are filled, the allocator knows its sizes
EVERY = RELOADS // 20       # a look may find the set before let go or not: the median slope counts
SLOPE = 600                 # bytes a reload, more than the levels make; a smaller leak fails the stop under a sanitizer
RSS_KIB = 2048              # resident memory, over all the rest

case = Cases()
TOKEN = {"X_Token": "geheim"}


def config(n):
    """Every entry differs each time: one channel is told in place, one target is opened anew."""
    return {"plugins": {"dirs": [str(PLUGINS)]},
            "channels": {"bot": {"kind": "good", "token": "geheim", "greeting": f"hello {n:05}", "hook_body": "4KiB"}},
            "targets": {"ops": {"kind": "good", "rate": 0, "timeout": "2s", "answer": "limited" if n % 2 else "sent"}}}


with scratch() as folder, Daemon(folder / "d", config(0)) as d:
    d.start()

    def hook(method, path, body=None):
        with Client(d.port) as c:
            return c.ask(method, "/hook/bot" + path, body, **TOKEN)

    until(lambda: hook("GET", "/state").status == 200, 10, "the channel opens")

    @case("a hook takes no more than its channel bears, and the plugin never sees the rest")
    def _():
        equal(hook("POST", "/say", "m1 " + "x" * 4000).status, 200, "within")
        beyond = hook("POST", "/say", "m2 " + "x" * 5000)
        equal(beyond.status, 413, "beyond")
        check("channels.NAME.hook_body" in beyond.body.decode(), "names the key", beyond.body)
        with Client(d.port) as c:
            equal(c.ask("POST", "/hook/nobody/x", "y" * 100).status, 404, "no such channel")
        with Client(d.port) as c:
            equal(c.ask("POST", "/hook/nobody/x", "y" * 10000).status, 413, "nor is much read for it")

    def reload(n, done):
        d.config.update(config(n))
        d.write_config()
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: done() > 0, 10, f"reload {n}", pause=0.005)

    @case("memory does not grow with reloads")
    def _():
        log = open(d.log_path, "rb")
        log.seek(0, os.SEEK_END)

        def done():
            return log.read().count(b"event=config.loaded")

        def heap():
            for _ in range(10):         # it is counted at each tenth look
                d.metric("qund_heap_bytes")
            return d.metric("qund_heap_bytes")

        looks = []
        for n in range(1, RELOADS + 1):
            reload(n, done)
            if n >= WARM and n % EVERY == 0:
                looks.append((heap(), d.memory_kib()))
        half = len(looks) // 2
        early, late = looks[:half], looks[half:]
        slope = statistics.median((b - a) / (j - i) / EVERY for i, (a, _) in enumerate(looks)
                                  for j, (b, _) in enumerate(looks) if j > i)
        rss = statistics.median(r for _, r in late) - statistics.median(r for _, r in early)
        print(f"    {RELOADS} reloads: heap {slope:+.1f} bytes each, resident memory {rss:+.0f} KiB")
        if not SANITIZED:
            check(slope < SLOPE, "heap", looks)
            check(rss < RSS_KIB, "resident memory", looks)
        equal(hook("POST", "/say", "m3 still here").status, 200, "the channel is the same one")
        log.close()

    @case("it stops clean")
    def _():
        equal(d.stop(30), 0, "exit")

case.done()
