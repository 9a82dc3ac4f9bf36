"""What docs/channels.md and docs/robots.md promise, and the cases that prove it.

A table with a column `tests` is a table of promises: each row names cases of tests/integration, as many
as it has cells that begin with "works", and one when it has none (but for rows that say "not possible"):

    | delivery | works | tests |
    | recall   | works | `16_bridge` "a message and its recall" |

The words begin the sentence of a case in that file. Before anything runs, `problems` looks whether
every row names enough cases and every name is somebody's. After a run, `unproved` looks at what the
files said: the case came through, and something went over a socket while it ran (spoken.py)."""
import ast
import functools
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
DOCS = [TOP / "docs/channels.md", TOP / "docs/robots.md"]
TESTS = TOP / "tests/integration"
NAMED = re.compile(r'`(\d\d_\w+)`((?:,? ?"[^"]+")+)')
CAME_THROUGH = re.compile(r"^ok    (.*) \([\d.]+ s(?:; (.*))?\)$", re.M)


def cells(line):
    return [c.strip() for c in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def rows(text):
    """(line number, header, cells) of every row of every table."""
    header = None
    lines = text.splitlines()
    for n, line in enumerate(lines):
        if not line.startswith("|"):
            header = None
        elif header is None:
            header = cells(line)
        elif not re.fullmatch(r"[|\s:-]+", line):
            yield n + 1, header, cells(line)


def named(cell):
    """[(file, words), …]"""
    return [(stem, words) for stem, quoted in NAMED.findall(cell) for words in re.findall(r'"([^"]+)"', quoted)]


@functools.lru_cache(None)
def texts(stem):
    """All string literals of a file, and those with which a composed one begins; None: there is no such file."""
    path = TESTS / f"{stem}.py"
    if not path.exists():
        return None
    tree = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return ([n.value for n in tree if isinstance(n, ast.Constant) and isinstance(n.value, str)],
            [n.values[0].value for n in tree if isinstance(n, ast.JoinedStr) and isinstance(n.values[0], ast.Constant)])


def is_there(stem, words):
    """Whether a sentence may begin so: literally, or composed as f"retcode {n}" and f"{vendor}: {what}" are. A guess that
    errs on the kind side; the run itself is strict."""
    literal, begun = texts(stem)
    tails = [words] + [words[m.end():] for m in re.finditer(r": |says ", words)] + [words[m.start():] for m in re.finditer(": ", words)]
    return any(s.startswith(tail) for s in literal for tail in tails) or any(words.startswith(b) for b in begun if len(b) > 3)


def look_at_row(header, row):
    """What is wrong with it: one sentence or none."""
    works = sum(cell.startswith("works") for cell in row)
    if "tests" not in header:
        return "it says that something works, and its table has no column `tests`" if works else None
    cases = set(named(row[header.index("tests")] if len(row) == len(header) else ""))
    never = any(cell.startswith("not possible") for cell in row)
    if len(cases) < max(works, 0 if never else 1):
        return f"{works} cells say that it works, and {len(cases)} cases are named"
    for stem, words in sorted(cases):
        if texts(stem) is None:
            return f"there is no tests/integration/{stem}.py"
        if not is_there(stem, words):
            return f"no case of {stem} begins with '{words}'"
    return None


def problems(text, name):
    return [f"{name}:{n}: {row[0]}: {why}" for n, header, row in rows(text) for why in [look_at_row(header, row)] if why]


def all_problems():
    return [p for doc in DOCS for p in problems(doc.read_text(encoding="utf-8"), doc.name)]


def promised():
    """(where, file, words) of every case that is named."""
    for doc in DOCS:
        for n, header, row in rows(doc.read_text(encoding="utf-8")):
            if "tests" in header:
                for stem, words in named(row[-1] if len(row) != len(header) else row[header.index("tests")]):
                    yield f"{doc.name}:{n}", stem, words


def unproved(said):
    """said: what files printed, by their name; those that did not run are nobody's business here."""
    found = []
    for where, stem, words in promised():
        if stem not in said:
            continue
        ran = [over for sentence, over in CAME_THROUGH.findall(said[stem]) if sentence.startswith(words)]
        if not ran:
            found.append(f"{where}: the case '{words}' of {stem} did not come through")
        elif not any(ran):
            found.append(f"{where}: nothing went over a socket in the case '{words}' of {stem}")
    return found
