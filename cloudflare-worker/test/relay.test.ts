/** The parent's judgement of an isolate, asked directly: no program can make the harness say these things, the parent must not rely on it. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { build } from "esbuild";
import { order, type Frame } from "./support.ts";

type Said = { receive(line: string): Frame; say(said: object): Frame; finished: boolean; lineBytesMax: number };
let Relay: new (run: object) => Said;
before(async () => {
  const { outputFiles } = await build({ entryPoints: [new URL("../src/relay.ts", import.meta.url).pathname], bundle: true, format: "esm", write: false });
  ({ Relay } = (await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? "").toString("base64")}`)) as { Relay: typeof Relay });
});

const relay = (rest: object = {}) => new Relay({ ...order("x"), ...rest });
const line = (value: object) => JSON.stringify(value);
const out = (n: number, more: object = {}) => line({ n, type: "output", stream: "stdout", text: "t", ...more });
const end = (n: number, more: object = {}) => line({ n, type: "finished", exitCode: 0, artifacts: [], ...more });

test("a frame keeps only what it may carry", () => {
  assert.deepEqual(relay().receive(out(1, { level: "shout", cost: 5, executionId: "other", text: "a\ud800" })), { n: 1, type: "output", stream: "stdout", text: "a\ufffd" });
  assert.deepEqual(relay().receive(end(1, { exitCode: 300, status: "completed", metrics: {}, error: { type: "E", message: "m", stack: "s", line: -1, file: "../x", extra: 1 } })), {
    n: 1, type: "finished", exitCode: 44, artifacts: [], error: { type: "E", message: "m", stack: "s" },
  });
});

test("numbers must follow each other", () => {
  for (const n of [0, 2, -1, 1.5, "1", null]) assert.throws(() => relay().receive(line({ n, type: "output", stream: "stdout", text: "" })), /out of order/);
  const twice = relay();
  twice.receive(out(1));
  assert.throws(() => twice.receive(out(1)), /out of order/);
});

test("nothing comes after the last frame", () => {
  const done = relay();
  done.receive(end(1));
  assert.equal(done.finished, true);
  assert.throws(() => done.receive(out(2)), /after the last/);
});

test("what is no frame is refused", () => {
  for (const bad of ["", "null", "[]", "1", "{", line({ n: 1 }), line({ n: 1, type: "execution.finished" }), out(1, { stream: "stdnone" }), out(1, { text: 5 }), line({ n: 1, type: "finished", artifacts: [] }), line({ n: 1, type: "display", mime: { "not a type": "x" } })]) {
    assert.throws(() => relay().receive(bad), Error, bad);
  }
});

test("output beyond what the harness may let through ends the isolate", () => {
  const greedy = relay({ outputBytesMax: 10 });
  greedy.receive(out(1, { text: "x".repeat(4 * 1024 * 1024) }));
  assert.throws(() => greedy.receive(out(2, { text: "x".repeat(100) })), /more output than allowed/);
});

test("artifacts are checked one by one", () => {
  const artifact = { name: "a", change: "created", size: 1, digest: "0".repeat(64), base64: "eA==" };
  assert.deepEqual((relay().receive(end(1, { artifacts: [{ ...artifact, more: 1 }] })).artifacts), [artifact]);
  for (const change of [{ name: "../a" }, { name: "a\n" }, { change: "stolen" }, { digest: "x" }, { base64: "<>" }, { size: "1" }]) assert.throws(() => relay().receive(end(1, { artifacts: [{ ...artifact, ...change }] })), Error, JSON.stringify(change));
  assert.throws(() => relay({ artifactBytesMax: 1 }).receive(end(1, { artifacts: [{ ...artifact, base64: "eHh4eHh4" }] })), /not acceptable/);
  assert.throws(() => relay().receive(end(1, { artifacts: Array(1001).fill(artifact) })), /too many/);
});

test("the parent's own last word takes the next number", () => {
  const broken = relay();
  broken.receive(out(1));
  assert.deepEqual(broken.say({ type: "finished", exitCode: 1, artifacts: [] }).n, 2);
  assert.equal(broken.finished, true);
});
