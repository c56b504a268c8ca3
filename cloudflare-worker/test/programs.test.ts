import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { standard, Workerd } from "./support.ts";

let worker: Workerd;
before(async () => { worker = await Workerd.start(); });
after(() => worker.stop());

const result = async (given: Parameters<Workerd["run"]>[0]) => {
  const outcome = await worker.run(given);
  assert.equal(outcome.error?.stack ?? "", "");
  return outcome.result;
};
const output = async (given: Parameters<Workerd["run"]>[0]) => {
  const outcome = await worker.run(given);
  assert.equal(outcome.error?.stack ?? "", "");
  return outcome.stdout;
};

test("a function body returns its value and may await", async () => {
  assert.equal(await result("const x = 10, y = 20; return x + y"), 30);
  assert.equal(await result("return await Promise.resolve(7)"), 7);
  assert.equal(await result("return Promise.resolve(8)"), 8);
});

test("no return, no result", async () => {
  const { finished } = await worker.run("1 + 1");
  assert.equal("result" in finished, false);
  assert.equal((await worker.run("return null")).result, null);
});

test("a result of any shape becomes JSON", async () => {
  assert.deepEqual(await result("const a = {n: 1n, d: new Date(0), u: undefined, f() {}, s: new Set([1]), m: new Map([['k', {}]]), nan: NaN, e: new TypeError('x'), b: new Uint8Array([1, 2])}; a.self = a; return a"), {
    n: "1", d: "1970-01-01T00:00:00.000Z", s: [1], m: { k: {} }, nan: null, e: { name: "TypeError", message: "x" }, b: [1, 2], self: "[Circular]",
  });
  assert.equal((await worker.run("return () => 1")).result, undefined);
  assert.equal((await worker.run("return Symbol('x')")).result, undefined);
});

test("a result that cannot be said is left out and told about", async () => {
  const huge = await worker.run("return 'x'.repeat(3e6)");
  assert.equal("result" in huge.finished, false);
  assert.match(huge.stderr, /larger than/);
  const hostile = await worker.run("return { get a() { throw 1 } }");
  assert.match(hostile.stderr, /cannot be made JSON/);
  assert.equal(hostile.exitCode, 0);
});

test("scripts are sloppy like Node's, modules are strict", async () => {
  assert.deepEqual(await result("undeclared = 010; return [undeclared, (function () { return this === globalThis })()]"), [8, true]);
  assert.equal(await result({ files: { "main.mjs": "export default (function () { return this === undefined })()" } }), true);
});

test("a function body may declare what Node reserves", async () => {
  assert.equal(await result("const module = 1, exports = 2; let require = 3; return module + exports + require"), 6);
});

test("a module's default export is its result unless it is a function", async () => {
  assert.deepEqual(await result({ files: { "main.mjs": "export default { a: 1 }" } }), { a: 1 });
  assert.equal(await result({ files: { "main.mjs": "export default function () {}" } }), undefined);
  assert.equal(await result("import { sep } from 'path'; return sep"), "/");
});

test("session files import each other with or without extension", async () => {
  assert.deepEqual(await result({
    files: {
      "src/main.js": "import a from './a'; import { b as bee } from '../b.mjs'; import * as c from './c'; import d from '../d.json' with { type: 'json' }; import e from './dir';\nexport default [a, bee, c.x, c.default.x, d.z, e]",
      "src/a.js": "export default 'a'", "b.mjs": "const b = 'b'; export { b }", "src/c.cjs": "exports.x = 'c'", "d.json": '{"z":"d"}', "src/dir/index.js": "export default 'e'",
    },
  }), ["a", "b", "c", "c", "d", "e"]);
});

test("bindings are live, cycles work and functions are there before their module ran", async () => {
  assert.equal(await output({
    files: {
      "main.mjs": "import { early, count } from './b.mjs'; export function hoisted() { return 'h' } export let n = 1; n += 1; console.log(early, count(), n)",
      "b.mjs": "import { hoisted, n } from './main.mjs'; export const early = hoisted(); export const count = () => n",
    },
  }), "h 2 2\n");
});

test("imported names are replaced everywhere but where they are shadowed", async () => {
  assert.deepEqual(await result({
    files: {
      "main.mjs": `import { x, y as z, o } from './v.mjs';
const short = { x, z };
function f(x) { return x }
const g = ({ x = 5 } = {}) => x;
class C { x = x; [z] = 1; static z() { return z } }
let seen = []; for (const x of [7]) seen.push(x);
{ let x = 9; seen.push(x) }
try { throw 3 } catch (x) { seen.push(x) }
x: for (;;) { break x }
const h = function x() { return typeof x };
export { x as again };
export default [short, f(1), g(), new C().x, new C()[z], C.z(), seen, o.x, h(), \`\${x}\`, (() => { var x = 4; return x })()];`,
      "v.mjs": "export const x = 'X', y = 'Y', o = { x: 'ox' }",
    },
  }), [{ x: "X", z: "Y" }, 1, 5, "X", 1, "Y", [7, 9, 3], "ox", "function", "X", 4]);
});

test("an imported function is called without a receiver and an imported name cannot be assigned", async () => {
  assert.equal(await result({ files: { "main.mjs": "import { who } from './v.mjs'; export default who()", "v.mjs": "export function who() { return this === undefined }" } }), true);
  const { error } = await worker.run({ files: { "main.mjs": "import { v } from './v.mjs';\nv = 2", "v.mjs": "export let v = 1" } });
  assert.equal(error?.type, "TypeError");
  assert.equal(error?.line, 2);
});

test("every form of export arrives", async () => {
  assert.deepEqual(await result({
    files: {
      "main.mjs": "import def, * as all from './all.mjs'; export default [def(), Object.keys(all).sort(), all.ns.deep, new all.K().k, all['odd name']]",
      "all.mjs": "export default () => 'd'\nexport * from './star.mjs'; export * as ns from './star.mjs'; export { deep as deeper } from './star.mjs';\nexport class K { k = 1 } export const { p, q: [r] } = { p: 1, q: [2] }; const odd = 3; export { odd as 'odd name' }; export async function* gen() {}",
      "star.mjs": "export const deep = 'deep'; export default 'hidden'",
    },
  }), ["d", ["K", "deep", "deeper", "default", "gen", "ns", "odd name", "p", "r"], "deep", 1, 3]);
});

test("top-level await in a dependency is waited for", async () => {
  assert.equal(await result({ files: { "main.mjs": "import { v } from './slow.mjs'; export default v", "slow.mjs": "export const v = await new Promise(r => setTimeout(() => r(5), 20))" } }), 5);
  const { error } = await worker.run({ files: { "main.js": "return require('./slow.mjs')", "slow.mjs": "export default await 1" } });
  assert.match(error?.message ?? "", /top-level await/);
});

test("dynamic import and require of session files work, with computed names too", async () => {
  assert.deepEqual(await result({ files: { "main.js": "const m = await import('./' + 'a.mjs'); const c = require(['./c', ''].join('')); return [m.default, c, require('./d.json').z, require('./a.mjs').default, import.meta === undefined]".replace(", import.meta === undefined", ""), "a.mjs": "export default 1", "c.js": "module.exports = 2", "d.json": '{"z":3}' } }), [1, 2, 3, 1]);
});

test("CommonJS has its module, its cache and its cycles", async () => {
  assert.deepEqual(await result({
    files: {
      "main.js": "const a = require('./a'); return [a.done, a.b.sawPartial, require('./a') === a, __filename, __dirname, require.main === module, typeof require.resolve('./a')]",
      "a.js": "exports.started = true; exports.b = require('./b'); exports.done = true", "b.js": "exports.sawPartial = require('./a').started && !require('./a').done",
    },
  }), [true, true, true, "/tmp/session/main.js", "/tmp/session", true, "string"]);
});

test("import.meta tells where a module is and nothing more", async () => {
  assert.deepEqual(await result({ files: { "a/main.mjs": "export default [import.meta.url, import.meta.filename, import.meta.dirname, Object.isFrozen(import.meta)]" } }), ["file:///tmp/session/a/main.mjs", "/tmp/session/a/main.mjs", "/tmp/session/a", true]);
});

test("TypeScript runs with its types removed", async () => {
  assert.deepEqual(await result({
    files: {
      "main.ts": "import type { T } from './types'; import { make, Color } from './lib.js';\nenum Local { A = 1, B }\nconst t: T = make<number>(4) as T;\nabstract class Base { constructor(protected readonly p: number) {} }\nclass D extends Base { get() { return this.p! } }\nexport default [t.v, Local.B, Color.Red, new D(9).get(), (<any>t).v satisfies number]",
      "types.ts": "export interface T { v: number }", "lib.ts": "import { T } from './types';\nexport enum Color { Red = 'red' }\nexport function make<N extends number>(v: N): T { return { v } }",
    },
  }), [4, 2, "red", 9, 4]);
  assert.equal(await result({ files: { "main.ts": "const n: number = 2; return n * 2" } }), 4);
});

test("context values are variables, functions among them work", async () => {
  assert.deepEqual(await result({ files: { "main.js": "return [x + y.z, double(4), deep.list[0](1), typeof nothing]" }, context: { x: 1, y: { z: 2 }, double: { $function: "(x) => x * 2" }, deep: { list: [{ $function: "function (n) { return n + base }" }] }, base: 10, nothing: null } }), [3, 8, 11, "object"]);
  assert.equal(await result({ files: { "main.mjs": "const x = 5; export default x + y" }, context: { x: 1, y: 2 } }), 7);
  assert.equal((await worker.run({ files: { "main.js": "return 1" }, context: { f: { $function: "(x => " } } })).error?.type, "SyntaxError");
});

test("argv, env and the rest of process look like Node's", async () => {
  assert.deepEqual(await result({ files: { "main.js": "return [process.argv.slice(1), Object.keys(process.env), process.platform, process.cwd(), /^v\\d+/.test(process.version), typeof process.hrtime.bigint(), process.pid, String(process)]" }, argv: ["--a", "b"] }), [["/tmp/session/main.js", "--a", "b"], [], "linux", "/tmp/session", true, "bigint", 1, "[object process]"]);
});

test("exit codes are the program's", async () => {
  assert.equal((await worker.run("process.exit(3)")).exitCode, 3);
  assert.equal((await worker.run("process.exitCode = 4")).exitCode, 4);
  assert.equal((await worker.run("process.on('exit', (code) => { console.log('bye', code); process.exitCode = 5 }); setTimeout(() => {}, 1)")).exitCode, 5);
  assert.equal((await worker.run("process.exit('x')")).error?.type, "TypeError");
});

test("process.exit ends at once, even where it is caught", async () => {
  const { frames, exitCode } = await worker.run("try { process.exit(2) } catch {} console.log('after'); setTimeout(() => console.log('late'), 5); return 1");
  assert.equal(frames.length, 1);
  assert.equal(exitCode, 2);
});

test("timers are waited for, in order, and cleared ones are not", async () => {
  assert.equal(await output("setTimeout(() => console.log('b'), 20); setTimeout(() => console.log('never'), 10000).unref(); const t = setTimeout(() => console.log('no'), 5); clearTimeout(t); setImmediate(() => console.log('i')); queueMicrotask(() => console.log('m')); process.nextTick(() => console.log('t')); console.log('a')"), "a\nm\nt\ni\nb\n");
  assert.equal(await output("let n = 0; const i = setInterval(() => { console.log(++n); if (n === 3) clearInterval(i) }, 1)"), "1\n2\n3\n");
  assert.equal(await output("const { setTimeout: wait } = require('timers/promises'); const util = require('util'); console.log(await wait(2, 'x')); await util.promisify(setTimeout)(2); console.log('y')"), "x\ny\n");
});

test("work that nobody awaits is still seen to its end", async () => {
  assert.equal(await output("async function main() { for (let i = 0; i < 3; i += 1) await new Promise(r => setImmediate(r)); const d = await crypto.subtle.digest('SHA-256', new Uint8Array(1)); console.log(d.byteLength) }\nmain()"), "32\n");
});

test("a main part that can never go on ends with Node's code 13", async () => {
  const { exitCode, stderr } = await worker.run("await new Promise(() => {})");
  assert.equal(exitCode, 13);
  assert.match(stderr, /unsettled top-level await/);
});

test("allowed modules work", async () => {
  assert.deepEqual(await result("const path = require('node:path'); const { inspect } = await import('util'); const { createHash } = require('crypto'); return [path.join('a', 'b'), inspect({ a: 1 }), createHash('sha256').update('x').digest('hex').slice(0, 8), require('path/posix').sep]"), ["a/b", "{ a: 1 }", "2d711642", "/"]);
  assert.deepEqual(await result("return [require('assert').ok(1) ?? 'ok', Buffer.from('a').toString('hex'), require('events').once.name, require('url').parse('http://a/b').pathname, require('querystring').parse('a=1').a, typeof require('string_decoder').StringDecoder, require('node:process') === process, require('console') === console]"), ["ok", "61", "once", "/b", "1", "function", true, true]);
  assert.equal(await result(standard("const zlib = require('zlib'); return zlib.gunzipSync(zlib.gzipSync('hello')).toString()")), "hello");
});
