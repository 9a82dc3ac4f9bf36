"""What the frames of OneBot 11 and 12 become, one by one: each is sent through a real connection, each row is the event
that the daemon keeps. Also who is in a group without a notice of it, and roles by path."""
# limit: 120 s
import json
import time

from harness import Cases, Daemon, check, equal, scratch, until
from onebot import Bridge, Seen, dial, message, notice
from twelve import STATUS, Twelve, event, open_twelve, said

case = Cases()
NOW = int(time.time())


def private(user, mid, said_, **more):
    return {"self_id": 7, "time": NOW, "post_type": "message", "message_type": "private", "sub_type": "friend",
            "message_id": mid, "user_id": user, "message": said_, **more}


def request(kind, **more):
    return {"self_id": 7, "time": NOW, "post_type": "request", "request_type": kind, "user_id": 8, "comment": "业主", "flag": "f-1", **more}


def part(kind, **data):
    return {"type": kind, "data": data}


# Sentence, the frame, what the event says. `group` is set to one of its own where the frame has one.
ELEVEN = (
    ("a message as an array of segments", message(7, 0, 8, [part("at", qq="7"), part("text", text=" 多少钱")], 101),
     {"type": "message", "id": "7:101", "text": "@7 多少钱", "mentions": ["7"], "sender": "8", "account": "7"}),
    ("a message as a CQ string", message(7, 0, 8, "", 102) | {"message": "[CQ:at,qq=9]好&#91;的&#93;"},
     {"type": "message", "text": "@9 好[的]", "mentions": ["9"]}),
    ("a message that has its CQ string alone", {k: v for k, v in message(7, 0, 8, "", 112, raw_message="[CQ:at,qq=9]在").items() if k != "message"},
     {"text": "@9 在", "mentions": ["9"]}),
    ("a sender's number of 64 bits without a sign", message(7, 0, 18446744073709551615, "大号", 120), {"sender": "18446744073709551615", "text": "大号"}),
    ("a CQ code in the words of a person stays words", message(7, 0, 8, [part("text", text="[CQ:at,qq=all]")], 103),
     {"text": "[CQ:at,qq=all]"}),
    ("a private message as an array", private(8, 104, [part("text", text="在吗")]), {"id": "7:104", "to": "7", "text": "在吗", "sender": "8"}),
    ("a private message as a CQ string", private(8, 105, "在[CQ:face,id=1]"), {"id": "7:105", "to": "7", "sender": "8"}),
    ("an own message in a group", message(7, 0, 7, "我说", 106), {"sender": "7", "sender_role": "bot", "text": "我说"}),
    ("an own private message", private(7, 107, "私聊", post_type="message_sent", target_id=8), {"id": "7:107", "sender": "7", "to": "8"}),
    ("a reply names what it answers", message(7, 0, 8, [part("reply", id="101"), part("text", text="好")], 108), {"reply_to": "7:101"}),
    ("a picture with its address", message(7, 0, 8, [part("image", file="a.jpg", url="http://x.test/a.jpg")], 109),
     {"kind": "image", "media": [{"kind": "image", "url": "http://x.test/a.jpg", "name": "a.jpg"}]}),
    ("a voice with its address", message(7, 0, 8, [part("record", file="a.amr", url="http://x.test/a.amr")], 110),
     {"kind": "voice", "media": [{"kind": "voice", "url": "http://x.test/a.amr", "name": "a.amr"}]}),
    ("a file with its address", message(7, 0, 8, [part("file", file="a.pdf", url="http://x.test/a.pdf")], 111),
     {"kind": "file", "media": [{"kind": "file", "url": "http://x.test/a.pdf", "name": "a.pdf"}]}),
    ("a join by notice", notice(7, "group_increase", group_id=0, user_id=8, sub_type="approve", operator_id=6),
     {"type": "member.join", "data": {"member": "8", "by": "6", "scene": "approve"}}),
    ("a leave by notice", notice(7, "group_decrease", group_id=0, user_id=8, sub_type="kick", operator_id=6),
     {"type": "member.leave", "data": {"member": "8", "by": "6", "scene": "kick"}}),
    ("the end of a group", notice(7, "group_decrease", group_id=0, user_id=0, sub_type="disband"), {"type": "group.dismiss"}),
    ("a message that is taken back", notice(7, "group_recall", group_id=0, user_id=8, operator_id=6, message_id=101),
     {"type": "revoke", "ref": "7:101", "data": {"by": "6"}}),
    ("a private message that is taken back", notice(7, "friend_recall", user_id=88, message_id=104), {"type": "revoke", "ref": "7:104"}),
    ("who wants to be a friend", request("friend", user_id=91), {"type": "request.friend", "text": "业主", "data.flag": "f-1"}),
    ("who wants into a group", request("group", sub_type="add", group_id=0), {"type": "request.group", "text": "业主", "data.flag": "f-1"}),
    ("a new friend", notice(7, "friend_add", user_id=92), {"type": "contact.add", "sender": "92"}),
    ("a poke", notice(7, "notify", sub_type="poke", group_id=0, user_id=8, target_id=7), {"type": "onebot.notify.poke", "data.target_id": 7}),
    ("a ban", notice(7, "group_ban", sub_type="ban", group_id=0, user_id=8, operator_id=6, duration=60),
     {"type": "onebot.group_ban", "data.duration": 60}),
    ("an admin", notice(7, "group_admin", sub_type="set", group_id=0, user_id=8), {"type": "onebot.group_admin", "data.sub_type": "set"}),
    ("a file of a group", notice(7, "group_upload", group_id=0, user_id=8, file={"id": "x", "name": "a.pdf", "size": 9}),
     {"type": "onebot.group_upload", "data.file": {"id": "x", "name": "a.pdf", "size": 9}}),
    ("a card", notice(7, "group_card", group_id=0, user_id=8, card_new="3-2-501", card_old=""),
     {"type": "onebot.group_card", "data.card_new": "3-2-501"}),
    ("an essence", notice(7, "essence", sub_type="add", group_id=0, message_id=101), {"type": "onebot.essence"}),
    ("a title", notice(7, "group_title", group_id=0, user_id=8, title="t"), {"type": "onebot.group_title", "data.title": "t"}),
    ("a notice that nobody knows", notice(7, "neues", group_id=0, user_id=8, weather="rain"), {"type": "onebot.neues", "data.weather": "rain"}),
    ("a request that nobody knows", request("moon", group_id=0), {"type": "onebot.request.moon", "data.flag": "f-1"}),
    ("an event that nobody knows", {"self_id": 7, "time": NOW, "post_type": "moon", "group_id": 0, "phase": 3}, {"type": "onebot.moon", "data.phase": 3}),
)
TWELVE = (
    ("a message", said([part("mention", user_id="wxid_bot"), part("text", text=" 报名")], mid="201"),
     {"type": "message", "id": "wxid_bot:201", "text": "@wxid_bot 报名", "mentions": ["wxid_bot"], "sender": "wxid_a", "account": "wxid_bot"}),
    ("a message to all", said([part("mention_all"), part("text", text=" 开会")], mid="202"), {"mentions": ["all"]}),
    ("a private message", event("message", "private", message_id="203", user_id="wxid_a", message=[part("text", text="在吗")], alt_message="x"),
     {"id": "wxid_bot:203", "to": "wxid_bot", "text": "在吗", "sender": "wxid_a"}),
    ("an own message in a group", said("我说", user="wxid_bot", mid="204"), {"sender": "wxid_bot", "sender_role": "bot", "text": "我说"}),
    ("a reply names what it answers", said([part("reply", message_id="201", user_id="wxid_a"), part("text", text="好")], mid="205"),
     {"reply_to": "wxid_bot:201"}),
    ("pictures, voices and files by their ids", said([part("image", file_id="f-1"), part("voice", file_id="f-2"), part("file", file_id="f-3")], mid="206"),
     {"data": {"files": ["f-1", "f-2", "f-3"]}}),
    ("segments that nobody knows", said([part("ext.moon", phase=3)], mid="207"), {"text": "[ext.moon]"}),
    ("a join by notice", event("notice", "group_member_increase", group_id="", user_id="wxid_c", operator_id="wxid_o"),
     {"type": "member.join", "data": {"member": "wxid_c", "by": "wxid_o"}}),
    ("a leave by notice", event("notice", "group_member_decrease", group_id="", user_id="wxid_c", operator_id="wxid_o") | {"sub_type": "kick"},
     {"type": "member.leave", "data": {"member": "wxid_c", "by": "wxid_o", "scene": "kick"}}),
    ("a message that is taken back", event("notice", "group_message_delete", group_id="", message_id="201", user_id="wxid_a", operator_id="wxid_a"),
     {"type": "revoke", "ref": "wxid_bot:201", "data": {"by": "wxid_a"}}),
    ("a private message that is taken back", event("notice", "private_message_delete", message_id="203", user_id="wxid_p"),
     {"type": "revoke", "ref": "wxid_bot:203"}),
    ("a new friend", event("notice", "friend_increase", user_id="wxid_n"), {"type": "contact.add", "sender": "wxid_n"}),
    ("a friend who leaves", event("notice", "friend_decrease", user_id="wxid_n"), {"type": "contact.remove", "sender": "wxid_n"}),
    ("a request, which is an extension", event("request", "wx.friend_request", user_id="wxid_q", v3="x"),
     {"type": "onebot.request.wx.friend_request", "data.v3": "x"}),
    ("a poke, which is an extension", event("notice", "wx.get_group_poke", group_id="", user_id="wxid_a"), {"type": "onebot.wx.get_group_poke"}),
    ("an event that nobody knows", event("moon", "full", group_id="", phase=3), {"type": "onebot.moon.full", "data.phase": 3}),
)
CONFIG = {"channels": {
    "qq": {"kind": "onebot", "token": "geheim", "members": "2s"},
    "roles": {"kind": "onebot", "token": "geheim", "members": "0s"},
    "wx": {"kind": "onebot", "token": "geheim", "members": "2s"}}}


def at(row, path):
    for step in path.split("."):
        row = row[step]
    return row


def placed(frame, group):
    return frame | {"group_id": group} if "group_id" in frame else frame


with scratch() as folder, Daemon(folder / "d", CONFIG) as d:
    d.start()
    seen = Seen(d)
    eleven, twelve = Bridge(7, {900: [7, 8]}), Twelve("wxid_bot", {"g900@chatroom": ["wxid_bot", "wxid_a"]})
    lines = {11: dial(eleven, d.port, "qq"), 12: open_twelve(twelve, d.port)}
    lines[12].say(STATUS)
    for version, table, group in ((11, ELEVEN, lambda i: 5000 + i), (12, TWELVE, lambda i: f"{i}@chatroom")):
        for i, (sentence, frame, want) in enumerate(table):
            @case(f"{version}: {sentence}")
            def _(version=version, frame=frame, want=want, place=group(i)):
                lines[version].say(placed(frame, place))
                who = {"group": str(place)} if "group_id" in frame else \
                    {"id": want["id"]} if "id" in want else {k: v for k, v in want.items() if k in ("type", "ref", "sender")}
                row = seen.becomes(1, **who, channel="qq" if version == 11 else "wx")[0]
                for path, value in want.items():
                    equal(at(row, path), value, path)

    for version, bridge, group, new in ((11, eleven, 900, 10), (12, twelve, "g900@chatroom", "wxid_new")):
        @case(f"{version}: who came and went without a notice is told by the list of members")
        def _(version=version, bridge=bridge, group=group, new=new):
            channel, gone = "qq" if version == 11 else "wx", bridge.groups[group][1]
            seen.becomes(1, type="group.members", group=str(group))
            equal(seen.stored(type="member.join", group=str(group)), [], "nobody joined by the first list")
            bridge.groups[group] = [bridge.groups[group][0], new]
            equal(seen.becomes(1, type="member.join", group=str(group), channel=channel)[0]["data"]["member"], str(new), "who joined")
            equal(seen.becomes(1, type="member.leave", group=str(group), channel=channel)[0]["data"]["member"], str(gone), "who left")

    for version, frame in ((11, message(7, 901, 8, "HALF", 301)), (12, said("HALF", group="h@chatroom", mid="301"))):
        @case(f"{version}: half a character of JavaScript's is repaired")
        def _(version=version, frame=frame):
            lines[version].say(json.dumps(frame).replace("HALF", r"a\ud83d \ude00b"))
            equal(seen.becomes(1, group=str(frame["group_id"]))[0]["text"], "a\ufffd \ufffdb", "text")

    @case("11: roles by the path where the header names none")
    def _():
        bridge = Bridge(70, {1: [70]})
        hears = dial(bridge, d.port, "roles", path="/event", role=None)
        hears.say(message(70, 1, 8, "路径", 1))
        seen.becomes(1, group="1", channel="roles")
        equal(bridge.calls("get_group_list"), [], "nothing is asked of one that only tells")
        speaks = dial(bridge, d.port, "roles", path="/api", role=None, hello=False)
        until(lambda: bridge.calls("get_group_list"), 10, "it is asked")
        hears.close()
        speaks.close()

    for line in lines.values():
        line.close()
    equal(d.stop(), 0, "exit")
    check("event=onebot.refused" not in d.log(), "nothing was refused")
    case.done(d)
