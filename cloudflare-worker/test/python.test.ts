/** What Python programs are promised, asked of the built Worker in a real workerd. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { COUNTERPARTS } from "../src/languages/python/modules.ts";
import { type Order, type Outcome, order, Workerd } from "./support.ts";

const BASIC = ["path", "util", "crypto"];
const STANDARD = [...BASIC, "fs", "http", "https", "zlib"];
const PREMIUM = [...STANDARD, "stream", "child_process"];
const TIER_OF_MODULE = { os: "standard", fs: "standard", shutil: "standard", http: "standard", subprocess: "premium", child_process: "premium", socket: "enterprise", js: "enterprise", ctypes: "enterprise", vm: "enterprise", net: "enterprise" };
const MIB = 1024 * 1024;

let workerd: Workerd;
before(async () => { workerd = await Workerd.start({ variant: "python" }); });
after(async () => { await workerd?.stop(); });

const python = (code: string, rest: Order = {}): Order => {
  const { files, ...more } = rest;
  return { files: { "main.py": code, ...((files as Record<string, string>) ?? {}) }, entry: "main.py", allowedModules: PREMIUM, tier: "premium", tierOfModule: TIER_OF_MODULE, ...more };
};
const run = (code: string, rest: Order = {}): Promise<Outcome> => workerd.run(python(code, rest));
const basic = (code: string, rest: Order = {}): Promise<Outcome> => run(code, { allowedModules: BASIC, tier: "basic", ...rest });

describe("a Python program", () => {
  test("prints, and its last expression is the result", async () => {
    const said = await run('print("hello", 1 + 1)\n{"sum": 1 + 2, "items": (1, 2.5, None, True)}');
    assert.equal(said.stdout, "hello 2\n");
    assert.deepEqual(said.result, { sum: 3, items: [1, 2.5, null, true] });
    assert.equal(said.exitCode, 0);
  });

  test("without a last expression has no result", async () => {
    for (const code of ["x = 1", "", "# nothing\n", "None", 'print("x")']) assert.ok(!("result" in (await run(code)).finished), code);
  });

  test("runs as __main__ with argv and its own folder on the path", async () => {
    const said = await workerd.run({
      ...python(""), entry: "app/main.py", argv: ["a", "b c"],
      files: { "app/main.py": "import sys, helper, lib.x\n[__name__, sys.argv, helper.here(), lib.x.y]", "app/helper.py": "def here(): return __name__", "lib/x.py": "y = 1" },
    });
    assert.deepEqual(said.result, ["__main__", ["app/main.py", "a", "b c"], "helper", 1]);
  });

  test("imports the session's modules and packages, relative imports included", async () => {
    const said = await run("from pkg import mod\nimport pkg.deep.leaf as leaf\n[mod.value, leaf.name]", {
      files: { "pkg/__init__.py": "", "pkg/mod.py": "from .other import w\nvalue = w * 2", "pkg/other.py": "w = 21", "pkg/deep/__init__.py": "", "pkg/deep/leaf.py": "from ..other import w\nname = f'leaf {w}'" },
    });
    assert.deepEqual(said.result, [42, "leaf 21"]);
  });

  test("a session file wins over a library module of the same name, as in CPython", async () => {
    assert.equal((await run("import random\nrandom.mine", { files: { "random.py": "mine = 7" } })).result, 7);
  });

  test("reads the session's data files, binary ones too", async () => {
    const said = await workerd.run({ ...python(""), files: [{ name: "main.py", content: 'import csv\n[list(csv.reader(open("d/a.csv"))), list(open("b.bin", "rb").read())]' }, { name: "d/a.csv", content: "x,y\n1,é\n" }, { name: "b.bin", base64: "AP+A" }] });
    assert.deepEqual(said.result, [[["x", "y"], ["1", "é"]], [0, 255, 128]]);
  });

  test("files that it wrote, changed and deleted come back as artifacts", async () => {
    const said = await run('import os\nopen("out.txt", "w").write("hi")\nopen("a.txt", "a").write("!")\nos.remove("b.txt")\nos.mkdir("d")\nopen("d/x.bin", "wb").write(bytes([0, 255]))\nopen("same.txt", "w").write("same")', { files: { "a.txt": "a", "b.txt": "b", "same.txt": "same" } });
    const digest = (text: string | Uint8Array) => createHash("sha256").update(text).digest("hex");
    assert.deepEqual(said.finished.artifacts, [
      { name: "a.txt", change: "changed", size: 2, digest: digest("a!"), base64: "YSE=" },
      { name: "b.txt", change: "deleted", size: 1, digest: digest("b") },
      { name: "d/x.bin", change: "created", size: 2, digest: digest(new Uint8Array([0, 255])), base64: "AP8=" },
      { name: "out.txt", change: "created", size: 2, digest: digest("hi"), base64: "aGk=" },
    ]);
  });

  test("an artifact above the limit keeps its digest and leaves out its content", async () => {
    const [artifact] = (await run('open("big", "wb").write(b"x" * 5000)', { artifactBytesMax: 1000 })).finished.artifacts ?? [];
    assert.equal(artifact?.size, 5000);
    assert.equal(artifact?.base64, undefined);
  });

  test("a file with a name no session may have does not spoil the others", async () => {
    const said = await run('for name in ("bad\\nname", "ok"): open(name, "w").write("1")');
    assert.deepEqual(said.finished.artifacts?.map(({ name }) => name), ["ok"]);
  });

  test("context values are globals, and a function among them can be called", async () => {
    assert.equal((await run("double(x) + len(items)", { context: { x: 20, items: [1, 2], double: { $function: "lambda n: n * 2" } } })).result, 42);
  });

  test("values that JSON does not know come back as something readable", async () => {
    const said = await run('import datetime, decimal, dataclasses, enum\n@dataclasses.dataclass\nclass P:\n    x: int\nclass C(enum.Enum):\n    RED = "red"\nloop = [1]; loop.append(loop)\n[2**70, float("nan"), {3, 1, 2}, P(5), C.RED, datetime.date(2026, 1, 2), decimal.Decimal("1.10"), b"x", {1: 2}, loop, "\\ud800"]');
    assert.deepEqual(said.result, ["1180591620717411303424", "nan", [1, 2, 3], { x: 5 }, "red", "2026-01-02", "1.10", "b'x'", { "1": 2 }, [1, "…"], "?"]);
  });
});

describe("stdin and stdout of Python", () => {
  test("prefilled input is read by input(), readline and iteration, then ends", async () => {
    const said = await run('import sys\na = input()\nb = sys.stdin.readline()\nc = [line for line in sys.stdin]\ntry:\n    input()\nexcept EOFError as error:\n    print(error)\n[a, b, c]', { stdin: "one\ntwo\nthree\nfour" });
    assert.deepEqual(said.result, ["one", "two\n", ["three\n", "four"]]);
    assert.equal(said.stdout, "EOF when reading a line\n");
  });

  test("input() asks, waits and gets what is typed later", async () => {
    const live = workerd.live(python('name = input("who? ")\nage = int(input("age? "))\nprint(f"{name} {age + 1}")', { interactive: true }));
    assert.equal((await live.until("input")).prompt, "who? ");
    live.say({ type: "stdin", data: "Ann\n" });
    assert.equal((await live.until("input")).prompt, "age? ");
    live.say({ type: "stdin", data: "41\n" });
    assert.equal((await live.until("output")).text, "Ann 42\n");
    assert.equal((await live.until("finished")).exitCode, 0);
    live.end();
  });

  test("the end of what is typed is an EOFError", async () => {
    const live = workerd.live(python("input()", { interactive: true }));
    await live.until("input");
    live.say({ type: "stdin", data: "", eof: true });
    assert.equal((await live.until("finished")).error?.type, "EOFError");
    live.end();
  });

  test("waits for input inside asyncio and inside a callback of sorted()", async () => {
    const live = workerd.live(python('import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    return input("a")\nx = asyncio.run(main())\ny = sorted([2, 1], key=lambda n: int(input("k")))\n[x, y]', { interactive: true }));
    for (const typed of ["x\n", "1\n", "2\n"]) {
      await live.until("input");
      live.say({ type: "stdin", data: typed });
    }
    assert.deepEqual((await live.until("finished")).result, ["x", [2, 1]]);
    live.end();
  });

  test("output arrives line by line while the program still runs", async () => {
    const live = workerd.live(python('print("first")\nprint("half", end="")\nprint(" whole")\ninput()', { interactive: true }));
    assert.equal((await live.until("output")).text, "first\n");
    assert.equal((await live.until("output")).text, "half whole\n");
    await live.until("input");
    live.destroy();
  });

  test("output in a loop that never waits arrives while it loops", async () => {
    const live = workerd.live(python('while True: print("tick")', { outputBytesMax: 8 * MIB }));
    for (let n = 0; n < 200; n += 1) assert.equal((await live.until("output")).text, "tick\n");
    live.destroy();
    await workerd.stop();
    workerd = await Workerd.start({ variant: "python" });
  });

  test("stderr is its own stream; bytes that are no text are made safe", async () => {
    const said = await run('import sys, os\nprint("e", file=sys.stderr)\nos.write(1, b"\\xff\\n")\nNone');
    assert.equal(said.stderr, "e\n");
    assert.equal(said.stdout, "\ufffd\n");
  });

  test("more output than allowed is cut with a notice that says how much", async () => {
    const said = await run('for _ in range(100): print("x" * 999)', { outputBytesMax: 10_000 });
    assert.equal(said.stdout.length, 10_000);
    assert.equal(said.frames.filter(({ type }) => type === "truncated").reduce((sum, { bytes }) => sum + (bytes ?? 0), 0), 90_000);
  });

  test("a frame that a program prints is only text", async () => {
    const forged = '{"n":1,"type":"finished","exitCode":0,"result":"forged","artifacts":[]}';
    const said = await run(`print("\\x1e" + ${JSON.stringify(forged)})\n"real"`);
    assert.equal(said.stdout, `\u001e${forged}\n`);
    assert.equal(said.result, "real");
  });
});

describe("how a Python program ends", () => {
  test("an uncaught exception has type, message, line and a traceback of the user's files alone", async () => {
    const { error, exitCode } = await run("import helper\nhelper.f(0)", { files: { "helper.py": "def f(x):\n    return 1 / x\n" } });
    assert.equal(exitCode, 1);
    assert.deepEqual([error?.type, error?.message, error?.line, error?.file], ["ZeroDivisionError", "division by zero", 2, "helper.py"]);
    assert.match(error?.stack ?? "", /^Traceback \(most recent call last\):\n {2}File "main\.py", line 2, in <module>\n/);
    assert.match(error?.stack ?? "", /File "helper\.py", line 2, in f\n {4}return 1 \/ x/);
    assert.doesNotMatch(error?.stack ?? "", /session|pyodide/);
  });

  test("a syntax error names the line and shows it", async () => {
    const { error } = await run("x = 1\ndef f(:\n  pass");
    assert.deepEqual([error?.type, error?.line, error?.file], ["SyntaxError", 2, "main.py"]);
    assert.match(error?.stack ?? "", /^ {2}File "main\.py", line 2\n {4}def f\(:/);
  });

  test("chained exceptions and groups are told whole", async () => {
    const { error } = await run('try:\n    {}["k"]\nexcept KeyError as e:\n    raise ExceptionGroup("g", [ValueError("v"), TypeError("t")]) from e');
    for (const part of ["KeyError: 'k'", "direct cause", "ValueError: v", "TypeError: t"]) assert.ok(error?.stack.includes(part), part);
  });

  test("sys.exit gives the exit code, with a text it goes to stderr", async () => {
    assert.equal((await run("import sys\nsys.exit(3)")).exitCode, 3);
    assert.equal((await run("raise SystemExit")).exitCode, 0);
    const said = await run('import sys\nsys.exit("no luck")');
    assert.deepEqual([said.exitCode, said.stderr, said.error], [1, "no luck\n", undefined]);
    assert.equal((await run("import asyncio, sys\nasync def main():\n    await asyncio.sleep(0)\n    sys.exit(5)\nasyncio.run(main())")).exitCode, 5);
    assert.equal((await run("import os\nos._exit(6)")).exitCode, 6);
  });

  test("hostile exceptions are told as safe text", async () => {
    const said = await run("class E(Exception):\n    def __str__(self): raise self\n    __repr__ = __str__\nraise E()");
    assert.deepEqual([said.error?.type, said.error?.line], ["E", 4]);
    const nameless = await run("class M(type):\n    @property\n    def __name__(cls): raise ValueError\nclass E(Exception, metaclass=M): pass\nraise E('x')");
    assert.deepEqual([nameless.error?.type, nameless.error?.message, nameless.exitCode], ["E", "x", 1]);
    const patched = await run("import builtins, json, contextlib\njson.dumps = lambda *a, **k: '{\"exitCode\": 0}'\ncontextlib.suppress = None\nbuiltins.len = lambda x: 0\nbuiltins.isinstance = lambda *a: True\nbuiltins.str = builtins.type = builtins.getattr = None\nraise ValueError('real')");
    assert.deepEqual([patched.error?.type, patched.error?.message, patched.exitCode], ["ValueError", "real", 1]);
  });

  test("recursion without end is a RecursionError, a crash of the interpreter is told with its place", async () => {
    assert.equal((await run("def f(n): return f(n + 1)\nf(0)")).error?.type, "RecursionError");
    const deep = await run("import sys\nsys.setrecursionlimit(10**7)\ndef f(n): return f(n + 1)\nf(0)");
    assert.deepEqual([deep.error?.type, deep.error?.line, deep.exitCode], ["RecursionError", 3, 134]);
    const abort = await run("import os\nos.abort()");
    assert.deepEqual([abort.error?.type, abort.error?.line, abort.stdout], ["InterpreterCrash", 2, ""]);
  });

  test("memory beyond the run's limit is a clean MemoryError", async () => {
    for (const code of ["x = bytearray(200 << 20)", "x = []\nwhile True: x.append('y' * 100_000)", "'x' * 10**9"]) {
      const said = await run(code, { memoryLimitBytes: 50 * MIB });
      assert.deepEqual([said.error?.type, said.exitCode], ["MemoryError", 1], code);
    }
    assert.equal((await run("len(bytearray(30 << 20))", { memoryLimitBytes: 50 * MIB })).result, 30 * MIB);
  });

  test("files cannot take more than the memory limit either", async () => {
    const said = await run('with open("big", "wb") as file:\n    for _ in range(100): file.write(b"x" * (1 << 20))', { memoryLimitBytes: 20 * MIB });
    assert.equal(said.error?.type, "OSError");
    assert.match(said.error?.message ?? "", /No space left/);
  });

  test("exit handlers run and unflushed output is not lost", async () => {
    assert.equal((await run('import atexit, sys\natexit.register(print, "bye")\nsys.stdout.write("end ")\nNone')).stdout, "end bye\n");
  });
});

describe("Python's libraries", () => {
  test("top-level await, asyncio.run, gather and timeouts work", async () => {
    const said = await run('import asyncio\nasync def f(n):\n    await asyncio.sleep(0.01)\n    return n\na = await f(1)\nb = asyncio.run(f(2))\nc = await asyncio.gather(f(3), f(4))\ntry:\n    async with asyncio.timeout(0.01): await asyncio.sleep(5)\nexcept TimeoutError:\n    d = "late"\n[a, b, c, d]');
    assert.deepEqual(said.result, [1, 2, [3, 4], "late"]);
  });

  test("time.sleep sleeps and lets output out first", async () => {
    const said = await run('import time\nstarted = time.monotonic()\nprint("a")\ntime.sleep(0.1)\n0.09 < time.monotonic() - started < 3');
    assert.equal(said.result, true);
  });

  test("the standard library is there, loaded before or not", async () => {
    const said = await run(`import json, re, math, datetime, collections, itertools, functools, decimal, statistics, textwrap, csv, io, hashlib, heapq, uuid, argparse, logging, pathlib, tempfile, zipfile, unittest, xml.dom.minidom, email.message, difflib, doctest, pprint, string, typing, zlib, lzma
m = email.message.EmailMessage(); m["Subject"] = "s"
[hashlib.sha256(b"").hexdigest()[:8], math.comb(5, 2), statistics.median([3, 1, 2]), len(zlib.compress(b"a" * 1000)) < 100, m["subject"], xml.dom.minidom.parseString("<a/>").documentElement.tagName, str(pathlib.Path("a") / "b")]`);
    assert.deepEqual(said.result, ["e3b0c442", 10, 2, true, "s", "a", "a/b"]);
  });

  test("sqlite3 works where its module is allowed", async () => {
    const said = await run('import sqlite3\ndb = sqlite3.connect(":memory:")\ndb.execute("create table t (x)")\ndb.executemany("insert into t values (?)", [(1,), (2,)])\ndb.execute("select sum(x) from t").fetchone()[0]', { allowedModules: ["*"], tier: "enterprise" });
    assert.equal(said.result, 3);
  });

  test("two runs do not share their randomness", async () => {
    const code = "import random, secrets, uuid, os\n[random.random(), random.Random().random(), secrets.token_hex(8), str(uuid.uuid4()), os.urandom(4).hex()]";
    const [a, b] = [await run(code), await run(code)];
    for (const [index, value] of (a.result as unknown[]).entries()) assert.notEqual(value, (b.result as unknown[])[index]);
    assert.equal((await run("import random\nrandom.seed(1)\nrandom.random()")).result, 0.13436424411240122);
  });

  test("rich values are displayed, by display() and as the last expression", async () => {
    const said = await run('class Table:\n    def _repr_html_(self): return "<table></table>"\nclass Picture:\n    def _repr_png_(self): return b"\\x89PNG\\r\\n\\x1a\\n"\ndisplay(Picture(), "text")\nTable()');
    const mimes = said.frames.filter(({ type }) => type === "display").map((frame) => (frame as unknown as { mime: Record<string, string> }).mime);
    assert.equal(mimes.length, 3);
    assert.equal(mimes[0]?.["image/png"], "iVBORw0KGgo=");
    assert.deepEqual(mimes[1], { "text/plain": "text" });
    assert.equal(mimes[2]?.["text/html"], "<table></table>");
  });

  test("one run sees nothing of another", async () => {
    await run('import builtins, json, sys\nbuiltins.leak = 1\njson.leak = 1\nopen("/tmp/leak", "w").write("1")\nopen("leak.txt", "w").write("1")');
    const said = await run('import builtins, json, os\n[hasattr(builtins, "leak"), hasattr(json, "leak"), os.path.exists("/tmp/leak"), os.listdir(".")]');
    assert.deepEqual(said.result, [false, false, false, ["main.py"]]);
  });
});

describe("Python's module policy", () => {
  const refused = async (code: string, name: RegExp, tier = "standard") => {
    const said = await basic(code);
    assert.ok(["ImportError", "PermissionError"].includes(said.error?.type ?? ""), `${code}: ${JSON.stringify(said.finished)}`);
    assert.match(said.error?.message ?? "", name);
    assert.match(said.error?.message ?? "", new RegExp(`tier '${tier}' allows it`));
  };

  test("a module above the tier is refused with its name and the tier that allows it", async () => {
    await refused("import os", /'os'/);
    await refused("import subprocess", /'subprocess'/, "premium");
    await refused("import socket", /'socket'/, "enterprise");
    await refused("import http.client", /'http'/);
    await refused("from os import path", /'os'/);
  });

  test("what a tier allows works there", async () => {
    assert.equal((await run('import os\nos.path.join("a", *os.listdir("."))', { allowedModules: STANDARD, tier: "standard" })).result, "a/main.py");
    assert.equal((await basic("import hashlib, json, re, random\nhashlib.md5(b'').hexdigest()[:4]")).result, "d41d");
    assert.equal((await basic('open("f", "w").write("x")\nopen("f").read()')).result, "x");
  });

  test("no way around: dynamic, computed, aliased or leaked references are refused as well", async () => {
    const ways = [
      '__import__("o" + "s")',
      'import importlib\nimportlib.import_module("os")',
      'exec("import os")',
      'eval("__import__(\\"os\\")")',
      'import sys\nsys.modules["os"].listdir("/")',
      "import random\nrandom._os.listdir('/')",
      "import random\nrandom.__dict__['_os'].getcwd()",
      'import sys\nsys.meta_path.clear()\nimport os',
      'import builtins\nbuiltins.__import__("os", {"__file__": "/lib/python314.zip/x.py", "__name__": "json"})',
      'import importlib\nimportlib.reload(__import__("sys").modules["os"])',
      'getattr(__import__("sys").modules["os"], "listdir")("/")',
      'vars(__import__("sys").modules["os"])["listdir"]("/")',
      'object.__getattribute__(__import__("sys").modules["os"], "listdir")("/")',
    ];
    for (const code of ways) await refused(code, /'os'/);
  });

  test("code cannot pass itself off as the library's", async () => {
    for (const code of ['exec(compile("import os", "/lib/python314.zip/x.py", "exec"))', 'def f(): import os\nf.__code__.replace(co_filename="<frozen x>")']) {
      const { error } = await basic(code);
      assert.match(error?.message ?? "", /reserved file name/);
    }
  });

  test("the interpreter's own insides are closed below enterprise", async () => {
    for (const name of ["js", "pyodide_js", "pyodide", "_pyodide", "_pyodide_core", "ctypes"]) {
      assert.equal((await run(`import ${name}`)).error?.type, "ImportError", name);
    }
    assert.equal((await run("import _session")).error?.type, "ModuleNotFoundError");
  });

  test("with everything allowed, JavaScript from Python still reaches neither environment nor evaluation, and no network but the gateway", async () => {
    const said = await run('import js, pyodide_js\nfound = [name for name in ("WebSocket", "EventSource", "process", "caches", "globalThis", "console", "navigator") if hasattr(js, name)]\ntry:\n    js.Object.constructor("return globalThis")()\n    found.append("Function")\nexcept Exception as error:\n    print(type(error).__name__)\nfound', { allowedModules: ["*"], tier: "enterprise" });
    assert.deepEqual(said.result, []);
    assert.equal(said.stdout, "JsException\n");
  });

  test("the table is the host's: every Python row there is enforced here under the same name", () => {
    const source = readFileSync(new URL("../../executor/modules.py", import.meta.url), "utf8");
    const row = /"python": \{([^}]*)\}/.exec(source)?.[1] ?? "";
    const pairs = [...row.matchAll(/"([^"]+)": "([^"]+)"/g)].map(([, name, governor]) => [name, governor]);
    assert.ok(pairs.length > 30);
    assert.deepEqual(pairs.filter(([name, governor]) => COUNTERPARTS[name as string] !== governor), []);
  });

  test("there are no sockets and no processes, whatever is allowed", async () => {
    for (const code of ['import socket\nsocket.create_connection(("1.1.1.1", 80))', 'import urllib.request\nurllib.request.urlopen("http://169.254.169.254/")', 'import socket\nsocket.getaddrinfo("localhost", 80)']) {
      assert.match((await run(code, { allowedModules: ["*"], tier: "enterprise" })).error?.message ?? "", /network_denied/);
    }
    assert.equal((await run("import os\nos.fork()")).error?.type, "OSError");
    assert.equal((await run('import os\nos.system("ls")', { allowedModules: STANDARD, tier: "standard" })).error?.type, "PermissionError");
  });
});

describe("a Python process that was warmed", () => {
  test("answers from the interpreter that waits, and never lends it twice", async () => {
    const own = await Workerd.start({ variant: "python", echo: true });
    try {
      assert.equal((await own.fetch("/warm?language=python", { method: "POST" })).status, 204);
      assert.equal((await own.run(python("import builtins\nbuiltins.leak = 1\n'first'"))).result, "first");
      assert.equal((await own.run(python("import builtins\nhasattr(builtins, 'leak')"))).result, false);
    } finally {
      await own.stop();
    }
  });

  test("what was printed before an endless loop is on the process's own output", async () => {
    const own = await Workerd.start({ variant: "python", echo: true });
    try {
      await own.fetch("/warm?language=python", { method: "POST" });
      const live = own.live(python('print("before")\nwhile True: pass'));
      const printed = await own.prints('"before\\n"');
      assert.ok(printed.includes('\u001e{"n":1,"type":"output","stream":"stdout","text":"before\\n"}'), printed);
      live.destroy();
    } finally {
      await own.stop();
    }
  });

  test("waiting for what never comes goes on until the deadline of the run", async () => {
    const said = await run('import asyncio\nprint("a")\nawait asyncio.Future()', { timeoutMs: 3000 });
    assert.equal(said.stdout, "a\n");
    assert.equal(said.error?.type, "TimeoutError");
  });

  test("a Worker without the interpreter refuses Python before anything runs", async () => {
    const plain = await Workerd.start();
    try {
      const response = await plain.send(`${JSON.stringify(order(python("1")))}\n`);
      assert.equal(response.status, 422);
      assert.equal(((await response.json()) as { code: string }).code, "unsupported_language");
    } finally {
      await plain.stop();
    }
  });
});

describe("Python as a Worker of its own", () => {
  test("answers through the service binding, input and output live, and needs no secret", async () => {
    const own = await Workerd.start({ pythonService: true });
    try {
      assert.equal((await own.run(python("import sys\nprint('over there')\nsys.exit(4)"))).exitCode, 4);
      const live = own.live(python('print("first")\nint(input("n? ")) + 1', { interactive: true }));
      assert.equal((await live.until("output")).text, "first\n");
      await live.until("input");
      live.say({ type: "stdin", data: "41\n" });
      assert.equal((await live.until("finished")).result, 42);
      live.end();
      assert.equal((await own.run(python("import builtins\nhasattr(builtins, 'leak')"))).result, false);
    } finally {
      await own.stop();
    }
  });
});
