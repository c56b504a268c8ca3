const { Readable, Transform, pipeline, Writable } = require("stream");
const { promisify } = require("util");
const upper = new Transform({ transform(chunk, _, done) { done(null, chunk.toString().toUpperCase()); } });
const out = [];
const sink = new Writable({ write(chunk, _, done) { out.push(chunk.toString()); done(); } });
pipeline(Readable.from(["a", "b", "c"]), upper, sink, (error) => console.log("done", error, out));
(async () => {
  const chunks = [];
  for await (const chunk of Readable.from([1, 2, 3])) chunks.push(chunk);
  console.log(chunks, await Readable.from([1, 2, 3, 4]).filter((x) => x % 2).map((x) => x * 10).toArray());
  await promisify(pipeline)(Readable.from(["x\n"]), async function* (source) { for await (const c of source) yield c + c; }, async (source) => { for await (const c of source) process.stdout.write(c); });
  const bad = new Readable({ read() { this.destroy(new Error("broken stream")); } });
  try { for await (const _ of bad); } catch (error) { console.log(error.message); }
  const rs = new ReadableStream({ start(c) { c.enqueue("w"); c.enqueue("hatwg"); c.close(); } });
  let text = ""; for await (const part of rs) text += part; console.log(text);
})();
