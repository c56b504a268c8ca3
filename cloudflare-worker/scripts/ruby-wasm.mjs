/**
 * Gives Ruby's wasm a limit to its memory: the one place where it grows asks an exported global first, so that Ruby itself raises NoMemoryError.
 * It knows the binary format, nothing of Ruby.
 */
const TYPE = 1;
const FUNCTION = 3;
const GLOBAL = 6;
const EXPORT = 7;
const CODE = 10;
const IMPORT = 2;
/** i32.const 16, i32.shr_u, memory.grow 0: how the C library's sbrk ends. */
const GROW = [0x41, 0x10, 0x76, 0x40, 0x00];
const PAGES_MAX = 65536;

function leb(value) {
  const out = [];
  do {
    const byte = value & 0x7f;
    value >>>= 7;
    out.push(value === 0 ? byte : byte | 0x80);
  } while (value !== 0);
  return out;
}
function signedLeb(value) {
  const out = [];
  for (;;) {
    const byte = value & 0x7f;
    value >>= 7;
    if ((value === 0 && (byte & 0x40) === 0) || (value === -1 && (byte & 0x40) !== 0)) return [...out, byte];
    out.push(byte | 0x80);
  }
}
function readLeb(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value >>> 0, at];
  }
}

function sectionsOf(wasm) {
  const found = [];
  for (let at = 8; at < wasm.length; ) {
    const id = wasm[at];
    const [size, start] = readLeb(wasm, at + 1);
    found.push({ id, body: wasm.subarray(start, start + size) });
    at = start + size;
  }
  return found;
}

/** A vector section with one more entry. */
function appended(body, entry) {
  const [count, start] = readLeb(body, 0);
  return { count, body: Buffer.concat([Buffer.from(leb(count + 1)), body.subarray(start), Buffer.from(entry)]) };
}

function importCounts(body) {
  let [count, at] = readLeb(body, 0);
  const counts = [0, 0, 0, 0];
  for (; count > 0; count -= 1) {
    for (let names = 0; names < 2; names += 1) {
      const [length, start] = readLeb(body, at);
      at = start + length;
    }
    const kind = body[at++];
    counts[kind] += 1;
    if (kind === 0) at = readLeb(body, at)[1];
    else throw new Error("an import that is no function");
  }
  return counts;
}

/** @param name under which the limit, in pages, is exported. */
export function limitMemory(wasm, name) {
  const sections = sectionsOf(wasm);
  const section = (id) => sections.find((each) => each.id === id);
  const imported = importCounts(section(IMPORT).body);
  const type = appended(section(TYPE).body, [0x60, 1, 0x7f, 1, 0x7f]);
  section(TYPE).body = type.body;
  const functions = appended(section(FUNCTION).body, leb(type.count));
  section(FUNCTION).body = functions.body;
  const grow = imported[0] + functions.count;
  const globals = appended(section(GLOBAL).body, [0x7f, 1, 0x41, ...signedLeb(PAGES_MAX), 0x0b]);
  section(GLOBAL).body = globals.body;
  section(EXPORT).body = appended(section(EXPORT).body, [...leb(name.length), ...Buffer.from(name), 3, ...leb(globals.count)]).body;

  const code = section(CODE).body;
  const wanted = Buffer.from(GROW);
  const found = code.indexOf(wanted);
  if (found < 0 || code.indexOf(wanted, found + 1) >= 0) throw new Error("the place where memory grows is not where it was");
  const parts = [];
  let [count, at] = readLeb(code, 0);
  parts.push(Buffer.from(leb(count + 1)));
  const first = at;
  for (; count > 0; count -= 1) {
    const [size, start] = readLeb(code, at);
    if (found >= start && found < start + size) {
      const call = Buffer.from([0x10, ...leb(grow)]);
      const body = Buffer.concat([code.subarray(start, found + 3), call, code.subarray(found + GROW.length, start + size)]);
      parts.push(code.subarray(first, at), Buffer.from(leb(body.length)), body, code.subarray(start + size));
      break;
    }
    at = start + size;
  }
  // (param pages) → -1 when memory.size + pages is above the limit, else memory.grow
  const limited = [0, 0x20, 0, 0x3f, 0, 0x6a, 0x23, ...leb(globals.count), 0x4b, 0x04, 0x7f, 0x41, 0x7f, 0x05, 0x20, 0, 0x40, 0, 0x0b, 0x0b];
  parts.push(Buffer.from([...leb(limited.length), ...limited]));
  section(CODE).body = Buffer.concat(parts);
  return Buffer.concat([wasm.subarray(0, 8), ...sections.flatMap(({ id, body }) => [Buffer.from([id, ...leb(body.length)]), body])]);
}
