"""docs/sop-guide.md: its template is right, and what it shows is what the program prints."""
import os
import pathlib
import re
import shlex
import subprocess

from harness import PATIENCE, QUND, TOP, Cases, check, equal

cases = Cases()
PAGE = (TOP / "docs/sop-guide.md").read_text(encoding="utf-8")
FOLDER = pathlib.Path(os.environ["QUND_TMP"])
TEMPLATE = re.search(r"```yaml\n(.*?)```", PAGE, re.S).group(1)
SHOWN = [(command, out) for command, out in re.findall(r"```\n\$ (qund [^\n]+)\n(.*?)```", PAGE, re.S)
         if not out.startswith("$")]

(FOLDER / "open_day.yaml").write_text(TEMPLATE, encoding="utf-8")
(FOLDER / "bad.yaml").write_text(TEMPLATE.replace('content: "明天见', 'contnet: "明天见')
                                 .replace("messages, gte: 1", "messages, gte: 8% of signup"), encoding="utf-8")


@cases("check, the wrong one and the simulation are on the page")
def _():
    equal([command.split()[1:3] for command, _ in SHOWN],
          [["check", "open_day.yaml"], ["check", "bad.yaml"], ["simulate", "open_day.yaml"]], "commands with their output")


for command, out in SHOWN:
    @cases(command[:60])
    def _(command=command, out=out):
        done = subprocess.run([QUND, *shlex.split(command)[1:]], cwd=FOLDER, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60 * PATIENCE, check=False)
        equal(done.stdout, out, command)
        check(done.returncode == ("bad" in command), "exit code", done.returncode)


cases.done()
