"""A bridge of OneBot 12 for tests: its frames, its answers, both ways to connect."""
import time

from onebot import Bridge, Line, Listening
from wire import Ws

SELF = {"platform": "wechat", "user_id": "wxid_bot"}
ids = iter(range(1, 100000))


def event(kind, detail, bot="wxid_bot", **more):
    return {"id": f"e{next(ids)}", "time": time.time(), "type": kind, "detail_type": detail, "sub_type": "",
            "self": dict(SELF, user_id=bot), **more}


def said(text, group="2190@chatroom", user="wxid_a", mid=None, **more):
    parts = text if isinstance(text, list) else [{"type": "text", "data": {"text": text}}]
    return event("message", "group", message_id=mid or f"m{next(ids)}", group_id=group, user_id=user, message=parts,
                 alt_message="alt", **more)


CONNECT = {"id": "c", "time": 1.0, "type": "meta", "detail_type": "connect", "sub_type": "",
           "version": {"impl": "ComWechat", "version": "1", "onebot_version": "12"}}
STATUS = {"id": "s", "time": 1.0, "type": "meta", "detail_type": "status_update", "sub_type": "",
          "status": {"good": True, "bots": [{"self": SELF, "online": True}]}}


class Twelve(Bridge):
    def answer(self, action, params):
        got = super().answer(action, params)
        return dict({"message": ""}, **({"status": "failed", "retcode": 10002, "data": None} if got.get("retcode") == 1404 else got))

    def do_get_self_info(self, _):
        return {"user_id": self.account, "user_name": "小栖", "user_displayname": ""}

    def do_get_group_list(self, _):
        return [{"group_id": g, "group_name": f"群{g}"} for g in self.groups]

    def do_get_group_member_list(self, params):
        return [{"user_id": m, "user_name": f"n{m}", "user_displayname": ""} for m in self.groups[params["group_id"]]]

    def do_send_message(self, _):
        self.ids += 1
        return {"message_id": f"s{self.ids}", "time": time.time()}

    def do_upload_file(self, params):
        return {"file_id": "f-" + params["name"]}

    do_delete_message = Bridge.do_delete_msg
    do_get_login_info = None


def open_twelve(bridge, port, channel="wx", protocol="foo, 12.ComWechat"):
    ws = Ws.connect(port, f"/hook/{channel}/onebot/v12/ws/", {"Authorization": "Bearer geheim", "User-Agent": "OneBot/12",
                                                              **({"Sec-WebSocket-Protocol": protocol} if protocol else {})})
    line = Line(bridge, ws)
    line.say(CONNECT)
    return line


class Dialled(Listening):
    def serve(self, ws):
        line = Line(self.bridge, ws)
        line.say(CONNECT)
        line.say(dict(STATUS, status={"good": True, "bots": [{"self": dict(SELF, user_id=self.bridge.account), "online": True}]}))
        self.lines.append(line)
