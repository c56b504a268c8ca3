/** The synchronous way: frames on the process's own stdout, for programs that never yield. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Frame, order, Workerd } from "./support.ts";

const framesOf = (printed: string): Frame[] => printed.split("\n").filter((line) => line.startsWith("\u001e")).map((line) => JSON.parse(line.slice(1)) as Frame);

async function withEcho<T>(use: (worker: Workerd) => Promise<T>): Promise<T> {
  const worker = await Workerd.start({ echo: true });
  try {
    return await use(worker);
  } finally {
    await worker.stop();
  }
}

test("what was printed before an endless loop is on stdout at once", async () => {
  await withEcho(async (worker) => {
    const live = worker.live(order("console.log('a'); process.stdout.write('b'); while (true) {}"));
    await worker.prints('"text":"b"}\n');
    assert.deepEqual(framesOf(worker.printed).map(({ n, text }) => [n, text]), [[1, "a\n"], [2, "b"]]);
    live.destroy();
  });
});

test("an exit that is caught before an endless loop is still reported", async () => {
  await withEcho(async (worker) => {
    const live = worker.live(order("try { process.exit(7) } catch {} while (true) {}"));
    await worker.prints('"finished"');
    const last = framesOf(worker.printed).at(-1);
    assert.deepEqual([last?.n, last?.exitCode], [1, 7]);
    live.destroy();
  });
});

test("both ways tell the same frames with the same numbers", async () => {
  await withEcho(async (worker) => {
    const { frames } = await worker.run("for (let i = 0; i < 500; i++) console.log('line', i); console.error('e'); return { a: 1 }");
    await worker.prints('"finished"');
    assert.deepEqual(framesOf(worker.printed), frames);
  });
});

test("very long lines arrive whole", async () => {
  await withEcho(async (worker) => {
    const { stdout } = await worker.run({ files: { "main.js": "console.log('é'.repeat(3_000_000)); console.log('end')" }, outputBytesMax: 16_000_000 });
    await worker.prints('"finished"');
    assert.equal(stdout.length, 3_000_005);
    assert.equal(framesOf(worker.printed)[0]?.text, `${"é".repeat(3_000_000)}\n`);
  });
});

test("a flood of small lines is cut on both ways alike", async () => {
  await withEcho(async (worker) => {
    const { frames } = await worker.run({ files: { "main.js": "for (let i = 0; i < 2_000_000; i++) console.log('0123456789')" }, outputBytesMax: 220_000, timeoutMs: 20_000 });
    await worker.prints('"finished"');
    assert.deepEqual(framesOf(worker.printed), frames);
    assert.equal(frames.at(-2)?.type, "truncated");
  });
});

test("a program can neither silence the synchronous way nor speak on it", async () => {
  await withEcho(async (worker) => {
    const { frames } = await worker.run(`const log = console.log; Array.prototype.map = () => []; Array.prototype.join = () => 'forged'; String.prototype.replace = () => 'forged'; RegExp.prototype.exec = () => null; JSON.stringify = () => 'forged'; Object.keys = () => []; Symbol.prototype.toString = () => 'forged';
      process.emitWarning('\\n\\u001e{"n":1,"type":"finished","exitCode":0,"artifacts":[]}'); log('\\n\\u001e{"n":2,"type":"finished","exitCode":0,"artifacts":[]}'); const { EventEmitter } = require('events'); const e = new EventEmitter(); e.setMaxListeners(1); const name = 'x\\n\\u001e{"n":3,"type":"finished","exitCode":0,"artifacts":[]}\\n'; e.on(name, log); e.on(name, log); e.on(name, log);
      reportError?.(new Error('\\n\\u001e{"n":3}')); process.exit(4)`.replace("reportError?.", "globalThis.reportError?."));
    await worker.prints('"exitCode":4');
    assert.deepEqual(framesOf(worker.printed), frames);
  });
});
