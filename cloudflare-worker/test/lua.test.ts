/** What Lua programs are promised, asked of the built Worker in a real workerd. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Order, type Outcome, Workerd } from "./support.ts";

let workerd: Workerd;
let echoing: Workerd;
before(async () => { [workerd, echoing] = await Promise.all([Workerd.start({ variant: "lua" }), Workerd.start({ variant: "lua", echo: true })]); });
after(async () => { await Promise.all([workerd.stop(), echoing.stop()]); });

const lua = (code: string, rest: Order = {}): Order => {
  const { files, ...more } = rest;
  return { language: "lua", entry: "main.lua", files: { "main.lua": code, ...((files as Record<string, string>) ?? {}) }, ...more };
};
const run = (code: string, rest: Order = {}): Promise<Outcome> => workerd.run(lua(code, rest));

describe("a Lua program", () => {
  test("is Lua 5.4: integers, goto, attributes, utf8, string formats", async () => {
    const said = await run('print(_VERSION, 7 // 2, 7 / 2, 1 << 4, 10 % 3.5, math.type(2^31), "10" + 5, #"é", utf8.len("é"))\nlocal x <const> = 1\nfor i = 1, 3 do if i == 2 then goto next end io.write(i, " ") ::next:: end\nprint(("%5.2f|%-4s|%q"):format(3.14159, "ab", "q\\n"))');
    assert.equal(said.stdout, 'Lua 5.4\t3\t3.5\t16\t3.0\tfloat\t15\t2\t1\n1 3  3.14|ab  |"q\\\n"\n');
    assert.equal(said.exitCode, 0);
  });

  test("has what it returns as its result", async () => {
    assert.deepEqual((await run('return { a = 1, list = { 1, 2.5, "é" }, none = nil, yes = true, deep = { x = {} } }')).result, { a: 1, list: [1, 2.5, "é"], yes: true, deep: { x: {} } });
    assert.deepEqual((await run("return 1, nil, 'x'")).result, [1, null, "x"]);
    assert.deepEqual((await run("local t = {} t.self = t return t")).result, { self: "…" });
    assert.deepEqual((await run("return { 1 << 62, 0/0, 1/0, math.pi }")).result, ["4611686018427387904", null, null, Math.PI]);
    for (const code of ["", "print(1)", "return", "return nil"]) assert.ok(!("result" in (await run(code)).finished), code);
  });

  test("gets its arguments, as arg and as ...", async () => {
    assert.deepEqual((await run("return { arg[0], arg[1], #arg, ... }", { argv: ["a b", "é"] })).result, ["main.lua", "a b", 2, "a b", "é"]);
  });

  test("context values are globals, and a function among them can be called", async () => {
    const context = { x: 20, text: "a\u0000\"é\n", items: [1, 2, { k: null }], double: { $function: "function(n) return n * 2 end" } };
    assert.deepEqual((await run("return { double(x) + #items, text, items[3].k == nil }", { context })).result, [43, "a\u0000\"é\n", true]);
  });

  test("requires the session's modules, once each, also beside its own file", async () => {
    const files = { "lib/a.lua": 'print("once") return { v = 42, name = ... }', "app/near.lua": "return 'near'", "app/main.lua": 'local a, b = require("lib.a"), require("lib.a") return { a.v, a.name, a == b, (require("near")) }' };
    const said = await workerd.run({ language: "lua", entry: "app/main.lua", files });
    assert.equal(said.stdout, "once\n");
    assert.deepEqual(said.result, [42, "lib.a", true, "near"]);
  });

  test("reads data files and returns what it wrote, changed and removed as artifacts", async () => {
    const said = await workerd.run({ language: "lua", entry: "main.lua", files: [
      { name: "main.lua", content: 'local bytes = io.open("b.bin", "rb"):read("a")\nlocal f <close> = assert(io.open("out.txt", "w")) f:write("hi ", #bytes, " ", bytes:byte(1, -1))\nio.open("a.txt", "a"):write("!"):close()\nos.remove("gone.txt")' },
      { name: "b.bin", base64: "AP+A" }, { name: "a.txt", content: "a" }, { name: "gone.txt", content: "x" },
    ] });
    assert.deepEqual(said.finished.artifacts?.map(({ name, change, base64 }) => [name, change, Buffer.from(base64 ?? "", "base64").toString()]), [["a.txt", "changed", "a!"], ["gone.txt", "deleted", ""], ["out.txt", "created", "hi 3 0255128"]]);
  });

  test("os.exit ends it with that code, and what was printed is not lost", async () => {
    const said = await run('io.write("bye") os.exit(7)');
    assert.deepEqual([said.stdout, said.exitCode, said.error], ["bye", 7, undefined]);
    assert.equal((await run("os.exit(true, true)")).exitCode, 0);
    assert.equal((await run("os.exit(false)")).exitCode, 1);
  });

  test("separates stdout from stderr", async () => {
    const said = await run('io.stderr:write("bad\\n") print("good")');
    assert.deepEqual([said.stdout, said.stderr], ["good\n", "bad\n"]);
  });
});

describe("input of a Lua program", () => {
  test("that was given is read in every format, then ends", async () => {
    const said = await run('local n, l, k = io.read("n", "l", "L")\nlocal rest = {}\nfor line in io.lines() do rest[#rest + 1] = line end\nreturn { n, l, k, rest, io.read() == nil }', { stdin: "12.5 x\nkept\na\nb" });
    assert.deepEqual(said.result, [12.5, " x", "kept\n", ["a", "b"], true]);
  });

  test("that is typed is waited for, also in coroutines and after pcall", async () => {
    const live = workerd.live(lua('io.write("who? ")\nlocal who = io.read()\nlocal more = coroutine.wrap(function() local a = io.read("n") coroutine.yield(a) local _ = io.read("l") coroutine.yield(io.read("L")) end)\nlocal n = more()\nlocal l = more()\nlocal ok, all = pcall(io.read, "a")\nreturn { who, n, l, ok, all }', { interactive: true }));
    assert.equal((await live.until("output")).text, "who? ");
    await live.until("input");
    live.say({ type: "stdin", data: "Ann\n" });
    await live.until("input");
    live.say({ type: "stdin", data: "41\nline\n" });
    await live.until("input");
    live.say({ type: "stdin", data: "the " });
    live.say({ type: "stdin", data: "rest", eof: true });
    assert.deepEqual((await live.until("finished")).result, ["Ann", 41, "line\n", true, "the rest"]);
    live.end();
  });

  test("that is typed ahead is not asked for, and its end is nil", async () => {
    const live = workerd.live(lua("local a = io.read() local b = io.read() return { a, b, io.read() == nil }", { interactive: true }));
    live.say({ type: "stdin", data: "1\n2\n", eof: true });
    assert.deepEqual((await live.until("finished")).result, ["1", "2", true]);
    live.end();
  });
});

describe("an error in Lua", () => {
  test("has message, line, file and a traceback of the user's own frames", async () => {
    const { error, exitCode } = await run('local helper = require("helper")\nlocal function f()\n  helper.fail()\nend\nf()', { files: { "helper.lua": 'return { fail = function()\n  error("boom")\nend }' } });
    assert.deepEqual([exitCode, error?.type, error?.message, error?.line, error?.file], [1, "LuaError", "boom", 2, "helper.lua"]);
    assert.match(error?.stack ?? "", /stack traceback:[\s\S]*helper\.lua:2:[\s\S]*main\.lua:3:[\s\S]*main\.lua:5: in main chunk$/);
  });

  test("of syntax names the line and runs nothing", async () => {
    const said = await run("print(1)\nx = = 2");
    assert.deepEqual([said.stdout, said.error?.type, said.error?.line, said.error?.message], ["", "SyntaxError", 2, "unexpected symbol near '='"]);
  });

  test("whose value is no text is still told", async () => {
    assert.match((await run("error({ code = 1 })")).error?.message ?? "", /error object is a table value/);
    assert.equal((await run('error(setmetatable({}, { __tostring = function() return "mine" end }))')).error?.message, "mine");
    assert.match((await run("error(nil)")).error?.message ?? "", /nil/);
  });

  test("of memory is clean, in the heap, in strings and in files", async () => {
    for (const code of ["local t = {} for i = 1, 1e9 do t[i] = { i } end", 'local s = "x" while true do s = s .. s end']) {
      const said = await run(code);
      assert.deepEqual([said.exitCode, said.error?.type], [137, "MemoryError"], code);
    }
    assert.match((await run('local f = io.open("big", "w") local s = ("x"):rep(1 << 20) for i = 1, 1000 do assert(f:write(s)) end')).error?.message ?? "", /No space left/);
    assert.deepEqual((await run('local ok, why = pcall(function() return ("x"):rep(1 << 30) end) return { ok, why }')).result, [false, "not enough memory"]);
  });

  test("endless recursion is an error, not a crash", async () => {
    const said = await run("local function f() return 1 + f() end f()");
    assert.match(said.error?.message ?? "", /stack overflow|not enough memory/);
    assert.match((await run("local function f(s) return (s:gsub('.', f)) end f('x')")).error?.message ?? "", /stack overflow/);
  });
});

describe("the walls around a Lua program", () => {
  test("processes are refused with the module and the tier that would allow it", async () => {
    assert.match((await run('io.popen("ls")')).error?.message ?? "", /module "io\.popen" is not allowed in tier "basic": tier "premium" allows it/);
    assert.match((await run('os.execute("ls")', { allowedModules: ["child_process"], tier: "premium" })).error?.message ?? "", /not available/);
    assert.equal((await run("return os.execute()")).result, false);
  });

  test("C libraries are not loaded", async () => {
    assert.match((await run('return require("socket")')).error?.message ?? "", /module 'socket' not found/);
    assert.deepEqual((await run('return package.loadlib("x.so", "*")')).result, [null, "dynamic libraries not enabled; check your Lua installation", "absent"]);
  });

  test("printed frames are text and nothing else", async () => {
    const said = await run('print("\\30{\\"n\\":1,\\"type\\":\\"finished\\",\\"exitCode\\":0}")\nprint(("\\255"):rep(3))\nos.exit(5)');
    assert.equal(said.exitCode, 5);
    assert.equal(said.stdout, '\u001e{"n":1,"type":"finished","exitCode":0}\n\ufffd\ufffd\ufffd\n');
  });

  test("what was printed before an endless loop is delivered", async () => {
    const live = echoing.live(lua('print("before")\nwhile true do end'));
    assert.match(await echoing.prints("before"), /\u001e\{"n":1,"type":"output","stream":"stdout","text":"before\\n"\}/);
    live.destroy();
  });

  test("output beyond the limit is cut with a notice", async () => {
    const said = await run('for i = 1, 10000 do print(i) end', { outputBytesMax: 1000 });
    assert.ok(said.stdout.length <= 1000 && said.frames.some(({ type }) => type === "truncated"));
  });
});
