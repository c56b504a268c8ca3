/** Programs that take lines or bytes and pass them on: cat, head, tail, wc, tee, tac, rev, nl, yes, seq. */
import { charCount, concat, encode } from "../bytes.js";
import { faultOf } from "../files.js";
import { conversions, formatReal } from "../format.js";
import type { Io, Program } from "../machine.js";
import { regex } from "../patterns.js";
import type { Stream } from "../streams.js";
import { options, size } from "./options.js";

const cat: Program = async (io) => {
  const given = await options(io, { short: "AbeEnstTuv", long: { number: "n", "number-nonblank": "b", "squeeze-blank": "s", "show-ends": "E", "show-tabs": "T", "show-all": "A", "show-nonprinting": "v" } });
  if (given === null) return 2;
  const all = given.has("A");
  const show = { ends: all || given.has("e", "E"), tabs: all || given.has("t", "T"), odd: all || given.has("e", "t", "v"), number: given.has("n"), filled: given.has("b"), squeeze: given.has("s") };
  const plain = !Object.values(show).includes(true);
  let number = 0;
  let blank = false;
  for await (const { name, stream } of io.inputs(given.operands)) {
    try {
      if (plain) {
        for await (const chunk of io.chunks(stream)) await io.write(chunk);
        continue;
      }
      for await (const line of io.lines(stream)) {
        if (show.squeeze && line === "" && blank) continue;
        blank = line === "";
        let text = show.odd ? [...encode(line)].map((byte) => (byte === 9 ? "\t" : byte >= 128 ? `M-${visible(byte - 128)}` : visible(byte))).join("") : line;
        if (show.tabs) text = text.replaceAll("\t", "^I");
        const counted = show.filled ? line !== "" : show.number;
        if (counted) number += 1;
        if (io.out(`${counted ? `${String(number).padStart(6)}\t` : ""}${text}${show.ends ? "$" : ""}\n`)) await io.flush();
      }
    } catch (error) {
      await io.fail(`${name}: ${faultOf(error)}`);
    }
  }
  return io.status;
};
const visible = (byte: number): string => (byte < 32 ? `^${String.fromCharCode(byte + 64)}` : byte === 127 ? "^?" : String.fromCharCode(byte));

/** `-5` as `-n 5`. */
const oldCount = (args: readonly string[]): string[] => args.flatMap((arg, at) => (at === 0 && /^-\d+$/.test(arg) ? ["-n", arg.slice(1)] : [arg]));

const head: Program = async (io) => {
  const given = await options(io, { short: "n:c:qvz", long: { "lines=": "n", "bytes=": "c", quiet: "q", silent: "q", verbose: "v", "zero-terminated": "z" } }, oldCount(io.args));
  if (given === null) return 2;
  const kind = given.last("n", "c") ?? "n";
  const text = given.value(kind) ?? "10";
  const but = text.startsWith("-");
  const count = size(text.replace(/^[-+]/, ""));
  if (count === null) return io.fail(`invalid number of ${kind === "n" ? "lines" : "bytes"}: '${text}'`);
  const titles = (given.operands.length > 1 && !given.has("q")) || given.has("v");
  let first = true;
  for await (const { name, stream } of io.inputs(given.operands)) {
    if (titles) io.out(`${first ? "" : "\n"}==> ${name === "-" ? "standard input" : name} <==\n`);
    first = false;
    try {
      await headOf(io, stream, kind, count, but, given.has("z") ? "\0" : "\n");
    } catch (error) {
      await io.fail(`error reading '${name}': ${faultOf(error)}`);
    }
  }
  return io.status;
};
async function headOf(io: Io, stream: Stream, kind: string, count: number, but: boolean, end: string): Promise<void> {
  if (kind === "c") {
    const bytes = but ? await io.bytes(stream) : null;
    if (bytes !== null) return io.write(bytes.subarray(0, Math.max(0, bytes.length - count)));
    let left = count;
    try {
      while (left > 0) {
        const chunk = await stream.read(io.process, left);
        if (chunk === null) break;
        left -= chunk.length;
        await io.write(chunk);
      }
    } finally {
      stream.release();
    }
    return;
  }
  if (but) {
    const kept: string[] = [];
    for await (const line of io.lines(stream, end)) {
      kept.push(line);
      if (kept.length > count && io.out(kept.shift()! + end)) await io.flush();
    }
    return;
  }
  let left = count;
  if (left === 0) return stream.release();
  for await (const line of io.lines(stream, end)) {
    io.out(line + end);
    left -= 1;
    if (left === 0) break;
  }
}

const tail: Program = async (io) => {
  const args = io.args.flatMap((arg, at) => (at === 0 && /^[-+]\d+[fF]?$/.test(arg) ? ["-n", arg.replace(/^-/, "").replace(/[fF]$/, "")] : [arg]));
  const given = await options(io, { short: "n:c:qvzfFs:", long: { "lines=": "n", "bytes=": "c", quiet: "q", silent: "q", verbose: "v", "zero-terminated": "z", "follow?": "f", "pid=": "pid" } }, args);
  if (given === null) return 2;
  if (given.has("f", "F")) return io.fail("following a file (-f) is not supported here: nothing else writes to it", 2);
  const kind = given.last("n", "c") ?? "n";
  const text = given.value(kind) ?? "10";
  const from = text.startsWith("+");
  const count = size(text.replace(/^[-+]/, ""));
  if (count === null) return io.fail(`invalid number of ${kind === "n" ? "lines" : "bytes"}: '${text}'`);
  const titles = (given.operands.length > 1 && !given.has("q")) || given.has("v");
  const end = given.has("z") ? "\0" : "\n";
  let first = true;
  for await (const { name, stream } of io.inputs(given.operands)) {
    if (titles) io.out(`${first ? "" : "\n"}==> ${name === "-" ? "standard input" : name} <==\n`);
    first = false;
    if (kind === "c") {
      const bytes = await io.bytes(stream);
      await io.write(from ? bytes.subarray(Math.max(0, count - 1)) : count === 0 ? new Uint8Array(0) : bytes.subarray(-count));
      continue;
    }
    let number = 0;
    const kept: string[] = [];
    for await (const line of io.lines(stream, end)) {
      number += 1;
      if (from) {
        if (number >= count && io.out(line + (io.lastEnded ? end : ""))) await io.flush();
      } else {
        kept.push(line);
        if (kept.length > count) kept.shift();
      }
    }
    if (!from && kept.length > 0) io.out(kept.join(end) + (io.lastEnded ? end : ""));
  }
  return io.status;
};

const wc: Program = async (io) => {
  const given = await options(io, { short: "clLmw", long: { bytes: "c", chars: "m", lines: "l", words: "w", "max-line-length": "L" } });
  if (given === null) return 2;
  const chosen = ["l", "w", "m", "c", "L"].filter((name) => given.has(name));
  const columns = chosen.length > 0 ? chosen : ["l", "w", "c"];
  const rows: { name: string; counts: Record<string, number> }[] = [];
  let regular = given.operands.length > 0;
  for await (const { name, stream } of io.inputs(given.operands)) {
    const counts: Record<string, number> = { l: 0, w: 0, m: 0, c: 0, L: 0 };
    if (!stream.seekable || name === "-") regular = false;
    let inWord = false;
    let pending: Uint8Array | null = null;
    let width = 0;
    try {
      for await (const raw of io.chunks(stream)) {
        counts.c! += raw.length;
        let chunk: Uint8Array = pending === null ? raw : concat([pending, raw]);
        pending = null;
        // A character that is cut stays for the next round.
        let cut = chunk.length;
        while (cut > 0 && cut > chunk.length - 4 && (chunk[cut - 1]! & 0xc0) === 0x80) cut -= 1;
        if (cut > 0 && chunk[cut - 1]! >= 0xc0 && chunk.length - cut + 1 < (chunk[cut - 1]! >= 0xf0 ? 4 : chunk[cut - 1]! >= 0xe0 ? 3 : 2)) {
          pending = chunk.slice(cut - 1);
          chunk = chunk.subarray(0, cut - 1);
        }
        for (const byte of chunk) {
          if (byte === 10) {
            counts.l! += 1;
            counts.L = Math.max(counts.L!, width);
            width = 0;
          } else if (byte === 9) width += 8 - (width % 8);
          else if ((byte & 0xc0) !== 0x80) width += 1;
          if ((byte & 0xc0) !== 0x80) counts.m! += 1;
          const blank = byte === 32 || (byte >= 9 && byte <= 13);
          if (blank) inWord = false;
          else if (!inWord) {
            inWord = true;
            counts.w! += 1;
          }
        }
      }
    } catch (error) {
      await io.fail(`${name}: ${faultOf(error)}`);
    }
    counts.L = Math.max(counts.L!, width);
    rows.push({ name, counts });
  }
  const total: Record<string, number> = {};
  for (const column of columns) total[column] = rows.reduce((sum, { counts }) => (column === "L" ? Math.max(sum, counts[column]!) : sum + counts[column]!), 0);
  const bytes = rows.reduce((sum, { counts }) => sum + counts.c!, 0);
  const width = rows.length === 1 && given.operands.length <= 1 && columns.length === 1 ? 1 : regular ? String(bytes).length : 7;
  const shown = (counts: Record<string, number>): string => columns.map((column) => String(counts[column]).padStart(width)).join(" ");
  for (const { name, counts } of rows) io.out(`${shown(counts)}${given.operands.length === 0 ? "" : ` ${name}`}\n`);
  if (given.operands.length > 1) io.out(`${shown(total)} total\n`);
  return io.status;
};

const tee: Program = async (io) => {
  const given = await options(io, { short: "aip", long: { append: "a", "ignore-interrupts": "i" } });
  if (given === null) return 2;
  const outs: Stream[] = [];
  for (const name of given.operands) {
    try {
      outs.push(io.machine.open(io.path(name), given.has("a") ? "append" : "write", io.fds));
    } catch (error) {
      await io.fail(`${name}: ${faultOf(error)}`);
    }
  }
  for await (const chunk of io.chunks(io.stdin())) {
    await io.write(chunk);
    for (const out of outs) await out.write(io.process, chunk);
  }
  for (const out of outs) out.release();
  return io.status;
};

const tac: Program = async (io) => {
  const given = await options(io, { short: "s:", long: { "separator=": "s" } });
  if (given === null) return 2;
  const end = given.value("s") ?? "\n";
  for await (const { name, stream } of io.inputs(given.operands)) {
    let text: string;
    try {
      text = await io.text(stream);
    } catch (error) {
      await io.fail(`${name}: read error: ${faultOf(error)}`);
      continue;
    }
    const pieces = text.split(end);
    const last = pieces.pop()!;
    io.out((last === "" ? "" : last) + pieces.reverse().map((piece) => piece + end).join(""));
    await io.flush();
  }
  return io.status;
};
const rev: Program = async (io) => {
  for await (const { stream } of io.inputs(io.args)) for await (const line of io.lines(stream)) if (io.out([...line].reverse().join("") + (io.lastEnded ? "\n" : ""))) await io.flush();
  return io.status;
};

const nl: Program = async (io) => {
  const given = await options(io, { short: "b:d:f:h:i:l:n:ps:v:w:", long: { "body-numbering=": "b", "number-format=": "n", "number-separator=": "s", "number-width=": "w", "starting-line-number=": "v", "line-increment=": "i" } });
  if (given === null) return 2;
  const style = given.value("b") ?? "t";
  const width = Number(given.value("w") ?? 6);
  const separator = given.value("s") ?? "\t";
  const format = given.value("n") ?? "rn";
  const by = Number(given.value("i") ?? 1);
  let number = Number(given.value("v") ?? 1);
  const pattern = style.startsWith("p") ? regex(style.slice(1), { extended: false }) : null;
  const marks = new Set(["\\:\\:\\:", "\\:\\:", "\\:"]);
  let counting = true;
  for await (const { stream } of io.inputs(given.operands)) {
    for await (const line of io.lines(stream)) {
      if (marks.has(line)) {
        counting = line === "\\:\\:";
        if (counting && !given.has("p")) number = Number(given.value("v") ?? 1);
        io.out("\n");
        continue;
      }
      const counted = counting && (style === "a" || (style === "t" && line !== "") || pattern?.test(line) === true);
      const shown = counted ? (format === "ln" ? String(number).padEnd(width) : String(number).padStart(width, format === "rz" ? "0" : " ")) + separator : " ".repeat(width + charCount(separator));
      if (counted) number += by;
      if (io.out(`${shown}${line}\n`)) await io.flush();
    }
  }
  return io.status;
};

const yes: Program = async (io) => {
  const block = encode(`${io.args.length === 0 ? "y" : io.args.join(" ")}\n`.repeat(512));
  for (;;) {
    await io.write(block);
    const turn = io.machine.step();
    if (turn !== null) await turn;
    io.process.check();
  }
};

const seq: Program = async (io) => {
  const given = await options(io, { short: "+f:s:w", long: { "format=": "f", "separator=": "s", "equal-width": "w" }, numbers: true });
  if (given === null) return 2;
  const { operands } = given;
  if (operands.length === 0) return io.fail("missing operand");
  if (operands.length > 3) return io.fail(`extra operand '${operands[3]}'`);
  for (const operand of operands) if (operand.trim() === "" || !Number.isFinite(Number(operand))) return io.fail(`invalid floating point argument: '${operand}'`);
  const [first, by, last] = operands.length === 1 ? ["1", "1", operands[0]!] : operands.length === 2 ? [operands[0]!, "1", operands[1]!] : [operands[0]!, operands[1]!, operands[2]!];
  const places = Math.max(...[first, by].map((text) => (/e/i.test(text) ? 0 : (text.split(".")[1] ?? "").length)));
  const [from, step, to] = [Number(first), Number(by), Number(last)];
  if (step === 0) return io.fail(`invalid Zero increment value: '${by}'`);
  const width = given.has("w") ? Math.max(...[first, last].map((text) => { const whole = text.replace(/^\+/, "").split(".")[0]!; return whole.length + (places > 0 ? places + 1 : 0); })) : 0;
  const separator = given.value("s") ?? "\n";
  const format = given.value("f");
  const shown = (value: number): string => {
    if (format !== undefined) return [...conversions(format, () => 0)].map((part) => part.before + (part.kind === "" ? "" : part.kind === "%" ? "%" : formatReal(value, part))).join("");
    const text = value.toFixed(places);
    return text.startsWith("-") ? `-${text.slice(1).padStart(width - 1, "0")}` : text.padStart(width, "0");
  };
  const count = Math.floor((to - from) / step + 1e-10);
  for (let at = 0; at <= count; at += 1) {
    if (io.out((at > 0 ? separator : "") + shown(from + at * step))) {
      await io.flush();
      const turn = io.machine.step();
      if (turn !== null) await turn;
    }
  }
  if (count >= 0) io.out("\n");
  return 0;
};

export const lines: Record<string, Program> = { cat, head, tail, wc, tee, tac, rev, nl, yes, seq, more: cat, less: cat };
