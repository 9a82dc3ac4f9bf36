#!/usr/bin/env python3
"""Prints every include that runs up the house (docs/architecture.md) or crosses a floor."""
import pathlib
import re
import sys

# A folder may use folders of a lower storey; the numbers order the floors of one storey, too.
STOREY = {
    "core": 10, "config": 15, "event": 20, "text": 20, "store": 20, "net": 25, "plugin": 25,
    "crm": 30, "queue": 30, "outbox": 30, "sop": 35, "deliver": 40, "intake": 40, "alert": 40,
    "rule": 40, "http": 50, "engine": 50, "app": 60, "cli": 70,
}
# Third-party headers stay behind one folder.
OWNER = {
    "sqlite3.h": {"store"}, "hiredis": {"queue"}, "libwebsockets.h": {"net"}, "uv.h": {"net"},
    "curl/": {"net"}, "hs/": {"text"}, "hs.h": {"text"}, "pcre2.h": {"text"}, "libfyaml.h": {"core"},
    "utf8proc.h": {"text"}, "opencc": {"text"},
}
root = pathlib.Path(__file__).resolve().parent.parent / "src"
bad = 0
for path in sorted(root.rglob("*.[ch]")):
    folder = path.relative_to(root).parts[0] if path.parent != root else "main"
    mine = STOREY.get(folder, 80)
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
        if not m:
            continue
        name = m.group(1)
        other = name.split("/")[0]
        if other in STOREY and other != folder and STOREY[other] >= mine:
            print(f"{path.relative_to(root.parent)}:{n}: {folder}/ may not use {other}/ ({name})")
            bad += 1
        if other in STOREY and other != folder and name.endswith("/internal.h"):
            print(f"{path.relative_to(root.parent)}:{n}: {name} is for {other}/ alone")
            bad += 1
        for prefix, owners in OWNER.items():
            if name.startswith(prefix) and folder not in owners:
                print(f"{path.relative_to(root.parent)}:{n}: {name} stays behind {'/'.join(sorted(owners))}/")
                bad += 1
print(f"layers: {bad} includes out of place" if bad else "layers: ok")
sys.exit(1 if bad else 0)
