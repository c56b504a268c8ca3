async function* ticks(n) { for (let i = 0; i < n; i++) { await new Promise((r) => setTimeout(r, 1)); yield i; } }
class Stream { #items = ["x", "y"]; async *[Symbol.asyncIterator]() { yield* this.#items; } }
(async () => {
  for await (const t of ticks(3)) console.log(t);
  for await (const s of new Stream()) console.log(s);
  for await (const v of [Promise.resolve(1), 2]) console.log(v);
  const { setTimeout: wait } = require("node:timers/promises");
  console.log(await wait(2, "waited"));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 2);
  try { await wait(1000, null, { signal: controller.signal }); } catch (e) { console.log(e.name, controller.signal.aborted); }
  const { EventEmitter, once, on } = require("node:events");
  const e = new EventEmitter();
  setTimeout(() => e.emit("ready", 1, 2), 1);
  console.log(await once(e, "ready"));
})();
