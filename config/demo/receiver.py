#!/usr/bin/env python3
"""Stands in for a group robot: takes qund's signed pushes on loopback, prints each as one line.

    receiver.py --port-file FILE [--log FILE] [--staff SOCKET]      (the secret: QUND_DEMO_SECRET)

It shows what a receiver has to do: check the signature over `id.timestamp.body` (Standard Webhooks
1.0), take a repeated id once, answer 2xx. Stops on SIGTERM.
"""
import argparse
import base64
import collections
import hashlib
import hmac
import http.server
import json
import os
import signal
import sys
import threading
import time

from staff import Staff

BODY_MAX = 1 << 20
SEEN_MAX = 100_000
AHEAD_S = 300


def key_of(secret):
    """`whsec_` + base64, or the bytes as they are."""
    return base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()


def signed(headers, body, key):
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > AHEAD_S:
        return False
    mac = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(mac).decode()
    return any(hmac.compare_digest(wanted, s) for s in headers.get("webhook-signature", "").split())


def cut(line):
    line = " ".join(line.split())
    return line if len(line) <= 140 else line[:139] + "…"


def readable(push):
    """小米 <- [warn] 装修群: 超时未回复: 王先生「设计费怎么收」, as one line."""
    alert = push.get("alert") or {}
    if push.get("kind") == "task":
        task = push.get("task") or {}
        line = (f"{push.get('to')} <- [task {push.get('short')}] {task.get('group_name') or ''}: "
                f"{task.get('step')} {task.get('title') or ''}「{task.get('content') or ''}」")
        return cut(line)
    text = str(push.get("text") or alert.get("title") or push.get("kind", ""))
    quote, sender = alert.get("quote") or "", alert.get("sender_name") or ""
    if quote and quote[:12] not in text:
        text += f": {sender}「{quote}」"
    rung = push.get("rung")
    step = f" (step {rung + 1})" if isinstance(rung, int) and rung > 0 else ""
    line = f"{push.get('to') or 'everybody'}{step} <- [{alert.get('level', '')}] {alert.get('group_name') or ''}: {text}"
    return cut(line)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self):
        n = self.headers.get("content-length", "")
        if not n.isdigit() or int(n) > BODY_MAX:
            self.answer(413)
            self.close_connection = True
            return
        body = self.rfile.read(int(n))
        if not signed(self.headers, body, self.server.key):
            self.server.say("refused: the signature does not fit")
            self.answer(401)
            return
        try:
            push = json.loads(body)
        except ValueError:
            self.answer(400)
            return
        self.server.take(self.headers["webhook-id"], push if isinstance(push, dict) else {"text": str(push)})
        self.answer(200)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, key, log, sock):
        super().__init__(("127.0.0.1", 0), Handler)
        self.key, self.log = key, log
        self.staff = Staff(sock, self.say) if sock else None
        self.seen, self.lock = collections.OrderedDict(), threading.Lock()
        self.colour = sys.stdout.isatty()

    def say(self, text):
        line = f"  robot: {text}"
        print(f"\033[36m{line}\033[0m" if self.colour else line, flush=True)

    def take(self, name, push):
        with self.lock:
            if name in self.seen:
                return   # sent again because our answer was lost: done once
            self.seen[name] = True
            while len(self.seen) > SEEN_MAX:
                self.seen.popitem(last=False)
            self.say(readable(push))
            if self.staff:
                self.staff.reads(push)
            if self.log:
                self.log.write(json.dumps({"id": name, **push}, ensure_ascii=False) + "\n")
                self.log.flush()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--port-file", required=True)
    ap.add_argument("--log")
    ap.add_argument("--staff", metavar="SOCKET", help="the daemon's: staff do what their task cards ask")
    args = ap.parse_args()
    secret = os.environ.get("QUND_DEMO_SECRET") or sys.exit("receiver: QUND_DEMO_SECRET is not set")
    log = open(args.log, "a", encoding="utf-8") if args.log else None
    sys.stdout.reconfigure(encoding="utf-8")
    server = Server(key_of(secret), log, args.staff)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    with open(args.port_file + ".new", "w", encoding="ascii") as f:
        f.write(str(server.server_address[1]))
    os.replace(args.port_file + ".new", args.port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
