/** tr: characters for characters. */
import { decode, encode } from "../bytes.js";
import type { Program } from "../machine.js";
import { options } from "./options.js";

const TR_CLASSES: Readonly<Record<string, (code: number) => boolean>> = {
  alpha: (c) => (c >= 65 && c <= 90) || (c >= 97 && c <= 122), digit: (c) => c >= 48 && c <= 57, alnum: (c) => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122), upper: (c) => c >= 65 && c <= 90,
  lower: (c) => c >= 97 && c <= 122, space: (c) => c === 32 || (c >= 9 && c <= 13), blank: (c) => c === 32 || c === 9, punct: (c) => (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126),
  cntrl: (c) => c < 32 || c === 127, print: (c) => c >= 32 && c < 127, graph: (c) => c > 32 && c < 127, xdigit: (c) => (c >= 48 && c <= 57) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102),
};
class SetFault extends Error {}
function trSet(text: string, fillTo = 0): number[] {
  const found: number[] = [];
  const bytes = encode(text);
  const one = (at: number): { byte: number; next: number } => {
    if (bytes[at] !== 92 || at + 1 >= bytes.length) return { byte: bytes[at]!, next: at + 1 };
    const octal = /^[0-7]{1,3}/.exec(String.fromCharCode(...bytes.subarray(at + 1, at + 4)));
    if (octal !== null) return { byte: Number.parseInt(octal[0], 8) & 255, next: at + 1 + octal[0].length };
    const char = String.fromCharCode(bytes[at + 1]!);
    return { byte: ({ n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11, "\\": 92 } as Record<string, number>)[char] ?? bytes[at + 1]!, next: at + 2 };
  };
  for (let at = 0; at < bytes.length; ) {
    const rest = String.fromCharCode(...bytes.subarray(at, at + 16));
    const named = /^\[:(\w+):\]/.exec(rest);
    if (named !== null) {
      const test = TR_CLASSES[named[1]!];
      if (test === undefined) throw new SetFault(`invalid character class '${named[1]}'`);
      for (let code = 0; code < 256; code += 1) if (test(code)) found.push(code);
      at += named[0].length;
      continue;
    }
    const repeated = /^\[(\\?.)\*(\d*)\]/.exec(rest);
    if (repeated !== null) {
      const { byte } = one(at + 1);
      const count = repeated[2] === "" ? Math.max(0, fillTo - found.length) : Number(repeated[2]);
      for (let times = 0; times < count; times += 1) found.push(byte);
      at += repeated[0].length;
      continue;
    }
    const first = one(at);
    if (bytes[first.next] === 45 && first.next + 1 < bytes.length) {
      const last = one(first.next + 1);
      if (last.byte < first.byte) throw new SetFault(`range-endpoints of '${decode(bytes.subarray(at, last.next))}' are in reverse collating sequence order`);
      for (let code = first.byte; code <= last.byte; code += 1) found.push(code);
      at = last.next;
      continue;
    }
    found.push(first.byte);
    at = first.next;
  }
  return found;
}
export const tr: Program = async (io) => {
  const given = await options(io, { short: "+cCdst", long: { complement: "c", delete: "d", "squeeze-repeats": "s", "truncate-set1": "t" } });
  if (given === null) return 2;
  const { operands } = given;
  if (operands.length === 0) return io.fail("missing operand");
  const deletes = given.has("d");
  const squeezes = given.has("s");
  if (operands.length < 2 && !deletes && !squeezes) return io.fail(`missing operand after '${operands[0]}'`);
  if (operands.length > 2 || (deletes && !squeezes && operands.length > 1)) return io.fail(`extra operand '${operands.at(-1)}'`);
  let from: number[];
  let to: number[];
  try {
    from = trSet(operands[0]!);
    if (given.has("c", "C")) {
      const listed = new Set(from);
      from = Array.from({ length: 256 }, (_, code) => code).filter((code) => !listed.has(code));
    }
    to = operands.length > 1 ? trSet(operands[1]!, from.length) : [];
  } catch (error) {
    if (error instanceof SetFault) return io.fail(error.message);
    throw error;
  }
  const map = new Int16Array(256).map((_, code) => code);
  if (!deletes && to.length > 0) from.forEach((code, at) => { if (at < to.length || !given.has("t")) map[code] = to[Math.min(at, to.length - 1)]!; });
  const gone = new Set(deletes ? from : []);
  const squeezed = new Set(squeezes ? (operands.length > 1 ? to : from) : []);
  let last = -1;
  for await (const chunk of io.chunks(io.stdin())) {
    const made = new Uint8Array(chunk.length);
    let size = 0;
    for (const byte of chunk) {
      if (gone.has(byte)) continue;
      const code = map[byte]!;
      if (code === last && squeezed.has(code)) continue;
      last = code;
      made[size] = code;
      size += 1;
    }
    await io.write(made.subarray(0, size));
  }
  return 0;
};
