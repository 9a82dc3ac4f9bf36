#!/usr/bin/env python3
"""A mail server for tests, on a free loopback port, that answers as told and writes down every
effect. No test may rely on a package for it, and the faults a real server never shows are the point.

    mailbox.py --log FILE [--script WORDS] [--tls PEM] [--smtps] [--login USER:PASSWORD] [--until-eof]

It prints its port as the first line. WORDS say what the mails get, one after the other, the last for
ever (500*3: three times):

    250                taken
    451, 550, …        that code to the recipient
    data:554, data:451 that code to the message itself
    first:550          to the first recipient alone, the others are taken
    effect             the message is taken, then the connection closes without an answer
    drop               closed within the message, nothing is taken
    silent             takes the message and never answers
    drip               answers with one byte a second
    mute               says 250, and nothing more to QUIT
    endless            answers with lines without end
    greylist           421 instead of a greeting
    hang               no greeting at all
    late               the greeting comes after 4 s, as from servers that wait for spammers to go

With --tls it offers STARTTLS (and takes no mail without), with --smtps TLS from the first byte. The
log has one JSON line a mail: {"at", "from", "to", "message", "effect", "answer", "tls", "user",
"helo", "quit"}. Changing its mind: a line `script WORDS` on standard input.
"""
import argparse
import base64
import json
import os
import socketserver
import ssl
import sys
import threading
import time


def expand(words):
    out = []
    for word in words.split(","):
        what, star, times = word.rpartition("*")
        out.extend([what] * int(times) if star else [word])
    return out


class World:
    def __init__(self, log, script, context, smtps, login):
        self.lock = threading.Lock()
        self.log = open(log, "a", encoding="utf-8") if log else None
        self.script, self.context, self.smtps, self.login = expand(script), context, smtps, login
        self.over = threading.Event()

    def next_answer(self):
        with self.lock:
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def write(self, line):
        with self.lock:
            if self.log:
                self.log.write(json.dumps(line, ensure_ascii=False) + "\n")
                self.log.flush()


class Gone(Exception):
    pass


class Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def hear(self):
        line = self.rfile.readline(4096)
        if not line:
            raise Gone
        return line.decode("utf-8", "backslashreplace").rstrip("\r\n")

    def tls(self):
        self.request = self.server.world.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
        self.secure = True

    def handle(self):
        world = self.server.world
        self.what = world.next_answer()
        self.secure, self.user, self.mail, self.helo = False, None, {}, None
        try:
            if world.smtps:
                self.tls()
            if self.what == "hang":
                world.over.wait(60)
                return
            if self.what == "late":
                world.over.wait(4)
            self.say("421 come back later" if self.what == "greylist" else "220 mailbox ESMTP")
            while self.what != "greylist" and self.command(self.hear()):
                pass
        except (Gone, OSError, ValueError):
            pass

    def command(self, line):
        verb = line.split(" ")[0].split(":")[0].upper()
        return getattr(self, "do_" + verb.lower(), self.unknown)(line)

    def unknown(self, _):
        self.say("502 not here")
        return True

    def do_ehlo(self, line):
        world = self.server.world
        self.helo = line[5:]
        offers = ["mailbox greets you", "8BITMIME"]
        if world.context and not self.secure:
            offers.append("STARTTLS")
        elif world.login:
            offers.append("AUTH LOGIN PLAIN")
        for i, offer in enumerate(offers):
            self.say("250" + ("-" if i + 1 < len(offers) else " ") + offer)
        return True

    def do_starttls(self, _):
        self.say("220 go on")
        self.tls()
        return True

    def do_auth(self, line):
        words = line.split(" ")
        if len(words) < 3:
            self.say("334 ")
            words.append(self.hear())
        said = base64.b64decode(words[2]).decode().split("\0")
        ok = ":".join(said[1:]) == self.server.world.login
        self.user = said[1] if ok else None
        self.say("235 welcome" if ok else "535 5.7.8 wrong")
        return True

    def do_mail(self, line):
        world = self.server.world
        if (world.context and not self.secure) or (world.login and not self.user):
            self.say("530 5.7.0 not like this")
            return True
        self.mail = {"from": line.split("<")[1].split(">")[0], "to": []}
        self.say("250 ok")
        return True

    def do_rcpt(self, line):
        to = line.split("<")[1].split(">")[0]
        code = self.what.removeprefix("first:")
        if code.isdigit() and code != "250" and (code == self.what or not self.mail.get("first")):
            self.mail["first"] = True
            self.say(f"{code} 5.1.1 <{to}> is not wanted")
            return True
        self.mail["to"].append(to)
        self.say("250 ok")
        return True

    def do_data(self, _):
        self.say("354 go on")
        lines = []
        while True:
            line = self.rfile.readline()
            if not line:
                raise Gone
            if self.what == "drop":
                return False
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        self.finish(b"".join(lines).decode("utf-8", "backslashreplace"))
        return self.what in ("250", "mute") or self.what.startswith(("data:", "first:"))

    def finish(self, message):
        world = self.server.world
        refused = self.what.startswith("data:")
        world.write({"at": time.time(), **{k: self.mail.get(k) for k in ("from", "to")}, "message": message,
                     "effect": not refused, "answer": self.what, "tls": self.secure, "user": self.user,
                     "helo": self.helo})
        if refused:
            self.say(self.what[5:] + " 5.6.0 no")
        elif self.what == "silent":
            world.over.wait(60)
        elif self.what == "drip":
            for c in "250-" + "x" * 60:
                self.wfile.write(c.encode())
                if world.over.wait(1):
                    break
        elif self.what == "endless":
            while not world.over.is_set():
                self.wfile.write(b"250-" + b"y" * 1000 + b"\r\n")
        elif self.what != "effect":
            self.say("250 2.0.0 taken")

    def do_quit(self, _):
        if self.what == "mute":
            self.server.world.over.wait(60)
        else:
            self.say("221 bye")
        return False


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass                            # peers that go away are part of the tests


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--log")
    parser.add_argument("--script", default="250")
    parser.add_argument("--tls", metavar="PEM")
    parser.add_argument("--smtps", action="store_true")
    parser.add_argument("--login", metavar="USER:PASSWORD")
    parser.add_argument("--until-eof", action="store_true")
    args = parser.parse_args()
    context = None
    if args.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.tls)
    with Server(("127.0.0.1", 0), Session) as server:
        server.world = World(args.log, args.script, context, args.smtps, args.login)
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for line in sys.stdin:
            word, _, rest = line.strip().partition(" ")
            if word == "script":
                with server.world.lock:
                    server.world.script = expand(rest)
        if not args.until_eof:
            threading.Event().wait()
        server.world.over.set()
        os._exit(0)                     # threads may hang in sockets


if __name__ == "__main__":
    main()
