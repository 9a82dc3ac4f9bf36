"""The vendors of staff robots, for tests: one HTTP server on a loopback port that checks what each
of them checks (own code: nothing here is shared with the program), answers as each of them answers,
and counts as each of them counts.

    with Vendors() as v:
        v.url("wecom", "ops")             its address, as the vendor would show it
        v.script("ops", "ok,busy,ok")     what its calls get, the last for ever
        v.calls("ops")                    [{"at", "body", "effect", "answer", "why"}]

Words: ok, or the vendor's own failures (busy, limit, denied), a status (500, 429:2), and drop (takes
it, closes without an answer), reset (closes without taking it), stall, drip (an answer of one byte a
second), endless, junk (200 and no sense). Over a vendor's limit its limit answer comes whatever the
script says, and `over` counts it."""
import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
import urllib.parse

DINGTALK_SECRET = "SECqund0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
FEISHU_SECRET = "qund-feishu-secret"
TOKENS = {"telegram": "12345:AAtoken_of-a-bot", "bark": "devicekey7"}


def mac(key, said):
    return base64.b64encode(hmac.new(key.encode(), said.encode(), hashlib.sha256).digest()).decode()


def fresh(seconds):
    return abs(time.time() - seconds) < 3600


def wecom(query, body, _):
    if query.get("key", [""])[0].count("-") < 1:
        return 93000, "invalid webhook url"
    content = body.get(body["msgtype"])
    if not content:
        return 44004, "empty content"
    if len(content.get("content", "").encode()) > {"text": 2048, "markdown": 4096}.get(body["msgtype"], 1 << 20):
        return 45002, "content exceeds the limit"
    return 0, "ok"


def dingtalk(query, body, _):
    stamp, sign = query.get("timestamp", ["0"])[0], query.get("sign", [""])[0]
    if not fresh(int(stamp) / 1000):
        return 310000, "invalid timestamp"
    if sign != mac(DINGTALK_SECRET, f"{stamp}\n{DINGTALK_SECRET}"):
        return 310000, "sign not match"
    return (0, "ok") if body.get(body["msgtype"]) else (40035, "param error")


def feishu(_, body, size):
    if size > 20480:
        return 9499, "too large"
    if not fresh(int(body.get("timestamp", "0"))) or \
            body.get("sign") != mac(f"{body.get('timestamp')}\n{FEISHU_SECRET}", ""):
        return 19021, "sign match fail or timestamp is not within one hour from current time"
    return (0, "success") if "content" in body or "card" in body else (9499, "Bad Request")


def telegram(_, body, __):
    return (200, "") if body["chat_id"] == "-100123" and len(body["text"]) <= 4096 else (400, "chat not found")


def slack(_, body, __):
    return (200, "ok") if body.get("text") else (400, "no_text")


def bark(_, body, __):
    return (200, "success") if body.get("device_key") == TOKENS["bark"] else (400, "failed to get device token")


def plain(code, why):
    return 200, {"errcode": code, "errmsg": why}


def code(n, why):
    return 200, {"code": n, "msg": why, "data": {}} | ({"StatusCode": 0} if n == 0 else {})


def tg(n, why):
    return (200, {"ok": True, "result": {"message_id": 5}}) if n == 200 else \
        (n, {"ok": False, "error_code": n, "description": why})


# How many a minute, what it checks, how it answers, and its words for busy, limit and denied.
VENDORS = {
    "wecom": (20, wecom, plain, (-1, "system busy"), (45009, "api freq out of limit"), (93000, "gone")),
    "dingtalk": (20, dingtalk, plain, (-1, "busy"), (130101, "send too fast"), (300001, "token is not exist")),
    "feishu": (100, feishu, code, (2200, "internal"), (11232, "frequency limited"), (19001, "param invalid")),
    "telegram": (20, telegram, tg, (500, "busy"), (429, "Too Many Requests"), (403, "bot was kicked")),
    "slack": (60, slack, lambda n, why: (n, why), (500, "rollup_error"), (429, "slow"), (404, "no_service")),
    "bark": (1000, bark, lambda n, why: (n, {"code": n, "message": why}), (500, "busy"), (429, "slow"), (400, "no")),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_POST(self):
        world = self.server.world
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        where = urllib.parse.urlsplit(self.path)
        vendor, name = where.path.strip("/").split("/")[:2]
        limit, check, answer, busy, over, denied = VENDORS[vendor]
        try:
            said = check(urllib.parse.parse_qs(where.query), json.loads(raw), len(raw))
        except (KeyError, ValueError, AttributeError) as e:
            said = (400, repr(e))
        good = answer(*said)[0] == 200 and said[0] in (0, 200)
        word = world.next_word(name, limit)
        kind, _, detail = word.partition(":")
        effect = good and kind in ("ok", "drop", "drip", "endless", "junk")
        world.write(name, {"at": time.time(), "path": self.path, "body": raw.decode("utf-8", "backslashreplace"),
                           "effect": effect, "answer": word if good else said[1],
                           "headers": dict(self.headers)})
        own = {"ok": said, "busy": busy, "limit": over, "denied": denied}
        if kind in own:
            self.say(*answer(*(said if not good else own[kind])))
        elif kind.isdigit():
            self.say(int(kind), "", [("Retry-After", detail)] if detail else [])
        else:
            self.close_connection = True
            getattr(self, "do_" + kind)()

    def say(self, status, body, headers=()):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for header in headers:
            self.send_header(*header)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_drop(self):
        pass

    do_reset = do_drop

    def do_stall(self):
        self.server.world.over_event.wait(60)

    def forever(self, piece, pause_s):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        try:
            while not self.server.world.over_event.wait(pause_s):
                self.wfile.write(piece)
        except OSError:
            pass

    def do_drip(self):
        self.forever(b" ", 1)

    def do_endless(self):
        self.forever(b" " * 65536, 0)

    def do_junk(self):
        self.say(200, "<html>proxy login</html>")


class Vendors:
    def __init__(self, port=0):
        self.limits = {}    # by name, where the vendor's own is not what is tested
        self.lock, self.over_event = threading.Lock(), threading.Event()
        self.scripts, self.log, self.times, self.over = {}, {}, {}, {}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads, self.server.world = True, self
        self.server.handle_error = lambda *_: None   # peers that go away are part of the tests
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, vendor, name):
        tail = {"wecom": f"?key=693axxx6-7aoc-{name}", "dingtalk": f"?access_token=tok-{name}"}
        return f"http://127.0.0.1:{self.port}/{vendor}/{name}{tail.get(vendor, '')}"

    def script(self, name, words):
        with self.lock:
            self.scripts[name] = [w for word in words.split(",")
                                  for w in [word.rpartition("*")[0] or word] * int(word.rpartition("*")[2]
                                                                                   if "*" in word else 1)]

    def next_word(self, name, limit):
        with self.lock:
            now = time.time()
            times = self.times.setdefault(name, [])
            times.append(now)
            if sum(t > now - 60 for t in times) > self.limits.get(name, limit):
                self.over[name] = self.over.get(name, 0) + 1
                return "limit"
            script = self.scripts.setdefault(name, ["ok"])
            return script.pop(0) if len(script) > 1 else script[0]

    def write(self, name, line):
        with self.lock:
            self.log.setdefault(name, []).append(line)

    def calls(self, name):
        with self.lock:
            return list(self.log.get(name, []))

    def most_in(self, name, seconds):
        """The most calls within any so many seconds."""
        times, most, first = [c["at"] for c in self.calls(name)], 0, 0
        for last, t in enumerate(times):
            while times[first] <= t - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over_event.set()
        self.server.shutdown()
        self.server.server_close()
