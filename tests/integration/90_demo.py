#!/usr/bin/env python3
"""scripts/run as a newcomer meets it: what it shows, how it ends, what it leaves."""
# alone: it measures how long things take
# limit: 180 s
import os
import pathlib
import re
import signal
import subprocess
import time

from harness import PATIENCE, TOP, Cases, check, equal, scratch, spawn, until

cases = Cases()


def demo(folder, *more, **kw):
    return spawn([TOP / "scripts/run", "--demo", folder / "runs", *more], stdin=subprocess.DEVNULL,
                 stdout=(folder / "said").open("wb"), stderr=subprocess.STDOUT, start_new_session=True, **kw)


def said(folder):
    return (folder / "said").read_text(encoding="utf-8", errors="replace")


def left(folder):
    """Processes that still have this run's folder on their command line."""
    found = []
    for p in pathlib.Path("/proc").iterdir():
        try:
            words = (p / "cmdline").read_bytes().decode(errors="replace") if p.name.isdigit() else ""
        except OSError:
            continue
        if str(folder) in words and p.name != str(os.getpid()):
            found.append(words.replace("\0", " "))
    return found


@cases("it plays for the seconds it was given and ends with what came of it")
def _():
    with scratch("demo") as folder:
        p = demo(folder, "--seconds", str(int(12 * PATIENCE)))
        until(lambda: "in another terminal" in said(folder), 10, "it says what to try")
        until(lambda: "[云栖雅苑" in said(folder), 30, "messages run by")
        equal(p.wait(60 * PATIENCE), 0, "exit code, after " + said(folder)[-400:])
        for word in ("小夏-栖木社群管家", "virtual", "The robot received"):
            check(word in said(folder), f"it shows {word}", said(folder)[-800:])
        log = (folder / "runs/latest/qund.log").read_text(encoding="utf-8")
        check("level=error" not in log, "the daemon complains of nothing", log)
        until(lambda: not left(folder), 5, "nothing is left running")


def commands(page):
    """The block below the heading of the plan, as printed: what sets the shell up, then five commands."""
    text = (TOP / page).read_text(encoding="utf-8")
    block = text.split("\n. data-demo/latest/env\n", 1)[1].split("\n```", 1)[0].splitlines()
    equal(len(block), 5, f"{page}: five commands")
    return block


def type_in(folder, command):
    """In another terminal, in the checkout; the runs of this test lie elsewhere."""
    got = subprocess.run(["sh", "-c", f". '{folder}/runs/latest/env'\n{command}"], cwd=TOP, capture_output=True, text=True,
                         timeout=60 * PATIENCE, check=False)
    equal(got.returncode, 0, f"{command}: {got.stderr[-400:]}")
    return got.stdout


@cases("what it says to try works the moment it is said, and the first alert comes soon")
def _():
    with scratch("demo") as folder:
        p = demo(folder)
        until(lambda: "Ctrl-C stops it." in said(folder), 30, "it says what to try")
        shown = time.monotonic()
        tried = dict(re.split(r"   +", line.strip(), maxsplit=1) for line in said(folder).splitlines() if re.match(r"  qund .*?   ", line))
        for command, word in (("qund search 毛病", "验房一堆毛病"), ("qund explain m0006 needs-reply-question", "结论：触发"),
                              ("qund backtest needs-reply-question", "有人拿到钥匙了吗"), ("qund export contacts", "Kevin Chen"),
                              ("qund status", "virtual              true"), ("qund token create --role admin", "qund_")):
            check(tried.pop(command, None), f"{command} is named", said(folder))
            check(word in type_in(folder, command), command, type_in(folder, command))
        equal(tried, {}, "nothing else is named")
        until(lambda: "robot: " in said(folder) and "!! alert " in said(folder), 10, "an alert, and its push")
        check(time.monotonic() - shown < 10 * PATIENCE, "within seconds", time.monotonic() - shown)
        check("returned" not in said(folder), "a push that waited is no event", said(folder)[-800:])
        os.killpg(p.pid, signal.SIGINT)
        p.wait(15 * PATIENCE)


@cases("the README's five commands: a template, its simulation, a plan, its tasks, a plan B")
def _():
    equal(commands("README.zh-CN.md"), commands("README.md"), "both READMEs say the same")
    pick, simulate, make, tasks, show = commands("README.md")
    with scratch("demo") as folder:
        p = demo(folder)
        until(lambda: "[云栖雅苑" in said(folder), 30, "messages run by")
        for command in (pick, simulate, make, tasks, show):
            check(command in said(folder), "scripts/run names it, too", command)
        check("报名≥3 / 1m" in type_in(folder, pick), "the template is shown")
        timeline = type_in(folder, simulate)
        check("S01·B" in timeline and "未达成" in timeline, "the simulation has its plan B", timeline)
        check("demo_quick" in type_in(folder, make), "the plan is made")
        listed = type_in(folder, tasks)
        check("T1 S01" in listed and "小米" in listed, "the consultant's task is listed", listed)
        shown = until(lambda: (text := type_in(folder, show)) and "S01·B" in text and text, 60, "plan B within a minute")
        check("完成·证实" in shown and "0 未达成" in shown, "posted, proved, missed", shown)
        until(lambda: "周末看工地" in said(folder) and "预期反馈没有达到" in said(folder), 20, "the feed shows it")
        check("小米*: " in said(folder) and "] *: " not in said(folder), "staff have names", said(folder)[-1500:])
        check("「」" not in said(folder), "an alert about nothing that was said quotes nothing", said(folder)[-1500:])
        os.killpg(p.pid, signal.SIGINT)
        p.wait(15 * PATIENCE)


@cases("Ctrl-C ends it within seconds, and nothing is left running")
def _():
    with scratch("demo") as folder:
        for _round in range(3):
            p = demo(folder)
            until(lambda: "[云栖雅苑" in said(folder), 30, "messages run by")
            os.killpg(p.pid, signal.SIGINT)
            start = time.monotonic()
            code = p.wait(15 * PATIENCE)
            check(code == 130, f"exit code {code}", said(folder)[-600:])
            check(time.monotonic() - start < 5 * PATIENCE, "it took long to stop", time.monotonic() - start)
            until(lambda: not left(folder), 5, "nothing is left running")
        equal(len(list((folder / "runs").glob("[0-9]*"))), 2, "runs kept")


cases.done()
