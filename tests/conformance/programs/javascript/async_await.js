const sleep = (ms, v) => new Promise((r) => setTimeout(r, ms, v));
async function main() {
  console.log("start");
  setImmediate(() => console.log("immediate"));
  process.nextTick(() => console.log("tick"));
  Promise.resolve().then(() => console.log("micro"));
  queueMicrotask(() => console.log("microtask"));
  console.log("sync end");
  await sleep(20);
  console.log(await Promise.all([sleep(3, "a"), sleep(1, "b"), 5]));
  console.log(await Promise.race([sleep(50, "slow"), sleep(1, "fast")]));
  console.log((await Promise.allSettled([Promise.reject(new Error("no")), 1])).map((r) => [r.status, r.value ?? r.reason.message]));
  console.log(await Promise.any([Promise.reject(1), sleep(1, "any")]));
  try { await Promise.any([Promise.reject(1)]); } catch (e) { console.log(e.constructor.name, e.errors); }
  try { await (async () => { throw new TypeError("async throw"); })(); } catch (e) { console.log(e.name, e.message); } finally { console.log("finally"); }
  const { promise, resolve } = Promise.withResolvers(); resolve("with"); console.log(await promise);
  return "result";
}
main().then(console.log).finally(() => console.log("done"));
console.log("after main");
