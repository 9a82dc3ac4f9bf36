"""A spool file that the disk damaged: kept aside, shown in /readyz and a metric until a person has moved it away."""
# limit: 90 s
from harness import Cases, Daemon, check, equal, scratch, until

case = Cases()


@case("damage found at the start is a degraded state, also of later starts, and ends when the file is moved away")
def _():
    with scratch() as folder, Daemon(folder / "d") as d:
        d.start()
        equal(d.metric("qund_spool_damaged_files"), 0, "nothing is damaged yet")
        d.stop()
        spool = d.data / "spool"
        for name in ("0000000000000001.spool", "0000000000000002.spool"):   # the last one may be torn, not the others
            (spool / name).write_bytes(b"qspool1\nnot what was written there")
        for _ in range(2):
            d.start()
            status, said = d.degraded()
            equal(status, 200, "events are taken all the same")
            check("0000000000000001.spool.damaged" in said and "move" in said, "/readyz names the file and what ends it", said)
            equal(d.metric("qund_spool_damaged_files"), 1, "the metric counts it")
            d.stop()
        d.start()
        (spool / "0000000000000001.spool.damaged").rename(folder / "for-the-expert")
        until(lambda: '"degraded":[]' in d.degraded()[1], 20, "/readyz is whole again")
        equal(d.metric("qund_spool_damaged_files"), 0, "the metric, too")


case.done()
