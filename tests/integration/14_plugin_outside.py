"""A plugin built outside the tree, from what an installation gives: the tutorial's, exactly as it stands
in docs/plugin-abi.md."""
import os
import pathlib
import re
import subprocess

from harness import QUND, TOP, Cases, Client, Daemon, check, equal, scratch

BUILD = pathlib.Path(QUND).parent.parent
if not (BUILD / "cmake_install.cmake").exists():
    print("the program lies in no build tree")
    raise SystemExit(77)
case = Cases()
SOURCE = (TOP / "plugins/hello/hello.c").read_text(encoding="utf-8")


def told(env, *words, **kw):
    return subprocess.run([str(w) for w in words], env=env, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, text=True, **kw).stdout.strip()


with scratch() as folder:
    root, work = folder / "root", folder / "work"
    env = dict(os.environ)

    @case("the tutorial shows the very file")
    def _():
        doc = (TOP / "docs/plugin-abi.md").read_text(encoding="utf-8")
        equal(re.search(r"```c\n(/\* hello\.c.*?)```", doc, re.S).group(1), SOURCE, "docs/plugin-abi.md")

    @case("an installation has headers and qund-plugin.pc, and they are enough")
    def _():
        told(env, "cmake", "--install", BUILD, "--prefix", root)
        pc = next(root.rglob("qund-plugin.pc"))
        # Not where it was configured for: it says where it lies itself.
        env["PKG_CONFIG_PATH"] = str(pc.parent)
        env["PKG_CONFIG_SYSROOT_DIR"] = ""
        flags = told(env, "pkg-config", "--cflags", "qund-plugin").split()
        plugins = pathlib.Path(told(env, "pkg-config", "--variable=plugindir", "qund-plugin")).resolve()
        equal(plugins, next(root.rglob("onebot.so")).parent.resolve(), "plugindir")
        work.mkdir()
        (work / "hello.c").write_text(SOURCE, encoding="utf-8")
        extra = ["-fsanitize=address,undefined"] if b"__asan_init" in pathlib.Path(QUND).read_bytes() else []
        told(env, "cc", "-std=c17", "-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wno-gnu-zero-variadic-macro-arguments",
             "-O2", "-fPIC", "-shared", *extra, *flags, "-o", "hello.so", "hello.c", cwd=work)

    with Daemon(folder / "d", {"plugins": {"dirs": [str(work)]},
                               "channels": {"door": {"kind": "hello", "token": "geheim", "group": "客厅"}}}) as d:
        d.start()

        @case("and it works")
        def _():
            equal(d.status()["plugins"], {"hello": "loaded 1.0.0"}, "status")
            with Client(d.port) as c:
                equal(c.post("/hook/door/xiaowang", "x", X_Token="no").status, 401, "ready, so it is open")
                equal(c.post("/hook/door/xiaowang", "这个多少钱？", X_Token="geheim").status, 204, "said")
                equal(c.post("/hook/door/xiaowang", b"\xff", X_Token="geheim").status, 400, "not text")
            d.drained()
            _, out, _ = d.run("export", "messages", check_exit=0)
            check('"多少钱' in out or "这个多少钱？" in out, "stored", out)
            check("客厅" in out and '"channel":"door"' in out, "group and channel", out)
            equal(d.stop(), 0, "exit")

        case.done(d)
