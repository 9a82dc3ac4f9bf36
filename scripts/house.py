#!/usr/bin/env python3
"""Rules of the house that a compiler does not see: globals, unsafe calls, unfinished words, where SQL
stands and who writes a table, files with a second subject."""
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
LONGEST = 500  # lines; a longer file has a second subject

# SQL stands in store/ and in *_sql.c; a row is written by the folder whose schema file makes its table.
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
LITERALS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')
SQL = re.compile(r"^\s*(SELECT\s.*\bFROM|(INSERT|REPLACE)\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM"
                 r"|WITH\s+\w+.*\bAS\s*\(|(CREATE|DROP|ALTER)\s+(VIRTUAL\s+)?TABLE)\b", re.S)
WRITE = re.compile(r"\b(?:(?:INSERT|REPLACE)\s+(?:OR\s+\w+\s+)?INTO|UPDATE(?=\s+\S+\s+SET\b)|DELETE\s+FROM)\s+(\w+)")
FOLDER = {"access": "store", "said": "outbox", "cards": "outbox", "look": "engine", "gap": "crm", "copy": "engine",
          "import-refused": "crm"}  # of schema files that are called otherwise
owner = {}
for schema in (top / "src/store/schema").glob("*.sql"):
    part = schema.stem.split("-", 1)[1]
    for table in re.findall(r"CREATE (?:VIRTUAL )?TABLE (\w+)", schema.read_text(encoding="utf-8")):
        owner[table] = FOLDER.get(part, part)
owner["mark"] = "crm"  # made with the engine's tables, kept by the people's
del owner["timer"]  # a timer is whoever's its kind is


def sql_out_of_place(name, text):
    """(line, why, statement) of each SQL literal that stands where it should not."""
    folder = name.split("/")[1]
    bare = COMMENT.sub(lambda m: "\n" * m[0].count("\n"), text)
    for m in LITERALS.finditer(bare):
        joined = re.sub(r'"\s*"', "", m[0]).strip('"')
        if not SQL.match(joined):
            continue
        line = bare.count("\n", 0, m.start()) + 1
        if folder != "store" and not name.endswith("_sql.c"):
            yield line, "SQL stands in store/ and in the *_sql.c of its table's owner", joined
        for table in WRITE.findall(joined):
            if owner.get(table, folder) != folder:
                yield line, f"the table {table} is written by {owner[table]}/ alone", joined


bad = 0


def say(name, line, why, text):
    global bad
    bad += 1
    print(f"{name}:{line}: {why}: {text.strip()[:80]}")


for name in files:
    text = (top / name).read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) > LONGEST:
        say(name, LONGEST + 1, f"{len(lines)} lines: split it by subject (at most {LONGEST})", lines[0])
    for n, line in enumerate(lines, 1):
        if line.lstrip().startswith(("*", "/*", "//")):
            continue
        for rule, why in RULES:
            if rule.search(line) and not ("scope" in why and name in EXEMPT):
                say(name, n, why, line)
    for found in sql_out_of_place(name, text):
        say(name, *found)
print(f"house: {bad} lines against the rules" if bad else "house: ok")
sys.exit(1 if bad else 0)
