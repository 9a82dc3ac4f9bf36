#!/usr/bin/env python3
"""docs/tour.md: what it shows is what the program prints. QUND_UPDATE=1 writes the page anew.

Each block is typed in, one command after the other, in a shell at the top of the checkout, with
/tmp/ on the page lying in this test's folder. Times, names made of them and the weights of
leanings are compared by their form only; a line `…` stands for any lines. A file that a block shows with `cat` and that is
not there is written as shown. Left out, and tested elsewhere: blocks with an arrow (what a person
does to a running command) and the headings below.
"""
# limit: 300 s
import os
import pathlib
import re
import subprocess

from harness import PATIENCE, QUND, TOP, Cases, check, equal

PAGE = TOP / "docs/tour.md"
ELSEWHERE = ("An event that kills the daemon",      # tests/faults: the build with fault points
             "When something is wrong")             # other users' folders, ports in use, later programs
FORMS = ((r"(倾向（\w+) \d+ (>=|<) (\d+): .*）", r"\1 <n> \2 \3: <weights>）"),     # change with each training
         (r"\d{8}T\d{6}Z", "<stamp>"), (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>"), (r"\d+m\d+\.\d+s", "<took>"))
FOLDER = pathlib.Path(os.environ["QUND_TMP"]) / "tour"
UPDATE = bool(os.environ.get("QUND_UPDATE"))

cases = Cases()
FOLDER.mkdir()


def entries(block):
    """[(command, [its output, line by line])] of a block that shows a terminal."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and not found[-1][1] and (found[-1][0].count("'") % 2 or found[-1][0].endswith("\\")):
            found[-1] = (found[-1][0] + "\n" + line, [])     # the command goes on
        elif found:
            found[-1][1].append(line)
    return found


def form(line):
    for what, name in FORMS:
        line = re.sub(what, name, line)
    return " ".join(line.split()) if line.startswith("real") else line.rstrip()


def fits(shown, printed):
    """Whether `printed` is what is shown, whose lines `…` stand for any lines."""
    if "…" not in shown:
        return [form(s) for s in shown] == [form(p) for p in printed]
    cut = shown.index("…")
    after = shown[cut + 1:]
    return fits(shown[:cut], printed[:cut]) and len(printed) >= cut + len(after) and \
        fits(after, printed[len(printed) - len(after):])


def type_in(command, shown):
    """What bash prints; what went wrong comes last, as where lines leave one by one."""
    written = re.fullmatch(r"cat /tmp/(\S+)", command)
    if written and not (FOLDER / written.group(1)).exists():
        (FOLDER / written.group(1)).write_text("\n".join(shown) + "\n", encoding="utf-8")
    done = subprocess.run(["bash", "-c", command.replace("/tmp/", f"{FOLDER}/")], cwd=TOP, text=True, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120 * PATIENCE,
                          env={**os.environ, "PATH": f"{pathlib.Path(QUND).parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"})
    lines = (done.stdout + done.stderr).replace(f"{FOLDER}/", "/tmp/").splitlines()
    return [line for line in lines if not re.match(r"(user|sys)\t", line)]


def shown_anew(shown, printed):
    """As much of the new output as was shown of the old one."""
    if "…" not in shown:
        return printed
    cut = shown.index("…")
    after = len(shown) - cut - 1
    return printed[:cut] + ["…"] + (printed[-after:] if after else [])


text = PAGE.read_text(encoding="utf-8")
parts = re.split(r"(?m)^(```)$\n?", text)
heading = ""
for at, part in enumerate(parts):
    heading = ([heading] + re.findall(r"(?m)^## (.*)$", part))[-1] if at % 4 == 0 else heading
    if at % 4 != 2 or not part.startswith("$ ") or heading in ELSEWHERE or "←" in part:
        continue
    anew = []
    for command, shown in entries(part):
        printed = type_in(command, shown)
        good = fits(shown, printed)
        anew += ["$ " + command] + (shown if good else shown_anew(shown, printed))

        if not UPDATE:
            @cases(f"{heading}: {command.splitlines()[0][:70]}")
            def _(good=good, shown=shown, printed=printed):
                check(good, "the page shows something else (QUND_UPDATE=1 writes it)", "\n".join(shown[:40]), "\n".join(printed[:60]))
    parts[at] = "\n".join(anew) + "\n"


@cases("the page has blocks, and all of it is blocks and text")
def _():
    check(len(parts) % 4 == 1 and len(parts) > 20, "blocks", len(parts))
    if UPDATE:
        rest = [part if part != "```" else "```\n" for part in parts]
        PAGE.write_text("".join(rest), encoding="utf-8")


cases.done()
