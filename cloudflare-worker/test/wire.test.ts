import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { order, Workerd } from "./support.ts";

let worker: Workerd;
before(async () => { worker = await Workerd.start(); });
after(() => worker.stop());

const refusal = async (response: Response) => ({ status: response.status, ...((await response.json()) as { code: string; message: string }) });
const post = async (change: object) => refusal(await worker.send(`${JSON.stringify({ ...order("return 1"), ...change })}\n`));

test("health tells the languages without a secret", async () => {
  const response = await fetch(`http://127.0.0.1:${worker.port}/healthz`);
  const body = (await response.json()) as { ok: boolean; languages: string[]; version: string };
  assert.equal(body.ok, true);
  assert.ok(body.languages.includes("javascript") && body.languages.includes("typescript"));
  assert.match(body.version, /^\d+\.\d+\.\d+$/);
});

test("nothing else is answered without the secret", async () => {
  for (const authorization of ["", "Bearer", "Bearer wrong", "Basic a secret of the tests"]) {
    for (const path of ["/execute", "/warm", "/other"]) {
      const response = await worker.fetch(path, { method: "POST", body: "{}", headers: { authorization } });
      assert.equal((await refusal(response)).code, "unauthorized", `${authorization} ${path}`);
      assert.equal(response.status, 401);
    }
  }
});

test("an unset secret lets nobody in", async () => {
  const open = await Workerd.start({ secret: "" });
  try {
    assert.equal((await open.fetch("/warm", { method: "POST", headers: { authorization: "Bearer " } })).status, 401);
  } finally {
    await open.stop();
  }
});

test("warming up answers once the languages have run", async () => {
  assert.equal((await worker.fetch("/warm?language=javascript", { method: "POST" })).status, 204);
  assert.equal((await worker.fetch("/warm?language=javascript", { method: "POST" })).status, 204);
});

test("an unknown path is 404 and a body that is no request is 400", async () => {
  assert.equal((await worker.fetch("/other", { method: "POST" })).status, 404);
  assert.deepEqual((({ status, code }) => ({ status, code }))(await refusal(await worker.send("not json\n"))), { status: 400, code: "invalid" });
  assert.equal((await worker.send("[1]\n")).status, 400);
  assert.equal((await worker.send("")).status, 400);
});

test("a language that is not there is refused by name", async () => {
  const answer = await post({ language: "cobol" });
  assert.equal(answer.code, "unsupported_language");
  assert.match(answer.message, /cobol/);
});

test("a wrong field is refused and named", async () => {
  for (const [change, field] of [
    [{ timeoutMs: "5" }, /^timeoutMs/], [{ timeoutMs: -1 }, /^timeoutMs/], [{ outputBytesMax: 1.5 }, /^outputBytesMax/], [{ argv: [1] }, /^argv/], [{ context: [] }, /^context/],
    [{ files: {} }, /^files/], [{ files: [{ name: "a" }] }, /^files\[0\]/], [{ entry: "other.js" }, /^entry/], [{ tierOfModule: { fs: 1 } }, /^tierOfModule/],
    [{ files: [{ name: "a", base64: "%%%" }] }, /base64/], [{ executionId: null }, /^executionId/],
  ] as const) {
    const answer = await post(change);
    assert.equal(answer.code, "invalid", JSON.stringify(change));
    assert.match(answer.message, field);
  }
});

test("a file name that climbs, hides or is there twice is refused", async () => {
  for (const name of ["../a.js", "/a.js", "a//b.js", "a/./b", "", "a\u0000b", "a\\b", "__proto__", "x/__proto__/y", "a\nb", "\ud800"]) {
    const answer = await post({ files: [{ name: "main.js", content: "" }, { name, content: "" }] });
    assert.equal(answer.code, "invalid", JSON.stringify(name));
    assert.match(answer.message, /^files\[1\]\.name/);
  }
  assert.match((await post({ files: [{ name: "main.js", content: "" }, { name: "main.js", content: "" }] })).message, /twice/);
});

test("limits are named when they are exceeded", async () => {
  assert.deepEqual((({ code, message }) => ({ code, message }))(await post({ timeoutMs: 300_001 })), { code: "too_large", message: "timeoutMs: more than 300000" });
  const many = Array.from({ length: 1001 }, (_, at) => ({ name: `f${at}`, content: "" }));
  assert.equal((await post({ files: many })).code, "too_large");
});

test("frames are numbered from one and the last one is `finished`", async () => {
  const { frames } = await worker.run("console.log('a'); console.error('b'); return 1");
  assert.deepEqual(frames, [
    { n: 1, type: "output", stream: "stdout", level: "log", text: "a\n" },
    { n: 2, type: "output", stream: "stderr", level: "error", text: "b\n" },
    { n: 3, type: "finished", exitCode: 0, result: 1, artifacts: [] },
  ]);
});

test("runs at the same time do not mix", async () => {
  const outcomes = await Promise.all([1, 2, 3, 4].map((at) => worker.run(`globalThis.mine ??= ${at}; await new Promise(r => setTimeout(r, 20)); console.log(mine); return mine`)));
  assert.deepEqual(outcomes.map((outcome) => outcome.result), [1, 2, 3, 4]);
});

test("a host that goes away leaves the Worker serving", async () => {
  const live = worker.live(order("console.log('up'); setInterval(() => console.log('tick'), 1)"));
  await live.until("output");
  live.destroy();
  assert.equal((await worker.run("return 2")).result, 2);
});

test("a program that waits too long is ended by the Worker as well", async () => {
  const { error, exitCode } = await worker.run({ files: { "main.js": "await new Promise(r => setTimeout(r, 60000))" }, timeoutMs: 100 });
  assert.equal(error?.type, "TimeoutError");
  assert.equal(exitCode, 124);
});
