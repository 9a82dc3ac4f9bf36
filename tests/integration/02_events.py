"""POST /api/v1/events: what is taken, what is refused and how."""
import gzip
import json

from harness import Cases, Client, Daemon, check, equal, scratch

case = Cases()
EVENT = {"id": "e1", "group": "g1", "sender": "u1", "sender_name": "小王", "text": "你好"}

with scratch() as folder, Daemon(folder / "d", {"channels": {"other": {"kind": "api"}}, "http": {"max_body": "64KiB"}}) as d:
    d.start()
    api = d.client("ingest")

    def stored():
        d.drained()
        return d.run("export", "messages", check_exit=0)[1].splitlines()

    @case("an object, an array, NDJSON and gzip are taken, and are in the store")
    def _():
        equal(api.post("/api/v1/events", dict(EVENT, id="o1")).json(), {"accepted": 1}, "one object")
        equal(api.post("/api/v1/events", [dict(EVENT, id=f"a{i}") for i in range(3)]).json(), {"accepted": 3}, "array")
        equal(api.events([dict(EVENT, id=f"n{i}") for i in range(4)]).json(), {"accepted": 4}, "NDJSON")
        packed = gzip.compress(json.dumps([dict(EVENT, id="z1")]).encode())
        equal(api.events(packed, Content_Type="application/json", Content_Encoding="gzip").json(), {"accepted": 1}, "gzip")
        ids = {json.loads(line)["id"] for line in stored()}
        equal(ids, {"o1", "a0", "a1", "a2", "n0", "n1", "n2", "n3", "z1"}, "stored ids")

    @case("a body in chunks is taken like one whose length was said, within the same limit")
    def _():
        body = json.dumps([dict(EVENT, id=f"c{i}") for i in range(90)]).encode()
        for cut, want in ((1, {"accepted": 90}), (1000, {"accepted": 90}), (1 << 20, {"accepted": 90})):
            parts = (body[i:i + cut] for i in range(0, len(body), cut))
            equal(api.events(parts, Content_Type="application/json").json(), want, f"in pieces of {cut}")
        equal(len([line for line in stored() if '"id":"c' in line.replace(" ", "")]), 90, "stored once each")
        got = api.events((b" " * 1000 for _ in range(70)), Content_Type="application/json")
        equal((got.status, got.json()["error"]["code"]), (413, "too_large"), "larger than http.max_body")
        check("or more, this path takes at most 65536 (http.max_body)" in got.json()["error"]["message"], "and says so", got)
        equal(api.post("/api/v1/events", dict(EVENT, id="after-chunks")).json(), {"accepted": 1}, "the next one")

    @case("an empty array takes nothing and hurts nobody")
    def _():
        got = api.events(b"[]", Content_Type="application/json")
        equal((got.status, got.json()), (202, {"accepted": 0}), "no event")
        equal(api.post("/api/v1/events", dict(EVENT, id="after")).json(), {"accepted": 1}, "the next one")

    @case("one bad event refuses the whole request, with index, path and reason")
    def _():
        before = len(stored())
        got = api.events([dict(EVENT, id="b0"), dict(EVENT, id="b1"), {"text": 7}])
        equal(got.status, 400, "status")
        details = got.json()["error"]["details"]
        equal((details["index"], details["path"]), (2, "text"), "index and path")
        check(details["reason"], "a reason")
        equal(len(stored()), before, "events stored")

    @case("no token, a wrong one, one of another role, and a foreign channel are refused")
    def _():
        with Client(d.port) as nobody, Client(d.port, "qund_wrong") as wrong:
            equal(nobody.events([EVENT]).status, 401, "no token")
            equal(wrong.events([EVENT]).status, 401, "wrong token")
        with d.client("viewer") as viewer:
            equal(viewer.events([EVENT]).status, 403, "a viewer")
        got = api.events([EVENT, dict(EVENT, channel="other")])
        equal(got.status, 403, "foreign channel")
        equal(got.json()["error"]["details"]["index"], 1, "index")
        equal(api.events([dict(EVENT, channel="nowhere")]).status, 403, "unknown channel")
        with d.client("ingest", channel="other") as other:
            equal(other.events([dict(EVENT, id="x1", channel="other")]).status, 202, "its own channel")

    @case("a body over the limit is 413; other types and encodings are refused")
    def _():
        with d.client("ingest") as c:
            got = c.events(b'{"text":"' + b"a" * 70000 + b'"}', Content_Type="application/json")
            equal(got.status, 413, "too large")
            check("at most 65536 (http.max_body)" in got.json()["error"]["message"], "names the limit and its key", got.body)
        with d.client("ingest") as c:
            check(c.events(b"a=b", Content_Type="application/x-www-form-urlencoded").status in (400, 415), "a form")
            check(c.events(b"x", Content_Type="application/json", Content_Encoding="br").status in (400, 415), "brotli")

    @case("the same Idempotency-Key with events without id is stored once")
    def _():
        before = len(stored())
        for _ in range(3):
            equal(api.post("/api/v1/events", {"text": "没有编号", "group": "g1", "sender": "u1"},
                           Idempotency_Key="k-1").status, 202, "status")
        equal(len(stored()), before + 1, "events stored")

    @case("a token over its rate is told when to come again")
    def _():
        d.config["http"]["rate_per_token"] = 50
        with Daemon(folder / "slow", d.config) as slow:
            slow.config["http"]["listen"] = f"127.0.0.1:{slow.port}"
            slow.write_config()
            slow.start()
            with slow.client("ingest") as c:
                said = [c.events([dict(EVENT, id=f"r{i}-{k}") for k in range(50)]) for i in range(6)]
            over = [a for a in said if a.status == 429]
            check(over and said[0].status == 202, "some are 429", said)
            check(all(int(a.headers["Retry-After"]) >= 1 for a in over), "Retry-After")

    @case("a spent or revoked token ends at once")
    def _():
        token = d.run("token", "create", "--role", "ingest", check_exit=0)[1].split()[-1]
        with Client(d.port, token) as c, d.client() as admin:
            equal(c.events([dict(EVENT, id="t1")]).status, 202, "before")
            number = max(t["id"] for t in admin.get("/api/v1/tokens").json()["items"])
            check(admin.ask("DELETE", f"/api/v1/tokens/{number}").status < 300, "revoked")
            equal(c.events([dict(EVENT, id="t2")]).status, 401, "after")

    api.close()
    equal(d.stop(), 0, "exit code")
    case.done(d)
