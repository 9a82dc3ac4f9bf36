"""The server behind a real port: raw bytes in, what must come back. Usage: FILE net_server-binary"""
import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import websockets

PROGRAM = sys.argv.pop()
H = b"Host: a\r\n"


class Server:
    def __init__(self, conns=200):
        self.dir = tempfile.TemporaryDirectory(prefix="qund-net-")
        deep = os.path.join(self.dir.name, *["deep-folder-%02d" % i for i in range(10)])
        os.makedirs(deep)
        self.unix = os.path.join(deep, "qund.sock")
        assert len(self.unix) > 108
        self.proc = subprocess.Popen([PROGRAM, self.unix, str(conns)], stdout=subprocess.PIPE)
        self.port = int(self.proc.stdout.readline().split()[1])

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        code = self.proc.wait(timeout=15)
        self.proc.stdout.close()
        self.dir.cleanup()
        return code


def read_all(sock):
    out = b""
    while True:
        try:
            more = sock.recv(65536)
        except ConnectionResetError:
            return out
        if not more:
            return out
        out += more


def read_answer(f):
    """One answer with Content-Length from a buffered file: status, headers, body."""
    status = int(f.readline().split()[1])
    headers = {}
    while True:
        line = f.readline().strip().decode()
        if not line:
            break
        name, value = line.split(":", 1)
        headers[name.lower()] = value.strip()
    return status, headers, f.read(int(headers.get("content-length", 0)))


class NetServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    def one_shot(self, data):
        with self.server.connect() as s:
            s.sendall(data)
            return read_all(s)

    def test_answers_carry_the_security_headers(self):
        with self.server.connect() as s:
            s.sendall(b"GET / HTTP/1.1\r\n" + H + b"\r\n")
            status, headers, body = read_answer(s.makefile("rb"))
        self.assertEqual((status, body), (200, b"ok"))
        self.assertEqual(headers["cache-control"], "no-store")
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertIn("frame-ancestors 'none'", headers["content-security-policy"])
        self.assertIn("GMT", headers["date"])

    def test_requests_sent_ahead_are_answered_in_order(self):
        with self.server.connect() as s:
            s.sendall(b"POST /later HTTP/1.1\r\n" + H + b"Content-Length: 3\r\n\r\nabc"
                      b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 5\r\n\r\nfirst"
                      b"HEAD / HTTP/1.1\r\n" + H + b"\r\n"
                      b"GET /none HTTP/1.1\r\n" + H + b"\r\n"
                      b"GET / HTTP/1.1\r\n" + H + b"Connection: close\r\n\r\n")
            data = read_all(s)
        at = [data.index(x) for x in (b"late", b"first", b"\r\n\r\nnone", b"\r\n\r\nok")]
        self.assertEqual(at, sorted(at))
        self.assertEqual(data.count(b"HTTP/1.1 "), 5)

    def test_large_bodies_come_whole(self):
        body = bytes(range(256)) * 4096
        with self.server.connect() as s:
            f = s.makefile("rb")
            for _ in range(3):
                s.sendall(b"POST / HTTP/1.1\r\n" + H + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                self.assertEqual(read_answer(f)[2], body)

    def test_bodies_in_chunks_come_whole(self):
        head = b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: Chunked\r\n\r\n"
        body = bytes(range(256)) * 4096  # as large as it may be
        with self.server.connect() as s:
            f = s.makefile("rb")
            for size in (7, 1000, 65536, len(body)):
                part = body[:4096] if size == 7 else body
                s.sendall(head + b"".join(b"%X\r\n" % len(part[i:i + size]) + part[i:i + size] + b"\r\n"
                                          for i in range(0, len(part), size)) + b"0\r\n\r\n")
                self.assertEqual(read_answer(f)[2], part)
            for byte in head + b"3\r\nabc\r\n0\r\n\r\n":  # one at a time
                s.sendall(bytes([byte]))
            self.assertEqual(read_answer(f)[2], b"abc")
            s.sendall(head + b"0\r\n\r\n" + head + b"5\r\nfirst\r\n0\r\n\r\n"  # the next is already behind it
                      + b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 6\r\n\r\nsecond")
            self.assertEqual([read_answer(f)[2] for _ in range(3)], [b"ok", b"first", b"second"])
            s.sendall(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            self.assertEqual(f.readline() + f.readline(), b"HTTP/1.1 100 Continue\r\n\r\n")
            s.sendall(b"2\r\nhi\r\n0\r\n\r\n")
            self.assertEqual(read_answer(f)[2], b"hi")

    def test_broken_chunks_are_refused_and_nothing_behind_them_is_read(self):
        head = b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n"
        smuggled = b"GET / HTTP/1.1\r\n" + H + b"\r\n"
        for broken in (b"3\nabc\r\n0\r\n\r\n", b"3;a\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"0\r\nX: y\r\n\r\n",
                       b"-1\r\n", b"\r\n\r\n", b"100000000\r\n"):
            data = self.one_shot(smuggled + head + broken + smuggled)
            self.assertEqual((data.count(b"HTTP/1.1 "), data.count(b"HTTP/1.1 400 ")), (2, 1), broken)
        for large in (b"100001\r\n", b"FFFFFFFF\r\n", b"100000\r\n" + b"x" * 0x100000 + b"\r\n1\r\n"):
            data = self.one_shot(head + large + smuggled)
            self.assertEqual((data.count(b"HTTP/1.1 "), data.count(b"HTTP/1.1 413 ")), (1, 1), large[:20])
        began = time.monotonic()
        self.assertIn(b" 408 ", self.one_shot(head + b"5\r\nab"))
        self.assertLess(time.monotonic() - began, 6)

    def test_smuggling_gets_400_and_a_closed_connection(self):
        cases = [
            b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
            b"POST / HTTP/1.1\r\n" + H + b"Content-Length: -1\r\n\r\n",
            b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 99999999999999999999\r\n\r\n",
            b"GET / HTTP/1.1\nHost: a\n\n",
            b"GET / HTTP/1.1\r\n" + H + b"X: a\0b\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + H + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + H + b" folded: x\r\n\r\n",
        ]
        smuggled = b"GET / HTTP/1.1\r\n" + H + b"\r\n"
        good = b"GET / HTTP/1.1\r\n" + H + b"\r\n"
        for case in cases:
            for before, answers in ((b"", 1), (good, 2)):  # also as the second of a connection
                data = self.one_shot(before + case + smuggled)
                self.assertEqual(data.count(b"HTTP/1.1 "), answers, case)
                self.assertEqual(data.count(b"HTTP/1.1 400 "), 1, case)

    def test_bounds_have_their_answers(self):
        self.assertIn(b" 413 ", self.one_shot(
            b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 1048577\r\n\r\n" + b"x" * 200000))
        self.assertIn(b" 431 ", self.one_shot(b"GET / HTTP/1.1\r\nX: " + b"a" * 17000 + b"\r\n\r\n"))
        self.assertIn(b" 414 ", self.one_shot(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + H + b"\r\n"))

    def test_slow_heads_and_bodies_are_ended(self):
        for data in (b"GET / HTTP/1.1\r\nX-Slow: ", b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 9\r\n\r\nab"):
            began = time.monotonic()
            self.assertIn(b" 408 ", self.one_shot(data))
            self.assertLess(time.monotonic() - began, 6)
        self.assertEqual(self.one_shot(b""), b"")  # not a byte: closed without one

    def test_idle_connections_are_ended(self):
        with self.server.connect() as s:
            s.sendall(b"GET / HTTP/1.1\r\n" + H + b"\r\n")
            self.assertEqual(read_answer(s.makefile("rb"))[0], 200)
            self.assertEqual(read_all(s), b"")

    def test_100_continue_is_said(self):
        with self.server.connect() as s:
            s.sendall(b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(s.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            s.sendall(b"hi")
            self.assertEqual(read_answer(s.makefile("rb"))[2], b"hi")

    def test_a_long_answer_comes_in_chunks_at_the_readers_pace(self):
        with self.server.connect() as s:
            s.sendall(b"GET /stream?400 HTTP/1.1\r\n" + H + b"Connection: close\r\n\r\n")
            data = read_all(s)
        head, body = data.split(b"\r\n\r\n", 1)
        self.assertIn(b"Transfer-Encoding: chunked", head)
        self.assertEqual(body.count(b"10000\r\n"), 400)
        self.assertTrue(body.endswith(b"\r\n0\r\n\r\n"))

    def test_a_peer_that_leaves_during_a_long_answer_harms_nobody(self):
        for _ in range(5):
            with self.server.connect() as s:
                s.sendall(b"GET /stream?4000 HTTP/1.1\r\n" + H + b"\r\n")
                s.recv(1000)
        for _ in range(5):
            with self.server.connect() as s:
                s.sendall(b"GET /later HTTP/1.1\r\n" + H + b"\r\n")
        self.test_answers_carry_the_security_headers()

    def test_the_unix_socket_is_ours_alone(self):
        self.assertEqual(os.stat(self.server.unix).st_mode & 0o777, 0o700 & ~0o077)
        with socket.socket(socket.AF_UNIX) as s:
            fd = os.open(os.path.dirname(self.server.unix), os.O_PATH)
            s.connect("/proc/self/fd/%d/qund.sock" % fd)
            os.close(fd)
            s.sendall(b"GET / HTTP/1.1\r\n" + H + b"\r\n")
            self.assertEqual(read_answer(s.makefile("rb"))[0], 200)

    def ws(self, talk, **kw):
        async def run():
            async with websockets.connect("ws://127.0.0.1:%d/ws" % self.server.port, **kw) as ws:
                return await talk(ws)
        return asyncio.run(run())

    def test_websocket_messages_come_back_whole(self):
        async def talk(ws):
            for text in ("", "你好", "x" * 99999):
                await ws.send(text)
                self.assertEqual(await ws.recv(), text)
            await ws.send(iter(["分", "片", "段" * 3000]))
            self.assertEqual(await ws.recv(), "分片" + "段" * 3000)
            await (await ws.ping())
            await ws.send("bye")
            with self.assertRaises(websockets.ConnectionClosed):
                await ws.recv()
            self.assertEqual((ws.close_code, ws.close_reason), (1000, "as you wish"))
        self.ws(talk)

    def closed_with(self, send):
        async def talk(ws):
            await send(ws)
            with self.assertRaises(websockets.ConnectionClosed):
                while True:
                    await asyncio.wait_for(ws.recv(), 10)
            return ws.close_code
        return self.ws(talk, max_queue=None)

    def test_broken_messages_close_with_their_code(self):
        async def too_large(ws):
            await ws.send("x" * 100001)

        async def binary(ws):
            await ws.send(b"\x00\x01")

        async def bad_utf8(ws):
            # The library would not send it: a frame of our own, masked with zeros.
            ws.transport.write(b"\x81\x82\0\0\0\0\xc3\x28")

        self.assertEqual(self.closed_with(too_large), 1009)
        self.assertEqual(self.closed_with(binary), 1003)
        self.assertEqual(self.closed_with(bad_utf8), 1007)

    def test_a_reader_that_lags_is_closed_with_1013(self):
        async def flood(ws):
            await ws.send("flood")
        self.assertEqual(self.closed_with(flood), 1013)

    def test_broken_handshakes_are_answered(self):
        ok = (b"GET /ws HTTP/1.1\r\n" + H + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
              b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        for change, status in (((b"Version: 13", b"Version: 8"), 426), ((b"nonce==", b""), 400),
                               ((b"bm9uY2U", b"!m9uY2U"), 400), ((b"Connection: Upgrade", b"X: y"), 400),
                               ((b"Upgrade: websocket\r\n", b""), 400)):
            broken = ok.replace(*change)
            if broken == ok:
                broken = ok.replace(b"dGhl", b"!Ghl")
            self.assertIn(b" %d " % status, self.one_shot(broken)[:20], change)
        with self.server.connect() as s:
            s.sendall(ok)
            self.assertIn(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", s.recv(1000))

    def test_connections_beyond_the_bound_are_turned_away(self):
        small = Server(conns=5)
        held = [small.connect() for _ in range(5)]
        for s in held:
            s.sendall(b"GET / HTTP/1.1\r\n" + H + b"\r\n")
            self.assertEqual(read_answer(s.makefile("rb"))[0], 200)
        with small.connect() as s:
            self.assertIn(b" 503 ", read_all(s))
        for s in held:
            s.close()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            with small.connect() as s:
                s.sendall(b"GET / HTTP/1.1\r\n" + H + b"Connection: close\r\n\r\n")
                if b" 200 " in read_all(s):
                    break
        else:
            self.fail("no connection was taken again")
        self.assertEqual(small.stop(), 0)

    def test_what_is_in_hand_is_answered_before_the_stop(self):
        server = Server()
        s = server.connect()
        s.sendall(b"GET /later HTTP/1.1\r\n" + H + b"\r\n")
        time.sleep(0.1)  # so that it is in hand; the answer takes 0.3 s
        self.assertEqual(server.stop(), 0)
        data = read_all(s)
        s.close()
        self.assertIn(b"late", data)
        self.assertIn(b"Connection: close", data)


if __name__ == "__main__":
    unittest.main()
