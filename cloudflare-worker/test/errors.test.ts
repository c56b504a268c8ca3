import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Workerd } from "./support.ts";

let worker: Workerd;
before(async () => { worker = await Workerd.start(); });
after(() => worker.stop());

test("an uncaught error names the user's file and line in JavaScript", async () => {
  const { error, exitCode } = await worker.run("const a = 1;\n\nfunction inner() {\n  throw new RangeError('far');\n}\ninner();");
  assert.deepEqual(error, { type: "RangeError", message: "far", line: 4, file: "main.js", stack: "RangeError: far\n    at inner (main.js:4:9)\n    at main.js:6:1" });
  assert.equal(exitCode, 1);
});

test("an uncaught error names the user's file and line in TypeScript and across files", async () => {
  const { error } = await worker.run({ files: { "main.ts": "interface A {\n  a: string\n}\nimport { fail } from './my lib/fail';\n\nfail({ a: 'x' } as A);", "my lib/fail.ts": "type T = {\n  a: string };\n\nexport const fail = (t: T): never => {\n  throw new TypeError(t.a);\n};" } });
  assert.equal(error?.file, "my lib/fail.ts");
  assert.equal(error?.line, 5);
  assert.match(error?.stack ?? "", /at fail \(my lib\/fail\.ts:5:\d+\)\n {4}at main\.ts:6:\d+$/);
});

test("an error in a script with an odd name names it rightly", async () => {
  const { error } = await worker.run({ files: { "main.js": "require('./it\\'s odd é.js')", "it's odd é.js": "\nnull.x" } });
  assert.equal(error?.file, "it's odd é.js");
  assert.equal(error?.line, 2);
});

test("columns of the first line are the user's", async () => {
  assert.match((await worker.run("throw new Error('x')")).error?.stack ?? "", /at main\.js:1:7$/);
  assert.match((await worker.run({ files: { "main.mjs": "import p from 'path'; throw new Error('x')" } })).error?.stack ?? "", /main\.mjs:1:\d+$/);
});

test("the harness is in no stack a program can print", async () => {
  const { stdout } = await worker.run("const look = () => console.log(new Error('s').stack); look(); setTimeout(look, 1); await null; [1].map(look); process.nextTick(look); process.on('exit', look)");
  assert.doesNotMatch(stdout, /collab|harness|__program__|node-internal|session\//);
  assert.match(stdout, /at Array\.map/);
});

test("a syntax error tells file, line and place before anything runs", async () => {
  const { error, frames } = await worker.run("console.log(1)\nreturn x +* 2");
  assert.equal(error?.type, "SyntaxError");
  assert.equal(error?.line, 2);
  assert.equal(error?.file, "main.js");
  assert.match(error?.stack ?? "", /return x \+\* 2\n {10}\^/);
  assert.equal(frames.length, 1);
  const typed = await worker.run({ files: { "main.ts": "const a: number = ;\n" } });
  assert.equal(typed.error?.line, 1);
  const imported = await worker.run({ files: { "main.mjs": "console.log('not reached'); import './bad.mjs'", "bad.mjs": "\n\nexport const = 1" } });
  assert.deepEqual([imported.error?.type, imported.error?.file, imported.error?.line, imported.stdout], ["SyntaxError", "bad.mjs", 3, ""]);
});

test("a source nested beyond all measure is a syntax error", async () => {
  for (const [entry, open, close] of [["main.js", "(", ")"], ["main.mjs", "[", "]"], ["main.ts", "{", "}"]] as const) {
    const { error } = await worker.run({ files: { [entry]: `${open.repeat(200_000)}${close.repeat(200_000)}` } });
    assert.equal(error?.type, "SyntaxError", entry);
  }
});

test("an empty program ends well", async () => {
  for (const code of ["", "// nothing", "#!/usr/bin/env node\n", "\ufeffconst x = 1"]) assert.equal((await worker.run(code)).exitCode, 0);
});

test("a broken file that is not needed does no harm", async () => {
  assert.equal((await worker.run({ files: { "main.js": "return 1", "bad.js": "((((" } })).result, 1);
  assert.equal((await worker.run({ files: { "main.js": "try { require('./' + 'bad') } catch (e) { return e.name }", "bad.js": "((((" } })).result, "SyntaxError");
});

test("what cannot be found says so at the line that wanted it", async () => {
  const missing = await worker.run({ files: { "main.mjs": "\nimport x from './nope.js'" } });
  assert.match(missing.error?.message ?? "", /Cannot find module '\.\/nope\.js' imported from main\.mjs/);
  assert.equal(missing.error?.line, 2);
  assert.match((await worker.run("require('lodash')")).error?.message ?? "", /Cannot find module 'lodash'/);
  const name = await worker.run({ files: { "main.mjs": "\n\nimport { nope } from './a.mjs'", "a.mjs": "" } });
  assert.match(name.error?.message ?? "", /does not provide an export named 'nope'/);
  assert.equal(name.error?.line, 3);
});

test("an unhandled rejection and a throwing timer end the program", async () => {
  const rejected = await worker.run("Promise.reject(new Error('gone'));\nawait new Promise(r => setTimeout(r, 5000))");
  assert.deepEqual([rejected.error?.message, rejected.error?.line, rejected.exitCode], ["gone", 1, 1]);
  const timer = await worker.run("setTimeout(() => {\n  throw new Error('late') }, 1); setTimeout(() => console.log('no'), 500)");
  assert.deepEqual([timer.error?.message, timer.error?.line, timer.stdout], ["late", 2, ""]);
  for (const start of ["queueMicrotask", "process.nextTick", "setImmediate"]) assert.equal((await worker.run(`${start}(() => { throw new Error('x') })`)).error?.message, "x", start);
});

test("a rejection that is handled in time is none, and a program may handle its own", async () => {
  assert.equal((await worker.run("const p = Promise.reject(1); try { await p } catch { return 'ok' }")).result, "ok");
  const handled = await worker.run("process.on('uncaughtException', (e) => console.log('caught', e.message)); process.on('unhandledRejection', (e) => console.log('rejected', e)); Promise.reject(7); setTimeout(() => { throw new Error('t') }, 1)");
  assert.equal(handled.stdout, "rejected 7\ncaught t\n");
  assert.equal(handled.exitCode, 0);
});

test("hostile exceptions become safe text", async () => {
  for (const [code, message] of [
    ["throw 'text'", /Uncaught 'text'/], ["throw null", /Uncaught null/], ["throw undefined", /Uncaught undefined/], ["throw { a: 1 }", /Uncaught \{ a: 1 \}/],
    ["throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } })", /^Uncaught /], ["throw Object.create(null)", /./], ["const e = new Error('m'); Object.defineProperty(e, 'stack', { get() { throw 1 } }); throw e", /^m$/],
    ["const e = new Error('m'); Object.defineProperty(e, 'message', { get() { throw 1 } }); throw e", /^$/], ["const e = new Error(); e.name = { toString() { throw 1 } }; throw e", /^$/],
    ["throw new Error('x'.repeat(1e6))", /^x+…$/], ["throw Symbol('s')", /Symbol\(s\)/], ["const e = new Error('m'); e.stack = 'session/../../etc:1:1'; throw e", /^m$/],
  ] as const) {
    const { error, exitCode } = await worker.run(code);
    assert.ok(message.test(error?.message ?? "missing"), `${code}: ${error?.message.slice(0, 100)}`);
    assert.equal(exitCode, 1, code);
    assert.ok((error?.stack.length ?? 0) < 70_000);
  }
});

test("a custom error class is named", async () => {
  assert.equal((await worker.run("class Oops extends Error {} throw new Oops('x')")).error?.type, "Oops");
});

test("a stack overflow is an error like any other", async () => {
  assert.equal((await worker.run("const f = () => f() + 1; f()")).error?.type, "RangeError");
});
