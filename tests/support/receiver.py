#!/usr/bin/env python3
"""The outside world, for tests: an HTTP server on a free loopback port that answers as told and
writes down every effect.

    receiver.py --log FILE [--secret NAME=SECRET]... [--script NAME=WORDS]... [--tls PEM] [--until-eof]

It prints its port as the first line. A target's address is http://127.0.0.1:PORT/NAME (what follows
NAME/ or ? is not looked at). WORDS say what the calls of NAME get, one after the other, the last for
ever; a name without a script gets 200:

    204, 500, 410 …   that status          429:2      with Retry-After: 2
    302:URL           a redirect           500*3      three times
    stall             never an answer      stall:300  an answer 200 after 300 ms
    drop              the effect happens, then the connection is closed without an answer
    reset             closed without effect and without answer
    endless           200 and a body without end
    drip              200 and one byte a second
    headers           200 and header lines without end
    junk              bytes that are not HTTP

The log has one JSON line a call: {"at", "name", "path", "id", "timestamp", "signature": "ok" | "bad"
| "none", "body", "nth" (how often that id came), "effect" (did it take the call), "answer",
"connection"}. "Doubled" means: the same id with effect true more than once. Over HTTP, for tests
that change their mind: POST /_script/NAME with WORDS; GET /_log; GET /_stats {"connections",
"calls"}.
"""
import argparse
import base64
import binascii
import hashlib
import hmac
import json
import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

STALL_S = 60


class World:
    """Scripts, log and counters, shared by all connections."""

    def __init__(self, log_path, secrets, scripts):
        self.lock = threading.Lock()
        self.log = open(log_path, "a", encoding="utf-8") if log_path else None
        self.lines = []
        self.secrets = secrets
        self.scripts = {name: expand(words) for name, words in scripts.items()}
        self.seen = {}
        self.connections = 0
        self.calls = 0
        self.over = threading.Event()

    def next_answer(self, name):
        with self.lock:
            self.calls += 1
            script = self.scripts.get(name) or ["200"]
            return script.pop(0) if len(script) > 1 else script[0]

    def write(self, line):
        with self.lock:
            if line["id"]:
                self.seen[line["id"]] = self.seen.get(line["id"], 0) + 1
                line["nth"] = self.seen[line["id"]]
            text = json.dumps(line, ensure_ascii=False)
            self.lines.append(text)
            if self.log:
                self.log.write(text + "\n")
                self.log.flush()


def expand(words):
    out = []
    for word in words.split(","):
        what, star, times = word.rpartition("*")
        out.extend([what] * int(times) if star else [word])
    return out


def signature_state(secret, headers, body):
    given = headers.get("webhook-signature")
    if not given:
        return "none"
    if secret is None:
        return "bad"
    try:
        key = base64.b64decode(secret[6:], validate=True) if secret.startswith("whsec_") else secret.encode()
    except binascii.Error:
        return "bad"
    said = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers.get("webhook-timestamp") or 0)) < 300
    return "ok" if fresh and any(hmac.compare_digest(want, s) for s in given.split(" ")) else "bad"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        world = self.server.world
        with world.lock:
            world.connections += 1
            self.number = world.connections

    def log_message(self, *args):
        pass

    def read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status >= 200 and status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def do_GET(self):
        world = self.server.world
        if self.path == "/_log":
            with world.lock:
                text = "".join(line + "\n" for line in world.lines)
            self.answer(200, text.encode(), [("Content-Type", "application/x-ndjson")])
        elif self.path == "/_stats":
            with world.lock:
                text = json.dumps({"connections": world.connections, "calls": world.calls})
            self.answer(200, text.encode(), [("Content-Type", "application/json")])
        else:
            self.call()

    def do_POST(self):
        if self.path.startswith("/_script/"):
            words = self.read_body().decode()
            with self.server.world.lock:
                self.server.world.scripts[self.path[len("/_script/"):]] = expand(words)
            self.answer(204)
        else:
            self.call()

    def call(self):
        world = self.server.world
        name = self.path.split("?")[0].strip("/").split("/")[0]
        body = self.read_body()
        what = world.next_answer(name)
        kind, _, detail = what.partition(":")
        world.write({
            "at": time.time(), "name": name, "path": self.path,
            "id": self.headers.get("webhook-id"),
            "timestamp": self.headers.get("webhook-timestamp"),
            "signature": signature_state(world.secrets.get(name), self.headers, body),
            "content_type": self.headers.get("Content-Type"),
            "body": body.decode("utf-8", "backslashreplace"), "nth": 0,
            "effect": kind == "drop" or kind.startswith("2") or kind in ("endless", "drip", "headers")
                      or (kind == "stall" and bool(detail)),
            "answer": what, "connection": self.number})
        if kind.isdigit():
            extra = [("Retry-After", detail)] if kind in ("429", "503") and detail else []
            extra += [("Location", detail)] if kind.startswith("3") and detail else []
            self.answer(int(kind), b"ok" if kind == "200" else b"", extra)
        else:
            getattr(self, "do_" + kind)(detail)

    def do_stall(self, detail):
        if self.server.world.over.wait(int(detail) / 1000 if detail else STALL_S) or not detail:
            self.close_connection = True
        else:
            self.answer(200)

    def do_drop(self, _):
        self.close_connection = True

    def do_reset(self, _):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def forever(self, piece, pause_s):
        self.close_connection = True
        try:
            while not self.server.world.over.wait(pause_s):
                self.wfile.write(piece)
        except OSError:
            pass

    def do_endless(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        self.forever(b"x" * 65536, 0)

    def do_drip(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        self.forever(b"x", 1)

    def do_headers(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self.forever(b"X-More: " + b"y" * 1000 + b"\r\n", 0)

    def do_junk(self, _):
        self.close_connection = True
        self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass                            # peers that go away are part of the tests


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--log", help="effects, one JSON object a line")
    parser.add_argument("--secret", action="append", default=[], metavar="NAME=SECRET")
    parser.add_argument("--script", action="append", default=[], metavar="NAME=WORDS")
    parser.add_argument("--tls", metavar="PEM", help="speak TLS with this key and certificate")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input closes")
    args = parser.parse_args()
    split = [dict(item.split("=", 1) for item in items) for items in (args.secret, args.script)]
    with Server(("127.0.0.1", 0), Handler) as server:
        server.world = World(args.log, split[0], split[1])
        if args.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(args.tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            if args.until_eof:
                while sys.stdin.buffer.read(4096):
                    pass
            else:
                threading.Event().wait()
        except KeyboardInterrupt:
            pass
        server.world.over.set()
        os._exit(0)                     # threads may hang in sockets


if __name__ == "__main__":
    main()
