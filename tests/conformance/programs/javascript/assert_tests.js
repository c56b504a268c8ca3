const assert = require("node:assert");
const tests = [];
const test = (name, fn) => tests.push([name, fn]);
test("equal", () => assert.strictEqual(add(2, 3), 5));
test("deep", () => assert.deepStrictEqual({ a: [1, 2] }, { a: [1, 2] }));
test("throws", () => assert.throws(() => add("x"), /numbers/));
test("rejects", async () => assert.rejects(Promise.reject(new Error("no")), { message: "no" }));
test("fails", () => assert.strictEqual(add(2, 2), 5));
test("ok", () => assert.ok(0, "zero is falsy"));
test("match", () => assert.match("abc", /b/));
function add(a, b) { if (typeof a !== "number" || typeof b !== "number") throw new TypeError("numbers only"); return a + b; }
(async () => {
  let passed = 0;
  for (const [name, fn] of tests) {
    try { await fn(); passed += 1; console.log("ok  ", name); } catch (e) { console.log("FAIL", name, "-", e.message.split("\n")[0], e.code); }
  }
  console.log(`${passed}/${tests.length}`);
  process.exitCode = passed === tests.length ? 0 : 1;
})();
