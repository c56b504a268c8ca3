import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { order, standard, Workerd } from "./support.ts";

let worker: Workerd;
before(async () => { worker = await Workerd.start(); });
after(() => worker.stop());

const stdout = async (given: Parameters<Workerd["run"]>[0]) => (await worker.run(given)).stdout;

test("console prints what Node prints", async () => {
  const { frames } = await worker.run("console.log('%s is %d', 'x', 4.5, { a: [1, { b: { c: {} } }] }); console.info(-0, 1n, null, undefined, true, Symbol('s')); console.debug([]); console.warn('w'); console.error(new Error('e').message); console.log(); console.log('100%', 1)");
  assert.deepEqual(frames.slice(0, -1).map(({ stream, level, text }) => [stream, level, text]), [
    ["stdout", "log", "x is 4.5 { a: [ 1, { b: [Object] } ] }\n"], ["stdout", "info", "-0 1n null undefined true Symbol(s)\n"], ["stdout", "debug", "[]\n"],
    ["stderr", "warn", "w\n"], ["stderr", "error", "e\n"], ["stdout", "log", "\n"], ["stdout", "log", "100% 1\n"],
  ]);
});

test("console has groups, tables, counters, timers, asserts and traces", async () => {
  const { stdout, stderr } = await worker.run("console.group('g'); console.log('a\\nb'); console.groupEnd(); console.table([{ a: 1 }, { a: 2, b: 'x' }]); console.count(); console.count('k'); console.count(); console.time('t'); console.timeEnd('t'); console.dir({ a: { b: { c: {} } } }, { depth: 0 }); console.assert(false, 'no'); console.assert(true); console.trace('here')");
  assert.match(stdout, /^g\n {2}a\n {2}b\n┌─+┬─+┬─+┐\n│ \(index\) │ a │ b {3}│\n/);
  assert.match(stdout, /default: 1\nk: 1\ndefault: 2\nt: [\d.]+ms\n\{ a: \[Object\] \}\n$/);
  assert.match(stderr, /^Assertion failed: no\nTrace: here\n {4}at main\.js:1:\d+\n$/);
});

test("process.stdout.write goes out as it is, bytes and callbacks included", async () => {
  const { frames } = await worker.run("process.stdout.write('no newline'); process.stdout.write(Buffer.from('é\\n')); process.stderr.write('err', () => console.log('done'))");
  assert.deepEqual(frames.slice(0, -1).map(({ stream, level, text }) => [stream, level, text]), [["stdout", undefined, "no newline"], ["stdout", undefined, "é\n"], ["stderr", undefined, "err"], ["stdout", "log", "done\n"]]);
});

test("display shows what its MIME types say, everything else as text", async () => {
  const { frames } = await worker.run("display({ 'text/html': '<b>x</b>', 'application/json': { a: [1] } }); display({ a: 1 }); display('t')");
  assert.deepEqual(frames.slice(0, -1).map((frame) => (frame as unknown as { mime: unknown }).mime), [{ "text/html": "<b>x</b>", "application/json": { a: [1] } }, { "text/plain": "{ a: 1 }" }, { "text/plain": "t" }]);
});

test("lone surrogates, NUL and terminal escapes are data", async () => {
  const text = await stdout("console.log('\\ud800|\\0|\\x1b[31m|\\u001e{\"n\":1}')");
  assert.equal(text, "\ufffd|\0|\x1b[31m|\u001e{\"n\":1}\n");
});

test("prefilled input can be read in every way Node knows", async () => {
  const stdin = "one\ntwo\nthree";
  for (const code of [
    "let all = ''; for await (const chunk of process.stdin) all += chunk; console.log(all.split('\\n').join())",
    "process.stdin.setEncoding('utf8'); let all = ''; process.stdin.on('data', (c) => all += c); process.stdin.on('end', () => console.log(all.split('\\n').join()))",
    "const lines = []; require('readline').createInterface({ input: process.stdin }).on('line', (l) => lines.push(l)).on('close', () => console.log(lines.join()))",
    "const lines = []; for await (const l of require('readline').createInterface({ input: process.stdin })) lines.push(l); console.log(lines.join())",
    "const lines = []; for (let l; (l = await prompt()) !== null;) lines.push(l); console.log(lines.join())",
    "const rl = require('readline/promises').createInterface({ input: process.stdin }); console.log([await rl.question(''), await rl.question(''), await rl.question('')].join()); rl.close()",
  ]) assert.equal(await stdout({ files: { "main.js": code }, stdin }), "one,two,three\n", code);
  for (const code of ["fs.readFileSync(0, 'utf8')", "fs.readFileSync('/dev/stdin').toString()", "await fs.promises.readFile('/dev/stdin', 'utf8')"]) {
    assert.equal(await stdout(standard(`const fs = require('fs'); console.log((${code}).split('\\n').join())`, { stdin })), "one,two,three\n", code);
  }
});

test("the end of the input is null for prompt and closes readline", async () => {
  const { result, stdout } = await worker.run("return [await prompt('a? '), await input('b? ')]");
  assert.deepEqual(result, [null, null]);
  assert.equal(stdout, "a? b? ");
});

test("a program can ask while it runs and goes on with the answer", async () => {
  const live = worker.live(order({ files: { "main.js": "const a = await prompt('name? '); console.log('hi ' + a); const b = await input('age? '); return [a, b]" }, interactive: true }));
  assert.equal((await live.until("input")).prompt, "name? ");
  live.say({ type: "stdin", data: "Ann\n" });
  assert.equal((await live.until("output")).text, "hi Ann\n");
  assert.equal((await live.until("input")).prompt, "age? ");
  live.say({ type: "stdin", data: "4" });
  live.say({ type: "stdin", data: "2\n" });
  assert.deepEqual((await live.until("finished")).result, ["Ann", "42"]);
  live.end();
});

test("readline asks interactively and sees the end of the input", async () => {
  const live = worker.live(order({ files: { "main.js": "const rl = require('readline').createInterface({ input: process.stdin, output: process.stdout }); rl.question('q? ', (a) => { console.log('a=' + a); rl.on('line', (l) => console.log('l=' + l)); rl.on('close', () => console.log('closed')) })" }, interactive: true }));
  assert.equal((await live.until("input")).prompt, "q? ");
  live.say({ type: "stdin", data: "1\n2\n" });
  assert.equal((await live.until("output")).text, "a=1\n");
  assert.equal((await live.until("output")).text, "l=2\n");
  live.say({ type: "stdin", data: "", eof: true });
  assert.equal((await live.until("output")).text, "closed\n");
  assert.equal((await live.until("finished")).exitCode, 0);
  live.end();
});

test("a program that could ask for input and for the network ends when it is done, not when its input does", async () => {
  const live = worker.live(order({ files: [{ name: "main.js", content: "return 42" }], entry: "main.js", interactive: true, allowedModules: ["http", "https"], egress: { deny: [] }, timeoutMs: 5_000 }));
  const finished = await live.until("finished");
  live.end();
  assert.deepEqual([finished.exitCode, finished.result], [0, 42]);
});

test("a host that closes its side ends the input", async () => {
  const live = worker.live(order({ files: { "main.js": "let all = ''; for await (const c of process.stdin) all += c; return all" }, interactive: true, stdin: "given " }));
  await live.until("input");
  live.say({ type: "stdin", data: "sent" });
  live.say({ type: "nonsense" });
  live.end();
  assert.equal((await live.until("finished")).result, "given sent");
});

test("output comes while the program runs", async () => {
  const live = worker.live(order({ files: { "main.js": "console.log('first'); await prompt(); console.log('second')" }, interactive: true }));
  assert.equal((await live.next())?.text, "first\n");
  await live.until("input");
  live.say({ type: "stdin", data: "\n" });
  assert.equal((await live.next())?.text, "second\n");
  await live.until("finished");
  live.end();
});

test("output beyond its limit is cut with a notice and the program goes on", async () => {
  const { frames, stdout, result } = await worker.run({ files: { "main.js": "for (let i = 0; i < 200000; i++) console.log('x'.repeat(99)); console.error('dropped too'); return 'done'" }, outputBytesMax: 10_050 });
  assert.equal(stdout.length, 10_050);
  const cuts = frames.filter((frame) => frame.type === "truncated");
  assert.deepEqual(cuts.map(({ stream, bytes }) => [stream, bytes]), [["stdout", 50], ["stderr", 12], ["stdout", 200000 * 100 - 10050], ["stderr", 12]]);
  assert.equal(result, "done");
});

test("a cut never splits a character", async () => {
  const { stdout } = await worker.run({ files: { "main.js": "process.stdout.write('a😀é'.repeat(100))" }, outputBytesMax: 13 });
  assert.equal(stdout, "a😀éa😀");
});
