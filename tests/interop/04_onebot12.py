"""OneBot 12: frames as the standard has them (onebot12.jsonl) are taken by an application that is not ours
(@alemonjs/onebot) and by the daemon, which makes the same of them."""
# limit: 90 s
import json
import pathlib
import socket
import time

from harness import Cases, Client, Daemon, check, equal, scratch, until
from interop import Node, becomes, needs, stored
from onebot import Bridge, Line, Listening
from wire import Peer, Ws, accept_of, read_head

needs("@alemonjs/onebot", "ws")
case = Cases()
FRAMES = [json.loads(line) for line in
          (pathlib.Path(__file__).parent / "onebot12.jsonl").read_text(encoding="utf-8").splitlines()]
for n, recorded in enumerate(FRAMES):
    recorded["time"] = time.time() - 60 + n     # what is older than store.retention is refused
SELF = FRAMES[0]["self"]
CONNECT = {"id": "c", "time": 1.0, "type": "meta", "detail_type": "connect", "sub_type": "", "self": SELF,
           "version": {"impl": "test", "version": "1", "onebot_version": "12"}}


class Twelve(Bridge):
    def do_send_message(self, _):
        self.ids += 1
        return {"message_id": str(self.ids), "time": 1.0}

    def do_get_self_info(self, _):
        return {"user_id": "wxid_bot", "user_name": "栖", "user_displayname": ""}


class Agreed(Peer):
    """With the sub-protocol that the client offered."""

    def one(self, sock):
        try:
            _, headers = read_head(sock)
            sock.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Protocol: {headers['sec-websocket-protocol']}\r\n"
                          f"Sec-WebSocket-Accept: {accept_of(headers['sec-websocket-key'])}\r\n\r\n").encode())
            self.serve(Ws(sock, False, headers))
        except (OSError, ConnectionError, socket.timeout):
            sock.close()


class Dialled(Listening):
    def __init__(self, bridge):
        self.bridge, self.token, self.lines = bridge, "geheim", []
        self.peer = Agreed(self.serve)

    def serve(self, ws):
        line = Line(self.bridge, ws)
        line.say(CONNECT)
        self.lines.append(line)


with scratch() as folder:
    @case("an application that is not ours takes every frame, and its actions are answered")
    def _():
        bridge = Twelve("wxid_bot")
        listening = Dialled(bridge)
        with Node(folder / "alemon", "alemon.mjs", ENDPOINT=listening.url) as app:
            line = listening.line(seconds=30)
            ready = app.wait("event")
            equal((ready["event"]["detail_type"], ready["state"]["activeVersion"]), ("connect", 12), "it speaks 12")
            for frame in FRAMES:
                line.say(frame)
            app.wait("event", len(FRAMES) + 1)
            equal([s["event"] for s in app.all("event")][1:], FRAMES, "as they were sent")
            app.proc.stdin.write((json.dumps({"action": "send_message", "params": {
                "detail_type": "group", "group_id": "2190@chatroom", "message": [{"type": "text", "data": {"text": "好"}}]}}) + "\n").encode())
            app.proc.stdin.flush()
            equal(app.wait("answer")["data"]["message_id"], "1001", "an answer")
            check(not app.all("log", text="fallback"), "it did not fall back to 11")

    config = {"auto": {"per_group_hour": 100, "per_group_day": 100, "per_contact_day": 100},
              "channels": {"wx": {"kind": "onebot", "token": "geheim", "members": "0s", "history": 0, "pace": "0s",
                                  "send_through": "say"}},
              "targets": {"say": {"kind": "onebot", "channel": "wx", "rate": 0}}}
    rules = {"rules": [{"id": "price", "when": {"any": ["多少钱"]}, "then": [{"reply": "三百"}]}]}

    @case("the daemon makes of the same frames what they say, and answers like that application")
    def _():
        with Daemon(folder / "d", config, rules) as d:
            d.start()
            until(lambda: Client(d.port).get("/hook/wx/").status == 405, 20, "the channel opens")
            bridge = Twelve("wxid_bot")
            line = Line(bridge, Ws.connect(d.port, "/hook/wx/onebot/v12/ws", {"Authorization": "Bearer geheim",
                                                                              "Sec-WebSocket-Protocol": "12.test"}))
            for frame in [CONNECT, *FRAMES]:
                line.say(frame)
            becomes(d, 1, type="revoke")
            first, private, answer, picture, place = (
                next(r for r in stored(d, type="message") if r["id"].endswith(i)) for i in ("7731", "7732", "7733", "7734", "7735"))
            equal((first["group"], first["sender"], first["account"], first["mentions"]),
                  ("2190@chatroom", "wxid_a", "wxid_bot", ["wxid_bot"]), "a message in a group")
            check("报名" in first["text"], "its text", first)
            equal((private.get("group"), private["to"], private["text"]), (None, "wxid_bot", "在吗"), "a private one")
            check(answer["reply_to"].endswith("7731"), "an answer", answer)
            equal((picture["kind"], place["kind"]), ("image", "location"), "kinds")
            equal([r["sender"] for r in stored(d, type="member.join")], ["wxid_c"], "a join")
            equal([r["sender"] for r in stored(d, type="member.leave")], ["wxid_c"], "a leave")
            equal(len(stored(d, sender="wxid_e")), 1, "a request of an extension")
            line.say({**FRAMES[0], "id": "ask", "message_id": "7799", "message": [{"type": "text", "data": {"text": "多少钱"}}]})
            until(lambda: bridge.calls("send_message"), 15, "a reply")
            sent = bridge.calls("send_message")[0][1]
            equal((sent["detail_type"], sent["group_id"]), ("group", "2190@chatroom"), "where it goes")
            check(any("三百" in s["data"].get("text", "") for s in sent["message"]), "what it says", sent)
            equal(d.stop(), 0, "exit")
            d.clean()

    case.done()
