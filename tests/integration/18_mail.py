"""Mail through a server that answers in every way there is; what arrives is read by Python's own
reader of mail."""
# limit: 180 s
import email
import email.policy
import pathlib
import subprocess
import time

from harness import PATIENCE, QUND, Cases, Daemon, Mailbox, Receiver, check, equal, scratch, until

if not (pathlib.Path(QUND).parent / "plugins/mail.so").exists():
    print("the mail plugin is not built")
    raise SystemExit(77)

case = Cases()
NAMES = ("Ops, Night", "J. R. Ops (late)", "a\\b", "ops@night", 'the "night"', "Ops, <x@example.com>", "=?UTF-8?B?eA==?=", "Ops; Night:",
         "A long name, as companies have. " * 4 + "Ltd", "x" * 90, "夜班, Ops.", "Ops\r\nBcc: x@example.com")
LOGIN = "bot@example.com:geheim-password"


def certificate(folder):
    pem, crt = folder / "cert.pem", folder / "ca.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", pem, "-out", crt], check=True, stderr=subprocess.DEVNULL)
    pem.write_bytes(pem.read_bytes() + crt.read_bytes())
    return pem, crt


def entry(box, **more):
    return {"kind": "mail", "host": "127.0.0.1", "port": box.port, "tls": "none", "from": "bot@example.com",
            "from_name": "小区助手", "to": ["boss@example.com"], "prefix": "[群] ", "allow_private": True, "rate": 0,
            "timeout": "20s", **more}


with scratch() as folder:
    pem, ca = certificate(folder)
    boxes = {}
    for name, script, more in (("plain", "250", {}), ("starttls", "250", {"tls": pem, "login": LOGIN}),
                               ("smtps", "250", {"tls": pem, "smtps": True, "login": LOGIN}),
                               ("grey", "451,250", {}), ("gone", "550", {}), ("full", "data:452,250", {}),
                               ("spam", "data:554", {}), ("lost", "effect,250", {}), ("cut", "drop,250", {}),
                               ("silent", "silent", {}), ("drip", "drip", {}), ("mute", "mute", {}),
                               ("first", "first:550", {}), ("later", "greylist,250", {}), ("late", "late", {}), ("named", "250", {}),
                               ("wrong", "250", {"tls": pem, "login": LOGIN})):
        (folder / name).mkdir()
        boxes[name] = Mailbox(folder / name, script, **more)
    user, password = LOGIN.split(":")
    d = Daemon(folder / "d", {"alert": {"merge": "0s"}, "log": {"level": "debug"}, "net": {"ca_file": str(ca)}})
    d.config["targets"] = {name: entry(box) for name, box in boxes.items()}
    d.config["targets"]["starttls"] |= {"tls": "starttls", "user": user, "password": password}
    d.config["targets"]["smtps"] |= {"tls": "tls", "user": user, "password": password}
    d.config["targets"]["wrong"] |= {"tls": "starttls", "user": user, "password": "guessed"}
    d.config["targets"]["clear"] = entry(boxes["plain"], tls="starttls")
    for name in ("silent", "drip"):
        d.config["targets"][name]["timeout"] = "6s"
    del d.config["targets"]["named"]
    d.config["targets"] |= {f"named{i}": entry(boxes["named"], from_name=name) for i, name in enumerate(NAMES)}
    d.config["targets"]["first"]["to"] = ["gone@example.com", "boss@example.com"]
    d.write_config()
    d.start()
    with d.client() as c:
        equal(c.events([{"id": "e1", "group": "g1", "group_name": "..一群", "sender": "u1",
                         "sender_name": "张三\r\nBcc: x@example.com", "text": "这个多少钱 <b>'\"&\n.\n..第二行"}]).status,
              202, "said")

    def rows(target):
        with d.client() as c:
            return [r for r in c.get("/api/v1/outbox?limit=200").json()["items"] if r["target"] == target]

    def state(target, *wanted):
        until(lambda: rows(target) and rows(target)[0]["state"] in wanted, 30, f"{target}: {wanted}")
        return rows(target)[0]

    @case("a mail is read by another reader as it was meant")
    def _():
        state("plain", "accepted")
        mail = boxes["plain"].log()[0]
        equal((mail["from"], mail["to"], mail["helo"]), ("bot@example.com", ["boss@example.com"], "example.com"), "")
        m = email.message_from_string(mail["message"], policy=email.policy.default)
        check(not m.defects, "defects", m.defects)
        equal(m["From"].addresses[0].display_name, "小区助手", "From")
        check(m["Subject"].startswith("[群] "), "Subject", m["Subject"])
        equal([h for h in m.keys() if h.lower() == "bcc"], [], "no header of a customer's")
        equal(m["Auto-Submitted"], "auto-generated", "Auto-Submitted")
        check(abs(m["Date"].datetime.timestamp() - time.time()) < 60, "Date", m["Date"])
        equal([p.get_content_type() for p in m.iter_parts()], ["text/plain", "text/html"], "parts")
        text, html = (p.get_content() for p in m.iter_parts())
        text = text.replace("\r\n", "\n")
        check("\n..一群 张三  Bcc: x@example.com：这个多少钱 <b>'\"& . ..第二行\n" in text, "a line that begins with dots", text)
        check("<b>'" not in html and "&lt;b&gt;&#39;" in html, "html", html)
        check(all(len(line) <= 998 for line in mail["message"].splitlines()), "lines")

    @case("a sender's name is one name before one address, whatever is in it")
    def _():
        until(lambda: len(boxes["named"].log()) == len(NAMES), 30, "a mail of each")
        seen = []
        for mail in boxes["named"].log():
            m = email.message_from_string(mail["message"], policy=email.policy.default)
            check(not m["From"].defects and len(m["From"].addresses) == 1, "one mailbox", m["From"].defects, mail["message"][:300])
            equal(m["From"].addresses[0].addr_spec, "bot@example.com", "address")
            seen.append(m["From"].addresses[0].display_name)
        equal(sorted(seen), sorted(name.replace("\r", " ").replace("\n", " ") for name in NAMES), "names")

    @case("TLS and a login, in both ways, trusted by the roots of net.ca_file")
    def _():
        for name in ("starttls", "smtps"):
            state(name, "accepted")
            mail = boxes[name].log()[0]
            equal((mail["tls"], mail["user"]), (True, user), name)

    @case("a wrong password and a server without TLS fail for good, and nothing left in the clear")
    def _():
        row = state("wrong", "failed")
        check("535" in str(row), "wrong", row)
        row = state("clear", "failed")
        check("SSL" in str(row) or "TLS" in str(row), "clear", row)
        equal(len(boxes["plain"].log()), 1, "one mail in the clear, the permitted one")

    @case("4xx waits, 5xx fails, and the server's words are kept")
    def _():
        for name, code in (("gone", "550 5.1.1"), ("spam", "554 5.6.0")):
            check(code in str(state(name, "failed")), name, rows(name))
        for name in ("grey", "full"):
            row = state(name, "retry_at")
            check("45" in str(row), name, row)
        state("later", "accepted")
        equal([m["effect"] for m in boxes["later"].log()], [True], "421, then taken")

    @case("lost within the message is sent again; lost behind it, once more with the same id")
    def _():
        state("cut", "accepted")
        equal([m["effect"] for m in boxes["cut"].log()], [True], "cut")
        state("lost", "accepted")
        ids = [email.message_from_string(m["message"])["Message-ID"] for m in boxes["lost"].log()]
        equal((len(ids), len(set(ids))), (2, 1), "the same mail")
        for name in ("silent", "drip"):
            until(lambda n=name: rows(n)[0]["state"] == "unknown" and "due" not in rows(n)[0], 60, f"{name} is parked")
            check(1 <= len(boxes[name].log()) <= 2, f"{name}: one more try at most", len(boxes[name].log()))

    @case("a server that greets late, to be rid of spammers, gets its mail")
    def _():
        state("late", "accepted")
        equal([m["effect"] for m in boxes["late"].log()], [True], "one mail")

    @case("one recipient of two that is refused does not hold up the other")
    def _():
        state("first", "accepted")
        equal(boxes["first"].log()[0]["to"], ["boss@example.com"], "to")

    @case("a server that does not say goodbye holds nothing up")
    def _():
        state("mute", "accepted")
        later = boxes["plain"].log()[0]["at"] - boxes["mute"].log()[0]["at"]
        check(later < 5 * PATIENCE, "the others do not wait for it", later)

    @case("a server that takes a mail and says nothing holds up no push, no mail of others and no stop")
    def _():
        (folder / "held").mkdir()
        with Receiver(folder / "held") as web, Mailbox(folder / "held", "silent") as silent:
            held = Daemon(folder / "held" / "d", {"alert": {"merge": "0s"}, "targets": {
                "held": entry(silent), "plain": entry(boxes["plain"], to=["other@example.com"]), **web.target}})
            held.start()
            for n in range(1, 4):
                began = time.time()
                with held.client() as c:
                    equal(c.events([{"id": f"h{n}", "group": f"g{n}", "sender": f"u{n}", "text": "多少钱"}]).status, 202, "said")
                until(lambda n=n: len(web.calls()) >= n, 10, f"push {n}", 0.02)
                took = web.calls()[-1]["at"] - began
                check(took < 1 * PATIENCE, f"push {n} beside a mail that has no answer", took)
                until(lambda n=n: sum(m["to"] == ["other@example.com"] for m in boxes["plain"].log()) >= n, 5, f"mail {n}")
                until(silent.log, 10, "the mail is in hand")
            with held.client() as c:
                equal([r["state"] for r in c.get("/api/v1/outbox?limit=200").json()["items"] if r["target"] == "held"],
                      ["sending"] * 3, "still without an answer")
            began = time.monotonic()
            equal(held.stop(), 0, "exit")
            took = time.monotonic() - began
            check(took < 9 * PATIENCE, "a stop: five seconds for plugins, one each for pushes and mails", took)
            equal(len(silent.log()), 2, "two at once to one server")
            silent.script("250")
            held.start()
            until(lambda: len(silent.log()) == 5, 60, "each again when it is well")
            equal(held.stop(), 0, "exit")
            held.clean()

    @case("five servers that say nothing do not keep a good one's mails waiting, nor are they blamed for our own line")
    def _():
        names = [f"deaf{i}" for i in range(5)]
        for name in names + ["many"]:
            (folder / name).mkdir()
        deaf = {name: Mailbox(folder / name, "hang") for name in names}
        many = Daemon(folder / "many" / "d", {"alert": {"merge": "0s"}, "targets": {
            "good": entry(boxes["plain"], to=["many@example.com"]),
            **{name: entry(box, timeout="6s") for name, box in deaf.items()}}})
        many.start()

        def said(n):
            return {"id": f"m{n}", "group": f"g{n}", "sender": f"u{n}", "text": "多少钱"}

        def metrics():
            with many.client() as c:
                return c.get("/metrics").body.decode()

        def arrived():
            return sum(m["to"] == ["many@example.com"] for m in boxes["plain"].log())

        for turn, first in enumerate((1, 5)):
            began = time.time()
            with many.client() as c:
                equal(c.events([said(n) for n in range(first, first + 4)]).status, 202, "said")
            until(lambda: arrived() >= first + 3, 30, f"the good mails of turn {turn}")
            took = time.time() - began
            check(took < 4 * PATIENCE, f"turn {turn}: the good one's mails leave", took)
            # by then each silent server has kept one mail to its end
            until(lambda: 'result="retry"' in metrics(), 30, "a mail to a silent server is over")
        returned = [line for line in metrics().splitlines() if 'result="returned"' in line and "deaf" in line]
        check(returned, "what waited in our line went back to the queue")
        with many.client() as c:
            rows = [r for r in c.get("/api/v1/outbox?limit=200").json()["items"] if r["target"] in names]
        failed = sum(int(line.split()[-1]) for line in metrics().splitlines() if 'result="retry"' in line and "deaf" in line)
        again = sum(r["attempt"] - 1 for r in rows if r["attempt"] > 0)
        check(again <= failed, "what went back counts as no try", again, failed)
        equal(many.stop(), 0, "exit")
        for box in deaf.values():
            box.stop()
        many.clean()

    @case("what is wrong with an entry is named")
    def _():
        good = d.config["targets"]
        base = {"kind": "mail", "host": "mail.example.com", "from": "bot@example.com", "to": ["a@example.com"]}
        for more, words in (({}, None), ({"from": "bot"}, "name@host"), ({"to": ["张@example.com"]}, "name@host"),
                            ({"to": []}, "1 to 50"), ({"tls": "none"}, "allow_private"), ({"user": "x"}, "together"),
                            ({"host": "smtp://mail.example.com"}, "no smtp://"), ({"host": "::1"}, None), ({"host": "mail_1"}, "goes into port"),
                            ({"helo": "a b"}, "a host's name is wanted"), ({"helo": "a_b"}, "a host's name is wanted"),
                            ({"helo": "a-1.example.com"}, None), ({"from": "bot@a_b.example"}, "give one in helo"),
                            ({"from": "bot@a_b.example", "helo": "b.example"}, None),
                            ({"host": "127.0.0.1:25"}, "goes into port"), ({"hots": "x"}, "nearest known: 'host'"), ({"tls": "ssl"}, "tls")):
            d.config["targets"] = {"x": base | more}
            d.write_config()
            code, out, err = d.run("check")
            check(code == (0 if words is None else 1) and (words or "") in out + err, str(more), out, err)
        d.config["targets"] = good
        d.write_config()

    @case("nothing can be said in a chat by mail: `send_through` that names one is refused where it stands")
    def _():
        lines = ["channels:", "  shop:", "    send_through: boss", "targets:", "  boss: {kind: mail, host: mail.example.com,"
                 " from: bot@example.com, to: [a@example.com]}", ""]
        (folder / "through.yaml").write_text("\n".join(lines), encoding="utf-8")
        code, out, err = d.run("check", str(folder / "through.yaml"))
        check(code == 1 and "through.yaml:3:19: channels.shop.send_through: the target 'boss' (kind: mail) cannot speak in a chat; name"
              in out + err, "refused", code, out, err)

    @case("the password stands nowhere")
    def _():
        with d.client() as c:
            seen = d.log() + c.get("/metrics").body.decode() + c.get("/api/v1/outbox?limit=200").body.decode()
        check(password not in seen and "guessed" not in seen, "password")

    equal(d.stop(), 0, "exit")
    for box in boxes.values():
        box.stop()
    case.done(d)
