"""The template files change while the daemon runs: whoever makes a plan hears when it is not of what the file says by now."""
import signal

from harness import Cases, Daemon, check, equal, scratch, until

case = Cases()
TEMPLATE = """id: tour
title: %s
scope: group
trigger: manual
steps:
  - {id: S01, at: +1d, kind: service, role: consultant, channel: group, content: "%s",
     expect: {metric: speakers, gte: 1, window: 2h}}
"""
ORG = "staff: [{id: lin, name: 林, push: [ops]}]\ngroups: [{realm: api, id: g, name: 一群, roles: {consultant: [lin]}}]\n"

with scratch() as folder, Daemon(folder / "d", {"org": {"file": "org.yaml"}, "sop": {"dirs": ["templates"]}}) as d:
    file = d.folder / "templates" / "tour.yaml"
    file.parent.mkdir()
    (d.folder / "org.yaml").write_text(ORG, encoding="utf-8")
    file.write_text(TEMPLATE % ("参观", "周末来看工地吗？"), encoding="utf-8")
    d.start()
    desk = d.client()
    until(lambda: desk.get("/api/v1/groups").json()["items"], 20, "the group of the org file")

    def hup(event, level="event="):
        before = d.log().count(level + event)
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: d.log().count(level + event) > before, 10, event)

    def make(word="create"):
        _, out, err = d.run("plan", word, "tour", "--group", "1", check_exit=0)
        return out, err

    def version():
        return desk.get("/api/v1/sop/templates/tour").json()["version"]

    def plan(path=""):
        return desk.post("/api/v1/plans" + path, {"template": "tour", "groups": [1]}).json()

    @case("of files that are as they were read nothing is said")
    def _():
        out, err = make()
        check("周末来看工地吗" in out, "the plan", out)
        equal(err, "", "on stderr")

    @case("a file that was changed and not read: create and preview say which, and what the plan is of")
    def _():
        file.write_text(TEMPLATE % ("参观", "周六来看工地吗？"), encoding="utf-8")
        for word in ("create", "preview"):
            out, err = make(word)
            check("周末来看工地吗" in out, "the version before", out)
            check(f"{file} says something else than version 1" in err and "SIGHUP" in err, word, err)
        equal(d.run("plan", "create", "tour", "--group", "1", "--version", "1", check_exit=0)[2], "", "as it was asked for")

    @case("a file that was broken and not read is named by line and column")
    def _():
        file.write_text(TEMPLATE.replace("content:", "contnet:") % ("参观", "周六？"), encoding="utf-8")
        out, err = make()
        check("周末来看工地吗" in out, "the version before", out)
        check(f"warning: {file}:6:" in err and "nearest known: 'content'" in err and "version 1 of 'tour'" in err, "named", err)

    @case("after a reload that was refused the answer itself says so, as do status and readyz")
    def _():
        hup("sop.refused")
        until(lambda: plan("/preview")["warnings"], 10, "the answer warns")
        for said in plan()["warnings"], plan("/preview")["warnings"]:
            check(any(w["where"].startswith(f"{file}:6:") and "version 1 of 'tour', read before, is used" in w["text"] for w in said),
                  "place and version", said)
        out, err = make()
        check("warning:" not in out and err.count(f"{file}:6:") == 2, "both errors of the line, each once, on stderr", err)
        check(f"{file}:6:" in d.degraded()[1], "readyz", d.degraded()[1])
        check(f"{file}:6:" in d.run("status", check_exit=0)[1], "status")
        got = desk.post("/api/v1/plans", {"template": "tuor", "groups": [1]})
        check(got.status == 404 and f"{file}:6:" in got.body.decode(), "a template that is not there", got.body)

    @case("it is still so after a restart, and over when the file is mended")
    def _():
        equal(d.stop(), 0, "exit code")
        d.start()
        global desk
        desk = d.client()
        check(any(f"{file}:6:" in w["where"] for w in plan()["warnings"]), "after the restart")
        file.write_text(TEMPLATE % ("参观", "周六来看工地吗？"), encoding="utf-8")
        d.proc.send_signal(signal.SIGHUP)
        until(lambda: version() == 2, 10, "the mended file is read")
        out, err = make()
        check("周六来看工地吗" in out, "what the file says", out)
        equal(err, "", "on stderr")
        check("refused" not in d.degraded()[1], "readyz", d.degraded()[1])

    @case("a template is shown with its words: their first line, or all of them")
    def _():
        long = "周六来看工地吗？" + "带上户型图，" * 20
        file.write_text(TEMPLATE % ("参观", long + "\\n第二行"), encoding="utf-8")
        line = d.run("sop", "show", "tour", check_exit=0)[1].splitlines()[3]
        check("发言人数≥1 / 2h" in line and "周六来看工地吗？带上户型图" in line and line.endswith("…"), "the first line, cut", line)
        full = d.run("sop", "show", "tour", "--full", check_exit=0)[1]
        check(long + " 第二行" in full, "in full", full)

    @case("an edit of nothing is refused with what can be edited")
    def _():
        for words in (["plan", "edit", "1"], ["plan", "edit", "1", "--force"]):
            code, _, err = d.run(*words)
            equal(code, 2, "exit code")
            check("--start" in err and "--param K=V" in err, "what can be edited", err)
        equal(d.run("plan", "edit", "1", "--name", "新名字")[0], 0, "something")

    desk.close()
    equal(d.stop(), 0, "exit code")
    d.clean()
case.done()
