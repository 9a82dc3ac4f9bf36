"""A backup of a running daemon, restored elsewhere: the same rows, and nothing is sent by itself."""
import json
import pathlib

from harness import Cases, Daemon, Receiver, check, equal, scratch, until
from load import Chat, HttpLoad

case, path = Cases(), []
with scratch() as folder, Receiver(folder, script="500") as receiver, \
        Daemon(folder / "d", {"targets": receiver.target}) as d, Daemon(folder / "back", {"targets": receiver.target}) as back:
    d.start()
    HttpLoad(d, Chat(1000, "b")).start().finish()
    d.drained()
    until(receiver.calls, 10, "a push is tried")

    def lines(daemon):
        return daemon.run("export", "messages", check_exit=0)[1]

    @case("backup while running, restore into an empty folder: the same messages")
    def _():
        _, out, _ = d.run("backup", str(folder / "copies"), "--json", check_exit=0)
        path.append(json.loads(out.splitlines()[-1])["path"])
        back.data.mkdir()
        back.run("restore", path[0], check_exit=0)
        equal(lines(back), lines(d), "exported messages")

    @case("pushes that waited are held for review, and none leaves by itself")
    def _():
        equal(d.stop(), 0, "exit code")
        receiver.script("200")
        before = len(receiver.calls())
        back.start()
        back.drained()
        with back.client() as c:
            held = c.get("/api/v1/outbox?state=held&limit=1").json()["items"]
            check(held and held[0]["reason"] == "restored", "held", held)
            equal(len(receiver.calls()), before, "calls")
            equal(c.post(f"/api/v1/outbox/{held[0]['id']}/retry", {}).status, 200, "a person sends one")
        until(lambda: len(receiver.calls()) == before + 1, 10, "that one is sent")

    @case("a restore under a running daemon is refused with its pid")
    def _():
        code, _, err = back.run("restore", path[0])
        equal(code, 1, "exit code")
        check(str(back.proc.pid) in err, "the pid", err)

    @case("a damaged backup is refused and changes nothing")
    def _():
        equal(back.stop(), 0, "exit code")
        broken = folder / "broken.db"
        broken.write_bytes(b"SQLite format 3\0" + b"\0" * 5000)
        before = lines(back)
        equal(back.run("restore", str(broken))[0], 1, "exit code")
        equal(lines(back), before, "messages")

    @case("what is no backup is called so, and a restore that fails leaves no data folder behind")
    def _():
        photo, bare = folder / "photo.jpg", folder / "bare.db"
        photo.write_bytes(b"\xff\xd8\xff" * 999)
        bare.write_bytes(pathlib.Path(path[0]).read_bytes())
        spoilt = folder / "spoilt.db"
        spoilt.write_bytes(b"SQLite format 3\0" + b"\0" * 5000)
        (folder / "spoilt.db.sha256").write_text("0" * 64 + "  spoilt.db\n")
        with Daemon(folder / "fresh") as fresh:
            for file, said in ((photo, "is no backup"), (bare, "bare.db.sha256"), (spoilt, "is damaged")):
                code, _, err = fresh.run("restore", str(file))
                check(code == 1 and said in err, "what it says", file, err)
                check(not fresh.data.exists(), "no folder", list(fresh.data.parent.rglob("*")))
            fresh.data.mkdir()
            fresh.run("restore", str(photo))
            check(fresh.data.exists(), "a folder that was there stays")

    case.done(d, back)
