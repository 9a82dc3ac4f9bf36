#!/usr/bin/env python3
"""What the command line is given by mistake, and what must not come of it: half a recording, closed
descriptors, bytes that are no text, files that are something else, figures that are none."""
import contextlib
import json
import os
import pathlib
import resource
import signal
import socket
import sqlite3
import subprocess

from harness import TOP, Cases, Client, Daemon, Receiver, check, die_with_me, equal, scratch, until

SAMPLE = TOP / "tests/data/conversations.jsonl"


def told_to(d, *words, **env):
    """The program on its own, in that folder: (exit code, stdout, stderr)."""
    got = subprocess.run([d.binary, *words], env=d.environment(**env), cwd=d.folder, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60, check=False)
    return got.returncode, got.stdout.decode("utf-8", "replace"), got.stderr.decode("utf-8", "replace")


def one(d, sql):
    with contextlib.closing(sqlite3.connect(f"file:{d.data / 'qund.db'}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchone()[0]


def half_a_recording_is_never_taken_for_an_installation(folder):
    with Receiver(folder) as ops:
        d = Daemon(folder / "d", config={"targets": ops.target})
        asks = [{"id": str(i), "group": "g", "sender": "a", "text": "多少钱", "ts": f"2025-09-15T12:{i % 60:02d}:00Z"}
                for i in range(600)]
        broken = folder / "broken.jsonl"
        broken.write_text("\n".join(json.dumps(e) for e in asks) + '\n{"broken\n', encoding="utf-8")
        code, _, err = d.run("replay", "--virtual", broken)
        check(code == 1 and "line 601" in err, "the line is named", err)
        check(not d.data.exists(), "the folder it made is gone again", list(d.folder.iterdir()))
        d.data.mkdir()
        code, _, err = d.run("replay", "--virtual", broken)
        check(code == 1 and f"{d.data} now holds what was played before" in err, "in a folder that was there it says so", err)
        check(one(d, "SELECT count(*) FROM outbox") > 0, "pushes wait in it")
        equal(one(d, "SELECT value FROM meta WHERE key = 'virtual'"), 1, "it says what it is")
        code, said, _ = d.fails_to_start()
        check(code == 1 and "--virtual" in said, "no daemon goes on with it", said)
        equal(ops.calls(), [], "nothing was sent")
        whole = Daemon(folder / "e")
        mended = folder / "mended.jsonl"
        mended.write_text("\n".join(json.dumps(e) for e in asks), encoding="utf-8")
        code, _, _ = whole.run("replay", "--virtual", broken)
        equal(code, 1, "refused")
        _, out, _ = whole.run("replay", "--virtual", mended, check_exit=0)
        check(out.startswith("events 600"), "the mended file is played into the same folder", out)


def temporary_folders_lie_where_tmpdir_says(folder):
    d = Daemon(folder / "d")
    for words in (["replay", "--virtual", str(SAMPLE)], ["simulate", "quick_flash_sale", "--start", "2026-09-01"]):
        code, _, err = told_to(d, *words, TMPDIR=str(folder / "none"))
        check(code == 1 and "TMPDIR" in err and str(folder / "none") in err, words[0], err)
    (folder / "there").mkdir()
    code, _, err = told_to(d, "replay", "--virtual", str(SAMPLE), TMPDIR=str(folder / "there"))
    equal((code, os.listdir(folder / "there")), (0, []), "one that is there, left empty: " + err)


def closed_descriptors_cost_no_file(folder):
    for closed in ([1], [2], [0, 1, 2]):
        d = Daemon(folder / f"d{len(closed)}{closed[0]}")
        lock = d.data / "lock"
        d.proc = subprocess.Popen(d.command("serve"), env=d.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL,
                                  preexec_fn=lambda closed=closed: (die_with_me(), [os.close(fd) for fd in closed]))
        with d:
            d.wait_ready()
            equal(lock.read_text(), f"{d.proc.pid}\n", "the lock holds the pid and no log line, no token")
            for fd in range(3):
                equal(os.readlink(f"/proc/{d.proc.pid}/fd/{fd}"), "/dev/null", f"descriptor {fd}")
            children = pathlib.Path(f"/proc/{d.proc.pid}/task/{d.proc.pid}/children").read_text().split()
            equal([os.readlink(f"/proc/{pid}/fd/3") for pid in children], [str(d.data / "redis/lock")], "the redis-server's lock")
            with d.client() as c:
                equal(c.events([{"id": "1", "group": "g", "sender": "a", "text": "多少钱"}]).status, 202, "it works")
            d.stop()
            equal(lock.read_text(), f"{d.proc.pid}\n", "at the end, too")


def what_is_no_text_is_refused_by_name_and_files_are_called_what_they_are(folder):
    d = Daemon(folder / "d")
    (folder / "c.csv").write_text("realm,id,name\nwecom,wm1,王\n", encoding="utf-8")
    d.run("import", "contacts", folder / "c.csv", check_exit=0)
    bad = "多".encode("gbk")
    for words, named in ((["search", bad], "word 1 "), (["search", "好", bad], "word 2 "), (["plan", "show", bad], "word 2 "),
                         (["token", "create", "--role", "viewer", "--name", bad], "the value of --name "),
                         (["token", "create", b"--name=" + bad], "the value of --name "), (["import", bad, "x.csv"], "word 1 "),
                         (["plan", "create", "x", "--param", b"a=" + bad], "a value of --param "),
                         (["replay", "x", "--channel", bad], "the value of --channel "), (["sop", bad, "x"], "word 1 ")):
        got = subprocess.run([d.binary, *words, "--data", d.data], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        check(got.returncode == 2 and f"{named}is not UTF-8".encode() in got.stderr, f"{words}", got.returncode, got.stderr)
    where = os.fsencode(folder) + b"/" + bad
    os.mkdir(where)
    for words, code in ((["import", "contacts", where + b"/c.csv"], 1), (["check", where], 1),
                        (["replay", "--virtual", where + b"/e.jsonl", "--data", where + b"/v"], 0),
                        (["search", "早", "--data", where + b"/v"], 0), (["export", "contacts", where + b"/out.csv"], 0),
                        (["backup", where], 0), (["simulate", where + b"/none.yaml", "--start", "2026-09-01"], 1), (["backtest", where + b"/none.yaml"], 1),
                        (["sop", "check", where + b"/none.yaml"], 1)):
        with open(where + b"/c.csv", "w", encoding="utf-8") as f:
            f.write("realm,id,name\nwecom,wm1,王,\n")
        with open(where + b"/e.jsonl", "w", encoding="utf-8") as f:
            f.write('{"id":"1","group":"g","sender":"a","text":"早","ts":"2025-09-15T12:00:00Z"}\n')
        got = subprocess.run([d.binary, *words, *([] if "--data" in words else ["--data", d.data])], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        check(got.returncode == code and b"UTF-8" not in got.stderr, f"{words}", got.returncode, got.stdout, got.stderr)
    check(os.path.exists(where + b"/out.csv") and os.path.exists(where + b"/c.csv.errors.csv"), "files", os.listdir(where))


def what_is_missing_is_said(folder):
    d = Daemon(folder)
    for words, said in ((["dead"], "missing: list|show ID|retry ID|drop ID"), (["explain", "7"], "missing: RULE"),
                        (["import", "contacts"], "missing: FILE"), (["replay"], "missing: FILE")):
        code, _, err = told_to(d, *words)
        check(code == 2 and said in err, " ".join(words), err)


def a_speed_is_a_number_within_bounds(folder):
    d = Daemon(folder)
    for speed in ("nan", "inf", "-1", "0", "1e300", "1e-300", "0x10", "0.0001", "1000001", "1.2.3", "", " 5", "."):
        for words in (["serve", f"--virtual={speed}"], ["replay", str(SAMPLE), f"--speed={speed}"]):
            code, _, err = told_to(d, *words)
            check(code == 2 and "a number from 0.001 to 1000000" in err, " ".join(words), err)
    check(not d.data.exists() and not (folder / "data").exists(), "and nothing was made")


def a_door_that_cannot_be_opened_is_known_before_anything_else(folder):
    d = Daemon(folder / "d")
    (folder / "file").touch()
    other = socket.socket(socket.AF_UNIX)
    other.bind(str(folder / "taken"))
    other.listen()
    for listen, said in ((f"unix:{folder}/none/x", "No such file"), (f"unix:{folder}/file", "is no socket"),
                         (f"unix:{folder}/taken", "another program")):
        d.args = ["--listen", listen]
        code, out, _ = d.fails_to_start()
        check(code == 1 and said in out, listen, out)
        check(not d.data.exists(), "no folder was made", listen)
    code, _, err = d.run("serve", "--listen", "foo")
    check(code == 2 and "--listen: HOST:PORT" in err and "http.listen" not in err, "what was typed is blamed", err)
    other.close()
    d.config["http"]["listen"] = f"unix:{folder}/taken"
    d.write_config()
    d.args = []
    d.start()
    code, _, err = d.run("serve")
    check(code == 1 and f"in use by process {d.proc.pid}" in err, "one that runs is named, not its door", err)
    equal(d.stop(), 0, "a socket left behind is no hindrance")


def an_export_is_there_whole_or_as_it_was(folder):
    d = Daemon(folder / "d")
    d.run("replay", "--virtual", SAMPLE, check_exit=0)
    store = (d.data / "qund.db").read_bytes()
    (folder / "link").symlink_to(d.data)
    for name, said in ((d.data / "qund.db", "lies in the data folder"), (d.data / "new.csv", "lies in the data folder"),
                       (folder / "link" / "qund.db", "lies in the data folder"), (folder, "is no file"),
                       (folder / "none" / "x", "No such file")):
        code, _, err = d.run("export", "contacts", name)
        check(code == 1 and str(name) in err and said in err, "refused", name, err)
    rows = folder / "c.csv"
    rows.write_text("realm,id,name\nwecom,wm1,王\n", encoding="utf-8")
    for words in (["import", "contacts", rows, "--errors", d.data / "qund.db"],
                  ["simulate", "quick_flash_sale", "--start", "2026-09-01", "--save", d.data / "qund.db"]):
        code, _, err = d.run(*words)
        check(code == 1 and "lies in the data folder" in err, words[0], err)
    equal((d.data / "qund.db").read_bytes(), store, "the store is as it was")

    out = folder / "contacts.csv"
    out.write_text("yesterday", encoding="utf-8")
    out.chmod(0o640)

    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
    got = subprocess.run(d.command("export", "messages", out), stderr=subprocess.PIPE, env=d.environment(), check=False,
                         preexec_fn=no_room)
    equal((got.returncode, out.read_text()), (1, "yesterday"), f"no room: {got.stderr}")
    check(b"cannot be written: File too large" in got.stderr, "it says so", got.stderr)
    equal(d.run("export", "contacts", out)[0], 0, "with room")
    whole = out.read_bytes().decode()
    equal((whole.count("\n") > 10, out.stat().st_mode & 0o777), (True, 0o640), "today's, with yesterday's mode")
    equal(sorted(p.name for p in folder.glob("contacts*")), ["contacts.csv"], "nothing lies beside it")
    for name in ("-", "/dev/stdout"):
        check(d.run("export", "contacts", name)[1] == whole, name)
    with out.open("ab") as more:
        subprocess.run(d.command("export", "contacts", "/dev/stdout"), stdout=more, env=d.environment(), check=True)
    check(out.read_bytes().decode() == whole + whole, "what is appended to stays")
    os.mkfifo(folder / "pipe")
    with subprocess.Popen(["cat", folder / "pipe"], stdout=subprocess.PIPE) as cat:
        d.run("export", "contacts", folder / "pipe", check_exit=0)
        check(cat.stdout.read().decode() == whole, "a pipe")
    equal(d.run("export", "contacts", "/dev/full")[0], 1, "a device without room")


def a_dash_is_standard_input(folder):
    d = Daemon(folder / "d")
    rows = "realm,id,name,phone\nwecom,wm1,王,\nwecom,wm2,李,12\n".encode()
    got = subprocess.run(d.command("import", "contacts", "-"), input=rows, cwd=folder, env=d.environment(), check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(got.returncode == 1 and b"created 1, updated 0, refused 1" in got.stdout, "rows", got.stdout, got.stderr)
    check(b"stdin.errors.csv" in got.stderr and "3," in (folder / "stdin.errors.csv").read_text(), "refused rows", got.stderr)
    got = subprocess.run(d.command("import", "contacts", "-", "--format", "jsonl"), cwd=folder, env=d.environment(), check=True,
                         stdout=subprocess.PIPE, input='{"realm":"wecom","id":"wm3","name":"陈"}\n'.encode())
    check(b"created 1" in got.stdout, "JSON lines", got.stdout)


def version_names_what_it_runs_with(folder):
    d = Daemon(folder)
    _, out, _ = told_to(d, "version")
    for part in ("SQLite 3.", "Hyperscan 5.", "hiredis ", "PCRE2 10.", "libcurl/", "libuv 1.", "libsodium ", "Jansson 2.", "libfyaml "):
        check(part in out, part, out)
    check(json.loads(told_to(d, "version", "--json")[1])["parts"], "for scripts")


def what_customers_write_moves_no_cursor_and_makes_no_line(folder):
    with Receiver(folder) as ops:
        d = Daemon(folder / "d", config={"targets": ops.target})
        with d:
            d.start()
            name, text = "小王\n; rm\u202e\u009b2J", "多少钱\r\n#2 回复：完成 2\u2028\u2066"
            with subprocess.Popen(d.command("watch"), stdout=subprocess.PIPE) as p, Client(d.sock) as c:
                until(lambda: c.get("/api/v1/status").json()["http"]["websockets"] == 1, 10, "it watches")
                c.events([{"id": "1", "group": "g", "group_name": "一\x1b群", "sender": "a", "sender_name": name, "text": text}])
                said = [p.stdout.readline().decode() for _ in range(3)]
                d.run("alert", "ack", "1", "--note", text, check_exit=0)
                said += [line for line in iter(lambda: p.stdout.readline().decode(), "") if " ok " in line or p.terminate()][:1]
            said += [d.run(*words, check_exit=0)[1] for words in (["search", "多少钱"], ["alert", "list", "--state", "all"])]
            check("; rm" in said[0] and any("!!" in line for line in said), "what was watched", said)
            push = json.loads(until(ops.calls, 10, "a push")[0]["body"])
            check(push["text"].count("\n") == 2 and "\n#1 回复" in push["text"], "two lines of ours behind the first", push["text"])
            for line in [*said, push["text"].replace("\n", ""), push["alert"]["sender_name"], push["alert"]["title"]]:
                odd = [ch for ch in line.rstrip("\n") if ord(ch) < 32 or 0x7f <= ord(ch) < 0xa0 or ch in "\u2028\u2029\u202e\u2066"]
                equal(odd, [], line)
            equal(push["alert"]["quote"], text, "in the alert itself it stands as it was written")
            d.stop()


if __name__ == "__main__":
    CASES = [half_a_recording_is_never_taken_for_an_installation, temporary_folders_lie_where_tmpdir_says,
             closed_descriptors_cost_no_file, what_is_no_text_is_refused_by_name_and_files_are_called_what_they_are,
             what_is_missing_is_said, a_speed_is_a_number_within_bounds,
             what_customers_write_moves_no_cursor_and_makes_no_line,
             an_export_is_there_whole_or_as_it_was, a_dash_is_standard_input, version_names_what_it_runs_with,
             a_door_that_cannot_be_opened_is_known_before_anything_else]
    run = Cases()
    for case in CASES:
        with scratch("odd") as place:
            run(case.__name__.replace("_", " "))(lambda case=case, place=place: case(place))
    run.done()
