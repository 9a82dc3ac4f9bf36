#!/usr/bin/env python3
"""Rules of the house that a compiler does not see: globals, unsafe calls, unfinished words."""
import pathlib
import re
import sys

top = pathlib.Path(__file__).resolve().parent.parent
files = sorted(str(p.relative_to(top)) for p in (top / "src").rglob("*.[ch]"))
RULES = [
    (re.compile(r"\b(strcpy|strcat|sprintf|gets|strtok|localtime|gmtime|asctime|ctime|tmpnam|setenv|putenv)\s*\("),
     "this call is not used here (bounds, or not safe with threads)"),
    (re.compile(r"\b(" + "TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"), "unfinished: build it or leave it out"),
    (re.compile(r"^#if 0"), "dead code"),
    (re.compile(r"\b(sleep|usleep)\s*\("), "wait for the event, with a deadline"),
    (re.compile(r"^static (?!const\b|inline\b|_Thread_local\b|_Noreturn\b)[a-z_0-9 *]+\b[a-z_0-9]+(\[[^]]*\])*\s*(=|;)"),
     "state at file scope: it belongs into an object"),
]
# Fault points; the thread's own mark; where nobody counts (written, never read).
EXEMPT = {"src/core/fault.c", "src/core/thread.c", "src/core/metric.c"}
bad = 0
for name in files:
    for n, line in enumerate((top / name).read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith(("*", "/*", "//")):
            continue
        for rule, why in RULES:
            if rule.search(line) and not ("scope" in why and name in EXEMPT):
                print(f"{name}:{n}: {why}: {line.strip()[:80]}")
                bad += 1
print(f"house: {bad} lines against the rules" if bad else "house: ok")
sys.exit(1 if bad else 0)
