/**
 * Pyodide's memory snapshot without its empty pages: more than half of the heap is zeros, and every copy of it costs memory in every process.
 * Layout: u32 heapBytes, u32 metaBytes, meta (UTF-8 JSON {state, runs:[[page, count]…]}), padding to 16, the kept pages.
 */
import assert from "node:assert/strict";

const PAGE_BYTES = 4096;
const SNAPSHOT_HEADER_BYTES = 48;

export function packImage(snapshot) {
  const words = new Uint32Array(snapshot.buffer, snapshot.byteOffset, 4);
  const [, heapAt, stateBytes] = words;
  const state = JSON.parse(snapshot.subarray(SNAPSHOT_HEADER_BYTES, SNAPSHOT_HEADER_BYTES + stateBytes).toString("utf8"));
  assert.ok(Array.isArray(state.hiwireKeys), "the snapshot's header is not what it was");
  const heap = snapshot.subarray(heapAt);
  assert.equal(heap.length % PAGE_BYTES, 0);
  const empty = Buffer.alloc(PAGE_BYTES);
  const runs = [];
  const kept = [];
  for (let page = 0; page * PAGE_BYTES < heap.length; page += 1) {
    const bytes = heap.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
    if (empty.equals(bytes)) continue;
    const last = runs.at(-1);
    if (last && last[0] + last[1] === page) last[1] += 1;
    else runs.push([page, 1]);
    kept.push(bytes);
  }
  const meta = Buffer.from(JSON.stringify({ state, runs }));
  const head = Buffer.alloc(Math.ceil((8 + meta.length) / 16) * 16);
  head.writeUInt32LE(heap.length, 0);
  head.writeUInt32LE(meta.length, 4);
  meta.copy(head, 8);
  return Buffer.concat([head, ...kept]);
}
