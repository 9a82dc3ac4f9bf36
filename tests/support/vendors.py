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

import spoken

DINGTALK_SECRET = "SECqund0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
FEISHU_SECRET = "qund-feishu-secret"
TOKENS = {"telegram": "12345:AAtoken_of-a-bot", "bark": "devicekey7"} | {
    name: f"tok-of-{name}" for name in ("ntfy", "gotify", "pushplus", "serverchan", "serverchan3", "wxpusher", "sms-form",
                                        "sms-query", "sms-twilio")}


def mac(key, said):
    return base64.b64encode(hmac.new(key.encode(), said.encode(), hashlib.sha256).digest()).decode()


def fresh(seconds):
    return abs(time.time() - seconds) < 3600


class Call:
    """What came in: query and headers by name, the body as JSON or as a form."""

    def __init__(self, target, headers, raw):
        where = urllib.parse.urlsplit(target)
        self.tail = "/" + "".join(where.path.split("/", 3)[3:])     # behind /vendor/name
        self.query, self.headers, self.size = urllib.parse.parse_qs(where.query), headers, len(raw)
        form = "x-www-form-urlencoded" in (headers.get("Content-Type") or "")
        self.body = ({k: v[0] for k, v in urllib.parse.parse_qs(raw.decode()).items()} if form
                     else json.loads(raw) if raw else {})

    def asks(self, name):
        return self.query.get(name, [""])[0]


def lacks(body, wants):
    """The first of these paths that leads nowhere."""
    for want in wants:
        at = body
        for step in want.split("."):
            at = at.get(step) if isinstance(at, dict) else None
        if not at:
            return want
    return None


WECOM = {"text": ["content"], "markdown": ["content"], "image": ["base64", "md5"], "news": ["articles"],
         "template_card": ["card_type", "card_action.type", "card_action.url"]}


def wecom(c):
    kind = c.body["msgtype"]
    if c.asks("key").count("-") < 1:
        return 93000, "invalid webhook url"
    if kind not in WECOM or lacks(c.body.get(kind), WECOM[kind]):
        return 44004, f"empty content: {lacks(c.body.get(kind), WECOM.get(kind, ['msgtype']))}"
    what = c.body[kind]
    if len(what.get("content", "").encode()) > {"text": 2048, "markdown": 4096}.get(kind, 1 << 20):
        return 45002, "content exceeds the limit"
    if kind == "image":
        image = base64.b64decode(what["base64"], validate=True)
        if len(image) > 2 << 20 or hashlib.md5(image).hexdigest() != what["md5"]:
            return 301019, "md5 mismatch"
    if kind == "news" and not (1 <= len(what["articles"]) <= 8 and all(
            not lacks(a, ["title", "url"]) and len(a["title"].encode()) <= 128 and len(a["description"].encode()) <= 512
            for a in what["articles"])):
        return 40058, "articles"
    if kind == "template_card" and (len(what["horizontal_content_list"]) > 6 or
                                    lacks(what, ["main_title.title"]) and lacks(what, ["sub_title_text"])):
        return 40058, "template_card"
    return 0, "ok"


DINGTALK = {"text": ["content"], "markdown": ["title", "text"], "feedCard": ["links"],
            "actionCard": ["title", "text", "singleTitle", "singleURL"]}


def dingtalk(c):
    stamp, kind = c.asks("timestamp") or "0", c.body["msgtype"]
    if not fresh(int(stamp) / 1000):
        return 310000, "invalid timestamp"
    if c.asks("sign") != mac(DINGTALK_SECRET, f"{stamp}\n{DINGTALK_SECRET}"):
        return 310000, "sign not match"
    if kind not in DINGTALK or lacks(c.body.get(kind), DINGTALK[kind]):
        return 40035, "param error"
    at, words = c.body.get("at", {}), c.body[kind].get("content") or c.body[kind].get("text") or ""
    if any("@" + who not in words for who in at.get("atMobiles", []) + at.get("atUserIds", [])):
        return 40035, "who is named does not stand in the text"
    if kind == "feedCard" and any(lacks(x, ["title", "messageURL"]) for x in c.body[kind]["links"]):
        return 40035, "links"
    return 0, "ok"


FEISHU = {"text": ["content.text"], "post": ["content.post.zh_cn.title", "content.post.zh_cn.content"],
          "interactive": ["card.header.title.content", "card.elements"]}


def feishu(c):
    if c.size > 20480:
        return 9499, "too large"
    if not fresh(int(c.body.get("timestamp", "0"))) or \
            c.body.get("sign") != mac(f"{c.body.get('timestamp')}\n{FEISHU_SECRET}", ""):
        return 19021, "sign match fail or timestamp is not within one hour from current time"
    kind = c.body["msg_type"]
    if kind not in FEISHU or lacks(c.body, FEISHU[kind]):
        return 9499, "Bad Request"
    if kind == "post" and not all(part["tag"] in ("text", "a", "at") for line in c.body["content"]["post"]["zh_cn"]["content"]
                                  for part in line):
        return 9499, "Bad Request"
    return 0, "success"


def telegram(c):
    if c.tail != f"/bot{TOKENS['telegram']}/sendMessage":
        return 401, "Unauthorized"
    return (200, "") if c.body["chat_id"] == "-100123" and 0 < len(c.body["text"]) <= 4096 else (400, "chat not found")


def slack(c):
    return (200, "ok") if c.body.get("text") else (400, "no_text")


def bark(c):
    return (200, "success") if c.body.get("device_key") == TOKENS["bark"] and c.tail == "/push" else \
        (400, "failed to get device token")


def discord(c):
    return (200, "") if 0 < len(c.body["content"]) <= 2000 and c.body["allowed_mentions"] == {"parse": []} else \
        (400, "Invalid Form Body")


def ntfy(c):
    return (200, "") if c.tail == "/" and c.body["topic"] == "t" and c.body["message"] and \
        c.headers["Authorization"] == "Bearer " + TOKENS["ntfy"] else (401, "unauthorized")


def gotify(c):
    return (200, "") if c.tail == "/message" and c.body["message"] and c.headers["X-Gotify-Key"] == TOKENS["gotify"] else \
        (401, "you need to provide a valid access token")


def pushplus(c):
    return (200, "ok") if c.tail == "/send" and c.body["token"] == TOKENS["pushplus"] and c.body["content"] and \
        fresh(int(c.body["timestamp"]) / 1000) else (903, "token")


def serverchan(c):
    return (0, "") if c.tail == f"/{TOKENS['serverchan']}.send" and 0 < len(c.body["title"]) <= 32 and c.body["desp"] else \
        (40001, "bad pushtoken")


def serverchan3(c):
    return (0, "") if c.tail == f"/send/{TOKENS['serverchan3']}.send" and 0 < len(c.body["title"]) <= 32 and c.body["desp"] else \
        (40001, "bad sendkey")


def wxpusher(c):
    return (0, "ok") if c.tail == "/api/send/message" and c.body["appToken"] == TOKENS["wxpusher"] and c.body["content"] and \
        c.body["uids"] == ["UID_1"] and c.body["contentType"] == 1 else (1001, "appToken")


def sms_form(c):
    return (0, "ok") if [c.body[k] for k in ("account", "password", "mobile")] == [TOKENS["sms-form"], "geheim", "13800000000"] and \
        c.body["content"] else (1, "password")


def sms_query(c):
    proof = hashlib.md5(f"{TOKENS['sms-query']}geheim{c.asks('ts')}".encode()).hexdigest()
    return (0, "ok") if c.asks("pswd") == proof and c.asks("mobile") == "13800000000" and c.asks("msg") else (101, "no such user")


def sms_twilio(c):
    login = base64.b64encode(f"{TOKENS['sms-twilio']}:geheim".encode()).decode()
    return (0, "") if c.tail == "/Messages.json" and c.headers["Authorization"] == "Basic " + login and c.body["Body"] and \
        (c.body["To"], c.body["From"]) == ("+8613800000000", "+15005550006") else (21211, "The 'To' number is not valid")


def plain(code, why):
    return 200, {"errcode": code, "errmsg": why}


def code(n, why):
    return 200, {"code": n, "msg": why, "data": {}} | ({"StatusCode": 0} if n == 0 else {})


def tg(n, why):
    return (200, {"ok": True, "result": {"message_id": 5}}) if n == 200 else \
        (n, {"ok": False, "error_code": n, "description": why} | ({"parameters": {"retry_after": 3}} if n == 429 else {}))


def words(n, why):
    return n, why


def named(n, why):
    return n, {"code": n, "message": why}


def message(n, why):
    return 200, {"code": n, "message": why, "data": {"pushid": "1"}}


# How many a minute, what it checks, how it answers, and its words for busy, limit and denied.
VENDORS = {
    "wecom": (20, wecom, plain, (-1, "system busy"), (45009, "api freq out of limit"), (93000, "gone")),
    "dingtalk": (20, dingtalk, plain, (-1, "busy"), (130101, "send too fast"), (300001, "token is not exist")),
    "feishu": (100, feishu, code, (2200, "internal"), (11232, "frequency limited"), (19001, "param invalid")),
    "telegram": (20, telegram, tg, (500, "busy"), (429, "Too Many Requests"), (403, "bot was kicked")),
    "slack": (60, slack, words, (500, "rollup_error"), (429, "slow"), (404, "no_service")),
    "bark": (1000, bark, named, (500, "busy"), (429, "slow"), (400, "no")),
    "mattermost": (600, slack, words, (500, "busy"), (429, "slow"), (404, "no")),
    "discord": (30, discord, lambda n, why: (204, "") if n == 200 else (n, {"message": why, "retry_after": 1.5}),
                (500, "busy"), (429, "You are being rate limited."), (404, "Unknown Webhook")),
    "ntfy": (60, ntfy, lambda n, why: (n, {"id": "x"} if n == 200 else {"error": why}), (500, "busy"), (429, "slow"), (403, "no")),
    "gotify": (600, gotify, lambda n, why: (n, {"id": 5} if n == 200 else {"errorDescription": why}),
               (500, "busy"), (429, "slow"), (401, "no")),
    "pushplus": (5, pushplus, code, (500, "busy"), (900, "restricted"), (903, "token")),
    "serverchan": (5, serverchan, message, (500, "busy"), (40011, "too many"), (40001, "no")),
    "serverchan3": (5, serverchan3, message, (500, "busy"), (40011, "too many"), (40001, "no")),
    "wxpusher": (60, wxpusher, lambda n, why: (200, {"code": 1000 if n == 0 else n, "msg": why}),
                 (1005, "busy"), (1004, "slow"), (1001, "no")),
    "sms-form": (3, sms_form, code, (5, "busy"), (8, "too many"), (1, "no")),
    "sms-query": (3, sms_query, lambda n, why: (200, f"{n},{why}"), (5, "busy"), (8, "too many"), (101, "no")),
    "sms-twilio": (3, sms_twilio, lambda n, why: (201, {"sid": "SM1"}) if n == 0 else (400, {"code": n, "message": why}),
                   (20500, "busy"), (20429, "Too Many Requests"), (21211, "no")),
}
# What an entry of each shipped template needs beside its address.
NEEDS = {name: {"token": TOKENS[name]} for name in TOKENS} | {
    "telegram": {"token": TOKENS["telegram"], "to": ["-100123"]}, "ntfy": {"token": TOKENS["ntfy"], "to": ["t"]},
    "wxpusher": {"token": TOKENS["wxpusher"], "to": ["UID_1"]}} | {
    name: {"token": TOKENS[name], "secret": "geheim", "to": to} for name, to in (
        ("sms-form", ["13800000000"]), ("sms-query", ["13800000000"]), ("sms-twilio", ["+8613800000000", "+15005550006"]))}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_POST(self):
        world = self.server.world
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        vendor, name = urllib.parse.urlsplit(self.path).path.strip("/").split("/")[:2]
        limit, check, answer, busy, over, denied = VENDORS[vendor]
        try:
            said = check(Call(self.path, self.headers, raw))
        except (KeyError, ValueError, AttributeError, TypeError) as e:
            said = (400, repr(e))
        good = said[0] in (0, 200)
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

    do_GET = do_POST

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
            calls = list(self.log.get(name, []))
        spoken.note("http", len(calls))
        return calls

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
