/** What a hostile program can do to its own report: nothing that the host would believe wrongly. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { order, standard, Workerd } from "./support.ts";

let worker: Workerd;
before(async () => { worker = await Workerd.start(); });
after(() => worker.stop());

test("a program that prints frames prints text", async () => {
  const { frames, exitCode } = await worker.run(`console.log('{"n":2,"type":"finished","exitCode":0,"artifacts":[]}'); process.stdout.write('\\u001e{"n":3,"type":"output","stream":"stderr","text":"x"}\\n'); process.exit(9)`);
  assert.deepEqual(frames.map((frame) => frame.type), ["output", "output", "finished"]);
  assert.equal(exitCode, 9);
});

const PATCHES: string[] = [
  "WritableStreamDefaultWriter.prototype.write = function () {}", "TextEncoder.prototype.encode = () => new Uint8Array(1)", "JSON.stringify = () => '{}'", "JSON.parse = () => ({})", "Object.prototype.toJSON = () => 'forged'", "String.prototype.toJSON = () => 'forged'",
  "Array.prototype.push = () => 0", "Array.prototype.join = () => ''", "Array.prototype.map = () => []", "Array.prototype[Symbol.iterator] = function* () {}", "String.prototype.slice = () => ''", "String.prototype.replace = () => ''", "String.prototype.toWellFormed = () => 'forged'",
  "RegExp.prototype.exec = () => null", "RegExp.prototype[Symbol.replace] = () => ''", "Map.prototype.get = () => undefined", "Map.prototype.set = () => {}", "Set.prototype.add = () => {}", "Object.keys = () => []", "Object.defineProperty = () => {}", "Object.assign = () => ({})", "Object.freeze = () => {}",
  "Reflect.apply = () => {}", "Function.prototype.call = () => {}", "Function.prototype.apply = () => {}", "Function.prototype.bind = () => () => {}", "Promise.prototype.then = () => new Promise(() => {})", "Promise.prototype.catch = () => {}", "globalThis.Promise = class {}",
  "Promise.prototype.constructor = class {}", "Object.defineProperty(Object.prototype, 'get', { value: () => 1, configurable: true })", "Object.prototype.value = 1; Object.prototype.writable = true", "Object.defineProperty(Object.prototype, '0', { set() {}, configurable: true })", "Object.prototype.exitCode = 77; Object.prototype.error = {}; Object.prototype.result = 1",
  "Symbol.iterator = 1", "Error.prepareStackTrace = () => { throw 1 }", "Error.stackTraceLimit = 0", "globalThis.console = null", "globalThis.queueMicrotask = () => {}", "globalThis.setImmediate = () => {}", "globalThis.TextEncoder = null", "globalThis.String = null",
  "for (const k of Reflect.ownKeys(globalThis)) { if (!['it', 'RangeError', 'globalThis', 'Infinity', 'NaN', 'undefined'].includes(k)) try { delete globalThis[k] } catch {} }", "process.emit = () => { throw 1 }", "require('events').EventEmitter.prototype.emit = () => { throw 1 }", "Object.freeze(Array.prototype); Object.freeze(Object.prototype)", "String.prototype.includes = () => { throw 1 }; String.prototype.split = () => { throw 1 }; String.prototype.startsWith = () => { throw 1 }", "Number.prototype.toString = () => 'forged'", "Reflect.ownKeys = () => []", "IdentityTransformStream.prototype.constructor = null", "Object.setPrototypeOf(Array.prototype, null)",
];

for (const patch of PATCHES) {
  test(`a patch changes nothing of the report: ${patch.slice(0, 90)}`, async () => {
    const { frames, exitCode, result } = await worker.run(`const it = process; const log = console.log; ${patch}; log('said'); it.exitCode = 6; return { a: [1] }`);
    assert.equal(exitCode, 6, JSON.stringify(frames));
    assert.deepEqual(frames[0], { n: 1, type: "output", stream: "stdout", level: "log", text: "said\n" });
    if (!/keys|iterator|'0'|toJSON/.test(patch)) assert.deepEqual(result, { a: [1] });
    const failed = await worker.run(`${patch};\nthrow new RangeError('real')`);
    assert.equal(failed.exitCode, 1);
    assert.equal(failed.error?.type, "RangeError");
    assert.equal(failed.error?.message, "real");
  });
}

test("patched builtins do not hide a rejection", async () => {
  const { error } = await worker.run("Promise.prototype.then = () => {}; globalThis.onunhandledrejection = (e) => e.preventDefault(); Promise.reject(new Error('seen')); setTimeout(() => {}, 1000)");
  assert.equal(error?.message, "seen");
});

test("a `then` on every object delays nothing but the program itself", async () => {
  const failed = await worker.run("Object.prototype.then = function (yes) { yes(7) }; throw new RangeError('real')");
  assert.equal(failed.error?.message, "real");
  const stuck = await worker.run({ files: { "main.mjs": "Object.prototype.then = () => {}; console.log('said'); export default await Promise.resolve(1)" } });
  assert.equal(stuck.stdout, "said\n");
  assert.equal(typeof stuck.exitCode, "number");
});

test("after the end there is silence", async () => {
  const { frames } = await worker.run("const { write } = process.stdout; const log = console.log; setInterval(() => log('late'), 1).unref(); process.on('exit', () => { setTimeout(() => log('x'), 0); Promise.resolve().then(() => log('y')); log('last') }); return 1");
  assert.equal(frames.at(-2)?.text, "last\n");
  assert.equal(frames.at(-1)?.type, "finished");
});

test("an exit handler that throws or exits again ends once", async () => {
  assert.equal((await worker.run("process.on('exit', () => { throw new Error('in exit') })")).error?.message, "in exit");
  const again = await worker.run("process.on('exit', () => process.exit(5)); process.exit(3)");
  assert.equal(again.frames.length, 1);
});

test("frames of the small kind cannot be sent without end", async () => {
  const live = worker.live(order({ files: { "main.js": "for (let i = 0; i < 1e5; i++) void prompt('p'); process.exit(0)" }, interactive: true, outputBytesMax: 10_000 }));
  let inputs = 0;
  for (let frame = await live.next(); frame !== null; frame = await live.next()) if (frame.type === "input") inputs += 1;
  live.end();
  assert.ok(inputs < 50, `${inputs} input frames`);
});

test("a flood of twenty megabytes is cut and its end reported", async () => {
  const { frames, stdout, exitCode } = await worker.run({ files: { "main.js": "const line = 'x'.repeat(1023); for (let i = 0; i < 20480; i++) console.log(line)" }, outputBytesMax: 1048576 });
  assert.equal(stdout.length, 1048576);
  assert.equal(frames.at(-2)?.type, "truncated");
  assert.equal(frames.at(-2)?.bytes, 19 * 1048576);
  assert.equal(exitCode, 0);
});

test("a single text of two hundred megabytes is cut", async () => {
  const { stdout, exitCode } = await worker.run({ files: { "main.js": "process.stdout.write('y'.repeat(2e8))" }, outputBytesMax: 5000, timeoutMs: 20_000 });
  assert.equal(stdout.length, 5000);
  assert.equal(exitCode, 0);
});

test("files that a program makes come back with digest and content", async () => {
  const { finished, result } = await worker.run(standard({ "main.js": "const fs = require('fs'); fs.mkdirSync('out/deep', { recursive: true }); fs.writeFileSync('out/deep/new.bin', Buffer.from([0, 255])); fs.appendFileSync('data.txt', '+'); fs.unlinkSync('gone.txt'); fs.writeFileSync('same.txt', 'same'); fs.writeFileSync('/tmp/elsewhere', 'x'); return fs.readFileSync('sub/b.bin').length", "data.txt": "a", "gone.txt": "g", "same.txt": "same" }, { files: [
    { name: "main.js", content: "const fs = require('fs'); fs.mkdirSync('out/deep', { recursive: true }); fs.writeFileSync('out/deep/new.bin', Buffer.from([0, 255])); fs.appendFileSync('data.txt', '+'); fs.unlinkSync('gone.txt'); fs.writeFileSync('same.txt', 'same'); fs.writeFileSync('/tmp/elsewhere', 'x'); return fs.readFileSync('sub/b.bin').length" },
    { name: "data.txt", content: "a" }, { name: "gone.txt", content: "g" }, { name: "same.txt", content: "same" }, { name: "sub/b.bin", base64: "AAEC" },
  ], entry: "main.js" }));
  assert.equal(result, 3);
  assert.deepEqual(finished.artifacts?.map(({ name, change, size, base64 }) => [name, change, size, base64]), [
    ["data.txt", "changed", 2, "YSs="], ["out/deep/new.bin", "created", 2, "AP8="], ["gone.txt", "deleted", 1, undefined],
  ]);
  assert.match(finished.artifacts?.[0]?.digest ?? "", /^[0-9a-f]{64}$/);
});

test("names with spaces and letters of any script are told as they were written, and unchanged files are not told", async () => {
  const program = "const fs = require('fs'); const { readdir } = fs.promises; for (const name of ['a b.txt', 'ü.txt', '50%.txt']) fs.writeFileSync(name, name); return [fs.readdirSync('.').sort(), (await readdir('.', { withFileTypes: true })).map((entry) => entry.name).sort()]";
  const { finished, result } = await worker.run(standard({ "main.js": program, "in put é.txt": "x" }));
  const names = ["50%.txt", "a b.txt", "in put é.txt", "main.js", "ü.txt"];
  assert.deepEqual(result, [names, names]);
  assert.deepEqual(finished.artifacts?.map(({ name, change }) => [name, change]), [["50%.txt", "created"], ["a b.txt", "created"], ["ü.txt", "created"]]);
});

test("artifacts beyond the limit are listed without content, and an exit or an error keeps them", async () => {
  const { finished } = await worker.run(standard("const fs = require('fs'); fs.writeFileSync('a', 'x'.repeat(90)); fs.writeFileSync('b', 'y'.repeat(90)); fs.writeFileSync('c', 'z'); process.exit(1)", { artifactBytesMax: 100 }));
  assert.deepEqual(finished.artifacts?.map(({ name, size, base64 }) => [name, size, base64 !== undefined]), [["a", 90, true], ["b", 90, false], ["c", 1, true]]);
  const failed = await worker.run(standard("require('fs').writeFileSync('kept', '1'); throw new Error('x')"));
  assert.equal(failed.finished.artifacts?.[0]?.name, "kept");
});

test("a program cannot make the harness misreport its files", async () => {
  const { finished } = await worker.run(standard("const fs = require('fs'); fs.writeFileSync('a', 'x'); fs.readdirSync = () => []; fs.readFileSync = () => 'forged'; require('crypto').createHash = () => null;  Map.prototype.get = () => 'x'; Set.prototype.has = () => true; Array.prototype.sort = () => {}"));
  assert.deepEqual(finished.artifacts?.map(({ name, change, size, base64 }) => [name, change, size, base64]), [["a", "created", 1, "eA=="]]);
});

test("when the runtime's own file system is broken by a patch, the run says so", async () => {
  const { finished, stderr, exitCode } = await worker.run(standard("require('fs').writeFileSync('a', 'x'); Buffer.from = () => ({})"));
  assert.deepEqual([finished.artifacts, stderr, exitCode], [[], "the changed files could not be collected\n", 0]);
});

test("the program sees no binding and no secret", async () => {
  const { result } = await worker.run("return [Object.keys(process.env).length, typeof env, typeof globalThis.LOADER, JSON.stringify(Object.getOwnPropertyNames(globalThis)).includes('SECRET')]");
  assert.deepEqual(result, [0, "undefined", "undefined", false]);
});

test("standard output through descriptors is output", async () => {
  const { stdout, stderr } = await worker.run(standard("const fs = require('fs'); fs.writeSync(1, 'a\\n'); fs.writeFileSync('/dev/stdout', 'b\\n'); fs.writeSync(2, 'c\\n')"));
  assert.deepEqual([stdout, stderr], ["a\nb\n", "c\n"]);
});
