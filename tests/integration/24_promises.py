"""The tables of docs/channels.md and docs/robots.md name a case for all that works, and each is there. That it came
through, and over a socket, is looked at by the runner (run.py) when it has run them."""
from harness import Cases, equal
from promises import DOCS, all_problems, problems, promised, unproved

case = Cases()


@case("every promise names its cases, and every name is somebody's")
def _():
    equal(all_problems(), [], "problems")
    names = list(promised())
    print(f"{len(names)} promises of {len(DOCS)} pages, {len(set(n[1:] for n in names))} cases")


TABLE = "| delivery | a | b | tests |\n|---|---|---|---|\n| text | %s | %s | %s |\n"
for a, b, tests, why in (
        ("works", "works", '`16_bridge` "a push is a command", "kill -9 in the middle"', None),
        ("works", "not possible", '`16_bridge` "a push is a command"', None),
        ("not possible", "not possible", "", None),
        ("waits", "fails", "", "0 cells say that it works, and 0 cases are named"),
        ("works", "works", '`16_bridge` "a push is a command"', "2 cells say that it works, and 1 cases are named"),
        ("works", "", '`99_nobody` "a push"', "there is no tests/integration/99_nobody.py"),
        ("works", "", 'test_bridge "a push"', "1 cells say that it works, and 0 cases are named"),
        ("works", "", '`16_bridge` "push is a command"', "no case of 16_bridge begins with 'push is a command'")):
    @case(f"a row that says {a}, {b or 'nothing'} and names {tests or 'nobody'}: {why or 'well'}")
    def _(a=a, b=b, tests=tests, why=why):
        equal(problems(TABLE % (a, b, tests), "x.md"), [f"x.md:3: text: {why}"] if why else [], "problems")


@case("a table without a column for tests may promise nothing")
def _():
    equal(len(problems("| | 11 |\n|---|---|\n| sending | works |\n| reading | no |\n", "x.md")), 1, "problems")


@case("a case that did not come through, or spoke with nobody, proves nothing")
def _():
    where, stem, words = next(iter(promised()))
    for said, bad in ((f"ok    {words} and more (1.0 s; ws 3)\n", False), (f"ok    {words} (0.1 s)\n", True),
                      (f"FAIL  {words}: no\n", True), ("", True)):
        equal(any(where in line for line in unproved({stem: said}) if f"'{words}'" in line), bad, said)


case.done()
