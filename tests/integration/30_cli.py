#!/usr/bin/env python3
"""The command line as a person with little patience uses it: wrong words, full disks, closed pipes,
starts that cannot succeed, imports that are cut off, and what each of them says."""
# limit: 180 s
import fcntl
import json
import os
import pathlib
import re
import select
import signal
import socket
import sqlite3
import struct
import subprocess

from harness import QUND, TOP, Cases, Client, Daemon, check, equal, scratch, until

SAMPLE = TOP / "tests/data/conversations.jsonl"
BROKEN = TOP / "tests/data/broken-rules"
BROKEN_TEMPLATES = TOP / "tests/data/broken-templates"


def played(folder):
    """The sample in a store of its own, played in virtual time."""
    d = Daemon(folder)
    d.config = {"http": {"listen": f"127.0.0.1:{d.port}"}, "store": {"reserve": "1MiB"}}  # the shipped rules
    d.write_config()
    d.run("replay", "--virtual", SAMPLE, check_exit=0)
    return d


def words_are_refused_by_name(folder):
    d = Daemon(folder)
    for words, said in ((("serch", "x"), "did you mean search"), (("search", "x", "--limt", "3"), "did you mean --limit"),
                        (("import", "contacts", "f", "--dry-run=no"), "takes no value"),
                        (("search",), "something is missing"), (("search", ""), "the words are empty"),
                        (("simulate", "x", "--start", "2026-09-01", "--only", "g"), "--only is of the groups of a recorded chat"),
                        (("search", "x", "--limit"), "wants a value")):
        got = subprocess.run([d.binary, *words], capture_output=True, text=True, check=False)
        equal(got.returncode, 2, " ".join(words))
        check(said in got.stderr, f"{words} says {said}", got.stderr)
    got = subprocess.run([d.binary, "search", "x", "--data", ""], capture_output=True, text=True, check=False)
    equal(got.returncode, 2, "an empty --data is not ./data")


def help_is_there_for_every_command(folder):
    d = Daemon(folder)
    listed = subprocess.run([d.binary, "--help"], capture_output=True, text=True, check=True).stdout
    names = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and not line.startswith("  -")]
    check(len(names) >= 16, "commands are listed", names)
    doc = (TOP / "docs/cli.md").read_text(encoding="utf-8")
    for name in names:
        text = subprocess.run([d.binary, name, "--help"], capture_output=True, text=True, check=True).stdout
        check(text.startswith(f"usage: qund {name}"), "help begins with its usage", text[:80])
        check(f"## {name}\n" in doc, f"docs/cli.md has a section {name}")
        for line in text.splitlines():
            if line.startswith("  --") and line.split()[0] not in ("--data", "--config", "--json", "--help"):
                section = doc.split(f"## {name}\n")[1].split("\n## ")[0]
                check(line.split()[0] in section, f"docs/cli.md: {name} {line.split()[0]}")


def every_broken_rule_file_is_named_at_once(folder):
    d = Daemon(folder)
    code, _, err = d.run("check", BROKEN)
    equal(code, 1, "check")
    for file in sorted(BROKEN.glob("*.yaml")):
        alone = subprocess.run([d.binary, "check", file], capture_output=True, text=True, check=False)
        equal(alone.returncode, 1, file.name)
        for line in alone.stderr.splitlines():
            check(file.name + ":" in line and line.split(":")[1].isdigit(), "file:line:col", line)
            check(line in err, "an error of one file shows when all are checked", line)


def a_role_that_nobody_holds_is_a_warning(folder):
    d = Daemon(folder, rules={"rules": [{"id": "a", "then": [{"alert": {"to": "expert", "text": "x", "ladder": "slwo"}}]},
                                        {"id": "b", "then": [{"alert": {"to": "staff:chen", "text": "x"}}]},
                                        {"id": "c", "then": [{"alert": {"to": "staff:lin", "text": "x"}}]}]})
    org = folder / "org.yaml"
    org.write_text("groups: [{realm: api, id: g}]\n", encoding="utf-8")
    d.config["org"] = {"file": str(org)}
    d.write_config()
    code, out, _ = d.run("check")
    equal((code, "org file" in out), (0, False), "where nobody is known everybody is told: nothing to warn of")
    check("none called 'slwo'" in out, "a ladder that is not there", out)
    org.write_text("staff: [{id: lin, name: 林}]\ngroups: [{realm: api, id: g, roles: {consultant: [lin]}}]\n", encoding="utf-8")
    code, out, _ = d.run("check")
    for who in ("rule 'a' alerts 'expert'", "rule 'b' alerts 'staff:chen'"):
        check(f"{who}, which the org file gives to nobody" in out, who, out)
    equal((code, out.count("org file")), (0, 2), "and no more")


def what_ships_gives_no_warning(folder):
    d = Daemon(folder)
    shipped = pathlib.Path(QUND).resolve().parent.parent / "share" / "qund" / "rules"
    d.config["rules"] = {"dirs": [str(shipped)]}
    d.write_config()
    equal(d.run("check"), (0, "no errors in the configuration and what it names\n", ""), "the shipped rules")
    equal(d.run("check", shipped), (0, "no errors\n", ""), "the same without a configuration")
    del d.config["rules"]
    org = folder / "org.yaml"
    org.write_text("staff: [{id: lin, name: 林}]\ngroups: [{realm: api, id: g, roles: {consultant: [lin]}}]\n", encoding="utf-8")
    d.config["org"] = {"file": str(org)}
    d.write_config()
    code, out, _ = d.run("check")
    check("share/qund/rules/" in out and "/../" not in out, "paths as a person writes them", out)


def two_people_at_one_persons_place_are_a_warning(folder):
    d = Daemon(folder)
    mail = {"kind": "mail", "host": "mail.example", "from": "a@x.example"}
    hook = {"url": "https://x.example/"}
    one = {"kind": "robots", "robot": "template"}
    sms = folder / "sms.json"
    sms.write_text(json.dumps({"help": "x", "shared": False, "url": "{{url}}", "form": {"to": "{{phone}}", "b": "{{text}}"},
                               "answer": {"code": "/ok", "ends": {"else": "SENT"}}}), encoding="utf-8")
    met = {"mail": {**mail, "to": ["lin@x.example"]}, "said": {**hook, "template": "{{text}} {{link}}"},
           "chat": {"kind": "onebot", "channel": "ob", "to": "private:7"},
           "wechat": {"kind": "bridge", "channel": "br", "to": "private:u"}, "bark": {**one, "template": "bark", "token": "t"}}
    fine = {"crowd": {**mail, "to": ["a@x.example", "b@x.example"]}, "json": hook, "group": {**hook, "template": "{{text}}"},
            "named": {**hook, "template": "{{person.name}} {{link}}"}, "each": {"kind": "onebot", "channel": "ob"},
            "room": {"kind": "onebot", "channel": "ob", "to": "group:7"}, "gateway": {**one, "template": str(sms), "url": "https://x.example/"},
            "yes": {**mail, "to": ["lin@x.example"], "shared": True}, "no": {**mail, "to": ["lin@x.example"], "shared": False}}
    d.config.update(targets=met | fine, org={"file": "org.yaml"},
                    channels={"ob": {"kind": "onebot", "token": "geheim"}, "br": {"kind": "bridge", "token": "x" * 32}})
    names = ", ".join(met | fine)
    org = folder / "org.yaml"
    org.write_text(f"staff:\n  - {{id: lin, push: [{names}]}}\n  - {{id: gone, active: false, push: [{names}]}}\n"
                   f"  - {{id: wu, push: [json]}}\n  - {{id: zhao, push: [{names}]}}\n", encoding="utf-8")
    d.write_config()
    code, out, err = d.run("check")
    equal((code, out.count("one person's place")), (0, 0), f"without links nothing is amiss {out} {err}")
    d.config["http"]["public_url"] = "https://q.example"
    d.write_config()
    code, out, err = d.run("check")
    for at, name in enumerate(met):
        col = len("  - {id: zhao, push: [") + 1 + sum(len(n) + 2 for n in list(met)[:at])
        check(f"{org}:5:{col}: warning: `push` of zhao names {name}, one person's place, and so does that of lin" in out,
              f"{name}, with file, line and column, both people", out, err)
    equal((code, out.count("one person's place")), (0, len(met)), f"and no other: {out} {err}")


def a_path_that_is_not_there_is_told_with_the_line_that_names_it(folder):
    d = Daemon(folder)
    d.write_config("org:\n  file: nobody.yaml\nrules: {dirs: [norules]}\nsop:\n  dirs:\n    - notemplates\n")
    code, _, err = d.run("check")
    told = [f"{d.config_path}:2:9: org.file: {folder / 'nobody.yaml'}: ",
            f"{d.config_path}:3:16: rules.dirs: {folder / 'norules'}: ",
            f"{d.config_path}:6:7: sop.dirs: {folder / 'notemplates'}: "]
    check(code == 1 and all(line in err for line in told), "each has its line", err)
    equal(err.count("No such file or directory"), 3, "and its reason")
    code, out, err = d.run("doctor")
    check(code == 1 and told[0] in out + err and told[1] in out + err, "doctor names the line, too", out, err)
    code, _, err = d.run("sop", "list")
    check(code == 1 and told[2] in err, "whoever asks for templates is told it", err)
    code, _, err = d.run("serve", "--listen", "127.0.0.1:0")
    check(code == 1 and told[1] in err, "a start without rules as well", err)


def templates_are_told_from_rules_by_their_steps(folder):
    d = Daemon(folder)
    code, _, err = d.run("check", BROKEN_TEMPLATES)
    equal(code, 1, "check")
    for file in sorted(BROKEN_TEMPLATES.glob("*.yaml")):
        check(f"{file.name}:" in err, "each broken template is named", file.name)
    check("01-keys.yaml:8:5: unknown key 'contents'; nearest known: 'content'" in err, "with its place", err)
    code, out, err = d.run("check", TOP / "sop-templates")
    equal((code, out, err), (0, "no errors\n", ""), "what ships has neither errors nor warnings")
    (folder / "own").mkdir()
    own = folder / "own" / "x.yaml"
    own.write_text("id: x\ntitle: 一\nnext: nobody\nsteps: [{id: A, at: +1h, role: star, channel: group, content: 好}]\n",
                   encoding="utf-8")
    code, out, _ = d.run("check", own)
    equal(code, 0, "alone it may name another")
    check("warning: the step expects nothing" in out, "what is unwise is a warning", out)
    code, _, err = d.run("check", own.parent)
    check(code == 1 and "nobody" in err, "a folder of templates is one whole", err)
    (folder / "ring").mkdir()
    for one, other in ("ab", "ba"):
        (folder / "ring" / f"{one}.yaml").write_text(own.read_text(encoding="utf-8").replace("id: x", f"id: {one}")
                                                     .replace("nobody", other).replace("+1h", "T-1d 9:00"), encoding="utf-8")
    for command in (["check"], ["sop", "check"]):
        code, _, err = d.run(*command, folder / "ring")
        check(code == 1 and err.count("has four digits, 00:00 to 23:59, as in 09:00") == 2, "times of day have four digits", err)
    for file in (folder / "ring").iterdir():
        file.write_text(file.read_text(encoding="utf-8").replace("T-1d 9:00", "+1h"), encoding="utf-8")
    for command in (["check"], ["sop", "check"]):
        code, _, err = d.run(*command, folder / "ring")
        check(code == 1 and err.count("a circle without an end") == 2, "a circle is found", err)
    d.config["sop"] = {"dirs": [str(own.parent)]}
    d.write_config()
    code, _, err = d.run("check")
    check(code == 1 and "nobody" in err, "what the configuration names is looked at as a whole", err)


def a_refused_plan_says_all_that_is_wrong_and_figures_are_numbers(folder):
    playbook = ("plan", "create", "home_cold_start_groupbuy", "--group", "1")
    with Daemon(folder) as d:
        d.start()
        for g in ("g1", "g2"):
            equal(d.client("ingest").events([{"id": g, "group": g, "group_name": g, "sender": "u", "text": "早"}]).status, 202, "status")
        until(lambda: len(d.client().ask("GET", "/api/v1/groups").json()["items"]) == 2, 20, "two groups")
        code, _, told = d.run(*playbook)
        equal(code, 1, "with a daemon")
        for said in ("event: the steps count", "params.koc.benefit: is missing", "params.link:map: is missing", '{"capacity": 30}'):
            check(said in told, "each reason is named", said, told)
        equal(d.run("plan", "preview", "quick_flash_sale", "--group", "1", "--figure", "stock.box=三十")[0], 2, "no number")
        (folder / "own").mkdir()
        (folder / "own" / "two.yaml").write_text(
            "id: two\ntitle: 一\nsteps: [{id: A, at: +1h, role: star, channel: group, content: '还有{{stock.box}}份'}]\n",
            encoding="utf-8")
        text = (folder / "own" / "two.yaml").read_text(encoding="utf-8")
        equal(d.client().ask("POST", "/api/v1/sop/templates", {"text": text}).status, 200, "a template")
        code, out, err = d.run("plan", "create", "two", "--group", "1,2", "--figure", "stock.box=30")
        equal((code, err), (0, "warning: star: nobody holds this role: the consultant speaks instead\n"), "a plan, and what is doubtful")
        check("g1｜还有" in out and "g2｜还有" in out, "the tasks of two groups are told apart", out)
        code, _, err = d.run("plan", "set", "1", "stock.box", "30份")
        equal(code, 2, "a figure that is none")
        check("'30份' is no number" in err, "it says so", err)
        code, out, _ = d.run("plan", "set", "1", "stock.box", "12.5")
        check(code == 0 and "12.5" in out, "a figure", out)
        equal(d.stop(), 0, "exit code")
        code, _, err = d.run(*playbook)
        equal((code, err), (1, told), "without a daemon the same")


def a_plan_shows_what_is_known_of_its_words(folder):
    with Daemon(folder) as d:
        d.start()
        equal(d.client("ingest").events([{"id": "g", "group": "g", "group_name": "一群", "sender": "u", "text": "早"}]).status, 202, "status")
        until(lambda: d.client().ask("GET", "/api/v1/groups").json()["items"], 20, "a group")
        text = ("id: known\ntitle: 一\nanchor: event\ntrigger: event\nsteps: [{id: A, at: T-1d 10:00, role: star, channel: group,"
                " content: '{{group.name}}：{{event.title}} {{event.date}} {{event.time}}，{{expert.name}}讲'}]\n")
        equal(d.client().ask("POST", "/api/v1/sop/templates", {"text": text}).status, 200, "a template")
        d.run("plan", "create", "known", "--group", "1", "--event", "2099-12-12 14:00", "--param", "event.title=开放日", check_exit=0)
        for words in (("plan", "show", "1"), ("task", "show", "1")):
            _, out, _ = d.run(*words, check_exit=0)
            check("一群：开放日 12月12日（周六） 14:00，{{expert.name}}讲" in out, "what will be the same is filled", out)
        _, out, err = d.run("plan", "edit", "1", "--name", "开放日前一天", check_exit=0)
        check("开放日前一天" in out and "warning: name" not in err, "a name", out, err)
        _, out, err = d.run("plan", "edit", "1", "--name", " ", check_exit=0)
        check("warning: name: is empty: the plan is called as its template is, '一'" in err and "开放日前一天" not in out, "none", out, err)
        for wrong, told in (("knwon", "nearest known: 'known'"), ("groupbuy", "`qund sop list`")):
            code, _, err = d.run("plan", "create", wrong, "--group", "1")
            check(code == 1 and told in err, "no template of that name", err)
        equal(d.stop(), 0, "exit code")


def output_may_end_early_or_find_no_room(folder):
    d = played(folder / "p")
    base = [d.binary, "--data", d.data]
    for words in (["export", "messages"], ["search", "团购"], ["export", "contacts"]):
        with subprocess.Popen([d.binary, *words, "--data", d.data], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as p:
            p.stdout.close()    # as `| head` does once it has seen enough
            err = p.stderr.read().decode()
            equal((p.wait(30), err), (0, ""), f"{words} into a closed pipe")
        with open("/dev/full", "wb") as full:
            got = subprocess.run([d.binary, *words, "--data", d.data], stdout=full, stderr=subprocess.PIPE, check=False)
        equal(got.returncode, 1, f"{words} onto a full disk")
        check(b"disk full" in got.stderr, "it says why", got.stderr)
    code, _, err = d.run("export", "contacts", "/nonexistent/c.csv")
    check(code == 1 and "No such file" in err, "an export file that cannot be made", err)


def times_are_those_of_the_installation(folder):
    d = played(folder / "p")
    _, out, _ = d.run("search", "橱柜石英石", check_exit=0)
    check(" 2025-09-15 20:12 " in out, "Shanghai by default", out)
    d.write_config("time: {zone: Europe/Berlin}\n")
    _, out, _ = d.run("search", "橱柜石英石", check_exit=0)
    check(" 2025-09-15 14:12 " in out, "as configured", out)


def explain_takes_a_number_an_id_and_json(folder):
    d = played(folder / "p")
    for event in ("73", "#73", "m0073", '{"text":"橱柜多少钱一平","ts":"2020-01-01T00:00:00Z","group":"g","sender":"a"}'):
        _, out, _ = d.run("explain", event, "price-question", check_exit=0)
        check("多少钱" in out and "结论" in out, "conditions are shown", event, out)
    for text, hit in (("多少 钱", True), ("价 格 多少", True), ("多 少钱一 斤", True), ("怎么 卖", True), ("多 少 钱", True),
                      ("好 谢谢", False), ("给 二伯 大碗", False), ("多少 人 来", False)):
        _, out, _ = d.run("explain", json.dumps({"text": text, "ts": "2020-01-01T00:00:00Z", "group": "g", "sender": "a"}),
                          "price-question", check_exit=0)
        equal("结论：触发" in out, hit, f"a word that blanks part: {text} {out}")
    for none in ("#0", "0", "#-7"):
        code, _, err = d.run("explain", none, "price-question")
        check(code == 1 and "there is no message" in err, "no message has that number", none, err)
    code, _, err = d.run("explain", "73", "price-qestion")
    check(code == 1 and "nearest known: price-question" in err, "a near name is offered", err)
    code, _, err = d.run("backtest", "./none.yaml")
    check(code == 1 and "No such file" in err, "a file that is not there", err)
    _, out, _ = d.run("backtest", "price-question", "--json", check_exit=0)
    equal(json.loads(out)["matches"], json.loads(out)["fires"], "backtest as JSON")


def a_failed_start_leaves_no_trace(folder):
    d = Daemon(folder)
    with socket.socket() as other:
        other.bind(("127.0.0.1", d.port))
        other.listen()
        code, said, took = d.fails_to_start()
    equal(code, 1, "port in use")
    check("another program" in said, "one clear line", said)
    check(took < 5, "at once, not after the rules are compiled", took)
    d.start()
    check("qund_" in d.log(), "the first start that succeeds shows the token", d.log())
    check("curl -H" in d.log(), "and a first event to send", d.log())
    token = next(w for w in d.log().split() if w.startswith("qund_"))
    with Client(d.port, token) as c:
        equal(c.get("/api/v1/status").status, 200, "it works")
    code, _, err = d.run("serve")
    check(code == 1 and f"in use by process {d.proc.pid}" in err, "a second start names the holder", err)
    equal(d.stop(), 0, "an orderly stop")


def after_a_crash_other_commands_raise_no_alarm(folder):
    d = Daemon(folder)
    d.start()
    with Client(d.sock) as c:
        equal(c.events([{"id": "1", "group": "g", "sender": "a", "text": "多少钱"}]).status, 202, "taken")
    d.proc.kill()
    d.proc.wait()
    d.run("token", "create", "--role", "viewer", check_exit=0)
    d.run("export", "messages", check_exit=0)
    d.start()
    check("wal_lost" not in d.log(), "no word of a lost log", d.log())
    equal(d.stop(), 0, "an orderly stop")


def a_replayed_store_is_virtual(folder):
    d = played(folder / "p")
    code, said, _ = d.fails_to_start()
    check(code == 1 and "--virtual" in said, "it does not run in real time", said)
    d.args = ["--virtual", "max"]
    before = len(d.log())
    d.start()
    check("queue.lost" not in d.log()[before:] and "wal_lost" not in d.log()[before:], "no false alarm", d.log())
    d.stop()


def contacts(path, n, name="王"):
    rows = ["realm,id,name,phone,room\r\n"]
    for i in range(n):
        phone = "12" if i % 1000 == 999 else f"13{i:09d}"
        rows.append(f"wecom,wm{i},{name}{i},{phone},{i % 30 + 1}-1-{i % 20 + 1}01\r\n")
    path.write_text("".join(rows), encoding="utf-8")
    return path


def imports(d, folder):
    file = contacts(folder / "people.csv", 20000)
    refused = pathlib.Path(str(file) + ".errors.csv")
    code, out, _ = d.run("import", "contacts", file, "--dry-run")
    equal(code, 1, "refused rows show in the exit code")
    check("refused 20" in out and "nothing was kept" in out, "a dry run", out)
    refused.unlink()
    with subprocess.Popen(d.command("import", "contacts", file), stdout=subprocess.DEVNULL) as p:
        seen = lambda: len(d.run("export", "contacts")[1].splitlines()) if d.data.exists() else 0
        until(lambda: p.poll() is not None or seen() > 1500, 30, "some rows are in")
        p.kill()
    _, out, _ = d.run("import", "contacts", file)
    check("went on at line" in out or "imported before" in out, "a repeat goes on", out)
    equal(len(d.run("export", "contacts", check_exit=0)[1].strip().splitlines()), 19981, "each row once")
    lines = refused.read_text().splitlines()
    check(lines[0] == "line,reason" and lines[1].startswith("1001,") and len(lines) >= 20,
          "what the interrupted run refused is still there", lines[:3], len(lines))
    _, out, _ = d.run("import", "contacts", file, check_exit=1)
    check("imported before" in out and "rows 20: created 0, updated 0, refused 20" in out, "a third tries what was refused", out)
    equal(len(refused.read_text().splitlines()), 21, "and says so once")
    _, out, _ = d.run("import", "contacts", file, "--format", "jsonl")
    check("imported before" not in out, "in another form it is another import", out)
    equal(len(d.run("export", "contacts", check_exit=0)[1].strip().splitlines()), 19981, "each row once still")
    good = folder / "good.csv"
    good.write_text("realm,id,name\nwecom,wm0,王0\n", encoding="utf-8")
    d.run("import", "contacts", good, check_exit=0)
    check("all of it; nothing was done" in d.run("import", "contacts", good, check_exit=0)[1], "nothing was refused: nothing is done")
    other = contacts(folder / "other.csv", 3000, "李")
    code, _, err = d.run("import", "contacts", other, "--errors", folder / "none" / "x.csv")
    check(code == 1 and "--errors" in err, "a place for refused rows that cannot be written", err)
    equal(d.run("export", "contacts")[1].count("李"), 0, "and no row of it was taken")
    bad = folder / "bad.csv"
    bad.write_text("realm,id,nmae\nw,1,x\n", encoding="utf-8")
    code, _, err = d.run("import", "contacts", bad)
    check(code == 1 and "name" in err and "bad.csv" in err, "a wrong column is named, with its file", err)


def what_needs_no_rules_asks_for_none(folder):
    d = Daemon(folder / "d", rules="rules: [{id: broken, when: {any: [{regex: '('}]}}]")
    _, out, _ = d.run("import", "contacts", contacts(folder / "p.csv", 10), check_exit=0)
    check("10" in out, "rows into a new folder", out)
    d.write_rules({"rules": [{"id": "r", "when": {"any": ["团购"]}, "then": [{"intent": "x"}]}]})
    d.start()
    d.stop()
    d.write_rules("rules: 7")
    for words in (["token", "create", "--role", "viewer"], ["export", "contacts"], ["search", "团购"],
                  ["dead", "list"], ["backup", folder / "bk"]):
        _, _, err = d.run(*words, check_exit=0)
        equal(err, "", f"{words[0]} looks at no rule")
    with sqlite3.connect(f"file:{d.data}/qund.db?mode=ro", uri=True) as db:
        equal(db.execute("SELECT id, active FROM rule").fetchall(), [("r", 1)], "the stored set is as it was")


def an_import_goes_on_without_a_daemon(folder):
    imports(Daemon(folder / "d"), folder)


def an_import_goes_through_the_daemon(folder):
    d = Daemon(folder / "d", config={"http": {"max_body": "2MiB"}})
    d.start()
    imports(d, folder)
    equal(d.stop(), 0, "an orderly stop")


def a_replay_names_the_line(folder):
    d = Daemon(folder)
    d.start()
    file = folder / "e.jsonl"
    good = {"text": "早", "group": "g", "sender": "a"}
    file.write_text("\n".join(json.dumps(dict(good, id=str(i))) for i in range(700)) + '\n\n{"type":1}\n')
    code, _, err = d.run("replay", file)
    check(code == 1 and "line 702" in err and "type" in err, "the line of the file", err)
    check("{" not in err, "and no raw JSON", err)
    code, _, err = d.run("replay", "-", stdin=b"[1]\n")
    check(code == 1 and err.startswith("qund: standard input line 1: an object"), "and what a pipe is called", err)
    marked = folder / "marked.jsonl"
    marked.write_bytes(b"\xef\xbb\xbf" + json.dumps(dict(good, id="bom", ts="2026-01-05T10:00:00Z")).encode() + b"\n")
    for where, words in ((d, ["replay"]), (Daemon(folder / "w"), ["replay", "--virtual"])):
        where.run(*words, marked, check_exit=0)     # a byte order mark is no error
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)       # what a shell makes of <(...) is read like a file
    os.write(writer, json.dumps(dict(good, id="piped")).encode() + b"\n")
    feeding = subprocess.Popen([str(w) for w in d.command("replay", pipe)], stdout=subprocess.PIPE, env=d.environment())
    until(lambda: not select.select([writer], [], [], 0)[0], 10, "the pipe is read")
    os.close(writer)
    equal((feeding.communicate(timeout=30)[0], feeding.returncode), (b"accepted 1\n", 0), "events from a pipe")
    deep = folder / ("n" * 80)
    deep.mkdir()
    (deep / "chat.jsonl").write_text("7\n")
    for where, words in ((d, ["replay"]), (Daemon(folder / "v"), ["replay", "--virtual"])):
        code, _, err = where.run(*words, deep / "chat.jsonl")
        check(code == 1 and err.startswith("qund: chat.jsonl line 1: "), "a long path by its last part", err)
    equal(d.stop(), 0, "an orderly stop")


def a_daemon_that_does_not_answer_yet_is_not_said_to_be_missing(folder):
    d = Daemon(folder)
    d.data.mkdir()
    with (d.data / "lock").open("w") as held:
        held.write(f"{os.getpid()}\n")
        held.flush()
        fcntl.fcntl(held, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        for words in (["status"], ["watch"], ["replay", SAMPLE]):
            code, out, err = d.run(*words)
            check(code == 1 and f"process {os.getpid()} holds it" in err, "who holds the folder", words, err)
            equal(out, "", f"{words[0]} says nothing else")
    code, _, err = d.run("status")
    check(code == 1 and "start it with `qund serve`" in err, "and nobody does", err)


def watch_shows_a_burst_whole_and_says_why_it_ends(folder):
    d = Daemon(folder, config={"store": {"retention": "36500d"}})
    d.start()
    with subprocess.Popen(d.command("watch", "--json", "--once"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        with Client(d.sock) as c:
            until(lambda: c.get("/api/v1/status").json()["http"]["websockets"] == 1, 10, "it watches")
        d.run("replay", SAMPLE, check_exit=0)
        seen = 0
        while seen < 741:
            line = p.stdout.readline()
            check(line, "the feed goes on", seen)
            seen += json.loads(line)["kind"] == "message"
        d.stop()
        err = p.stderr.read().decode()
        equal(p.wait(20), 1, "watch --once ends with the daemon")
        check("closed" in err, "and says so", err)


def a_replay_waits_for_a_daemon_that_starts(folder):
    d = Daemon(folder, config={"store": {"retention": "36500d"}})
    d.launch()
    until(lambda: "holds it" in d.run("status")[2] or d.is_ready(), 20, "it has begun")
    _, out, _ = d.run("replay", SAMPLE, check_exit=0)
    equal(out, "accepted 741\n", "it is played")
    d.stop()


def said_by(p, word, what, seconds=20):
    """Reads lines of its stderr until one holds the word."""
    seen = []
    while not seen or word not in seen[-1]:
        ready, _, _ = select.select([p.stderr], [], [], seconds)
        check(ready, what, seen)
        line = p.stderr.readline().decode()
        check(line, what, seen)
        seen.append(line)
    return seen[-1]


def watch_waits_for_a_daemon_that_went(folder):
    d = Daemon(folder)
    d.start()
    with subprocess.Popen(d.command("watch"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as p:
        def watched():
            with Client(d.sock) as c:
                return c.get("/api/v1/status").json()["http"]["websockets"] == 1
        until(watched, 10, "it watches")
        d.stop()
        said_by(p, "until it is back", "it says that the daemon went")
        d.start()
        check("is back" in said_by(p, "is back", "it says that it is back"), "back")
        until(watched, 10, "it watches again")
        with Client(d.sock) as c:
            c.events([{"id": "1", "group": "g", "sender": "a", "sender_name": "小王", "text": "还在吗"}])
        check("还在吗" in p.stdout.readline().decode(), "what comes is shown")
        p.send_signal(signal.SIGINT)
        equal(p.wait(20), 0, "Ctrl-C ends it")
    d.stop()


def ctrl_c_says_how_far_it_came_and_how_to_go_on(folder):
    d = Daemon(folder / "d", config={"store": {"retention": "36500d"}})
    d.start()
    with subprocess.Popen(d.command("replay", SAMPLE, "--speed", "60"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        until(lambda: d.metric("qund_events_accepted_total"), 20, "it plays")
        p.send_signal(signal.SIGINT)
        out, err = (text.decode() for text in p.communicate(timeout=60))
        equal(p.returncode, 1, "the exit code of a replay")
    taken = int(re.search(r"accepted (\d+)", out)[1])
    check(0 < taken < 741 and f"stopped: {taken} of the 741 events" in err and "the same command goes on" in err, "replay", out, err)
    d.stop()
    d = Daemon(folder / "e")
    file = contacts(folder / "many.csv", 40000)
    with subprocess.Popen(d.command("import", "contacts", file), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        seen = lambda: len(d.run("export", "contacts")[1].splitlines()) if d.data.exists() else 0
        until(lambda: p.poll() is not None or seen() > 500, 30, "some rows are in")
        p.send_signal(signal.SIGINT)
        out, err = (text.decode() for text in p.communicate(timeout=60))
        equal(p.returncode, 1, "the exit code of an import")
    rows = int(re.search(r"^rows (\d+)", out)[1])
    check(500 <= rows < 40000 and f"stopped: {rows} rows are kept" in err, "import", out, err)
    _, out, _ = d.run("import", "contacts", file)
    check(f"went on at line {rows + 2}," in out, "and it goes on there", out)


def watch_tells_what_is_done_about_an_alert_from_the_alert(folder):
    d = Daemon(folder)
    d.start()
    with subprocess.Popen(d.command("watch", "--only", "alert"), stdout=subprocess.PIPE) as p, Client(d.sock) as c:
        until(lambda: c.get("/api/v1/status").json()["http"]["websockets"] == 1, 10, "it watches")
        c.events([{"id": "1", "group": "g", "sender": "a", "sender_name": "小王", "text": "多少钱"}])
        line = p.stdout.readline().decode()
        check(" !! alert 1 info -> consultant: " in line, "the alert", line)
        d.run("alert", "ack", "1", check_exit=0)
        line = p.stdout.readline().decode()
        check(" ok alert 1 ack" in line and "!!" not in line, "the deed", line)
        p.terminate()
    d.stop()


def tokens_hold_at_once(folder):
    d = Daemon(folder)
    d.start()
    _, out, _ = d.run("token", "create", "--role", "ingest", "--name", "小程序", "--json", check_exit=0)
    made = json.loads(out)
    with Client(d.port, made["token"]) as c:
        equal(c.events([{"id": "1", "group": "g", "sender": "a", "text": "早"}]).status, 202, "a new token")
    _, out, _ = d.run("token", "list", check_exit=0)
    check("小程序" in out and '["api"]' in out, "the list shows name and channels", out)
    d.run("token", "revoke", made["id"], check_exit=0)
    with Client(d.port, made["token"]) as c:
        equal(c.events([{"id": "2", "group": "g", "sender": "a", "text": "早"}]).status, 401, "a revoked one")
    code, _, err = d.run("token", "create", "--role", "boss")
    check(code == 1 and err.startswith("qund: role:"), "what is wrong, by name", err)
    for channel, known in (("apo", "nearest known: 'api'"), ("api,wecom-main-2", "there are: api, replay")):
        code, out, err = d.run("token", "create", "--role", "ingest", "--channel", channel)
        check(code == 1 and not out and "channels: no channel" in err and known in err, "a misspelt channel", err)
    with d.client() as c:
        r = c.post("/api/v1/tokens", {"role": "ingest", "name": "x", "channels": ["api", "replya"]})
        check(r.status == 400 and "nearest known: 'replay'" in r.json()["error"]["message"], "the API, too", r.body)
    code, _, err = d.run("token", "create", "--role", "viewer", "--channel", "api")
    check(code == 1 and "only a token of role ingest" in err, "channels of a reader are not left out silently", err)
    equal(d.stop(), 0, "an orderly stop")
    code, _, err = d.run("token", "create", "--role", "ingest", "--channel", "apo")
    check(code == 1 and "nearest known: 'api'" in err, "and without a daemon", err)


def doctor_finds_what_would_fail(folder):
    d = Daemon(folder)
    code, out, _ = d.run("doctor", "--json")
    looks = {x["what"]: x for x in json.loads(out)}
    equal(code, 0, "a fresh machine is fine")
    equal(looks["time zone"]["text"], "Asia/Shanghai", "the zone has a name")
    with socket.socket() as other:
        other.bind(("127.0.0.1", d.port))
        other.listen()
        code, out, _ = d.run("doctor")
        check(code == 1 and "BAD" in out and "another program" in out, "a port in use", out)
    d.config["queue"] = {"url": "redis://127.0.0.1:9/0"}
    d.write_config()
    code, out, _ = d.run("doctor")
    check(code == 1 and "Redis does not answer" in out, "a given Redis that is not there", out)
    del d.config["queue"]
    d.write_config()
    d.start()
    d.stop()
    with sqlite3.connect(d.data / "qund.db") as db:
        db.execute("PRAGMA user_version = 999")
    code, out, _ = d.run("doctor")
    check(code == 1 and "version 999" in out, "a store of a newer program", out)


def a_restore_holds_what_waits(folder):
    d = Daemon(folder / "d", config={"targets": {"ops": {"kind": "webhook", "url": "http://127.0.0.1:9/x",
                                                        "allow_private": True}}})
    d.start()
    with Client(d.sock) as c:
        c.events([{"id": "1", "group": "g", "sender": "a", "sender_name": "小王", "text": "多少钱"}])
        until(lambda: c.get("/api/v1/outbox").json()["items"], 20, "a push waits")
    _, out, _ = d.run("backup", folder / "bk", check_exit=0)
    check("qund-" in out, "it names the file", out)
    code, _, err = d.run("restore", folder / "bk")
    check(code == 1 and f"in use by process {d.proc.pid}" in err, "not under a daemon", err)
    d.stop()
    code, _, err = d.run("restore", folder / "none")
    check(code == 1 and "none" in err, "a backup that is not there", err)
    _, out, _ = d.run("restore", folder / "bk", check_exit=0)
    check("held" in out, "it says what is held", out)
    d.start()
    with Client(d.sock) as c:
        items = c.get("/api/v1/outbox?state=held").json()["items"]
        equal(len(items), 1, "the push is held, not sent")
    d.stop()


if __name__ == "__main__":
    CASES = [words_are_refused_by_name, help_is_there_for_every_command, every_broken_rule_file_is_named_at_once,
             a_plan_shows_what_is_known_of_its_words, a_role_that_nobody_holds_is_a_warning,
             what_ships_gives_no_warning,
             two_people_at_one_persons_place_are_a_warning,
             a_path_that_is_not_there_is_told_with_the_line_that_names_it,
             templates_are_told_from_rules_by_their_steps,
             a_refused_plan_says_all_that_is_wrong_and_figures_are_numbers,
             output_may_end_early_or_find_no_room, times_are_those_of_the_installation,
             explain_takes_a_number_an_id_and_json, a_failed_start_leaves_no_trace,
             after_a_crash_other_commands_raise_no_alarm, a_replayed_store_is_virtual,
             what_needs_no_rules_asks_for_none, an_import_goes_on_without_a_daemon,
             an_import_goes_through_the_daemon, a_replay_names_the_line,
             a_daemon_that_does_not_answer_yet_is_not_said_to_be_missing,
             watch_shows_a_burst_whole_and_says_why_it_ends, watch_waits_for_a_daemon_that_went,
             a_replay_waits_for_a_daemon_that_starts,
             ctrl_c_says_how_far_it_came_and_how_to_go_on,
             watch_tells_what_is_done_about_an_alert_from_the_alert, tokens_hold_at_once, doctor_finds_what_would_fail,
             a_restore_holds_what_waits]
    run = Cases()
    for case in CASES:
        with scratch("cli") as place:
            run(case.__name__.replace("_", " "))(lambda case=case, place=place: case(place))
    run.done()
