"""Chinese search by two characters, over the CLI and the API, and what an export gives."""
import json
import urllib.parse

from harness import Cases, Daemon, TOP, check, equal, scratch

case = Cases()
with scratch() as folder, Daemon(folder / "d", {"store": {"retention": "36500d"}}) as d:
    del d.config["rules"]       # the shipped ones
    d.write_config()
    d.start()
    sample = TOP / "tests/data/conversations.jsonl"
    n = sum(1 for line in sample.read_text(encoding="utf-8").splitlines() if line.strip())

    @case("the sample chat is replayed, each event stored once, also when it is replayed again")
    def _():
        for _ in range(2):
            d.run("replay", str(sample), check_exit=0)
        d.drained()
        equal(len(d.run("export", "messages", check_exit=0)[1].splitlines()), n, "stored")

    @case("search finds two-character words, newest first, the same by API and command line")
    def _():
        for word in ("团购", "橱柜"):
            _, out, _ = d.run("search", word, "--json", check_exit=0)
            found = [json.loads(line) for line in out.splitlines() if line.strip()]
            check(found, f"{word} is found")
            check(all(word in m["text"] for m in found), "each holds the word", found)
            with d.client() as c:
                api = c.get("/api/v1/search?limit=20&q=" + urllib.parse.quote(word)).json()["items"]
            equal([m["id"] for m in api], [m["id"] for m in found], "ids")
            times = [m["ts"] for m in api]
            equal(times, sorted(times, reverse=True), "newest first")

    @case("a word that nobody said is not found")
    def _():
        equal(d.run("search", "犀牛", "--json")[1].strip(), "", "hits")

    @case("an export names intents, rooms, phones, sign-ups and rules of each message")
    def _():
        lines = [json.loads(line) for line in d.run("export", "messages", check_exit=0)[1].splitlines()]
        for key in ("intents", "rooms", "phones", "signups", "rules"):
            check(any(line.get(key) for line in lines), f"some message has {key}")

    @case("pages of the API meet without gap or repeat")
    def _():
        with d.client() as c:
            groups = {m["group"] for m in (json.loads(x) for x in d.run("export", "messages", check_exit=0)[1].splitlines())}
            check(groups, "groups")
            seen, url = [], "/api/v1/groups/1/messages?limit=7"
            while url:
                page = c.get(url).json()
                seen += [m["seq"] for m in page["items"]]
                url = f"/api/v1/groups/1/messages?limit=7&cursor={page['next']}" if page.get("next") else None
            whole = [m["seq"] for m in c.get("/api/v1/groups/1/messages?limit=500").json()["items"]]
            equal(seen, whole, "messages of the group")

    equal(d.stop(), 0, "exit code")
    case.done(d)
