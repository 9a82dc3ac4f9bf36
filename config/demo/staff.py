"""The staff of the demo: they do what their task cards ask, seconds later, each through their own account.

What is to be said in a group is posted there, so that the daemon sees it as it would see a real post; what is
to be done elsewhere is reported as done. Alerts are left alone. All of it goes through the daemon's socket.
"""
import http.client
import json
import os
import re
import socket
import threading

THINKS_S = 2                # two minutes of the demo's time
IN_GROUP = ("group", "group_notice")
REALM = "replay"


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        folder = os.open(os.path.dirname(self.path) or ".", os.O_PATH | os.O_DIRECTORY)
        try:                # a path over 107 bytes does not fit into an address
            self.sock.connect(f"/proc/self/fd/{folder}/{os.path.basename(self.path)}")
        finally:
            os.close(folder)


def ask(path, method, where, body=None):
    conn = Unix(path)
    try:
        conn.request(method, where, None if body is None else json.dumps(body, ensure_ascii=False).encode(),
                     {"Content-Type": "application/json"})
        got = conn.getresponse()
        answer = json.loads(got.read() or b"{}")
        if got.status >= 300:
            raise OSError(answer.get("error", {}).get("message", got.status))
        return answer
    finally:
        conn.close()


def tasks_of(push):
    """Numbers of the tasks a push is about: one, or those of a card with several things."""
    shorts = [push.get("short")] + [i.get("short") for i in push.get("items") or []]
    return [int(s[1:]) for s in shorts if isinstance(s, str) and re.fullmatch(r"T\d+", s)]


class Staff:
    def __init__(self, path, say):
        self.path, self.say, self.known = path, say, set()

    def reads(self, push):
        person = push.get("person") or {}
        who = person.get("ids", {}).get(REALM)
        for task in tasks_of(push):
            if who and task not in self.known:      # reminded of it: it is on its way
                self.known.add(task)
                timer = threading.Timer(THINKS_S, self.does, (task, who, person.get("name") or who))
                timer.daemon = True
                timer.start()

    def does(self, number, who, name):
        try:
            task = ask(self.path, "GET", f"/api/v1/tasks/{number}")
            if task["channel"] not in IN_GROUP:
                ask(self.path, "POST", f"/api/v1/tasks/{number}/done", {})
                return
            group = ask(self.path, "GET", f"/api/v1/groups/{task['group']}")
            ask(self.path, "POST", "/api/v1/events?channel=replay",
                {"group": group["group"], "sender": who, "sender_name": name, "text": task["content"]})
        except (OSError, http.client.HTTPException, ValueError, KeyError) as err:
            self.say(f"T{number} is left undone: {err}")
