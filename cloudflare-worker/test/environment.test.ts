/** Promises about environments: what a program leaves comes out of one process and goes on in another. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Order, type Outcome, Workerd } from "./support.ts";

interface Kept {
  variables: { name: string; type: string; repr: string }[];
  files: { name: string; size: number }[];
}
type Step = Outcome & { kept: Kept | undefined; stateBytes: number };
const LIMITS = { bytesMax: 32 * 1024 * 1024, filesMax: 100 };

/** A session's runs in one language: each has an isolate of its own, so that nothing but the state goes from one to the next. */
export class Session {
  state: string | undefined;
  readonly #workerd: Workerd;
  readonly #language: string;
  readonly #entry: string;
  constructor(workerd: Workerd, language: string, entry: string) {
    this.#workerd = workerd;
    this.#language = language;
    this.#entry = entry;
  }

  /** @param more.warm in another process, whose interpreter was booted before */
  async run(code: string, { files = {}, warm = false, limits = LIMITS, ...more }: { files?: Record<string, string>; warm?: boolean; limits?: typeof LIMITS } & Order = {}): Promise<Step> {
    const workerd = warm ? await Workerd.start({ variant: this.#language }) : this.#workerd;
    try {
      if (warm) assert.equal((await workerd.fetch(`/warm?language=${this.#language}`, { method: "POST" })).status, 204);
      const environment = this.state === undefined ? limits : { ...limits, state: this.state };
      const outcome = await workerd.run({ language: this.#language, entry: this.#entry, files: { [this.#entry]: code, ...(files as Record<string, string>) }, allowedModules: ["*"], tier: "enterprise", environment, ...more });
      const pieces = outcome.frames.filter((frame) => (frame.type as string) === "state").map((frame) => (frame as unknown as { base64: string }).base64);
      if (pieces.length > 0) this.state = pieces.join("");
      return { ...outcome, kept: (outcome.finished as unknown as { kept?: Kept }).kept, stateBytes: (pieces.join("").length * 3) / 4 };
    } finally {
      if (warm) await workerd.stop();
    }
  }

  async good(code: string, more: Parameters<Session["run"]>[1] = {}): Promise<Step> {
    const step = await this.run(code, more);
    assert.equal(step.error, undefined, step.error?.stack ?? "");
    assert.equal(step.exitCode, 0, step.stderr);
    assert.ok(step.kept, `nothing was kept: ${step.stderr}`);
    return step;
  }
}

describe("Python keeps its whole memory", () => {
  let workerd: Workerd;
  before(async () => { workerd = await Workerd.start({ variant: "python" }); });
  after(() => workerd.stop());

  test("functions, classes, modules, caches, generators, databases and streams go on, warm or cold", async () => {
    const session = new Session(workerd, "python", "main.py");
    const first = await session.good([
      "import functools, math as m, random, sqlite3, sys", "random.seed(7)", "x = 41",
      "class Box:", "  def __init__(self): self.items = [x]", "  def more(self): self.items.append(x); return self.items",
      "@functools.lru_cache", "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)", "fib(30)",
      "def counter():", "  n = 0", "  def up():", "    nonlocal n; n += 1; return n", "  return up", "up = counter(); up()",
      "squares = (i * i for i in range(9)); next(squares)", "box = Box()", "out = sys.stdout", "left = open('left.txt', 'w'); left.write('open')",
      "db = sqlite3.connect(':memory:'); db.execute('create table t (a)'); _ = db.execute('insert into t values (5)')",
    ].join("\n"));
    assert.deepEqual(first.kept?.variables.find(({ name }) => name === "x"), { name: "x", type: "int", repr: "41" });
    assert.ok(first.stateBytes < 4 * 1024 * 1024, `${first.stateBytes}`);
    const second = await session.good("x += 1; print('said', file=out); [box.more(), fib.cache_info().misses, up(), next(squares), m.floor(2.5), db.execute('select a from t').fetchall(), random.random(), left.closed, open('left.txt').read()]", { warm: true });
    assert.deepEqual(second.result, [[41, 42], 31, 2, 1, 2, [[5]], 0.32383276483316237, true, "open"]);
    assert.equal(second.stdout, "said\n");
    assert.deepEqual((await session.good("[next(squares), up(), input()]", { stdin: "typed\n" })).result, [4, 3, "typed"]);
  });

  test("waiting, printing, reading and commands go on between interpreters that were booted before and those that were not", async () => {
    const session = new Session(workerd, "python", "main.py");
    const code = "import asyncio, subprocess\nn = globals().get('n', 0) + 1\nasync def a(): await asyncio.sleep(0.001); return n\nprint(asyncio.run(a()), await a(), subprocess.run(['echo', 'said'], capture_output=True, text=True).stdout.strip(), input())";
    for (const [at, warm] of [false, true, true, false].entries()) {
      assert.equal((await session.good(code, { warm, stdin: "typed\n" })).stdout, `${at + 1} ${at + 1} said typed\n`);
    }
  });

  test("files of the program stay, a session file that was edited since is what the session says", async () => {
    const session = new Session(workerd, "python", "main.py");
    const files = { "data.txt": "given", "lib.py": "value = 1" };
    const first = await session.good("import lib\nopen('made.txt', 'w').write('m'); open('data.txt', 'a').write('+')\nopen('lib.py').read()", { files });
    assert.deepEqual(first.kept?.files.map(({ name }) => name).sort(), ["data.txt", "made.txt"]);
    const read = "import lib\n[open(n).read() for n in ('data.txt', 'made.txt')] + [lib.value]";
    assert.deepEqual((await session.good(read, { files })).result, ["given+", "m", 1]);
    assert.deepEqual((await session.good(read, { files: { "data.txt": "edited", "lib.py": "value = 2" } })).result, ["edited", "m", 2]);
  });

  test("what fails or is too large is not kept, and the run's own modules and limits hold anew", async () => {
    const session = new Session(workerd, "python", "main.py");
    await session.good("import os\nx = 1");
    const kept = session.state;
    assert.equal((await session.run("x = 2\n1 / 0")).kept, undefined);
    assert.equal((await session.run("x = 2\nraise SystemExit(3)")).kept, undefined);
    const large = await session.run("x = 2\nbig = os.urandom(3_000_000)", { limits: { bytesMax: 2_000_000, filesMax: 1 } });
    assert.match(large.stderr, /not kept: it takes more than the 2000000 bytes/);
    const many = await session.run("for n in 'ab': open(n, 'w').close()", { limits: { ...LIMITS, filesMax: 1 } });
    assert.match(many.stderr, /2 files/);
    assert.equal(session.state, kept);
    assert.equal((await session.good("x")).result, 1);
    const denied = await session.run("os.listdir('.')", { allowedModules: ["path"], tier: "basic" });
    assert.match(denied.error?.message ?? "", /'os' is not allowed in tier 'basic'/);
    assert.deepEqual((await session.good("os.listdir('.')")).result, ["main.py"]);
    const full = await session.run("y = bytearray(80_000_000)");
    assert.equal(full.error?.type, "MemoryError");
  });

  test("a state that cannot be one, or is another build's, is a fresh environment with a notice", async () => {
    const session = new Session(workerd, "python", "main.py");
    await session.good("x = 1");
    const bytes = Buffer.from(session.state as string, "base64");
    const build = bytes.indexOf('"build":"') + 9;
    bytes[build] = "~".charCodeAt(0);
    session.state = bytes.toString("base64");
    const other = await session.run("x = globals().get('x')\nx");
    assert.match(other.stderr, /another version of the interpreter/);
    assert.equal(other.result, undefined);
    for (const nonsense of ["AAAA", "%%%"]) {
      session.state = nonsense;
      const step = await session.run("2 + 2");
      assert.equal(step.result, 4, nonsense);
      assert.match(step.stderr, /begins anew/);
    }
  });
});

const named = (step: Step) => Object.fromEntries((step.kept?.variables ?? []).map(({ name, repr }) => [name, repr]));

describe("Ruby keeps its whole memory", () => {
  let workerd: Workerd;
  before(async () => { workerd = await Workerd.start({ variant: "ruby" }); });
  after(() => workerd.stop());

  test("variables, blocks over them, classes, methods, enumerators and files go on; the session's edited files are required anew", async () => {
    const session = new Session(workerd, "ruby", "main.rb");
    const files = { "lib.rb": "VALUE = 1 unless defined?(VALUE)\ndef lib = 1" };
    const first = await session.good("require_relative 'lib'\nx = 41\ninc = -> { x += 1 }\nclass Box\n  attr_reader :v\n  def initialize(v) = @v = v\nend\nbox = Box.new([x])\ndef up(n) = n + 1\ne = [1, 2, 3].each\ne.next\n$g = :kept\nFile.open('a.txt', 'w').write('open')", { files });
    assert.deepEqual([named(first).x, named(first).Box, named(first)["up()"]], ["41", "class Box", "def up"]);
    assert.ok(first.stateBytes < 2 * 1024 * 1024, `${first.stateBytes}`);
    assert.deepEqual((await session.good("inc.call\n[x, box.v, up(1), e.next, $g, File.read('a.txt'), lib]", { files, warm: true })).result, [42, [41], 2, 2, "kept", "open", 1]);
    assert.deepEqual((await session.good("require_relative 'lib'\n[inc.call, e.next, lib, rand != rand]", { files: { "lib.rb": "def lib = 2" } })).result, [43, 3, 2, true]);
    assert.equal((await session.run("x = 0\nraise 'no'")).kept, undefined);
    assert.equal((await session.good("x += 1\nreturn if x > 1\nx = 0")).result, undefined);
    assert.equal((await session.good("x")).result, 44);
  });
});

describe("Lua keeps its globals", () => {
  let workerd: Workerd;
  before(async () => { workerd = await Workerd.start({ variant: "lua" }); });
  after(() => workerd.stop());

  test("tables, functions, coroutines and modules go on, with and without somebody who types", async () => {
    const session = new Session(workerd, "lua", "main.lua");
    const files = { "lib.lua": "return { n = 7 }" };
    const first = await session.good("lib = require('lib'); x = 41; function up() x = x + 1; return x end\nt = { 1, 2 }; t.t = t; co = coroutine.wrap(function() for i = 1, 9 do coroutine.yield(i) end end); co()", { files });
    assert.deepEqual(named(first), { co: "function", lib: "table of 1 entry", t: "table of 3 entries", up: "function", x: "41" });
    assert.deepEqual((await session.good("return up(), #t.t, co(), lib.n, io.read('l')", { files, stdin: "typed\n", warm: true })).result, [42, 2, 2, 7, "typed"]);
    assert.deepEqual((await session.good("io.open('a.txt', 'w'):write('kept'):close(); return up()")).result, 43);
    assert.equal((await session.run("x = 0; error('no')")).kept, undefined);
    assert.deepEqual((await session.good("return x, io.open('a.txt'):read('a'), io.read('l')", { stdin: "again\n" })).result, [43, "kept", "again"]);
  });
});

describe("SQL keeps its database", () => {
  let workerd: Workerd;
  before(async () => { workerd = await Workerd.start({ variant: "sql" }); });
  after(() => workerd.stop());

  test("tables and what was committed go on, with how rows are shown; what failed does not", async () => {
    const session = new Session(workerd, "sql", "main.sql");
    const first = await session.good("create table t(a, b text);\ninsert into t values (1, 'x');\n.headers on\n.mode csv");
    assert.deepEqual(first.kept, { variables: [{ name: "t", type: "table", repr: "(a, b)" }], files: [] });
    assert.equal((await session.good("select * from t;", { warm: true })).stdout, "a,b\n1,x\n".replaceAll("\n", "\r\n"));
    assert.equal((await session.run("insert into t values (2, 'y');\nselect * from nowhere;")).kept, undefined);
    await session.good("insert into t values (3, 'z');\nbegin;\ninsert into t values (4, 'lost');");
    assert.deepEqual((await session.good("select a from t;")).result, [{ a: 1 }, { a: 3 }]);
  });
});

describe("JavaScript and TypeScript keep their names", () => {
  let workerd: Workerd;
  before(async () => { workerd = await Workerd.start(); });
  after(() => workerd.stop());

  test("commands run where the module was named in a run before", async () => {
    const session = new Session(workerd, "javascript", "main.js");
    assert.equal((await session.good("const cp = require('child_process'); return String(cp.execSync('echo kept > a.txt; cat a.txt'))")).result, "kept\n");
    assert.equal((await session.good("return String(cp.execSync('cat a.txt'))")).result, "kept\n");
  });

  test("values with their shape and cycles, functions, classes with their instances, modules and files go on", async () => {
    const session = new Session(workerd, "javascript", "main.js");
    const files = { "lib.js": "exports.two = () => 2;" };
    const first = await session.good([
      "import { join } from 'node:path'; import fs from 'node:fs';", "let x = 41, y; const add = (a, b) => a + b; // said",
      "function up() {", "  // comment", "  x += 1; return x;", "}",
      "class Animal { static count = 0; constructor(n) { this.n = n; Animal.count++; } say() { return `${this.n}!`; } }",
      "class Dog extends Animal { say() { return 'dog ' + super.say(); } }", "const d = new Dog('rex');",
      "const all = { map: new Map([[d, new Set([1])]]), list: [1, , 3], big: 10n, at: new Date(0), re: /x/gi, nan: NaN, zero: -0, u: undefined, bytes: new Uint8Array([1, 2]), error: new TypeError('bad'), f: add, twice() { return this.big * 2n; } };",
      "all.me = all; globalThis.loose = [d]; fs.writeFileSync('a.txt', 'kept');",
    ].join("\n"), { files });
    assert.deepEqual([named(first).x, named(first).Animal, named(first).y], ["41", "[class Animal] { count: 1 }", "undefined"]);
    const second = await session.good([
      "const lib = require('./lib'), util = require('util');",
      "return [up(), x, add(1, 2), add.name, d.say(), Animal.count, all.map.get(d).has(1), 1 in all.list, `${all.big}`, all.at.getTime(), all.re.flags, Object.is(all.zero, -0), 'u' in all, all.bytes[1], all.error.message, all.error instanceof TypeError, all.f === add, `${all.twice()}`, all.me === all, loose[0] === d, join('a', 'b'), fs.readFileSync('a.txt', 'utf8'), lib.two()];",
    ].join("\n"), { files });
    assert.deepEqual(second.result, [42, 42, 3, "add", "dog rex!", 1, true, false, "10", 0, "gi", true, true, 2, "bad", true, true, "20", true, true, "a/b", "kept", 2]);
    const third = await session.good("x = 1; const add = () => 'new'; class Cat extends Animal {}\nvar y = (y ?? 0) + 1; return [up(), all.f(1, 2), add(), new Cat('tom').say(), Animal.count, y, lib.two(), util.inspect(1)]", { files: { "lib.js": "exports.two = () => 3;" } });
    assert.deepEqual(third.result, [2, 3, "new", "tom!", 2, 1, 3, "1"]);
    const failed = await session.run("up();\nnull.x");
    assert.deepEqual([failed.kept, failed.error?.line], [undefined, 2]);
    assert.deepEqual((await session.good("return [x, y, new Cat('a').say()]", { files })).result, [2, 1, "a!"]);
  });

  test("what cannot be kept is named, and is missed by nobody else", async () => {
    const session = new Session(workerd, "javascript", "main.js");
    const first = await session.good("function counter() { let n = 0; return () => ++n; }\nconst next = counter(), waits = Promise.resolve(1), ok = { deep: [1] }; class Safe { #key = 1; }\nconst safe = new Safe(), both = { next };\nlet later; if (false) later = 1;");
    for (const [name, why] of [["next", "variables of a function that has ended"], ["waits", "Promise"], ["safe", "private fields"], ["both", "variables of a function"]]) assert.match(first.stderr, new RegExp(`${name} is not kept: .*${why}`));
    assert.deepEqual(Object.keys(named(first)).sort(), ["Safe", "counter", "later", "ok"]);
    assert.deepEqual((await session.good("const again = counter(); return [typeof next, ok.deep[0], again()]")).result, ["undefined", 1, 1]);
    session.state = Buffer.from(Buffer.from(session.state as string, "base64").toString("latin1").replace("let n = 0", "let n = }"), "latin1").toString("base64");
    assert.deepEqual((await session.run("return typeof ok")).result, "object");
  });

  test("kept code passes the same gates as the program's own", async () => {
    const session = new Session(workerd, "javascript", "main.js");
    await session.good("const fs = require('fs'); const read = async () => (await import('node:fs')).readdirSync('.'); return fs.readdirSync('.')");
    const denied = await session.run("return [typeof fs, await read().catch((error) => error.message)]", { allowedModules: ["path"], tier: "basic" });
    assert.match(denied.stderr, /fs is lost: module "fs" is not allowed in tier "basic"/);
    assert.match((denied.result as string[])[1] ?? "", /not allowed in tier "basic"/);
  });

  test("TypeScript goes on as well", async () => {
    const session = new Session(workerd, "typescript", "main.ts");
    await session.good("interface Point { x: number }\nconst p: Point = { x: 1 };\nconst move = (by: number): Point => ({ x: p.x + by });\nenum Color { Red, Green }");
    assert.deepEqual((await session.good("const q: { x: number } = move(2);\nreturn [q.x, Color[1]] as const;")).result, [3, "Green"]);
  });
});

describe("Shell keeps what a script set up", () => {
  let workerd: Workerd;
  before(async () => { workerd = await Workerd.start({ variant: "shell" }); });
  after(() => workerd.stop());

  test("variables with their attributes, functions, aliases, options, the folder and files go on; what failed does not", async () => {
    const session = new Session(workerd, "shell", "main.sh");
    const first = await session.good("x='a b'; declare -i n=5; list=(1 'two words'); list[7]=z; declare -A map=([k]=v); export E=out; f() { echo \"f $1 $x\"; }; shopt -s extglob expand_aliases; alias hi='echo alias'; set -o pipefail; mkdir d; cd d; echo data > file");
    assert.deepEqual(first.kept?.variables.map(({ name, type }) => `${name} ${type}`), ["x text", "n text", "list array", "map associative array", "E text", "OLDPWD text"]);
    assert.deepEqual(first.kept?.files.map(({ name }) => name), ["d/file"]);
    const second = await session.good("n+=2; echo \"$x $n ${list[1]} ${!list[*]} ${map[k]}\"; f arg; hi there; cat file; bash -c 'echo $E'; [[ aab == +(a)b ]] && echo glob; set -o | grep pipefail; echo ${PWD##*/}", { warm: true });
    assert.equal(second.stdout, "a b 7 two words 0 1 7 v\nf arg a b\nalias there\ndata\nout\nglob\npipefail       \ton\nd\n");
    assert.equal((await session.run("x=lost; exit 3")).kept, undefined);
    assert.equal((await session.good("echo $x")).stdout, "a b\n");
  });
});
