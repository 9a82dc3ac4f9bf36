"""SIGHUP reads configuration and rules; what is wrong is named and leaves the old in force."""
import json
import signal

from harness import RULES, Cases, Daemon, check, equal, scratch, until

case = Cases()
with scratch() as folder, Daemon(folder / "d") as d:
    d.start()
    api = d.client("ingest")
    sent = [0]

    def intents_of(text):
        sent[0] += 1
        equal(api.events([{"id": f"e{sent[0]}", "group": "g", "sender": f"u{sent[0]}", "text": text}]).status, 202, "status")
        d.drained()
        lines = [json.loads(line) for line in d.run("export", "messages", check_exit=0)[1].splitlines()]
        return next(line for line in lines if line["id"] == f"e{sent[0]}").get("intents") or []

    def hup(event):
        before = d.log().count("event=" + event)
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: d.log().count("event=" + event) > before, 10, event)

    @case("a new rule works after SIGHUP, without a restart")
    def _():
        equal(intents_of("暗号是芝麻"), [], "before")
        d.write_rules({"rules": RULES["rules"] + [{"id": "sesame", "when": {"any": ["芝麻"]}, "then": [{"intent": "sesame"}]}]})
        hup("rules.loaded")
        until(lambda: intents_of("暗号是芝麻") == ["sesame"], 5, "the new rule fires")

    @case("a broken file is named by line in /readyz, and the old set stays")
    def _():
        d.write_rules("rules:\n  - id: broken\n    when: {any: [a]}\n    thn: []\n")
        hup("rules.refused")
        _, said = d.degraded()
        check("10-test.yaml:2:5" in said and "and 1 more" in said, "file and line of the first, how many more", said)
        equal(intents_of("这个多少钱"), ["price_question"], "an old rule")
        equal(intents_of("芝麻"), ["sesame"], "the rule before")

    @case("the mended file ends it")
    def _():
        d.write_rules(RULES)
        hup("rules.loaded")
        _, said = d.degraded()
        check("refused" not in said, "readyz", said)
        until(lambda: intents_of("芝麻") == [], 5, "the rule is gone")

    @case("a role that cannot be is refused; a name that nobody answers to is doubted, in /readyz, until it is mended")
    def _():
        d.write_rules({"rules": RULES["rules"] + [{"id": "sesame", "then": [{"alert": {"to": "consultnt", "text": "x"}}]}]})
        hup("rules.refused")
        check("no role is called 'consultnt'; nearest known: 'consultant'" in d.degraded()[1], "refused", d.degraded())
        d.write_rules({"rules": RULES["rules"] + [{"id": "sesame", "when": {"intents": ["price_qestion"]}, "then": [{"tag": "a"}]}]})
        hup("rules.doubt")
        check("which no rule gives: 'price_qestion'; nearest known: 'price_question'" in d.degraded()[1], "doubted", d.degraded())
        d.write_rules(RULES)
        hup("rules.loaded")
        check("rules name" not in d.degraded()[1], "mended", d.degraded())

    @case("a set without a rule that is enabled is told, at a reload, at a start and by check")
    def _():
        says = "no rule is enabled"
        d.write_rules({"rules": [dict(RULES["rules"][0], enabled=False)]})
        hup("rules.loaded")
        check("rules.none" in d.log() and says in d.degraded()[1], "at a reload", d.degraded())
        code, out, _ = d.run("check")
        equal((code, out.count("warning"), says in out), (0, 1, True), "by check")
        d.rules_path.unlink()
        before = d.log().count("rules.none")
        equal(d.stop(), 0, "exit code")
        d.start()
        check(says in d.degraded()[1] and d.log().count("rules.none") > before, "at a start", d.degraded())
        check(says in d.run("check", check_exit=0)[1], "by check of an empty folder")
        d.write_rules(RULES)
        hup("rules.loaded")
        check(says not in d.degraded()[1], "mended", d.degraded())

    @case("a start with broken rules runs the last good ones, and a mended file ends that too")
    def _():
        equal(d.stop(), 0, "exit code")
        api.close()
        d.write_rules("rules:\n  - id: broken\n    thn: []\n")
        d.start()
        check("last good" in d.degraded()[1], "readyz", d.degraded()[1])
        equal(intents_of("这个多少钱"), ["price_question"], "an old rule")
        d.write_rules(RULES)
        hup("rules.loaded")
        check("refused" not in d.degraded()[1], "mended", d.degraded()[1])

    @case("a broken configuration is named by line, the old one stays")
    def _():
        d.write_config("http:\n  listen: 7\n  lisen: 8\n")
        hup("config.refused")
        check("qund.yaml:3" in d.log(), "file and line")
        code, said = d.degraded()
        check(code == 200 and "configuration was refused" in said and "qund.yaml:" in said, "and in /readyz", said)
        equal(intents_of("这个多少钱"), ["price_question"], "it goes on")
        d.write_config()
        hup("config.loaded")
        check("refused" not in d.degraded()[1], "mended")
        (d.folder / "org.yaml").write_text("staff: [{nam: x}]")
        d.config["org"] = {"file": str(d.folder / "org.yaml")}
        d.write_config()
        hup("org.refused")
        check("org file was refused" in d.degraded()[1], "an org file, too", d.degraded())
        (d.folder / "org.yaml").write_text("staff: [{id: lin, name: 林顾问, push: [robot:nowhere]},"
                                           " {id: chen, push: [mail:none]}]")
        hup("org.lost_pushes")
        check("`push` of lin names robot:nowhere, which is no target" in d.degraded()[1], "said", d.degraded())
        said = " ".join(str(w) for w in d.run("check"))
        check("lin names robot:nowhere" in said and "chen names mail:none" in said, "check names all", said)
        del d.config["org"]
        d.write_config()
        hup("config.loaded")
        check("refused" not in d.degraded()[1], "and is mended")

    @case("files that are broken at the very first start are not said to have a predecessor")
    def _():
        (folder / "sop").mkdir()
        (folder / "sop" / "x.yaml").write_text("templates: 7")
        (folder / "org.yaml").write_text("staff: [{nam: x}]")
        with Daemon(folder / "new", {"org": {"file": str(folder / "org.yaml")},
                                     "sop": {"dirs": [str(folder / "sop")]}}) as new:
            new.start()
            code, said = new.degraded()
            equal(code, 200, "it takes events")
            check("the org file was refused, and none was read before it" in said and "org.yaml:1" in said, "org", said)
            check("SOP templates were refused, and none were read before them" in said, "templates", said)
            check("stay" not in said, "nothing stays", said)
            (folder / "org.yaml").write_text("staff: [{id: lin, name: 林顾问}]")
            new.proc.send_signal(signal.SIGHUP)
            until(lambda: "org file" not in new.degraded()[1], 10, "mended")
            new.drained()
            equal(new.stop(), 0, "exit")
            (folder / "org.yaml").write_text("staff: [{nam: x}]")
            new.start()
            check("the org file was refused, what it said before stays" in new.degraded()[1], "of an earlier start",
                  new.degraded()[1])

    @case("a key that takes a restart is named, not half applied")
    def _():
        d.config["http"]["max_connections"] = 17
        d.write_config()
        hup("config.needs_restart")
        check("http.max_connections" in d.log(), "the key is named")

    @case("what the command line says of the address holds over a reload")
    def _():
        equal(d.stop(), 0, "exit code")
        d.args += ["--listen", d.config["http"]["listen"]]
        d.config["http"]["listen"] = "127.0.0.1:9"
        d.write_config()
        told = d.log().count("config.needs_restart")
        d.start()
        hup("config.loaded")
        equal(d.log().count("config.needs_restart"), told, "nothing has changed")

    api.close()
    equal(d.stop(), 0, "exit code")
    case.done(d)
