"""The http-api of oicq, whose wire code is not ours, talks with qund over all four transports of OneBot 11:
reverse and forward WebSocket, events posted with a signature, actions by HTTP. Events in, texts out, either
side dies and comes back, a wrong token, answers out of order, kill -9 in the middle."""
# limit: 240 s
import json
import threading
import time

from harness import Cases, Client, Daemon, check, equal, figure, free_port, scratch, until
from interop import Node, becomes, needs, stored

needs("oicq")
case = Cases()
REVERSE, FORWARD, POSTED = "reverse", "forward", "posted"
SECRET = "qund-secret"
PORTS = {FORWARD: free_port(), POSTED: free_port()}
COMMON = {"kind": "onebot", "token": "geheim", "members": "0s", "history": 0, "pace": "0s"}
CONFIG = {
    "auto": {"per_group_hour": 1000, "per_group_day": 1000, "per_contact_day": 1000},
    "channels": {
        REVERSE: {**COMMON, "send_through": "say-reverse"},
        FORWARD: {**COMMON, "send_through": "say-forward", "connect": [f"ws://127.0.0.1:{PORTS[FORWARD]}/"]},
        POSTED: {**COMMON, "secret": SECRET, "send_through": "say-posted", "api": [f"http://127.0.0.1:{PORTS[POSTED]}"]}},
    "targets": {f"say-{c}": {"kind": "onebot", "channel": c, "rate": 0, "timeout": "5s", "to": "group:900"}
                for c in (REVERSE, FORWARD, POSTED)}}
RULES = {"rules": [{"id": "price", "when": {"any": ["多少钱"]}, "then": [{"reply": "三百"}]}]}


def http_api(d, how, token="geheim", secret=SECRET):
    """oicq's own configuration for one way of talking."""
    url = f"127.0.0.1:{d.port}/hook/{how}"
    return {REVERSE: {"ws_reverse_url": [f"ws://{url}/ws"], "access_token": token},
            FORWARD: {"use_ws": True, "port": PORTS[FORWARD], "access_token": token},
            POSTED: {"post_url": [f"http://{url}/http"], "secret": secret, "use_http": True, "port": PORTS[POSTED],
                     "access_token": token}}[how]


def is_open(d):
    with Client(d.port) as c:
        return all(c.get(f"/hook/{how}/").status == 405 for how in (REVERSE, FORWARD, POSTED))


def start(d):
    d.start()
    until(lambda: is_open(d), 20, "the channels open")


with scratch() as folder, Daemon(folder / "d", CONFIG, RULES) as d:
    start(d)
    lives = iter(range(100))

    def oicq(how, **more):
        bot = Node(folder / f"oicq-{next(lives)}", "oicq_offline.cjs", CONFIG=json.dumps(http_api(d, how, **more)))
        bot.wait("online")
        return bot

    def reaches(bot, how, text, seconds=30):
        """Says it until it is stored: a WebSocket may not be up yet, and has no replay."""
        for n in range(200):
            bot.tell("say", id=f"{text}-{n}", text=text)
            time.sleep(0.2)
            if stored(d, channel=how, text=text):
                return
            check(n * 0.2 < seconds, f"{text} does not arrive")

    def outbox(how):
        with d.client() as c:
            return [r for r in c.get("/api/v1/outbox?limit=500").json()["items"] if r["target"] == f"say-{how}"]

    def accepted(how, n):
        until(lambda: len([r for r in outbox(how) if r["state"] in ("accepted", "delivered")]) >= n, 15,
              f"{n} accepted; {[(r['state'], r.get('reason')) for r in outbox(how)]}")

    def talk(how):
        bot = oicq(how)
        reaches(bot, how, "早")
        bot.tell("say", id="e1", user=9, message=[{"type": "at", "data": {"qq": 7, "text": "@栖"}},
                                                  {"type": "text", "data": {"text": " hello [x] &"}}])
        row = becomes(d, 1, channel=how, sender="9")[0]
        equal((row["group"], row["mentions"], row["account"], row["sender_name"]), ("100", ["7"], "7", "n9"), "a message")
        check("hello [x] &" in row["text"], "its text", row)
        bot.tell("notice", notice_type="group_increase", user_id=12, nickname="neu")    # neither sub_type nor operator_id
        equal(becomes(d, 1, channel=how, type="member.join")[0]["sender"], "12", "a join")
        bot.tell("notice", notice_type="group_decrease", user_id=12, operator_id=8, sub_type="kick")
        equal(becomes(d, 1, channel=how, type="member.leave")[0]["group"], "100", "a leave")
        bot.tell("notice", notice_type="group_recall", user_id=9, operator_id=9, message_id="e1")
        becomes(d, 1, channel=how, type="revoke")
        before = len(bot.all("sent"))
        bot.tell("say", id="q1", text="这个多少钱")
        said = bot.wait("sent", before + 1)
        check(said["group"] == 100 and "三百" in said["text"], "a reply", said)
        accepted(how, 1)
        return bot

    bots = {}
    for how in (REVERSE, FORWARD, POSTED):
        @case(f"{how}: events in, a reply out")
        def _(how=how):
            bots[how] = talk(how)

    @case("answers out of order end the right pushes")
    def _():
        for how in (REVERSE, FORWARD):
            bot, n = bots[how], len(outbox(how))
            bot.tell("slow", ms=[1500, 700, 0])
            for i in range(3):
                bot.tell("say", id=f"o{i}", user=20 + i, text=f"{i} 多少钱")
            bot.wait("sent", len(bot.all("sent")) + 3)
            accepted(how, n + 3)

    @case("oicq dies and comes back: its WebSocket is there again, either way round")
    def _():
        for how in (REVERSE, FORWARD, POSTED):
            bots[how].kill9()
            bots[how].stop()
            bots[how] = oicq(how)
            reaches(bots[how], how, f"wieder {how}")

    @case("the daemon stops and comes back: the same")
    def _():
        equal(d.stop(), 0, "exit")
        start(d)
        for how in (REVERSE, FORWARD, POSTED):
            reaches(bots[how], how, f"zurück {how}")

    @case("kill -9 of the daemon: what was answered 204 is there once, over WebSockets nothing twice, the gap stored")
    def _():
        stop = threading.Event()

        def speak(how):
            i = 0
            while not stop.is_set():
                bots[how].tell("say", id=f"k-{how}-{i}", text=f"k {how} {i}")
                i += 1
                time.sleep(0.005)
        speakers = [threading.Thread(target=speak, args=(how,)) for how in bots]
        for t in speakers:
            t.start()
        time.sleep(1)
        d.kill9()
        start(d)
        time.sleep(2)
        stop.set()
        for t in speakers:
            t.join()
        for how in (REVERSE, FORWARD):
            reaches(bots[how], how, f"danach {how}")
            rows = [r["id"] for r in stored(d, channel=how) if r.get("text", "").startswith(f"k {how}")]
            check(len(rows) > 50, "many arrived", len(rows))
            equal(len(rows) - len(set(rows)), 0, f"{how}: doubled")
            check(len(stored(d, channel=how, type="gap")) >= 1, f"{how}: the gap")
        answered = [p["id"] for p in bots[POSTED].all("posted", status=204) if str(p.get("id")).startswith("k-")]
        check(len(answered) > 50, "many were answered", len(answered))
        rows = [r["id"].split(":")[-1] for r in stored(d, channel=POSTED) if r.get("text", "").startswith("k ")]
        equal((sorted(set(answered) - set(rows)), len(rows) - len(set(rows))), ([], 0), "lost, doubled")
        figure(f"oicq: kill -9 under load, {len(answered)} answered 204, 0 lost, 0 doubled")

    @case("a wrong token or signature is refused, both ways, and nothing of it is stored")
    def _():
        for bot in bots.values():
            bot.stop()
        before = len(stored(d))
        with oicq(REVERSE, token="falsch") as bot:
            for i in range(5):
                bot.tell("say", id=f"w{i}", text="falsch")
                time.sleep(0.2)
        with oicq(POSTED, secret="falsch") as bot:
            bot.tell("say", id="w9", text="falsch")
            equal(bot.wait("posted")["status"], 403, "a wrong signature")
        with oicq(FORWARD, token="falsch") as bot:
            for i in range(10):
                bot.tell("say", id=f"v{i}", text="falsch")
                time.sleep(0.2)
        equal([r for r in stored(d) if r.get("text") == "falsch"], [], "stored")
        check(len(stored(d)) >= before, "the rest is there")

    equal(d.stop(), 0, "exit")
    case.done(d)
