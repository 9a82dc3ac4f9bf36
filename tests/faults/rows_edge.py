"""Rows about what peers and operators may hand in: odd HTTP and frames, bombs, reloads, clocks, limits."""
import gzip
import itertools
import json
import re
import signal
import socket
import sqlite3
import statistics
import struct
import threading
import time as clock

from harness import Failed, equal, raw, sanitized
from load import LiveFeeds
from table import (PATIENCE, Chat, HttpLoad, Receiver, brief, check, row, until, verdict)
from vendors import Vendors
from wallclock import Clock

SLOW_MS = 50


@row("E8", "kill -9 every 5 s while at a rate limit", "calls in any minute <= limit", 4, 36, patient=True)
def e8(ctx):
    """A webhook of 30 a minute, a robot with its vendor's 20, and far more to send; rounds are kills."""
    limit = 30
    with Receiver(ctx.folder) as receiver, Vendors() as v:
        targets = {receiver.name: dict(receiver.target[receiver.name], rate=limit, cards=False),
                   "robot": {"kind": "robots", "robot": "wecom", "url": v.url("wecom", "robot"), "allow_private": True,
                             "cards": False}}
        with ctx.daemon(config={"targets": targets}) as d:
            d.start()
            chat = Chat(2000, "e8")
            HttpLoad(d, chat).start().finish()
            for _ in range(ctx.rounds):
                clock.sleep(5)      # the load of this row is time
                d.kill9()
                d.start()
            if ctx.full:
                clock.sleep(100)    # and as fast as it may, undisturbed
            at = sorted(call["at"] for call in receiver.calls())
            most = max((sum(t <= u < t + 60 for u in at) for t in at), default=0)
            check(most <= limit, f"{most} calls within a minute")
            check(most > 0, "nothing was sent at all")
            robot = v.most_in("robot", 60)
            check(not v.over and 0 < robot <= 20, f"{robot} messages to the robot within a minute")
            return (f"{ctx.rounds} kills: at most {most} calls in a minute, limit {limit}; a robot's {robot}, limit 20")


# --- frames and requests ------------------------------------------------------------------------

def handshake(token):
    return (f"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Authorization: Bearer {token}\r\n\r\n").encode()


def frame(first, payload=b"", length=None, masked=True, key=b"\x01\x02\x03\x04"):
    n = len(payload) if length is None else length
    head = bytes([first])
    bit = 0x80 if masked else 0
    if n < 126:
        head += bytes([bit | n])
    elif n < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", n)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", n)
    if not masked:
        return head + payload
    return head + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))


CLOSED = None   # without a close frame: RFC 6455 7.1.7 lets an endpoint that fails a connection leave it out
FRAMES = {  # what is sent after the handshake: what the code of the close frame must be
    "reserved bits": (frame(0xC1, b"hi"), {1002}),
    "unknown opcode": (frame(0x83, b"hi"), {1002}),
    "unknown control opcode": (frame(0x8B, b"hi"), {1002}),
    "control frame of 126 bytes": (frame(0x89, b"x" * 126), {1002, CLOSED}),
    "control frame in pieces": (frame(0x09, b"hi"), {1002}),
    "continuation of nothing": (frame(0x80, b"hi"), {1002}),
    "text within text": (frame(0x01, b"a") + frame(0x81, b"b"), {1002}),
    "broken UTF-8": (frame(0x81, b"\xc3\x28\xff"), {1007}),
    "overlong UTF-8 in pieces": (frame(0x01, b"\xc0") + frame(0x80, b"\xaf"), {1007}),
    "length of 2^63": (frame(0x81, b"", length=1 << 63), {1002, CLOSED}),
    "length of 1 GiB": (frame(0x81, b"x" * 8192, length=1 << 30), {1009}),
    "binary": (frame(0x82, b"hi"), {1003}),
    "close with a reserved code": (frame(0x88, struct.pack(">H", 1005)), {1002}),
    "a message of 1 MiB": (frame(0x81, b"x" * (1 << 20)), {1009}),
}
LAX = {     # libwebsockets answers the peer's close by its own, and does not look into it
    "close of one byte": (frame(0x88, b"\x03"), {1002, 1005}),
    "close with broken UTF-8": (frame(0x88, struct.pack(">H", 1000) + b"\xff"), {1000, 1002, 1007}),
}


def close_code(got):
    """The code of the close frame at the end of what came; None without one."""
    at, code = got.find(b"\r\n\r\n") + 4, None
    while at + 2 <= len(got):
        n = got[at + 1] & 0x7F
        skip = 2 if n < 126 else 4 if n == 126 else 10
        if n >= 126:
            n = int.from_bytes(got[at + 2:at + skip], "big")
        if got[at] & 0x0F == 8:
            code = struct.unpack(">H", got[at + skip:at + skip + 2])[0] if n >= 2 else 1005
        at += skip + n
    return code


def farewell(port, hello, data, seconds=3):
    """(close code or None, "closed" or "open") after the handshake and those frames."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds * PATIENCE) as s:
        got = b""
        try:
            s.sendall(hello)
            while b"\r\n\r\n" not in got:
                got += s.recv(65536)
            s.sendall(data)
            while close_code(got) is None:
                more = s.recv(65536)
                if not more:
                    return None, "closed"
                got += more
        except TimeoutError:
            return None, "open"
        except OSError:
            return close_code(got), "closed"
        return close_code(got), "closed"


@row("F3", "broken WebSocket frames", "closed with the right code, memory flat", 20, 1000)
def f3(ctx):
    with ctx.daemon() as d:
        d.start()
        hello, wrong = handshake(d.token("viewer")), []
        kinds = FRAMES | LAX
        for what, (data, codes) in kinds.items():
            code, how = farewell(d.port, hello, data)
            if how == "open" or code not in codes:
                wrong.append(f"{what}: {how}, code {code}, want {codes}")
        check(not wrong, "; ".join(wrong))
        grown = growth(d, ctx.rounds, lambda: [farewell(d.port, hello, data) for data, _ in kinds.values()])
        check(d.proc.poll() is None, "it lives")
        silent = sum(CLOSED in codes for _, codes in FRAMES.values())
        return (f"{len(kinds)} kinds x {ctx.rounds}: each closed, {len(FRAMES) - silent} by the code of the RFC, "
                f"memory +{grown:,} KiB")


def growth(d, rounds, again):
    """KiB by which memory grows from a third of the rounds on; descriptors must come back."""
    first, files = 0, 0
    for i in range(rounds):
        if i == rounds // 3:
            first, files = d.memory_kib(), d.descriptors()
        again()
    until(lambda: d.descriptors() <= files + 2, 5, "descriptors come back")
    grown = d.memory_kib() - first
    check(grown <= 2048 or sanitized(d.binary), f"memory grew by {grown} KiB")
    return max(0, grown)


def odd_requests(token):
    """name → (bytes, statuses that may answer). None of them may be taken for a good request."""
    auth = f"Authorization: Bearer {token}\r\n"
    event = b'{"text":"smuggled"}'
    post = "POST /api/v1/events HTTP/1.1\r\nHost: x\r\n" + auth + "Content-Type: application/json\r\n"
    size = f"Content-Length: {len(event)}\r\n"
    inner = b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\n" + auth.encode() + b"Content-Length: 19\r\n\r\n" + event

    def head(text, body=event):
        return text.encode("latin-1") + b"\r\n" + body
    refused = {400, 411, 413, 414, 431, 501, 505}
    return {
        "TE and CL": (head(post + size + "Transfer-Encoding: chunked\r\n", b"0\r\n\r\n" + inner), refused),
        "CL and TE": (head(post + "Transfer-Encoding: chunked\r\n" + size, b"0\r\n\r\n" + inner), refused),
        "two TE": (head(post + "Transfer-Encoding: chunked\r\n" * 2, b"0\r\n\r\n" + inner), refused),
        "chunk with an extension": (head(post + "Transfer-Encoding: chunked\r\n", b"13;a\r\n" + event + b"\r\n0\r\n\r\n"), refused),
        "chunk longer than it says": (head(post + "Transfer-Encoding: chunked\r\n", b"12\r\n" + event + b"\r\n0\r\n\r\n"), refused),
        "chunks with bare LF": (head(post + "Transfer-Encoding: chunked\r\n", b"13\n" + event + b"\n0\n\n"), refused),
        "a length behind the chunks": (head(post + "Transfer-Encoding: chunked\r\n",
                                            b"13\r\n" + event + b"\r\n0\r\nContent-Length: 3\r\n\r\n"), refused),
        "chunked GET": (head("GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), refused),
        "TE xchunked": (head(post + "Transfer-Encoding: xchunked\r\n", inner), refused),
        "TE with a tab": (head(post + size + "Transfer-Encoding:\tchunked\r\n", inner), refused),
        "two lengths": (head(post + size + "Content-Length: 0\r\n"), refused),
        "two equal lengths": (head(post + size + size), refused),
        "lengths in a list": (head(post + "Content-Length: 19, 19\r\n"), refused),
        "negative length": (head(post + "Content-Length: -1\r\n"), refused),
        "length with a plus": (head(post + "Content-Length: +19\r\n"), refused),
        "overflowing length": (head(post + "Content-Length: 18446744073709551635\r\n"), refused),
        "hexadecimal length": (head(post + "Content-Length: 0x13\r\n"), refused),
        "bare LF": (head(post + size).replace(b"\r\n", b"\n"), refused),
        "one bare LF": (head(post + size + "X: a\nY: b\r\n"), refused),
        "bare CR": (head(post + size + "X: a\rContent-Length: 0\r\n"), refused),
        "NUL in a header": (head(post + size + "X: a\0b\r\n"), refused),
        "NUL in the path": (head("GET /api/v1/status\0 HTTP/1.1\r\nHost: x\r\n" + auth, b""), refused),
        "folded header": (head(post + size + "X: a\r\n b\r\n"), refused),
        "blank before the colon": (head(post + "Content-Length : 19\r\n"), refused),
        "no Host": (head("GET /healthz HTTP/1.1\r\n", b""), refused),
        "two Hosts": (head("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n", b""), refused),
        "absolute target": (head("GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: x\r\n", b""), refused),
        "h2c upgrade": (head("GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                             "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n", b""), refused | {200, 426}),
        "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9, refused),
        "HTTP/0.9": (b"GET /healthz\r\n\r\n", refused),
        "HTTP/3.7": (head("GET /healthz HTTP/3.7\r\nHost: x\r\n", b""), refused),
        "unknown method": (head("BREW /healthz HTTP/1.1\r\nHost: x\r\n", b""), refused | {405}),
        "CONNECT": (head("CONNECT evil:443 HTTP/1.1\r\nHost: x\r\n", b""), refused | {405}),
        "TRACE": (head("TRACE /healthz HTTP/1.1\r\nHost: x\r\n", b""), refused | {405}),
        "a path of 100 KB": (head("GET /" + "a" * 100000 + " HTTP/1.1\r\nHost: x\r\n", b""), refused),
        "a header of 100 KB": (head("GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + "a" * 100000 + "\r\n", b""), refused),
        "5,000 headers": (head("GET /healthz HTTP/1.1\r\nHost: x\r\n" + "X: a\r\n" * 5000, b""), refused),
        "dots out of the tree": (head("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n", b""), refused | {401, 404}),
        "encoded dots": (head("GET /api/v1/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n" + auth, b""),
                         refused | {401, 403, 404}),
        "garbage": (bytes(range(256)) * 4, refused),
        "TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64, refused),
    }


@row("F4", "smuggling and odd HTTP", "400 by our own check, nothing smuggled, memory flat", 10, 500)
def f4(ctx):
    with ctx.daemon() as d:
        d.start()
        odd, wrong = odd_requests(d.token("ingest")), []
        before = d.metric("qund_events_accepted_total") or 0
        for what, (data, statuses) in odd.items():
            got, how = raw(d.port, data, 0.5)
            said = [int(s) for s in re.findall(rb"HTTP/1\.1 (\d{3})", got)]
            # A reset after an answer is a peer that sent on; an answer is what counts.
            sound = said and said[0] in (200, 401, 403, 404, 405)     # a good request for something else
            if (how == "open" and not sound) or len(said) > 1 or (said and said[0] not in statuses) \
                    or (not said and how != "reset"):
                wrong.append(f"{what}: {said or got[:80]}, {how}")
        check(not wrong, "; ".join(wrong))
        equal(d.metric("qund_events_accepted_total") or 0, before, "events smuggled in")
        grown = growth(d, ctx.rounds, lambda: [raw(d.port, data, 3, shut=True) for data, _ in odd.values()])
        return f"{len(odd)} kinds x {ctx.rounds}: refused and closed, 0 smuggled, memory +{grown:,} KiB"


# --- bombs --------------------------------------------------------------------------------------

def json_bombs():
    base = '"group":"g","sender":"s","text":"t"'
    many = ",".join(f'"k{i}":{i}' for i in range(200000))
    return {
        "depth 33": '{"data":' + "[" * 33 + "]" * 33 + "}",
        "depth 1,000,000": "[" * 1000000,
        "open objects": '{"a":' * 100000,
        "the same key twice": '{"text":"a","text":"b"}',
        "the same key twice, escaped": '{"text":"a","te\\u0078t":"b"}',
        "the same key twice, inside": '{"data":{"a":1,"a":2},' + base + "}",
        "200,000 keys": '{"data":{' + many + "}}",
        "number of 1 MB": '{"ts":' + "9" * 1000000 + "}",
        "1e999999": '{"ts":1e999999}',
        "NaN": '{"ts":NaN}',
        "lone surrogate": '{"text":"\\ud800"}',
        "NUL in a string": '{"text":"a\\u0000b"}',
        "raw NUL": '{"text":"a\0b"}',
        "invalid UTF-8": b'{"text":"\xff\xfe"}',
        "overlong UTF-8": b'{"text":"\xc0\xaf"}',
        "text of 70 KB": '{"text":"' + "a" * 70000 + '"}',
        "id of 129 bytes": '{"id":"' + "a" * 129 + '"}',
        "wrong type": '{"text":7}',
        "a list of lists": "[[{}]]",
        "nothing": "",
        "not JSON": "hello",
        "trailing comma": '{"text":"a",}',
        "two values": '{"text":"a"}{"text":"b"}',
    }


def quick(what, took_ms, wrong, limit=SLOW_MS):
    if took_ms > limit * PATIENCE:
        wrong.append(f"{what}: {took_ms:.0f} ms")
    return took_ms


def timed(send, limit_ms):
    """(answer, ms): the same work again, at most five times, when it took too long: a machine that was busy
    elsewhere is quick another time, a slow parser never."""
    for _ in range(6):
        start = clock.monotonic()
        got = send()
        took_ms = (clock.monotonic() - start) * 1000
        if took_ms <= limit_ms:
            break
    return got, took_ms


@row("G1", "JSON bombs", "refused with index, path, reason <= 50 ms")
def g1(ctx):
    worst, wrong = 0.0, []
    with ctx.daemon() as d:
        d.start()
        memory = d.memory_kib()
        with d.client("ingest") as c:
            bombs = json_bombs()
            for what, text in bombs.items():
                body = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
                got, took = timed(lambda body=body: c.post("/api/v1/events", body, Content_Type="application/json"), 50)
                worst = max(worst, quick(what, took, wrong))
                error = got.json()["error"]
                if got.status != 400 or not error["message"] or "index" not in (error.get("details") or {}):
                    wrong.append(f"{what}: {got}")
            bomb = gzip.compress(b" " * (64 << 20))
            got, took = timed(lambda: c.post("/api/v1/events", bomb, Content_Type="application/json",
                                             Content_Encoding="gzip"), 200)
            inflated = quick("gzip bomb", took, wrong, 200)
            if got.status not in (400, 413):
                wrong.append(f"gzip bomb: {got}")
            equal(c.events([{"text": "afterwards"}]).status, 202, "an event afterwards")
        grown = d.memory_kib() - memory
    check(not wrong, "; ".join(wrong))
    return f"{len(bombs)} kinds: refused, slowest {worst:.0f} ms, 64 MiB of gzip in {inflated:.0f} ms, memory +{grown:,} KiB"


def text_bombs():
    return {
        "marks on one letter": "a" + "\u0301" * 30000,
        "joiners": "多\u200d少\u200d钱\u200b" * 6000,
        "one letter": "a" * 60000,
        "spaces": " " * 60000 + "x",
        "lines": "\n" * 60000,
        "digits": "1" * 60000,
        "room numbers": "3-2-1201 " * 6000,
        "phones": "13800138000 " * 5000,
        "a chain of 3,000": "接龙\n" + "\n".join(f"{i}. 张三{i} 3-2-{i}" for i in range(1, 3000)),
        "right to left": "\u202e多少钱" * 5000,
        "words of rules": "多少钱" * 6500,
        "ligatures that grow": "\ufdfa" * 20000,
        "emoji families": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 3000,
        "question marks": "？" * 20000,
        "at signs": "@" * 60000,
    }


def commit_of(d, c, text, wrong):
    """ms of the engine's work for it, up to the commit of its effects."""
    before = d.metric("qund_events_applied_total") or 0
    start = d.cpu_ms("engine")
    got = c.events([{"group": "g", "sender": f"p{before}", "text": text}])
    if got.status == 202:
        until(lambda: d.metric("qund_events_applied_total") > before, 10, text[:20], 0.001)
    elif got.status != 400:
        wrong.append(f"{text[:20]!r}: {got}")
    return d.cpu_ms("engine") - start


@row("G2", "text bombs (shipped rules)", "taken or refused, applied <= 50 ms each")
def g2(ctx):
    wrong, worst = [], 0.0
    with ctx.daemon(config={"store": {"search": True}}) as d:
        del d.config["rules"]
        d.write_config()
        d.start()
        with d.client("ingest") as c:
            commit_of(d, c, "你好", wrong)
            bombs = text_bombs()
            for what, text in bombs.items():
                worst = max(worst, quick(what, min(commit_of(d, c, text, wrong) for _ in range(3)), wrong))
        d.drained()
        equal(d.metric("qund_dead_events") or 0, 0, "dead events")
    check(not wrong, "; ".join(wrong))
    return f"{len(bombs)} kinds: slowest {worst:.0f} ms of the engine's time"


BAD_RULES = {
    "nested repeats": {"regex": "(((a{1,50}){1,50}){1,50}){1,50}"},
    "a count of a billion": {"regex": "a{1000000000}"},
    "look-behind": {"regex": "(?<=a)b"},
    "back-reference": {"regex": r"(a)\1"},
    "open bracket": {"regex": "([a-z"},
    "empty": {"regex": ""},
    "recursion": {"regex": "(?R)"},
}


@row("G3", "pattern bombs", "bad rule named, old set stays, answers go on")
def g3(ctx):
    slowest = 0.0
    with Receiver(ctx.folder) as receiver, ctx.daemon(receiver=receiver) as d:
        d.start()
        good = json.loads(d.rules_path.read_text(encoding="utf-8"))
        chat = Chat(500 * len(BAD_RULES), "g3")
        load = HttpLoad(d, chat, batch=10, workers=1, rate=500).start()
        for what, term in BAD_RULES.items():
            bad = {"rules": good["rules"] + [{"id": "bomb", "when": {"any": [term]}, "then": [{"intent": "boom"}]}]}
            d.write_rules(bad)
            start = clock.monotonic()
            with d.client() as c:
                got = c.post("/api/v1/rules/reload", {})
            slowest = max(slowest, clock.monotonic() - start)
            check(got.status >= 400 and "10-test.yaml" in got.body.decode(), f"{what} is refused by file and line", got)
        # What is slow for others but a plain pattern for us may load, and must stay quick.
        d.write_rules({"rules": good["rules"] + [{"id": "slow", "when": {"any": [{"regex": "(a+)+b"}, {"regex": "(a|aa)+$"}]},
                                                  "then": [{"intent": "slow"}]}]})
        with d.client() as c:
            c.post("/api/v1/rules/reload", {})
            start = clock.monotonic()
            before = d.metric("qund_events_applied_total")
            equal(c.events([{"id": "redos", "group": "g0", "sender": "r", "text": "a" * 30000 + "c"}]).status, 202, "taken")
            until(lambda: d.metric("qund_events_applied_total") > before, 5, "it is applied")
        d.write_rules(good)
        load.finish()
        d.drained()
        db = sqlite3.connect(f"file:{d.data / 'qund.db'}?mode=ro", uri=True)
        alerts = db.execute("SELECT count(*) FROM alert").fetchone()[0]
        db.close()
        equal(alerts, chat.n // 10, "alerts of the old set")
        equal(d.stop(), 0, "exit code")
        d.clean()
        return f"{len(BAD_RULES)} patterns refused by file:line within {slowest:.2f} s, slowest event {load.percentile(100):.0f} ms"


QUERIES = ("\" OR 1=1 --", "'; DROP TABLE alert; --", "a* NEAR(b c, 5)", "NOT", "AND AND", "(((((", "*", "\"", "col:x",
           "%%%%", "____", "\\", "{a b}:c", "^多少", "多" * 2000, "多少钱 " * 300, "\x00\x01", "😀😀", "x" * 5000)


@row("G4", "SQL bombs", "no error of the store, no row of others, <= 50 ms")
def g4(ctx):
    worst, wrong = 0.0, []
    names = ("'; DROP TABLE contact; --", "\" OR \"\"=\"", "Robert'); DELETE FROM lead; --", "%", "\\'", "$(id)", "{{x}}")
    with ctx.daemon() as d:
        d.start()
        with d.client("ingest") as c:
            for i, evil in enumerate(names):
                got = c.events([{"id": evil, "group": evil, "group_name": evil, "sender": evil, "sender_name": evil,
                                 "text": evil + " 这个多少钱", "kind": evil, "account": "us " + evil, "reply_to": evil,
                                 "data": {evil: evil}}])
                if got.status != 202:
                    wrong.append(f"{evil!r}: {got}")
        d.drained()
        with d.client() as c:
            for q in QUERIES:
                for path in ("/api/v1/search?q=", "/api/v1/outbox?state=", "/api/v1/alerts?cursor=", "/api/v1/rules/"):
                    text = "".join(f"%{b:02x}" for b in q.encode())
                    start = clock.monotonic()
                    got = c.get(path + text)
                    worst = max(worst, quick(f"{path}{q[:20]!r}", (clock.monotonic() - start) * 1000, wrong))
                    if got.status >= 500 or b"SQLITE" in got.body or b"syntax error" in got.body:
                        wrong.append(f"{path}{q[:20]!r}: {got}")
            found = c.get("/api/v1/search?q=%E5%A4%9A%E5%B0%91%E9%92%B1").json()["items"]
        db = sqlite3.connect(f"file:{d.data / 'qund.db'}?mode=ro", uri=True)
        rows = [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("contact", "lead", "alert")]
        db.close()
        equal(rows, [len(names)] * 3, "contacts, leads, alerts")
        equal(len(found), len(names), "messages found")
    check(not wrong, "; ".join(wrong))
    return f"{len(names)} names, {len(QUERIES) * 4} queries: no error, rows as sent, slowest {worst:.0f} ms"


# --- clocks and reloads -------------------------------------------------------------------------

class TimelessChat(Chat):
    """Events without a time of their own: receipt is their time, whatever the clock says."""

    def event(self, i):
        e = super().event(i)
        del e["ts"]
        return e


@row("I1", "wall clock +1 h, -1 h, +3 d, -3 d while running", "nothing lost or twice, durations unaffected", 1, 5)
def i1(ctx):
    wall = Clock(ctx.folder)
    jumps = [hours * 3600 for hours in (1, 0, -1, 0, 72, 0, -72, 0)] * ctx.rounds
    with Receiver(ctx.folder) as receiver, ctx.daemon(receiver=receiver) as d:
        d.start(**wall.env)
        chat = TimelessChat(700 * len(jumps) + 700, "i1")
        load = HttpLoad(d, chat, batch=10, workers=2, rate=500).start()
        for i, offset in enumerate(jumps):
            until(lambda i=i: load.count() >= 500 * (i + 1), 30, "the load goes on")
            wall.set(offset)
        load.finish(120)
        d.drained()
        slowest = load.percentile(100)
        until(lambda: open_pushes(d) == 0, 60, "every push has ended")
        d.stop()
        states = push_states(d)
        v = verdict_without_pushes(d, chat, load)
        ids = [call["id"] for call in receiver.calls()]
        check(slowest <= 300 * PATIENCE, f"slowest answer {slowest:.0f} ms")
        return f"{len(jumps)} jumps: {brief(v)}, slowest answer {slowest:.0f} ms, pushes {states}, {len(ids) - len(set(ids))} repeats"


def open_pushes(d):
    with d.client() as c:
        return sum(len(c.get(f"/api/v1/outbox?state={s}&limit=1").json()["items"]) for s in ("queued", "sending", "retry_at", "unknown"))


def push_states(d):
    db = sqlite3.connect(f"file:{d.data / 'qund.db'}?mode=ro", uri=True)
    names = {2: "accepted", 4: "delivered", 10: "expired"}
    got = {names.get(s, str(s)): n for s, n in db.execute("SELECT state, count(*) FROM outbox GROUP BY state")}
    db.close()
    check(set(got) <= {"accepted", "delivered", "expired"}, "each push in a final state", got)
    return ", ".join(f"{k} {n}" for k, n in got.items())


def verdict_without_pushes(d, chat, load):
    from check import judge
    ids = {i: chat.event(i)["id"] for i in range(chat.n)}
    v = judge(d.data / "qund.db", ids.values(), [ids[i] for i in load.acked], pushes=False)
    d.clean()
    if not v.ok:
        raise Failed(f"{v.sum()}: {v.details()}")
    return v


class Again:
    """The same events over and over, at 500 a second: a load that leaves nothing behind, no row and no
    person, so that what grows is the reloads'."""

    def __init__(self, d, chat):
        self.d, self.chat, self.over = d, chat, threading.Event()
        self.thread = threading.Thread(target=self.send, daemon=True)

    def send(self):
        bodies, at = [self.chat.lines(i, i + 10) for i in range(0, self.chat.n, 10)], 0
        with self.d.client("ingest") as c:
            while not self.over.wait(0.02):
                c.post("/api/v1/events", bodies[at % len(bodies)], Content_Type="application/x-ndjson")
                at += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(10)


def reload_once(d, good, i):
    """Two of six are broken: a rule, a key of the configuration."""
    kind = i % 6
    if kind == 2:
        d.write_rules("rules:\n  - id: broken\n    when: {any: [a]}\n    thn: []\n    then: [{intent: broken}]\n")
    elif kind == 4:
        d.write_config("http: {listen: 7}\nwhat: {}\n")
    else:
        d.write_rules({"rules": good["rules"] + [{"id": "extra", "title": f"v{i:04}", "when": {"any": [f"特别的词{i:04}"]},
                                                  "then": [{"intent": "extra"}]}]})
        d.write_config()

    def seen():
        log = d.log()
        return log.count("event=rules.loaded") + log.count("event=rules.refused"), log.count("event=config.")
    want = seen()
    d.proc.send_signal(signal.SIGHUP)
    until(lambda: seen()[0] > want[0] and seen()[1] > want[1], 20, f"reload {i} is over", 0.01)
    if kind == 2:
        _, degraded = d.degraded()
        check("10-test.yaml:4" in degraded, "the broken rule is named by its line", degraded)
    if kind == 4:
        check("qund.yaml:" in d.log()[-3000:], "the broken key is named by its line")


LEAK_KIB = 0.5  # a reload; one rule set or configuration is several
LEG = 25        # reloads between two looks at the memory


def settled_kib(d):
    """What is in use with nothing under way: for a moment after a reload there are two sets of rules, and
    buffers of the load come and go, so the least of some looks counts."""
    looks = []
    for _ in range(10):
        clock.sleep(0.04)
        looks.append(d.metric("qund_heap_bytes") / 1024)
    return min(looks)


@row("J1", "reloads under load, a third of them broken", "old set stays, error with line, memory slope 0", 1000, 2000,
     patient=True)
def j1(ctx):
    """Memory is what the allocator counts as in use; the first half of the reloads warms caches up. What
    comes and goes by itself is measured first, in as many looks without a reload."""
    with Receiver(ctx.folder) as receiver, ctx.daemon(receiver=receiver) as d:
        d.start()
        chat = Chat(2000, "j1")
        load = HttpLoad(d, chat, batch=50).start().finish()
        feeds = LiveFeeds(d, 20).start()
        good = json.loads(d.rules_path.read_text(encoding="utf-8"))
        half = max(ctx.rounds // 2 // LEG, 3) * LEG

        def reloads(numbers):
            for i in numbers:
                reload_once(d, good, i)
        with Again(d, chat):
            start = clock.monotonic()
            reloads(range(half))        # the page cache, above all, has to meet the rows of a reload
            leg_seconds, still, heap = (clock.monotonic() - start) / half * LEG, [], []
            for _ in range(half // LEG):
                clock.sleep(leg_seconds)
                still.append(settled_kib(d))
            for first in range(half, 2 * half, LEG):
                reloads(range(first, first + LEG))
                heap.append(settled_kib(d))
        open_feeds = feeds.open
        feeds.stop()
        d.write_rules(good)
        d.write_config()
        v = verdict(d, chat, [load], receiver)
        check(open_feeds == 20, f"{open_feeds} of 20 readers of the live feed are left")
        slope, noise = slope_of(heap) / LEG, abs(slope_of(still)) / LEG
        check(sanitized(d.binary) or slope <= LEAK_KIB + noise,
              f"memory grows by {slope:.2f} KiB a reload; without reloads it moves by {noise:.2f}")
        return (f"{2 * half} reloads: {brief(v)}, errors by line, the last {half}: {slope:+.2f} KiB a reload; "
                f"without a reload {noise:.2f}")


def slope_of(values):
    """The median of the slopes between any two, per step: one odd value does not tilt it."""
    return statistics.median((values[j] - values[i]) / (j - i) for i, j in itertools.combinations(range(len(values)), 2))
