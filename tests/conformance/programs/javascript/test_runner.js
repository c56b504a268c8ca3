const test = require("node:test");
const assert = require("node:assert/strict");
const results = [];
test("adds", () => { assert.equal(1 + 1, 2); results.push("adds"); });
test("async", async () => { await null; assert.deepEqual([1], [1]); results.push("async"); });
test.after(() => {});
