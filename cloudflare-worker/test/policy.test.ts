/** The module policy: every road to a builtin ends in the same error, and what is no road leads nowhere. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { standard, Workerd } from "./support.ts";

let worker: Workerd;
before(async () => { worker = await Workerd.start(); });
after(() => worker.stop());

/** Expressions that try to get hold of node:fs in a tier that does not have it; the policy itself must answer. */
const DENIED: string[] = [
  "require('fs')", "require('node:fs')", "require('f' + 's')", "require(`node:${'fs'}`)", "require(['node:fs'].join())", "require('fs/promises')", "module.require?.('fs') ?? require('fs')",
  "(0, require)('fs')", "require.call(null, 'fs')", "require.apply(null, ['node:fs'])", "Reflect.apply(require, null, ['fs'])", "[require][0]('fs')", "require.bind(null)('fs')",
  "await import('fs')", "await import('node:fs')", "await import('f' + 's')", "await import(String.raw`node:fs`)", "await import({ toString: () => 'node:fs' })",
  "await import(({ n: 0, toString() { return this.n++ ? 'node:path' : 'node:fs' } }))", "await import(new String('node:fs'))", "await import(`${'node'}:${'fs'}`)",
  "await import(/* comment */ 'node:fs', { with: {} })", "await (async () => import('node:fs'))()", "await eval?.name && await import('node:fs')", "process.getBuiltinModule('fs')", "process.getBuiltinModule('node:fs')",
  "process['getBuiltin' + 'Module']('fs')", "globalThis.process.getBuiltinModule('fs')", "require('process').getBuiltinModule('fs')", "(await import('node:process')).default.getBuiltinModule('fs')",
  "process.binding('fs')", "process._linkedBinding('fs')", "process.dlopen({ exports: {} }, 'x.node')", "require('module')", "require('node:module').createRequire('/')", "(await import('node:module')).createRequire(import.meta?.url)('fs')".replace("import.meta?.url", "'/'"),
  "require('vm').runInThisContext('1')", "require('worker_threads')", "require('cluster')", "require('node:sqlite')", "require('node:test')", "require('child_process')", "await import('cloudflare:workers')", "await import('cloudflare:sockets')",
  "require('cloudflare:workers')", "process.getBuiltinModule('cloudflare:workers')", "require('workerd:unsafe-eval')", "require('node-internal:internal_fs')", "require('_http_client')", "require('node:_stream_wrap')", "require.resolve('fs')",
];

for (const attempt of DENIED) {
  test(`denied with a name: ${attempt}`, async () => {
    const { result, error } = await worker.run(`try { const m = ${attempt}; return ['got', typeof m, typeof m?.readFileSync] } catch (e) { return [e.name, e.code, e.message] }`);
    assert.equal(error?.stack ?? "", "");
    const [name, code, message] = result as string[];
    assert.equal(name, "ModuleNotAllowedError", JSON.stringify(result));
    assert.equal(code, "ERR_MODULE_NOT_ALLOWED");
    assert.match(message ?? "", /^module "[^"]+" is not allowed in tier "basic"; (tier "\w+" allows it|no tier allows it)$/);
  });
}

/** Roads that are simply not there: whatever they give, it can neither read a file nor fetch a module. */
const NOWHERE: string[] = [
  "valueOf().require", "globalThis.require", "(function () { return this.require })()", "module.constructor._load?.('fs')", "module.constructor.createRequire?.('/')('fs')", "require.main.require?.('fs')", "require.cache['fs']",
  "module.parent?.require('fs')", "eval('require')('fs')", "(0, eval)('import(\"node:fs\")')", "new Function('return import(\"node:fs\")')()", "(async () => {}).constructor('return import(\"node:fs\")')()",
  "(function* () {}).constructor('return 1')().next().value", "Reflect.construct(Function, ['return process'])()", "setTimeout('globalThis.leak = 1', 0)", "new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))",
  "arguments.callee.caller", "(function f() { return f.caller?.caller })()", "(() => { Error.prepareStackTrace = (e, s) => s; const s = new Error().stack; return s.map((c) => c.getFunction() ?? c.getThis()).find((f) => f && typeof f === 'function' && f.name !== '__program__') })()",
  "import.meta", "process.mainModule?.require('fs')", "process.constructor.prototype.getBuiltinModule?.('fs')", "Object.getPrototypeOf(process).getBuiltinModule?.('fs')", "process.stdout.constructor.getBuiltinModule",
  "(delete globalThis.process, globalThis.process)", "(delete globalThis.console, globalThis.console)", "(delete globalThis.setTimeout, globalThis.setTimeout)", "(delete globalThis.fetch, globalThis.fetch)", "(delete globalThis.caches, globalThis.caches)",
  "Object.getPrototypeOf(globalThis).fetch", "Object.getPrototypeOf(globalThis).setTimeout", "globalThis.self", "globalThis.WebSocketPair", "globalThis.connect", "Cloudflare.env ?? Cloudflare.exports", "new Worker?.('data:,')", "importScripts('data:,')",
  "(await import('./main.js?node:fs')).default", "(await import('/bundle/collab-harness.js')).default", "(await import('collab-harness.js')).default", "require('../collab-harness.js')", "require('/tmp/session/../../bundle/collab-harness.js')",
  "(await import('file:///bundle/collab-harness.js')).default", "(await import('data:text/javascript,import fs from \"node:fs\"; export default fs')).default", "(await import('blob:x')).default",
];

for (const attempt of NOWHERE) {
  test(`leads nowhere: ${attempt}`, async () => {
    const { result, error } = await worker.run(`let m; try { m = ${attempt} } catch (e) { return 'threw' }
      if (m === undefined || m === null) return 'nothing';
      if (typeof m === 'function') { try { m = [m('node:fs'), m('cloudflare:workers')].find(Boolean) } catch { return 'uncallable' } }
      try { if (typeof (await m)?.readFileSync === 'function' || (await m)?.env) return 'ESCAPED' } catch {}
      return 'harmless'`);
    assert.notEqual(result, "ESCAPED");
    assert.ok(typeof result === "string" || error?.type === "SyntaxError", JSON.stringify({ result, error }));
  });
}

test("native code that leaks the native process finds it emptied", async () => {
  const { result } = await worker.run(`const { EventEmitter } = require('events'); const seen = new Set();
    const { emit, on } = EventEmitter.prototype; EventEmitter.prototype.emit = function (...a) { seen.add(this); return Reflect.apply(emit, this, a) };
    for (const name of ['call', 'apply', 'bind']) { const original = Function.prototype[name]; Function.prototype[name] = function (...a) { if (a[0] && typeof a[0] === 'object') seen.add(a[0]); return Reflect.apply(original, this, a) } }
    const e = new EventEmitter(); e.setMaxListeners(1); e.on('x', () => {}); e.on('x', () => {}); e.on('x', () => {}); try { require('util').deprecate(() => 1, 'old', 'D1')() } catch {}
    return [...seen].filter((o) => { try { return typeof o.getBuiltinModule === 'function' && o !== process } catch { return false } }).length`);
  assert.equal(result, 0);
});

test("a static import of what is not allowed stops the program before it starts, at its line", async () => {
  const { error, stdout } = await worker.run({ files: { "main.mjs": "console.log('not reached');\nimport { readFileSync } from 'node:fs';" } });
  assert.deepEqual([error?.type, error?.line, error?.file, stdout], ["ModuleNotAllowedError", 2, "main.mjs", ""]);
  assert.match(error?.message ?? "", /module "fs" is not allowed in tier "basic"; tier "standard" allows it/);
  const reexport = await worker.run({ files: { "main.mjs": "import './a.mjs'", "a.mjs": "\n\nexport * from 'https'" } });
  assert.deepEqual([reexport.error?.type, reexport.error?.line, reexport.error?.file], ["ModuleNotAllowedError", 3, "a.mjs"]);
});

test("a session file cannot take the place of a builtin or of the harness", async () => {
  const { result } = await worker.run({ files: { "main.js": "const p = require('path'); return [p.join('a', 'b'), require('./path').mine, require('./node:fs').mine, require('./collab-harness').mine]", "path.js": "exports.mine = 1", "node:fs.js": "exports.mine = 2", "collab-harness.js": "exports.mine = 3", "cloudflare:workers": "x" } });
  assert.deepEqual(result, ["a/b", 1, 2, 3]);
});

test("the list that counts cannot be changed from inside", async () => {
  const { error } = await worker.run("Array.prototype.some = () => true; Array.prototype.includes = () => true; String.prototype.startsWith = () => false; Map.prototype.get = () => ({ kind: 'pure' }); RegExp.prototype.exec = () => null; require('fs').readFileSync('/bundle/collab-harness.js')");
  assert.notEqual(error, undefined);
});

test("comments that only one grammar knows hide nothing", async () => {
  const hidden = await worker.run({ files: { "main.mjs": "let a = 1, b = { c: [] };\nconst r = a <!--b.c\nconst m = await import('node:fs');\nexport default typeof m" } });
  assert.notEqual(hidden.result, "object");
  const script = await worker.run("let x = 1\n<!-- require('fs')\n--> require('fs')\nreturn x");
  assert.equal(script.result, 1);
});

test("source text cannot close its wrapper", async () => {
  for (const code of ["}); globalThis.x = 1; (function () {", "return 1 }) ; (() => { return 2", "*/ } /*", "`", "}}", "return 1 //# sourceURL=other\n//"]) {
    const { error, result } = await worker.run(code);
    assert.ok(error?.type === "SyntaxError" || result === 1, code);
  }
  const { error } = await worker.run({ files: { "main.js": "return f" }, context: { f: { $function: "1)]}); globalThis.leak = 1; (function () { return [(1" } } });
  assert.equal(error?.type, "SyntaxError");
});

test("the network is denied with a clear word, whatever the road", async () => {
  for (const code of [
    "await fetch('http://127.0.0.1:1/')", "await fetch(new URL('https://example.com'))", "await fetch(new Request('http://169.254.169.254/'))", "new WebSocket('ws://x')", "new EventSource('http://x')",
    "await new Promise((_, no) => require('http').get('http://example.com').on('error', no))", "await new Promise((_, no) => require('https').request({ host: 'x', port: 1 }).on('error', no).end())", "require('http').createServer()",
  ]) {
    const { error } = await worker.run(standard(code));
    assert.equal(error?.type, "NetworkDeniedError", `${code}: ${error?.message}`);
    assert.match(error?.message ?? "", /^network_denied: /);
  }
  for (const code of ["await new Promise((_, no) => require('net').connect(1, 'h').on('error', no))", "await require('dns').promises.lookup('x')", "await new Promise((_, no) => require('dns').lookup('x', (e) => no(e)))"]) {
    const { error } = await worker.run({ files: { "main.js": code }, allowedModules: ["*"], tier: "enterprise" });
    assert.equal(error?.type, "NetworkDeniedError", code);
  }
  assert.equal((await worker.run("return await (await fetch('data:text/plain,ok')).text()")).result, "ok");
});

test("the wall stands without the friendly errors", async () => {
  const { result } = await worker.run({ files: { "main.js": `const out = [];
    for (const road of [() => require('http').Agent && new (require('http').Agent)().createConnection?.({ host: '127.0.0.1', port: ${worker.port} }), () => require('undici')]) { try { road(); out.push('made') } catch (e) { out.push('threw') } }
    return out` }, allowedModules: ["*"], tier: "enterprise" });
  assert.ok(Array.isArray(result));
});

test("a list with a star allows what exists, and the dangerous ones never", async () => {
  const { result } = await worker.run({ files: { "main.js": "const out = {}; for (const n of ['fs', 'os', 'stream', 'vm', 'module', 'worker_threads', 'cloudflare:workers']) { try { out[n] = typeof require(n) } catch (e) { out[n] = e.name + (e.tier ?? '') } } return out" }, allowedModules: ["*"], tier: "enterprise" });
  assert.deepEqual(result, { fs: "object", os: "object", stream: "function", vm: "ModuleNotAllowedError", module: "ModuleNotAllowedError", worker_threads: "ModuleNotAllowedError", "cloudflare:workers": "ModuleNotAllowedError" });
});

test("the file system shows no secret and no other run", async () => {
  await worker.run(standard("require('fs').writeFileSync('/tmp/left', 'secret of A')"));
  const { result } = await worker.run(standard("const fs = require('fs'); const seen = []; const walk = (d) => { let names = []; try { names = fs.readdirSync(d) } catch {} for (const n of names) { const p = d + '/' + n; try { if (fs.statSync(p).isDirectory()) walk(p); else { const text = fs.readFileSync(p, 'latin1'); if (/secret of A|a secret of the tests/.test(text) && !p.endsWith('main.js')) seen.push(p) } } catch {} } }; walk('/tmp'); walk('/bundle'); return seen.filter((p) => !p.includes('main.js') && !p.includes('collab-program'))"));
  assert.deepEqual(result, []);
  assert.deepEqual((await worker.run(standard("return [Object.keys(process.env), require('fs').existsSync('/tmp/left')]"))).result, [[], false]);
});
