"""The page of a signed link in a real browser, 360 px wide: it fits, its buttons can be hit, it works with
scripts switched off, and its policy stops nothing of its own. Needs chromium-headless-shell (or chromium)
and python3-websockets: `scripts/deps browser`."""
import asyncio
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

try:
    import websockets
except ImportError:     # the distribution's package belongs to the distribution's python
    if sys.executable != "/usr/bin/python3":
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    raise

from harness import Cases, Client, Daemon, Receiver, check, equal, scratch, spawn, until  # noqa: E402

WIDTH = 360
ORG = """
staff:
  - {id: lin, name: 林, push: [ops]}
  - {id: zhao, name: 赵, push: [ops]}
groups:
  - {realm: api, id: g, name: "阳光花园三期业主交流群（新）", manager: zhao, roles: {consultant: [lin]}}
"""
LONG = "多少钱？" + "https://example.com/" + "x" * 120 + " <script>document.title='broken'</script>"


class Browser:
    """One tab over the DevTools protocol: no driver, no framework."""

    def __init__(self, folder):
        program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        check(program, "a browser is there; scripts/deps browser installs one")
        self.log = pathlib.Path(folder) / "browser.log"
        with self.log.open("wb") as log:
            self.proc = spawn([program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
                               f"--user-data-dir={folder}/profile", "about:blank"], stdout=log, stderr=log)
        line = until(lambda: re.search(r"DevTools listening on ws://127\.0\.0\.1:(\d+)/", self.log.read_text("utf-8", "replace")),
                     60, "the browser speaks", 0.1)
        self.port, self.n, self.events = int(line.group(1)), 0, []

    async def open(self):
        with Client(self.port) as c:
            tab = next(t for t in c.get("/json/list").json() if t["type"] == "page")
        self.ws = await websockets.connect(tab["webSocketDebuggerUrl"], max_size=None)
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.ask(domain + ".enable")
        await self.ask("Emulation.setDeviceMetricsOverride", width=WIDTH, height=740, deviceScaleFactor=2, mobile=True)
        await self.ask("Emulation.setScriptExecutionDisabled", value=True)

    async def ask(self, method, **params):
        self.n += 1
        mine = self.n
        await self.ws.send(json.dumps({"id": mine, "method": method, "params": params}))
        while True:
            got = json.loads(await asyncio.wait_for(self.ws.recv(), 30))
            if got.get("id") == mine:
                check("error" not in got, method, got.get("error"))
                return got["result"]
            self.events.append(got)

    async def loaded(self):
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(json.loads(await asyncio.wait_for(self.ws.recv(), 30)))

    async def go(self, url):
        self.events = []
        await self.ask("Page.navigate", url=url)
        await self.loaded()

    async def value(self, expression):
        got = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        check("exceptionDetails" not in got, expression, got)
        return got["result"].get("value")

    async def press(self, selector):
        """As a finger does: at the middle of what is shown there."""
        await self.value(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        x, y = await self.value(f"(r => [r.x + r.width / 2, r.y + r.height / 2])"
                                f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())")
        self.events = []
        for kind in ("mousePressed", "mouseReleased"):
            await self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        await self.loaded()

    async def type(self, selector, text):
        await self.value(f"document.querySelector({json.dumps(selector)}).focus()")
        await self.ask("Input.insertText", text=text)

    def complaints(self):
        """What the browser said about the page: a blocked style, a script, a failed request."""
        return [e["params"]["entry"]["text"] for e in self.events if e.get("method") == "Log.entryAdded"
                and "favicon" not in json.dumps(e)]

    def stop(self):
        self.proc.kill()
        self.proc.wait()


async def fits(browser, what):
    width = await browser.value("document.documentElement.scrollWidth")
    check(width <= WIDTH, f"{what} is {width} px wide")
    small = await browser.value("[...document.querySelectorAll('button')].filter(b => {const r = b.getBoundingClientRect();"
                                f"return r.height < 44 || r.width < 44 || r.left < 0 || r.right > {WIDTH}}}).map(b => b.textContent)")
    equal(small, [], f"{what}: buttons too small to hit, or off the screen")
    equal(browser.complaints(), [], f"{what}: complaints of the browser")


async def walk(d, desk, browser, link, shots):
    say = "(e => e && e.textContent)(document.querySelector('.said'))"
    await browser.open()
    await browser.go(link)
    await fits(browser, "the page")
    equal(await browser.value("getComputedStyle(document.querySelector('.main')).backgroundColor"), "rgb(47, 111, 237)",
          "its style is in force")
    check("<script>" in await browser.value("document.querySelector('blockquote').textContent"), "the quote is text")
    check(await browser.value("document.title") != "broken", "nothing of it ran")
    shot = await browser.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
    shots.write_bytes(base64.b64decode(shot["data"]))
    await browser.press("form input[value=ack] ~ button")
    check("已记录" in await browser.value(say), "taken")
    equal(desk.get("/api/v1/alerts/1").json()["state"], "acknowledged", "state")
    await fits(browser, "the page, taken")
    await browser.type("form input[value=resolve] ~ label input[name=number]", "3.5")
    await browser.press("form input[value=resolve] ~ button")
    one = desk.get("/api/v1/alerts/1").json()
    equal((one["state"], one["number"], one["by"]), ("resolved", 3.5, "staff:1"), "done")
    await browser.go(await browser.value("document.querySelector('footer a').href"))
    await fits(browser, "the list")
    await browser.go(link[:-1] + ("A" if link[-1] != "A" else "B"))
    await fits_note(browser)


async def fits_note(browser):
    width = await browser.value("document.documentElement.scrollWidth")
    check(width <= WIDTH and "链接" in await browser.value("document.body.textContent"), "a wrong link")


case = Cases()
with scratch() as folder, Receiver(folder) as receiver, \
        Daemon(folder / "d", {"targets": receiver.target, "org": {"file": "org.yaml"},
                              "http": {"public_url": "http://PLACE"}}) as d:
    d.config["http"]["public_url"] = f"http://127.0.0.1:{d.port}"
    d.write_config()
    (d.folder / "org.yaml").write_text(ORG, encoding="utf-8")
    d.start()
    equal(d.client("ingest").events([{"id": "m1", "group": "g", "group_name": "阳光花园三期业主交流群（新）",
                                      "sender": "u1", "sender_name": "3-2-1502 王姐👩‍👧", "text": LONG}]).status, 202, "status")
    body = until(lambda: next((c["body"] for c in receiver.calls()), None), 20, "the push")
    link = json.loads(body)["link"]
    shots = pathlib.Path(os.environ.get("QUND_SHOTS") or folder) / "links-page-360.png"
    browser = Browser(folder)
    try:
        @case("the page of a signed link on a phone, scripts off")
        def _():
            asyncio.run(walk(d, d.client(), browser, link, shots))
            check(shots.stat().st_size > 5000, "a picture of it")
    finally:
        browser.stop()
    equal(d.stop(), 0, "exit code")
    d.clean()
case.done()
