"""The live feed as a client library sees it: messages, alerts and deliveries, in order, to those who may."""
import os
import sys

try:
    import websockets.sync.client as client    # since 11
except ImportError:
    client = None
    try:
        import websockets.client as legacy
    except ImportError:     # the distribution's package belongs to the distribution's python
        if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
            os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
        print("python3-websockets is not there")
        sys.exit(77)

import asyncio
import json
from urllib.parse import quote

from harness import Cases, Daemon, Receiver, check, equal, scratch

case = Cases()
if client is None:
    connect = legacy.connect
else:
    from websockets.asyncio.client import connect


def opened(url, token):
    head = {"Authorization": "Bearer " + token}
    return connect(url, extra_headers=head) if client is None else connect(url, additional_headers=head)


async def listen(d, api, send, want, seconds=10):
    """Connects, sends, and reads until every kind in want was seen."""
    async with opened(f"ws://127.0.0.1:{d.port}/api/v1/live", d.token("viewer")) as ws:
        equal(api.events(send).status, 202, "status")
        seen = []
        while not want <= {m["kind"] for m in seen}:
            seen.append(json.loads(await asyncio.wait_for(ws.recv(), seconds)))
        return seen


with scratch() as folder, Receiver(folder) as receiver, Daemon(folder / "d", {"targets": receiver.target}) as d:
    d.start()
    api = d.client("ingest")

    @case("a price question is seen as message and alert of one commit, then as delivery")
    def _():
        seen = asyncio.run(listen(d, api, [{"id": "1", "group": "g", "sender": "u1", "sender_name": "王姐", "text": "这个多少钱"}],
                                  {"message", "alert", "delivery"}))
        kinds = [m["kind"] for m in seen]
        check(kinds.index("delivery") > max(kinds.index("message"), kinds.index("alert")), "order", kinds)
        message = seen[kinds.index("message")]
        equal((message["text"], message["rules"]), ("这个多少钱", ["ask-price"]), "message")

    @case("who sends no name is called by the platform's id, in the feed and in an alert")
    def _():
        seen = asyncio.run(listen(d, api, [{"id": "nameless", "group": "g", "sender": "u7", "text": "那个多少钱"}],
                                  {"message", "alert"}))
        message, alert = ({m["kind"]: m for m in seen}[kind] for kind in ("message", "alert"))
        equal(message["sender_name"], "u7", "message")
        equal(alert["alert"]["sender_name"], "u7", "alert")

    @case("who may not see phone numbers reads none, in the feed or the API; who may reads them")
    def _():
        said = {"id": "tel", "group": "g", "sender": "13800000105", "sender_name": "李雷 13800000105",
                "text": "这个多少钱？打我电话１３８-００００-０１０５"}
        seen = asyncio.run(listen(d, api, [said], {"message", "alert"}))
        words = json.dumps(seen, ensure_ascii=False)
        check("13800000105" not in words and "０１０５" not in words, "no number in the feed", words)
        message = next(m for m in seen if m["kind"] == "message")
        equal((message["text"], message["sender_name"]), ("这个多少钱？打我电话138****0105", "李雷 138****0105"), "shown")
        with d.client("viewer") as viewer, d.client("manager") as manager:
            for path in ("/api/v1/alerts", "/api/v1/groups/1/messages", "/api/v1/search?q=" + quote("电话"), "/api/v1/contacts"):
                hidden, whole = (c.get(path).body.decode() for c in (viewer, manager))
                check("138****0105" in hidden and "０１０５" not in hidden, path, hidden)
                check("13800000105" in whole and "138****" not in whole, path, whole)
                if "messages" in path:
                    check('"sender":"13800000105"' in hidden, "who it is", hidden)
            number = viewer.get("/api/v1/alerts").json()["items"][0]["id"]
        with d.client("staff") as staff:
            answer = staff.post(f"/api/v1/alerts/{number}/ack", {}).body.decode()
            check("138****0105" in answer and "０１０５" not in answer, "the answer to a deed", answer)

    @case("fifty readers see a thousand messages each, in order")
    def _():
        async def many():
            async def one(ready):
                async with opened(f"ws://127.0.0.1:{d.port}/api/v1/live", d.token("viewer")) as ws:
                    await ready.wait()
                    got = []
                    while len(got) < 1000:
                        m = json.loads(await asyncio.wait_for(ws.recv(), 20))
                        if m["kind"] == "message":
                            got.append(m["text"])
                    return got
            ready = asyncio.Event()
            readers = [asyncio.create_task(one(ready)) for _ in range(50)]
            while d.status()["http"]["websockets"] < 50:
                await asyncio.sleep(0.01)
            ready.set()
            for i in range(20):
                events = [{"id": f"m{i}-{k}", "group": "g", "sender": "u", "text": f"第{i * 50 + k}"} for k in range(50)]
                equal((await asyncio.to_thread(api.events, events)).status, 202, "status")
            return await asyncio.gather(*readers)
        for got in asyncio.run(many()):
            equal(got, [f"第{i}" for i in range(1000)], "messages")

    @case("without a token, and with an ingest token, there is no feed")
    def _():
        for token in ("qund_nobody", d.token("ingest")):
            try:
                async def attempt(token=token):
                    async with opened(f"ws://127.0.0.1:{d.port}/api/v1/live", token) as ws:
                        await ws.recv()
                asyncio.run(attempt())
            except Exception as e:
                check("401" in str(e) or "403" in str(e), "refused", e)
            else:
                raise AssertionError("let in")

    api.close()
    equal(d.stop(), 0, "exit code")
    case.done(d)
