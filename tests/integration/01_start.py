"""A start that cannot succeed says why in one clear line and exits 1; one that can is not in the way of itself."""
import os
import shutil
import socket
import sqlite3

from harness import PATIENCE, Cases, Client, Daemon, Redis, check, equal, scratch, until

case = Cases()
with scratch() as folder:
    d = Daemon(folder / "first")

    def refused(daemon, *words, lines=1):
        """It exits 1 within a second, and its last line holds the words."""
        code, said, took = daemon.fails_to_start()
        equal(code, 1, "exit code")
        last = [line for line in said.splitlines() if line and not line.startswith("ts=")]
        check(1 <= len(last) <= lines, "so many lines to the operator", said)
        check(all(w in last[-1] for w in words), f"says {words}", last[-1])
        check("Sanitizer" not in said, "no sanitizer report", said)
        return took

    @case("an empty folder is all a first start needs; the admin token is printed once")
    def _():
        d.start()
        check("admin token" in d.log(), "the token is told")
        with Client(d.sock) as c:
            check(b"1970" not in c.get("/api/v1/rules").body, "no time that never was")
        equal(d.stop(), 0, "exit code")
        d.start()
        equal(d.log().count("admin token"), 1, "times the token is told")

    @case("a second start on the same data is refused within a second, with the holder's pid")
    def _():
        with Daemon(folder / "second") as second:
            second.data = d.data
            check(refused(second, str(d.proc.pid)) < 1 * PATIENCE, "within a second")

    @case("after kill -9 of the holder the next start needs nothing, and the one after is refused")
    def _():
        d.kill9()
        d.start()
        with Daemon(folder / "third") as third:
            third.data = d.data
            refused(third, str(d.proc.pid))
        equal(d.stop(), 0, "exit code")

    @case("a port in use is named")
    def _():
        with socket.socket() as s:
            s.bind(("127.0.0.1", d.port))
            s.listen()
            refused(d, str(d.port), "in use")

    @case("a unix socket to listen on is a door like a port: whoever comes needs a token")
    def _():
        door = folder / "door.sock"
        with Daemon(folder / "unix", {"http": {"listen": f"unix:{door}"}}) as other:
            other.start()
            equal(door.stat().st_mode & 0o777, 0o666, "mode: its folder says who gets this far")
            with Client(door) as c:     # of our own user: that is not enough here
                equal(c.get("/readyz").status, 200, "readyz")
                equal(c.get("/api/v1/groups").status, 401, "without a token")
            with Client(door, other.token("viewer")) as c:
                equal(c.get("/api/v1/groups").status, 200, "with a token")
            with Client(other.sock) as c:
                equal(c.get("/api/v1/groups").status, 200, "the house's own socket")
            with Daemon(folder / "unix-2", {"http": {"listen": f"unix:{door}"}}) as second:
                refused(second, str(door), "another program")
            other.kill9()
            other.start()       # what kill -9 left behind is replaced
            with Client(door) as c:
                equal(c.get("/readyz").status, 200, "readyz after kill -9")

    @case("what is no socket is left where it stands")
    def _():
        letter = folder / "letter.txt"
        letter.write_text("dear")
        with Daemon(folder / "unix-3", {"http": {"listen": f"unix:{letter}"}}) as other:
            refused(other, str(letter), "no socket")
        equal(letter.read_text(), "dear", "the file")

    @case("a data folder that is not writable is named")
    def _():
        if os.geteuid() == 0:   # root may write anywhere but into a file
            with Daemon(folder / "file") as other:
                other.data.write_text("not a folder")
                refused(other, str(other.data))
        else:
            with Daemon(folder / "readonly") as other:
                other.data.mkdir(mode=0o500)
                refused(other, str(other.data), "not writable")

    @case("a wrong Redis password is told without showing it")
    def _():
        with Redis(folder / "redis", password="right").start() as redis, \
                Daemon(folder / "password", {"queue": {"url": redis.url, "password": "wrong-secret"}}) as other:
            refused(other, "password")
            check("wrong-secret" not in other.log(), "the password is not shown")

    @case("no Redis at the given address is told")
    def _():
        with Daemon(folder / "noredis", {"queue": {"url": "redis://127.0.0.1:1/0"}}) as other:
            refused(other, "127.0.0.1:1")

    @case("a new store on a queue that another one has applied is told so")
    def _():
        with Redis(folder / "used").start() as redis, \
                Daemon(folder / "before", {"queue": {"url": redis.url}}) as before, \
                Daemon(folder / "after", {"queue": {"url": redis.url}}) as after:
            before.start()
            with before.client("ingest") as c:
                equal(c.post("/api/v1/events", {"group": "g", "text": "hi", "id": "1"}).status, 202, "an event")
            before.drained()
            equal(before.stop(), 0, "exit code")
            after.start()
            check("queue.strange" in after.log() and "queue.prefix" in after.degraded()[1], "it is told", after.degraded())
            equal(after.stop(), 0, "exit code")

    @case("a store that is newer than the program is left alone")
    def _():
        with sqlite3.connect(d.data / "qund.db") as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            db.execute(f"PRAGMA user_version = {version + 1000}")
        db.close()
        refused(d, "newer")
        with sqlite3.connect(d.data / "qund.db") as db:
            db.execute(f"PRAGMA user_version = {version}")
        db.close()
        d.start()
        equal(d.stop(), 0, "exit code")

    @case("a store that is gone, or empty, is not replaced by a new one where traces of it lie")
    def _():
        copy = folder / "copy"
        d.run("backup", str(copy), check_exit=0)
        (d.data / "damaged").write_text("a page was found malformed")
        for make in (lambda store: None, lambda store: store.touch(0o600)):
            for part in ("qund.db", "qund.db-wal", "qund.db-shm"):
                (d.data / part).unlink(missing_ok=True)
            make(d.data / "qund.db")
            refused(d, "qund.db", "was in use", "redis", "qund restore")
            check((d.data / "damaged").exists(), "the note of a damage stays")
        d.run("restore", str(copy), check_exit=0)
        d.start()
        equal(d.log().count("admin token"), 1, "times the token is told")
        equal(d.stop(), 0, "exit code")

    @case("a first start that was killed before it made the store, and a fresh disk below redis, hinder no start")
    def _():
        with Daemon(folder / "early") as early:
            early.data.mkdir(mode=0o700)
            for part in ("lock", "key", "inhand"):
                (early.data / part).write_bytes((d.data / part).read_bytes())
            (early.data / "qund.db").touch(0o600)
            (early.data / "redis/lost+found").mkdir(mode=0o700, parents=True)   # as on a disk of its own
            early.start()
            equal(early.stop(), 0, "exit code")

    @case("a store that is removed under the running daemon is told, and nothing is written any more")
    def _():
        with Daemon(folder / "pulled") as pulled:
            pulled.start()
            aside, _ = folder / "aside.db", pulled.token("ingest")
            (pulled.data / "qund.db").rename(aside)
            until(lambda: "qund.db is not the file" in pulled.degraded()[1], 10, "it is told")
            with pulled.client("ingest") as c:
                equal(c.post("/api/v1/events", {"group": "g", "text": "hi", "id": "1"}).status, 202,
                      "an event, which waits in the queue")
            equal(pulled.stop(), 0, "exit code")
            refused(pulled, "qund.db", "was in use")
            aside.rename(pulled.data / "qund.db")
            pulled.start()
            pulled.drained()
            check("store.whole_again" in pulled.log(), "the store that is back is looked at")
            equal(pulled.stop(), 0, "exit code")

    @case("a data folder that is removed under the running daemon takes no event")
    def _():
        with Daemon(folder / "razed") as razed:
            razed.start()
            token = razed.token("ingest")
            shutil.rmtree(razed.data)
            until(lambda: razed.degraded()[0] == 503, 10, "it is not ready")
            check(str(razed.data) in razed.degraded()[1], "the folder is named", razed.degraded())
            with Client(razed.port, token) as c:
                equal(c.post("/api/v1/events", {"group": "g", "text": "hi", "id": "1"}).status, 503, "an event")
            razed.stop()

    @case("a broken configuration is named by file, line and nearest key")
    def _():
        with Daemon(folder / "config") as other:
            other.write_config("http:\n  lisen: 127.0.0.1:1\n")
            refused(other, "qund.yaml:2:", "listen", lines=9)

    @case("a database of another program is refused and left as it is")
    def _():
        with Daemon(folder / "foreign") as other:
            other.data.mkdir()
            with sqlite3.connect(other.data / "qund.db") as db:
                db.execute("CREATE TABLE song (title)")
            db.close()
            was = (other.data / "qund.db").read_bytes()
            refused(other, "qund.db", "another program")
            equal((other.data / "qund.db").read_bytes(), was, "its bytes")

    @case("a rules folder that is not there is named")
    def _():
        with Daemon(folder / "norules", {"rules": {"dirs": ["rules", "nowhere"]}}) as other:
            refused(other, "nowhere")

    @case("broken rules at the very first start are named, and there is no start")
    def _():
        with Daemon(folder / "rules") as other:
            other.write_rules("rules:\n  - id: x\n    when: {any: ['(']}\n    thn: []\n")
            refused(other, "10-test.yaml:", lines=9)

    case.done(d)
