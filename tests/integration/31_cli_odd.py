#!/usr/bin/env python3
"""What the command line is given by mistake, and what must not come of it: half a recording, closed
descriptors, bytes that are no text, files that are something else, figures that are none."""
import os
import subprocess

from harness import TOP, Cases, Daemon, check, equal, scratch

SAMPLE = TOP / "tests/data/conversations.jsonl"


def told_to(d, *words, **env):
    """The program on its own, in that folder: (exit code, stdout, stderr)."""
    got = subprocess.run([d.binary, *words], env=d.environment(**env), cwd=d.folder, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60, check=False)
    return got.returncode, got.stdout.decode("utf-8", "replace"), got.stderr.decode("utf-8", "replace")


def temporary_folders_lie_where_tmpdir_says(folder):
    d = Daemon(folder / "d")
    for words in (["replay", "--virtual", str(SAMPLE)], ["simulate", "quick_flash_sale", "--start", "2026-09-01"]):
        code, _, err = told_to(d, *words, TMPDIR=str(folder / "none"))
        check(code == 1 and "TMPDIR" in err and str(folder / "none") in err, words[0], err)
    (folder / "there").mkdir()
    code, _, err = told_to(d, "replay", "--virtual", str(SAMPLE), TMPDIR=str(folder / "there"))
    equal((code, os.listdir(folder / "there")), (0, []), "one that is there, left empty: " + err)


if __name__ == "__main__":
    CASES = [temporary_folders_lie_where_tmpdir_says]
    run = Cases()
    for case in CASES:
        with scratch("odd") as place:
            run(case.__name__.replace("_", " "))(lambda case=case, place=place: case(place))
    run.done()
