"""The API behind a real port. Usage: FILE http_server-binary"""
import asyncio
import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

import websockets

# The library's new client (13 and later, Debian 13) names the argument anew.
NEW = int(websockets.__version__.split(".")[0]) >= 14
HEADERS = "additional_headers" if NEW else "extra_headers"

PROGRAM = sys.argv.pop()
API = "/api/v1"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("qund", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


class Server:
    def __init__(self, *args):
        self.dir = tempfile.TemporaryDirectory(prefix="qund-http-")
        self.proc = subprocess.Popen([PROGRAM, self.dir.name, *args], stdout=subprocess.PIPE, text=True)
        said = dict(self.proc.stdout.readline().split() for _ in range(2))
        self.admin, self.port = said["token"], int(said["port"])

    def unix(self):
        return UnixConnection(os.path.join(self.dir.name, "qund.sock"))

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        code = self.proc.wait(timeout=20)
        self.proc.stdout.close()
        self.dir.cleanup()
        return code


CONFIG = """
live: {max_clients: 2}
http: {rate_per_token: 50, max_body: 128KiB}
channels:
  bot-1: {kind: api, live: true}
"""


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("os", CONFIG)

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    def call(self, method, path, body=None, token="admin", headers=None, conn=None):
        conn = conn or http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        headers = dict(headers or {})
        token = self.server.admin if token == "admin" else token
        if token:
            headers["Authorization"] = "Bearer " + token
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        conn.request(method, path, body, headers)
        r = conn.getresponse()
        data = r.read()
        conn.close()
        if r.getheader("Content-Type") == "application/json":
            data = json.loads(data)
        return r.status, data, dict((k.lower(), v) for k, v in r.getheaders())

    def token(self, role, **more):
        status, data, _ = self.call("POST", API + "/tokens", {"role": role, "name": "test", **more})
        self.assertEqual(status, 201, data)
        return data["token"], data["id"]

    def pushed(self):
        _, data, _ = self.call("GET", API + "/status")
        return data["intake"]["last_pushed"]

    def metric(self, name):
        _, data, _ = self.call("GET", "/metrics")
        return next(int(line.split()[-1]) for line in data.decode().splitlines() if line.startswith(name + " "))

    # --- events ---

    def test_events_are_answered_with_their_number(self):
        before, counted = self.pushed(), self.metric("qund_events_accepted_total")
        one = {"text": "你好", "group": "g", "sender": "a"}
        for body, headers, n in (
                (one, {}, 1), ([one, one, one], {}, 3),
                ("\n".join(json.dumps(one) for _ in range(5)) + "\n", {"Content-Type": "application/x-ndjson"}, 5),
                (gzip.compress(json.dumps([one, one]).encode()), {"Content-Encoding": "gzip"}, 2)):
            status, data, _ = self.call("POST", API + "/events", body, headers=headers)
            self.assertEqual((status, data), (202, {"accepted": n}))
        self.assertNotEqual(self.pushed(), before)
        self.assertEqual(self.metric("qund_events_accepted_total"), counted + 11)

    def test_a_wrong_event_is_named_and_nothing_is_taken(self):
        before = self.pushed()
        good = {"text": "x", "group": "g", "sender": "a"}
        status, data, _ = self.call("POST", API + "/events", [good, good, {**good, "ts": "yesterday"}])
        self.assertEqual(status, 400)
        self.assertEqual(data["error"]["details"]["index"], 2)
        self.assertEqual(data["error"]["details"]["path"], "ts")
        self.assertTrue(data["error"]["details"]["reason"])
        self.assertEqual(self.pushed(), before)

    def test_no_events_are_taken_as_such(self):
        before = self.pushed()
        for body, headers in (("[]", {}), (" [ ] ", {}), ("[]", {"Content-Type": "application/x-ndjson"})):
            status, data, _ = self.call("POST", API + "/events", body, headers=headers)
            self.assertEqual((status, data) if not headers else status, (202, {"accepted": 0}) if not headers else 400)
        self.assertEqual(self.pushed(), before)
        one = {"text": "x", "group": "g", "sender": "a"}
        self.assertEqual(self.call("POST", API + "/events", one)[1], {"accepted": 1})

    def test_odd_bodies_have_their_answers(self):
        post = lambda body, **h: self.call("POST", API + "/events", body, headers=h)[0]
        self.assertEqual(post("{"), 400)
        self.assertEqual(post('{"text":"a","text":"b"}'), 400)
        self.assertEqual(post(b'{"text":"\xff"}'), 400)
        self.assertEqual(post("[" * 100), 400)
        self.assertEqual(post("x", **{"Content-Type": "text/csv"}), 415)
        self.assertEqual(post("x", **{"Content-Encoding": "br"}), 415)
        self.assertEqual(post(b"no gzip", **{"Content-Encoding": "gzip"}), 400)
        self.assertEqual(post(gzip.compress(b" " * 5000000), **{"Content-Encoding": "gzip"}), 413)
        self.assertEqual(post("[" + " " * 140000 + "]"), 413)

    def test_an_ingest_token_writes_to_its_channels_alone(self):
        token, _ = self.token("ingest", channels=["bot-1"])
        post = lambda e: self.call("POST", API + "/events", e, token)
        self.assertEqual(post({"channel": "bot-1", "text": "x", "group": "g", "sender": "a"})[0], 202)
        status, data, _ = post([{"channel": "bot-1", "text": "x"}, {"channel": "api", "text": "x"}])
        self.assertEqual((status, data["error"]["details"]["index"]), (403, 1))
        self.assertEqual(self.call("GET", API + "/status", token=token)[0], 403)

    def test_many_events_spend_the_allowance(self):
        token, _ = self.token("ingest", channels=["api"])
        many = [{"text": "x", "group": "g", "sender": "a"}] * 200
        self.assertEqual(self.call("POST", API + "/events", many, token)[0], 202)
        status, _, headers = self.call("POST", API + "/events", many, token)
        self.assertEqual(status, 429)
        self.assertGreaterEqual(int(headers["retry-after"]), 1)

    # --- who may ---

    def test_without_a_good_token_there_is_nothing(self):
        for token in (None, "qund_x", "x" * 48, self.server.admin[:-1] + ("A" if self.server.admin[-1] != "A" else "B")):
            for method, path in (("GET", "/status"), ("POST", "/events"), ("GET", "/tokens"), ("GET", "/live")):
                status, data, headers = self.call(method, API + path, token=token)
                self.assertEqual((status, data["error"]["code"]), (401, "unauthorized"))
                self.assertIn("Bearer", headers["www-authenticate"])
        self.assertEqual(self.call("GET", "/metrics", token=None)[0], 401)
        self.assertEqual(self.call("GET", "/healthz", token=None)[0], 200)
        self.assertEqual(self.call("GET", "/readyz", token=None)[0], 200)

    def test_each_route_serves_its_roles_and_no_other(self):
        _, doc, _ = self.call("GET", API + "/openapi.json", token=None)
        roles = ["admin", "manager", "operator", "staff", "viewer", "auditor", "ingest"]
        tokens = {r: self.token(r, **({"channels": ["api"]} if r == "ingest" else {}))[0] for r in roles}
        for path, ops in doc["paths"].items():
            for method, op in ops.items():
                real = path.replace("{id}", "999999").replace("{name}", "none")
                for role in roles:
                    if path == API + "/tokens" or path.endswith("/live"):
                        continue
                    status = self.call(method.upper(), real, token=tokens[role])[0]
                    if op["x-roles"] and role not in op["x-roles"]:
                        self.assertEqual(status, 403, (role, method, path))
                    else:
                        self.assertNotIn(status, (401, 403), (role, method, path))

    def test_the_unix_socket_is_admin(self):
        self.assertEqual(self.call("GET", API + "/tokens", token=None, conn=self.server.unix())[0], 200)

    def test_a_token_lives_from_its_answer_to_its_revocation(self):
        token, number = self.token("viewer")
        self.assertEqual(self.call("GET", API + "/status", token=token)[0], 200)
        status, data, _ = self.call("GET", API + "/tokens")
        listed = [t for t in data["items"] if t["id"] == number]
        self.assertEqual(listed[0]["role"], "viewer")
        self.assertNotIn(token, json.dumps(data))
        self.assertEqual(self.call("DELETE", API + "/tokens/%d" % number)[0], 200)
        self.assertEqual(self.call("GET", API + "/status", token=token)[0], 401)
        self.assertEqual(self.call("DELETE", API + "/tokens/%d" % number)[0], 404)
        self.assertEqual(self.call("POST", API + "/tokens", {"role": "king", "name": "x"})[0], 400)
        self.assertEqual(self.call("POST", API + "/tokens", {"role": "ingest", "name": "x"})[0], 400)
        expired, _ = self.token("viewer", expires="2020-01-01T00:00:00Z")
        self.assertEqual(self.call("GET", API + "/status", token=expired)[0], 401)

    # --- the rest ---

    def test_unknown_paths_and_methods_are_told(self):
        self.assertEqual(self.call("GET", API + "/none")[0], 404)
        self.assertEqual(self.call("GET", "/etc/passwd")[0], 404)
        status, _, headers = self.call("PUT", API + "/tokens")
        self.assertEqual((status, headers["allow"]), (405, "GET, POST"))
        status, data, _ = self.call("GET", API + "/dead?limt=3")
        self.assertEqual(status, 400)
        self.assertIn("limt", data["error"]["message"])
        self.assertIn("nearest known: limit", data["error"]["message"])

    def test_metrics_speak_prometheus(self):
        status, data, headers = self.call("GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertIn("version=0.0.4", headers["content-type"])
        self.assertIn(b"qund_http_requests_total{class=\"2xx\"}", data)
        self.assertIn(b"qund_events_accepted_total", data)

    def test_the_document_describes_what_is_served(self):
        status, doc, _ = self.call("GET", API + "/openapi.json", token=None)
        self.assertEqual((status, doc["openapi"]), (200, "3.1.0"))
        ids = [op["operationId"] for ops in doc["paths"].values() for op in ops.values()]
        self.assertEqual(len(ids), len(set(ids)))
        for path, ops in doc["paths"].items():
            for op in ops.values():
                inside = {p["name"] for p in op["parameters"] if p["in"] == "path"}
                self.assertEqual(inside, {w[1:-1] for w in path.split("/") if w.startswith("{")})

    def test_dead_letters_are_read_and_settled_once(self):
        status, data, _ = self.call("GET", API + "/dead")
        self.assertEqual(data["items"][0]["reason"], "a test")
        number = data["items"][0]["id"]
        self.assertEqual(self.call("GET", API + "/dead/%d" % number)[1]["body"], "{}")
        self.assertEqual(self.call("POST", API + "/dead/%d/retry" % number, {"reason": "again"})[0], 200)
        self.assertEqual(self.call("POST", API + "/dead/%d/retry" % number)[0], 404)
        self.assertEqual(self.call("GET", API + "/dead/777")[0], 404)

    def test_lists_are_empty_pages_at_first(self):
        for path in ("/rules", "/outbox", "/outbox?state=failed", "/alerts", "/alerts?state=open&level=urgent", "/groups", "/households", "/staff", "/rosters",
                     "/leave", "/groups/9/members", "/groups/9/signups", "/questions", "/groups/1/metrics?by=day"):
            status, data, _ = self.call("GET", API + path)
            self.assertEqual((status, data), (200, {"items": []}), path)
        self.assertEqual(self.call("GET", API + "/rules/none")[0], 404)
        self.assertEqual(self.call("GET", API + "/outbox?state=lost")[0], 400)

    def test_messages_come_in_pages_newest_first(self):
        status, data, _ = self.call("GET", API + "/groups/1/messages?limit=3")
        self.assertEqual((status, len(data["items"])), (200, 3))
        texts = [m["text"] for m in data["items"]]
        while "next" in data:
            _, data, _ = self.call("GET", API + "/groups/1/messages?limit=3&cursor=" + data["next"])
            texts += [m["text"] for m in data["items"]]
        self.assertEqual([t[1] for t in texts], list("6543210"))
        self.assertEqual(self.call("GET", API + "/groups/1/messages?cursor=x")[0], 400)
        number = self.call("GET", API + "/groups/1/messages?limit=1")[1]["items"][0]["seq"]
        self.assertEqual(self.call("GET", API + "/messages/%d" % number)[1]["text"], texts[0])
        self.assertEqual(self.call("GET", API + "/messages/%d" % (number + 1000))[0], 404)

    def test_search_finds_two_characters(self):
        ask = lambda q, more="": self.call("GET", API + "/search?q=" + urllib.parse.quote(q) + more)
        status, data, _ = ask("多少钱")
        self.assertEqual((status, [m["text"][1] for m in data["items"]]), (200, ["5", "3", "1"]))
        self.assertEqual(len(ask("天气", "&limit=2")[1]["items"]), 2)
        self.assertEqual(ask("天气", "&group=2")[1]["items"], [])
        self.assertEqual(ask("没有这个")[1]["items"], [])
        self.assertEqual(self.call("GET", API + "/search")[0], 400)
        self.assertEqual(ask(" ")[0], 400)

    def test_messages_are_exported_line_by_line(self):
        status, data, headers = self.call("GET", API + "/export/messages")
        self.assertEqual((status, headers["content-type"]), (200, "application/x-ndjson"))
        self.assertEqual([json.loads(line)["text"][1] for line in data.splitlines()], list("0123456"))
        viewer, _ = self.token("viewer")
        self.assertEqual(self.call("GET", API + "/export/messages", token=viewer)[0], 403)

    def test_people_come_in_by_file_and_are_read_changed_and_exported(self):
        rows = ["name,phone,tags"] + ["客户%d,1380000%04d,意向:询价" % (i, i) for i in range(1200)]
        body = "\n".join(rows + ["坏,12,"]) + "\n"
        status, data, _ = self.call("POST", API + "/import/contacts?dry_run=true", body)
        self.assertEqual((status, data["rows"]), (200, 1201), data)
        self.assertEqual(self.call("GET", API + "/contacts")[1]["items"], [])
        status, data, _ = self.call("POST", API + "/import/contacts", body)
        self.assertEqual((status, data["created"], len(data["errors"])), (200, 1200, 1), data)
        self.assertEqual(data["errors"][0]["line"], 1202)
        status, data, _ = self.call("POST", API + "/import/contacts", body)
        self.assertEqual((status, data["created"]), (200, 0))
        status, data, _ = self.call("POST", API + "/import/contacts", "nmae\nx\n")
        self.assertEqual(status, 400)
        seen, path = set(), API + "/contacts?limit=500&tag=" + urllib.parse.quote("意向:询价")
        data = self.call("GET", path)[1]
        while True:
            seen |= {c["id"] for c in data["items"]}
            if "next" not in data:
                break
            data = self.call("GET", path + "&cursor=" + urllib.parse.quote(data["next"]))[1]
        self.assertEqual(len(seen), 1200)
        number = min(seen)
        one = self.call("GET", API + "/contacts?q=" + urllib.parse.quote("客户1199"))[1]["items"]
        self.assertEqual((len(one), one[0]["phone"]), (1, "13800001199"))
        viewer, _ = self.token("viewer")
        one = self.call("GET", API + "/contacts?q=" + urllib.parse.quote("客户1199"), token=viewer)[1]["items"]
        self.assertEqual(one[0]["phone"], "138****1199")
        self.assertEqual(self.call("PATCH", API + "/contacts/%d" % number, {"name": "新名"})[0], 200)
        self.assertEqual(self.call("POST", API + "/contacts/%d/tag" % number, {"tag": "a:b", "for": "7d"})[0], 200)
        shown = self.call("GET", API + "/contacts/%d" % number)
        self.assertEqual(shown[0], 200)
        self.assertIn("新名", json.dumps(shown[1], ensure_ascii=False))
        self.assertIn("a:b", json.dumps(shown[1]))
        self.assertEqual(self.call("GET", API + "/contacts/99999999")[0], 404)
        status, data, headers = self.call("GET", API + "/export/contacts")
        self.assertEqual((status, headers["content-type"]), (200, "text/csv; charset=utf-8"))
        self.assertEqual(len(data.decode().splitlines()), 1201)
        self.assertTrue(self.call("GET", API + "/export/orders")[1].decode().startswith("\ufefforder,realm,id"))
        status, data, _ = self.call("GET", API + "/export/contacts?format=jsonl")
        self.assertEqual(len(data.splitlines()), 1200)

    def test_the_org_is_yaml(self):
        status, _, headers = self.call("GET", API + "/org")
        self.assertEqual((status, headers["content-type"]), (200, "application/yaml"))

    def live(self, token):
        return websockets.connect("ws://127.0.0.1:%d%s/live" % (self.server.port, API),
                                  **{HEADERS: {"Authorization": "Bearer " + token}})

    def clients(self):
        _, data, _ = self.call("GET", "/metrics")
        return [int(line.split()[1]) for line in data.decode().splitlines()
                if line.startswith("qund_live_clients ")][0]

    def test_the_live_feed_reaches_all_and_ends_with_the_token(self):
        async def run():
            token, number = self.token("viewer")
            async with self.live(token) as a, self.live(self.server.admin) as b:
                with self.assertRaises(websockets.InvalidHandshake) as full:
                    async with self.live(token):
                        pass
                self.assertIn("503", str(full.exception))
                self.server.proc.send_signal(signal.SIGUSR1)
                for ws in (a, b):
                    line = json.loads(await asyncio.wait_for(ws.recv(), 10))
                    self.assertEqual(line, {"kind": "message", "text": "你好"})
                await asyncio.to_thread(self.call, "DELETE", API + "/tokens/%d" % number)
                with self.assertRaises(websockets.ConnectionClosed):
                    await asyncio.wait_for(a.recv(), 10)
                self.assertEqual(a.close_code, 1008)
                await (await b.ping())   # the other one stays
        asyncio.run(run())
        deadline = time.monotonic() + 5
        while self.clients() > 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.clients(), 0)

    def test_many_connections_at_once_are_all_answered(self):
        conns = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(40)]
        body = b'{"text":"x","group":"g","sender":"a"}'
        ask = (b"POST /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n"
               b"Connection: close\r\n\r\n%s" % (self.token("admin")[0].encode(), len(body), body))
        for c in conns:
            c.sendall(ask)
        for c in conns:
            data = b""
            while True:
                more = c.recv(4096)
                if not more:
                    break
                data += more
            self.assertIn(b" 202 ", data)
            self.assertIn(b'{"accepted":1}', data)
            c.close()


if __name__ == "__main__":
    unittest.main()
