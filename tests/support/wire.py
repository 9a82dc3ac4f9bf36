"""WebSockets by hand, both sides, for tests that want to see the bytes. Standard library only, no
extensions."""
import base64
import hashlib
import os
import socket
import struct
import threading

import spoken

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Refused(Exception):
    """The handshake ended otherwise; .status says how."""

    def __init__(self, status):
        super().__init__(f"status {status}")
        self.status = status


def read_head(sock):
    got = b""
    while b"\r\n\r\n" not in got:
        more = sock.recv(1)
        if not more:
            raise ConnectionError("closed within the head")
        got += more
    lines = got.decode().split("\r\n")
    return lines[0], {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + MAGIC).digest()).decode()


class Ws:
    """One end of an open WebSocket; .code and .reason once it is closed."""

    def __init__(self, sock, client, headers=None):
        self.sock, self.client, self.headers, self.code, self.reason = sock, client, headers or {}, None, None

    @classmethod
    def connect(cls, port, path, headers=None, timeout=10):
        sock = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        first, got = read_head(sock)
        status = int(first.split()[1])
        spoken.note("ws")
        if status != 101:
            sock.close()
            raise Refused(status)
        if got["sec-websocket-accept"] != accept_of(key):
            raise ConnectionError("a wrong Sec-WebSocket-Accept")
        return cls(sock, True, got)

    def frame(self, opcode, body):
        head = bytes([0x80 | opcode])
        mask = 0x80 if self.client else 0
        head += (bytes([mask | len(body)]) if len(body) < 126 else bytes([mask | 126]) + struct.pack(">H", len(body))
                 if len(body) < 65536 else bytes([mask | 127]) + struct.pack(">Q", len(body)))
        if self.client:
            key = os.urandom(4)
            whole = key * (len(body) // 4 + 1)
            body = key + (int.from_bytes(body, "big") ^ int.from_bytes(whole[:len(body)], "big")).to_bytes(len(body), "big")
        self.sock.sendall(head + body)
        spoken.note("ws")

    def send(self, text):
        self.frame(1, text.encode())

    def exactly(self, n):
        got = b""
        while len(got) < n:
            more = self.sock.recv(n - len(got))
            if not more:
                raise ConnectionError("broke off")
            got += more
        return got

    def recv(self):
        """The next text; None when it was closed. Pings are answered."""
        while True:
            head = self.exactly(2)
            n = head[1] & 127
            n = struct.unpack(">H", self.exactly(2))[0] if n == 126 else struct.unpack(">Q", self.exactly(8))[0] if n == 127 else n
            key = self.exactly(4) if head[1] & 128 else bytes(4)
            body = bytes(b ^ key[i % 4] for i, b in enumerate(self.exactly(n)))
            spoken.note("ws")
            if head[0] & 15 == 1:
                return body.decode()
            if head[0] & 15 == 8:
                if self.code is None:
                    self.code = struct.unpack(">H", body[:2])[0] if len(body) >= 2 else 1005
                    self.reason = body[2:].decode()
                    self.frame(8, body[:2])
                return None
            if head[0] & 15 == 9:
                self.frame(10, body)

    def close(self, code=1000):
        self.frame(8, struct.pack(">H", code))

    def drop(self):
        self.sock.close()


class Peer:
    """Listens for WebSockets on a free port; each one opened is handed to serve(ws) in a thread of its
    own, unless status (a number) refuses it."""

    def __init__(self, serve):
        self.serve, self.status, self.opened = serve, None, 0
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(sock,), daemon=True).start()

    def one(self, sock):
        try:
            _, headers = read_head(sock)
            if self.status:
                sock.sendall(f"HTTP/1.1 {self.status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                sock.close()
                return
            sock.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accept_of(headers['sec-websocket-key'])}\r\n\r\n").encode())
            self.opened += 1
            self.serve(Ws(sock, False, headers))
        except (OSError, ConnectionError):
            sock.close()

    def stop(self):
        self.sock.close()
