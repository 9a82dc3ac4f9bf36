"""What robots are sent, form by form, to servers that check what their vendors check: the tables of docs/robots.md and
docs/channels.md as cases. Each has a target of its own; what no rule makes is put into the outbox of a daemon that is stopped."""
# limit: 120 s
import base64
import hashlib
import hmac
import json
import pathlib

from harness import QUND, Cases, Daemon, check, equal, scratch, until
from outbox import push, pushes
from vendors import DINGTALK_SECRET, FEISHU_SECRET, NEEDS, Vendors, mac

if not (pathlib.Path(QUND).parent / "plugins/robots.so").exists():
    print("the robots plugin is not built")
    raise SystemExit(77)

case = Cases()
LINK = "https://q.example/a/1?k=2"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==")
ALERT = {"kind": "alert", "short": "12", "title": "询价", "level": "urgent", "text": "一群 张三：多少钱 <@all> [x](http://x)",
         "link": LINK, "person": {"name": "小王", "phone": "13800000105",
                                  "ids": {"wecom": "wang", "dingtalk": "dw", "feishu": "ou_w"}}}
NOBODY = {k: v for k, v in ALERT.items() if k not in ("link", "person")}
NO_PHONE = ALERT | {"person": {"name": "小王", "ids": ALERT["person"]["ids"]}}
NO_ID = ALERT | {"person": {"name": "小王", "phone": "13800000105", "ids": {"wecom-main": "wang"}}}
CARD = {"kind": "card", "title": "3 件", "count": 3, "text": "3 件\n#1 询价\n#2 投诉", "link": LINK, "short": "1 2",
        "items": [{"short": "1", "title": "询价", "text": "a", "link": "https://q/1"}, {"short": "2", "title": "投诉", "text": "b"}]}
FILE = {"kind": "message", "media": [{"kind": "image", "path": "x.png"}]}
PICTURE = ALERT | {"media": [{"kind": "image", "url": "https://q.example/1.png"}]}
PLAIN = "一群 张三：多少钱 ＜＠all> ［x］(http://x)"       # what a customer wrote calls nobody and is no link
WHOLE = f"一群 张三：多少钱 <@all> [x](http://x)\n#12\n{LINK}"

# Sentence, robot, its entry, the push, what stands where in the body.
FORMS = (
    ("WeCom: text names the person by id", "wecom", {}, ALERT,
     {"msgtype": "text", "text.content": WHOLE, "text.mentioned_list": ["wang"], "text.mentioned_mobile_list": []}),
    ("WeCom: text names by phone whose id is not known", "wecom", {}, NO_ID,
     {"text.mentioned_list": [], "text.mentioned_mobile_list": ["13800000105"]}),
    ("WeCom: text for nobody in particular names nobody", "wecom", {}, NOBODY,
     {"text.mentioned_list": [], "text.mentioned_mobile_list": []}),
    ("WeCom: all are named where the entry says so", "wecom", {"mention": "all"}, ALERT,
     {"text.mentioned_list": ["@all"], "text.mentioned_mobile_list": []}),
    ("WeCom: Markdown with the person, the title and no markup of a customer's", "wecom", {"form": "markdown"}, ALERT,
     {"msgtype": "markdown", "markdown.content": f'**<font color="warning">询价</font>**\n<@wang> {PLAIN}\n#12\n{LINK}'}),
    ("WeCom: a card with a link", "wecom", {"form": "card"}, ALERT,
     {"msgtype": "template_card", "template_card.card_type": "text_notice", "template_card.main_title.title": "询价",
      "template_card.card_action": {"type": 1, "url": LINK}, "template_card.source.desc_color": 2}),
    ("WeCom: a card of several has a row for each", "wecom", {"form": "card"}, CARD,
     {"template_card.horizontal_content_list": [{"keyname": "#1", "value": "询价"}, {"keyname": "#2", "value": "投诉"}]}),
    ("WeCom: a card without a link is Markdown", "wecom", {"form": "card"}, NOBODY, {"msgtype": "markdown"}),
    ("WeCom: articles with links", "wecom", {"form": "news"}, CARD,
     {"msgtype": "news", "news.articles.0.url": "https://q/1", "news.articles.1.url": LINK, "news.articles.1.title": "投诉"}),
    ("WeCom: articles without a link are text", "wecom", {"form": "news"}, NOBODY, {"msgtype": "text"}),
    ("WeCom: an image from the folder for images", "wecom", {}, FILE,
     {"msgtype": "image", "image.base64": base64.b64encode(PNG).decode(), "image.md5": "0b0b49a6089daffae6d2eb6ee4c5a815"}),
    ("WeCom: an image by address is an article", "wecom", {}, PICTURE,
     {"msgtype": "news", "news.articles.0.picurl": "https://q.example/1.png"}),
    ("DingTalk: text names the person by phone", "dingtalk", {"keyword": "告警"}, ALERT,
     {"msgtype": "text", "text.content": WHOLE + "\n告警\n@13800000105", "at.atMobiles": ["13800000105"], "at.isAtAll": False}),
    ("DingTalk: text names the person by id", "dingtalk", {}, NO_PHONE, {"at.atUserIds": ["dw"], "text.content": WHOLE + "\n@dw"}),
    ("DingTalk: all are named where the entry says so", "dingtalk", {"mention": "all"}, ALERT, {"at.isAtAll": True}),
    ("DingTalk: Markdown with its title", "dingtalk", {"form": "markdown"}, ALERT,
     {"msgtype": "markdown", "markdown.title": "询价", "at.atMobiles": ["13800000105"]}),
    ("DingTalk: a card with a link", "dingtalk", {"form": "card"}, ALERT,
     {"msgtype": "actionCard", "actionCard.title": "询价", "actionCard.singleURL": LINK}),
    ("DingTalk: a card without a link is Markdown", "dingtalk", {"form": "card"}, NOBODY, {"msgtype": "markdown"}),
    ("DingTalk: articles are a feed card", "dingtalk", {"form": "news"}, CARD,
     {"msgtype": "feedCard", "feedCard.links.0.messageURL": "https://q/1", "feedCard.links.1.title": "投诉"}),
    ("DingTalk: an image stands by its address in a feed card", "dingtalk", {"form": "news"}, PICTURE,
     {"feedCard.links.0.picURL": "https://q.example/1.png"}),
    ("Feishu: text names the person by id", "feishu", {}, ALERT,
     {"msg_type": "text", "content.text": f'<at user_id="ou_w">小王</at> {PLAIN}\n#12\n{LINK}'}),
    ("Feishu: all are named where the entry says so", "feishu", {"mention": "all"}, NOBODY,
     {"content.text": f'<at user_id="all">所有人</at> {PLAIN}\n#12'}),
    ("Feishu: Markdown is a post", "feishu", {"form": "markdown"}, ALERT,
     {"msg_type": "post", "content.post.zh_cn.title": "询价",
      "content.post.zh_cn.content.0.0": {"tag": "at", "user_id": "ou_w"}, "content.post.zh_cn.content.1.0.href": LINK}),
    ("Feishu: a card with a button", "feishu", {"form": "card"}, ALERT,
     {"msg_type": "interactive", "card.header.template": "red", "card.elements.1.actions.0.url": LINK}),
    ("Feishu: a card without a link has no button", "feishu", {"form": "card"}, NOBODY,
     {"msg_type": "interactive", "card.elements": [{"tag": "div", "text": {"tag": "lark_md", "content": PLAIN + "\n#12"}}]}),
    ("Feishu: articles are a post", "feishu", {"form": "news"}, CARD, {"msg_type": "post", "content.post.zh_cn.title": "3 件"}),
)
SHIPPED = ("slack", "mattermost", "discord", "telegram", "bark", "serverchan", "serverchan3", "pushplus", "ntfy", "gotify",
           "wxpusher", "sms-twilio", "sms-form", "sms-query")
OWN = {"url": "{{url}}", "headers": {"X-Sign": "{{body|hmac_sha256:secret|hex}}"}, "json": {"text": "{{level}} {{text}} {{name}}"},
       "answer": {"code": "text", "ends": {"ok": "SENT"}}}


def at(body, path):
    for step in path.split("."):
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def entry(v, kind, name, **more):
    own = {"robot": kind} if kind in ("wecom", "dingtalk", "feishu") else {"robot": "template", "template": kind} | NEEDS.get(kind, {})
    secret = {"dingtalk": DINGTALK_SECRET, "feishu": FEISHU_SECRET}.get(kind)
    return {"kind": "robots", **own, **({"secret": secret} if secret else {}), "url": v.url(kind, name), "allow_private": True,
            "timeout": "5s", "rate": 0, **more}


with scratch() as folder, Vendors() as v, Daemon(folder / "d") as d:
    (folder / "media").mkdir()
    (folder / "media/x.png").write_bytes(PNG)
    (folder / "own.json").write_text(json.dumps(OWN))
    MEDIA = {"media_dir": str(folder / "media")}
    named = {f"f{i}": (kind, more, body) for i, (_, kind, more, body, _) in enumerate(FORMS)}
    named |= {kind: (kind, {}, ALERT) for kind in SHIPPED}
    v.limits = {name: 1000 for name in named}
    d.config["targets"] = {name: entry(v, kind, name, **more, **(MEDIA if kind == "wecom" else {})) for name, (kind, more, _) in named.items()}
    d.config["targets"]["own"] = entry(v, "slack", "own", template=str(folder / "own.json"), secret="s3")
    d.config["targets"]["outside"] = entry(v, "wecom", "outside", media_dir=str(folder / "media"))
    d.write_config()
    d.start()
    equal(d.stop(), 0, "exit")
    for name, (_, _, body) in named.items():
        push(d, name, body)
    push(d, "own", ALERT)
    push(d, "outside", {"kind": "message", "media": [{"kind": "image", "path": "../d/qund.yaml"}]})
    d.start()

    def taken(name):
        """The body and the headers of the one call, which the vendor took."""
        until(lambda: pushes(d, name)[0]["state"] in ("accepted", "failed", "unknown"), 20, f"{name} has ended")
        got = v.calls(name)
        equal([(c["effect"], c["answer"]) for c in got], [(True, "ok")], name)
        equal(pushes(d, name)[0]["state"], "accepted", name)
        return got[0]

    for number, (sentence, *_, want) in enumerate(FORMS):
        @case(sentence)
        def _(number=number, want=want):
            body = json.loads(taken(f"f{number}")["body"])
            for path, value in want.items():
                equal(at(body, path), value, path)

    for kind in SHIPPED:
        @case(f"template {kind}: the service takes it")
        def _(kind=kind):
            call = taken(kind)
            check("%E5%A4%9A%E5%B0%91%E9%92%B1" in call["path"] + call["body"] or "多少钱" in json.dumps(
                json.loads(call["body"]), ensure_ascii=False), "the words", call)

    @case("template: a signature by hmac_sha256 over the body, in a header")
    def _():
        call = taken("own")
        equal(call["headers"]["X-Sign"], hmac.new(b"s3", call["body"].encode(), hashlib.sha256).hexdigest(), "signature")
        check(json.loads(call["body"])["text"].startswith("urgent 一群 张三"), "its fields", call)
        check("小王" in json.loads(call["body"])["text"], "the person's name", call)

    @case("the servers' signatures are those of the vendors' pages, so what they took is signed right")
    def _():
        for secret, stamp, sign in ((DINGTALK_SECRET, "1700000000000", "EuJYFTiiZH4AvP83sv57mI3mcKFjzx4iIRh+zzuc4SA="),
                                    (DINGTALK_SECRET, "1700000000123", "lukKRC+y/VqZhak4OaBORCh0cNUPH1Vf3oAZGCsTE3I=")):
            equal(mac(secret, f"{stamp}\n{secret}"), sign, stamp)
        for stamp, sign in (("1700000000", "RSK8qqLUnfXqPvE5eRwU0Xjw+TKeAorLQNnBbZj53as="),
                            ("1700000060", "qKgrROiXCrmxCmUns84emyx9j4KIldGbVn+OWziRmgE=")):
            equal(mac(f"{stamp}\n{FEISHU_SECRET}", ""), sign, stamp)

    @case("an image from elsewhere is refused, and nothing is sent")
    def _():
        until(lambda: pushes(d, "outside")[0]["state"] == "failed", 10, "failed")
        check("media_dir" in pushes(d, "outside")[0]["reason"], "why", pushes(d, "outside"))
        equal(v.calls("outside"), [], "calls")

    equal(d.stop(), 0, "exit")
    case.done(d)
