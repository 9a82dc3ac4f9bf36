"""OneBot 12: reverse and forward WebSocket, webhook, actions by WebSocket and HTTP; accounts in `self`,
ids that are strings, files by id."""
# limit: 150 s
import http.server
import json
import threading
import time

from harness import Cases, Client, Daemon, check, equal, scratch, until
from onebot import post
from outbox import push
from twelve import SELF, STATUS, Dialled, Twelve, event, open_twelve, said
from wire import Refused, Ws

case = Cases()


class Api(http.server.BaseHTTPRequestHandler):
    bridge, paths = Twelve("wxid_http"), []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.paths.append(self.path)
        text = b""
        if self.path == "/":
            text = json.dumps(self.bridge.answer(body["action"], body["params"])).encode()
        self.send_response(200 if text else 404)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=api.serve_forever, daemon=True).start()
forward = Dialled(Twelve("wxid_fwd", {"f@chatroom": ["wxid_fwd", "wxid_a"]}))
RULES = {"rules": [
    {"id": "price", "when": {"any": ["多少钱"]}, "then": [{"reply": "三百"}]},
    {"id": "quiet", "when": {"any": ["悄悄"]}, "then": [{"reply": {"text": "私下说", "private": True}}]},
    {"id": "away", "on": "revoke", "then": [{"recall": "own"}]}]}
CONFIG = {
    "auto": {"per_group_hour": 1000, "per_group_day": 1000, "per_contact_day": 1000},
    "channels": {
        "wx": {"kind": "onebot", "token": "geheim", "pace": "0s", "send_through": "say"},
        "fwd": {"kind": "onebot", "token": "geheim", "pace": "0s", "members": "0s", "connect": [forward.url], "send_through": "say-fwd"},
        "hook": {"kind": "onebot", "token": "geheim", "pace": "0s", "members": "0s", "send_through": "say-http",
                 "api": [f"http://127.0.0.1:{api.server_port}"]}},
    "targets": {
        "say": {"kind": "onebot", "channel": "wx", "rate": 0, "timeout": "3s"},
        "say-fwd": {"kind": "onebot", "channel": "fwd", "rate": 0, "timeout": "3s"},
        "say-http": {"kind": "onebot", "channel": "hook", "rate": 0, "timeout": "3s"}}}

with scratch() as folder, Daemon(folder / "d", CONFIG, RULES) as d:
    d.start()

    def is_open():
        with Client(d.port) as c:
            return c.get("/hook/wx/").status == 405

    until(is_open, 10, "the channels open")

    def stored(**want):
        d.drained()
        rows = [json.loads(line) for line in d.run("export", "messages", check_exit=0)[1].splitlines()]
        return [r for r in rows if all(r.get(k) == v for k, v in want.items())]

    def becomes(n, **want):
        return until(lambda: (lambda r: r if len(r) >= n else None)(stored(**want)), 15, f"{n} rows {want}", 0.1)

    def sent(b, n, *actions):
        return until(lambda: b.calls(*(actions or ("send_message",)))[n:] or None, 15, "the action")[0][1]

    def outbox(target):
        with d.client() as c:
            return [r for r in c.get("/api/v1/outbox?limit=500").json()["items"] if r["target"] == target]

    bridge = Twelve("wxid_bot", {"2190@chatroom": ["wxid_bot", "wxid_a"]})

    @case("reverse WebSocket: the sub-protocol is chosen among those offered, the token is wanted")
    def _():
        line = open_twelve(bridge, d.port)
        equal(line.ws.headers.get("sec-websocket-protocol"), "12.ComWechat", "chosen")
        line.close()
        try:
            Ws.connect(d.port, "/hook/wx/onebot/v12/ws/", {"Sec-WebSocket-Protocol": "12.ComWechat"})
            check(False, "let in")
        except Refused as e:
            equal(e.status, 401, "status")

    line = open_twelve(bridge, d.port)
    line.say(STATUS)

    @case("messages of the standard; pictures by id")
    def _():
        line.say(said([{"type": "mention", "data": {"user_id": "wxid_bot"}}, {"type": "text", "data": {"text": " 报名"}},
                       {"type": "image", "data": {"file_id": "f-1"}}], mid="7731"))
        row = becomes(1, id="wxid_bot:7731")[0]
        equal((row["text"], row["mentions"], row["data"], row["kind"]),
              ("@wxid_bot 报名[图片]", ["wxid_bot"], {"files": ["f-1"]}, "mixed"), "row")
        line.say(event("message", "private", message_id="p1", user_id="wxid_a", message=[{"type": "text", "data": {"text": "在吗"}}]))
        equal(becomes(1, id="wxid_bot:p1")[0]["to"], "wxid_bot", "private")

    @case("notices: joins, leaves, taken back, friends, extensions")
    def _():
        g = {"group_id": "n@chatroom", "user_id": "wxid_c"}
        for e in (event("notice", "group_member_increase", operator_id="", **g), event("notice", "group_member_decrease", operator_id="o", **g),
                  event("notice", "group_message_delete", message_id="7731", operator_id="", **g),
                  event("notice", "wx.get_group_poke", **g), event("request", "wx.friend_request", v3="x", **g)):
            line.say(e)
        rows = {r["type"]: r for r in becomes(5, group="n@chatroom")}
        equal(rows["member.leave"]["data"], {"member": "wxid_c", "by": "o"}, "leave")
        equal(rows["revoke"]["ref"], "wxid_bot:7731", "ref")
        equal(rows["onebot.request.wx.friend_request"]["data"]["v3"], "x", "request")
        check("member.join" in rows and "onebot.wx.get_group_poke" in rows, "all", list(rows))

    @case("the members of its groups are read")
    def _():
        becomes(1, type="group.members")

        def known():
            with d.client() as c:
                found = [g for g in c.get("/api/v1/groups?limit=500").json()["items"] if g["name"] == "群2190@chatroom"]
                return found and len(c.get(f"/api/v1/groups/{found[0]['id']}/members").json()["items"])
        until(lambda: known() == 2, 10, "members", 0.2)

    @case("two accounts on one connection, each answered as itself")
    def _():
        n = len(bridge.calls("send_message"))
        line.say(said("多少钱", user="wxid_z1", group="two@chatroom") | {"self": dict(SELF, user_id="wxid_two")})
        equal(becomes(1, group="two@chatroom", type="message")[0]["account"], "wxid_two", "account")
        equal(sent(bridge, n)["group_id"], "two@chatroom", "answered")

    @case("a reply with its quote; taken back again by its id")
    def _():
        n, back = len(bridge.calls("send_message")), len(bridge.calls("delete_message"))
        line.say(said("多少钱", user="wxid_z2", mid="q1"))
        p = sent(bridge, n)
        equal((p["detail_type"], p["message"][0]), ("group", {"type": "reply", "data": {"message_id": "q1"}}), "params")
        until(lambda: any(r["state"] == "accepted" and r.get("their_id") == f"wxid_bot:s{bridge.ids}" for r in outbox("say")), 10, "accepted")
        line.say(event("notice", "group_message_delete", message_id="q1", group_id="2190@chatroom", user_id="wxid_z2", operator_id=""))
        equal(sent(bridge, back, "delete_message"), {"message_id": f"s{bridge.ids}"}, "taken back")

    @case("a private reply goes to the person")
    def _():
        n = len(bridge.calls("send_message"))
        line.say(said("悄悄", user="wxid_z3"))
        p = sent(bridge, n)
        equal((p["detail_type"], p["user_id"], [s["type"] for s in p["message"]][-1]), ("private", "wxid_z3", "text"), "params")

    for code, state in ((34001, "failed"), (33001, "retry_at"), (10101, "retry_at"), (10102, "retry_at"),
                        (20002, "retry_at"), (36000, "quota_hit")):      # the last makes the target wait
        @case(f"retcode {code}: {state}")
        def _(code=code, state=state):
            known = {r["id"] for r in outbox("say")}
            bridge.answers["send_message"] = {"status": "failed", "retcode": code, "data": None, "message": "w"}
            line.say(said("多少钱", user=f"wxid_{code}"))
            row = until(lambda: next((r for r in outbox("say") if r["id"] not in known and r["state"] not in ("queued", "sending")), None), 10, "ended")
            equal(row["state"], state, "state")
            check(str(code) in row["reason"], "reason", row)
            del bridge.answers["send_message"]

    @case("an interruption is a gap")
    def _():
        line.say(STATUS)
        line.drop()
        again = open_twelve(bridge, d.port, protocol=None)      # as a gateway does: known by its first frame
        again.say(STATUS)
        until(lambda: [r for r in stored(type="gap", account="wxid_bot") if "to" in r["data"]], 15, "the gap", 0.1)
        again.say(said("wieder da", group="again@chatroom"))
        becomes(1, group="again@chatroom")
        again.close()

    @case("forward WebSocket: dialled, heard, answered")
    def _():
        fwd = forward.line()
        fwd.say(said("多少钱", group="f@chatroom", user="wxid_f") | {"self": dict(SELF, user_id="wxid_fwd")})
        becomes(1, group="f@chatroom", type="message")
        equal(sent(forward.bridge, 0)["group_id"], "f@chatroom", "answered")
        fwd.drop()
        forward.line(2).say(said("da", group="f2@chatroom") | {"self": dict(SELF, user_id="wxid_fwd")})
        becomes(1, group="f2@chatroom", type="message")

    @case("webhook and HTTP actions: asked as 11 first, then as 12")
    def _():
        until(lambda: Api.bridge.calls("get_group_list"), 20, "it is known")
        check(Api.paths[0] == "/get_login_info" and "/" in Api.paths, "asked", Api.paths)
        e = said("多少钱", group="h@chatroom", user="wxid_h") | {"self": dict(SELF, user_id="wxid_http")}
        equal(post(d.port, "hook", e, path="/onebot/v12/http/").status, 401, "no token")
        got = post(d.port, "hook", e, token="geheim", path="/onebot/v12/http/")
        equal((got.status, got.body), (204, b""), "answer")
        becomes(1, group="h@chatroom", type="message")
        equal(sent(Api.bridge, 0)["detail_type"], "group", "answered")

    @case("a picture is uploaded, then sent by its id; an upload that fails is tried again, and nothing was said")
    def _():
        equal(d.stop(), 0, "exit")
        n = len(forward.bridge.calls("send_message"))
        push(d, "say-fwd", {"kind": "message", "group": "f@chatroom", "text": "看", "mentions": ["wxid_a"],
                            "media": [{"kind": "image", "url": "https://x.test/1.png", "name": "1.png"}]})
        tries = []
        forward.bridge.answers["upload_file"] = lambda p: tries.append(p) or (
            {"status": "failed", "retcode": 33000, "data": None} if len(tries) == 1 else None)
        d.start()
        p = sent(forward.bridge, n)
        equal(p["message"], [{"type": "mention", "data": {"user_id": "wxid_a"}}, {"type": "text", "data": {"text": " 看"}},
                             {"type": "image", "data": {"file_id": "f-1.png"}}], "segments")
        equal(tries, [{"type": "url", "name": "1.png", "url": "https://x.test/1.png"}] * 2, "uploaded")

    equal(d.stop(), 0, "exit")
    case.done(d)
