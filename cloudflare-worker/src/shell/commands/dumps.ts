/** Programs that show bytes: od, xxd, hexdump. */
import { decode, latin1 } from "../bytes.js";
import type { Program } from "../machine.js";
import { joined } from "./codes.js";
import { options, size } from "./options.js";

const hex = (value: number, width = 2): string => value.toString(16).padStart(width, "0");

const CHARS: Readonly<Record<number, string>> = { 0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r" };
const NAMES = ["nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht", "nl", "vt", "ff", "cr", "so", "si", "dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc", "fs", "gs", "rs", "us", "sp"];

const od: Program = async (io) => {
  const given = await options(io, { short: "A:j:N:t:vabcdoxw::", long: { "address-radix=": "A", "skip-bytes=": "j", "read-bytes=": "N", "format=": "t", "output-duplicates": "v", "width?": "w" } });
  if (given === null) return 2;
  const kinds: string[] = [];
  for (const [name, value] of given.given) {
    if (name === "t") kinds.push(...(value.match(/[acdoux](?:\d+|[CSIL])?z?/g) ?? []));
    else if ("abcdox".includes(name)) kinds.push({ a: "a", b: "o1", c: "c", d: "u2", o: "o2", x: "x2" }[name]!);
  }
  if (kinds.length === 0) kinds.push("o2");
  const radix = given.value("A") ?? "o";
  const width = given.value("w") === undefined ? 16 : Number(given.value("w") || 32);
  let bytes = await joined(io, given.operands);
  const skip = size(given.value("j") ?? "0") ?? 0;
  bytes = bytes.subarray(skip, given.value("N") === undefined ? undefined : skip + (size(given.value("N")!) ?? 0));
  const address = (at: number): string => (radix === "n" ? "" : radix === "x" ? hex(at, 6) : radix === "d" ? String(at).padStart(7, "0") : at.toString(8).padStart(7, "0"));
  const formats = kinds.map((kind) => {
    const text = kind.endsWith("z");
    const plain = kind.replace("z", "");
    const what = plain[0]!;
    const unit = { C: 1, S: 2, I: 4, L: 8 }[plain[1] ?? ""] ?? Number(plain.slice(1) || ("ac".includes(what) ? 1 : 4));
    const cell = what === "a" || what === "c" ? 3 : what === "x" ? unit * 2 : what === "o" ? Math.ceil((unit * 8) / 3) : unit === 1 ? (what === "d" ? 4 : 3) : unit === 2 ? (what === "d" ? 6 : 5) : unit === 4 ? (what === "d" ? 11 : 10) : 20;
    return { what, unit, cell, text };
  });
  const widest = Math.max(...formats.map(({ unit, cell }) => (cell + 1) / unit));
  let last = "";
  let starred = false;
  for (let at = 0; at < bytes.length; at += width) {
    const row = bytes.subarray(at, at + width);
    const now = latin1(row);
    if (!given.has("v") && row.length === width && now === last) {
      if (!starred) io.out("*\n");
      starred = true;
      continue;
    }
    starred = false;
    last = now;
    formats.forEach(({ what, unit, cell, text }, number) => {
      let line = number === 0 ? address(at + skip) : " ".repeat(address(0).length);
      for (let place = 0; place < row.length; place += unit) {
        let value = 0n;
        for (let byte = unit - 1; byte >= 0; byte -= 1) value = (value << 8n) | BigInt(row[place + byte] ?? 0);
        const single = Number(value & 255n);
        let shown: string;
        if (what === "c") shown = CHARS[single] ?? (single >= 32 && single < 127 ? String.fromCharCode(single) : single.toString(8).padStart(3, "0"));
        else if (what === "a") shown = NAMES[single & 127] ?? ((single & 127) === 127 ? "del" : String.fromCharCode(single & 127));
        else if (what === "x") shown = value.toString(16).padStart(unit * 2, "0");
        else if (what === "o") shown = value.toString(8).padStart(Math.ceil((unit * 8) / 3), "0");
        else shown = (what === "d" ? BigInt.asIntN(unit * 8, value) : value).toString();
        line += shown.padStart(Math.max(cell, Math.round(widest * unit) - 1) + 1);
      }
      if (text) line = `${line.padEnd(address(0).length + Math.round(widest * width))}  >${[...row].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("")}<`;
      io.out(`${line}\n`);
    });
    await io.flush();
  }
  if (radix !== "n") io.out(`${address(bytes.length + skip)}\n`);
  return io.status;
};

const xxd: Program = async (io) => {
  const given = await options(io, { short: "rpul:c:g:s:ib", long: {} });
  if (given === null) return 2;
  const bytes = given.has("r") ? null : await joined(io, given.operands.slice(0, 1));
  if (bytes === null) {
    const text = decode(await joined(io, given.operands.slice(0, 1)));
    const digits = given.has("p") ? text.replace(/[^0-9a-fA-F]/g, "") : text.split("\n").map((line) => (/^[0-9a-fA-F]+:\s?(.*?)(?:\s{2}.*)?$/.exec(line)?.[1] ?? "").replace(/\s/g, "")).join("");
    await io.write(Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
    return io.status;
  }
  if (io.status !== 0) return 2;
  const start = Number(given.value("s") ?? 0);
  const part = bytes.subarray(start, given.value("l") === undefined ? undefined : start + Number(given.value("l")));
  const digit = (byte: number): string => (given.has("b") ? byte.toString(2).padStart(8, "0") : given.has("u") ? hex(byte).toUpperCase() : hex(byte));
  if (given.has("p")) {
    const width = Number(given.value("c") ?? 30);
    for (let at = 0; at < part.length; at += width) if (io.out(`${[...part.subarray(at, at + width)].map(digit).join("")}\n`)) await io.flush();
    return 0;
  }
  if (given.has("i")) {
    const name = (given.operands[0] ?? "stdin").replace(/[^A-Za-z0-9]/g, "_");
    if (given.operands[0] !== undefined) io.out(`unsigned char ${name}[] = {\n`);
    for (let at = 0; at < part.length; at += 12) io.out(`  ${[...part.subarray(at, at + 12)].map((byte) => `0x${hex(byte)}`).join(", ")}${at + 12 < part.length ? "," : ""}\n`);
    if (given.operands[0] !== undefined) io.out(`};\nunsigned int ${name}_len = ${part.length};\n`);
    return 0;
  }
  const width = Number(given.value("c") ?? (given.has("b") ? 6 : 16));
  const group = Number(given.value("g") ?? (given.has("b") ? 1 : 2));
  for (let at = 0; at < part.length; at += width) {
    const row = part.subarray(at, at + width);
    const cells: string[] = [];
    for (let place = 0; place < row.length; place += group || width) cells.push([...row.subarray(place, place + (group || width))].map(digit).join(""));
    const full = group === 0 ? width * 2 : Math.ceil(width / group) * (group * (given.has("b") ? 8 : 2) + 1) - 1;
    if (io.out(`${hex(at + start, 8)}: ${cells.join(" ").padEnd(full)}  ${[...row].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("")}\n`)) await io.flush();
  }
  return 0;
};

const hexdump: Program = async (io) => {
  const given = await options(io, { short: "Cvn:s:e:bcdox", long: { canonical: "C", "length=": "n", "skip=": "s", "no-squeezing": "v" } });
  if (given === null) return 2;
  if (given.has("b", "c", "d", "o", "s")) return io.usage(given.last("b", "c", "d", "o", "s")!);
  let bytes = await joined(io, given.operands);
  if (given.value("n") !== undefined) bytes = bytes.subarray(0, Number(given.value("n")));
  const format = given.value("e");
  if (format !== undefined) {
    const match = /^(?:\d+\/)?1?\s*"%0?(\d*)([xXduoc])([^"]*)"$/.exec(format.trim());
    if (match === null) return io.fail(`the format ${format} is not supported here`, 2);
    const radix = { x: 16, X: 16, d: 10, u: 10, o: 8, c: 0 }[match[2]!]!;
    for (const byte of bytes) io.out((radix === 0 ? String.fromCharCode(byte) : (match[2] === "X" ? byte.toString(16).toUpperCase() : byte.toString(radix)).padStart(Number(match[1] || 0), format.includes("%0") ? "0" : " ")) + match[3]!.replaceAll("\\n", "\n"));
    return 0;
  }
  const canonical = given.has("C") || io.name === "hd";
  let last = "";
  let starred = false;
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const now = latin1(row);
    if (!given.has("v") && now === last && row.length === 16) {
      if (!starred) io.out("*\n");
      starred = true;
      continue;
    }
    starred = false;
    last = now;
    if (canonical) {
      const cells = [...row].map((byte) => hex(byte));
      const text = `${cells.slice(0, 8).join(" ")}${cells.length > 8 ? `  ${cells.slice(8).join(" ")}` : ""}`;
      io.out(`${hex(at, 8)}  ${text.padEnd(48)}  |${[...row].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("")}|\n`);
    } else {
      const words: string[] = [];
      for (let place = 0; place < row.length; place += 2) words.push(hex(row[place]! | ((row[place + 1] ?? 0) << 8), 4));
      io.out(`${hex(at, 7)} ${words.join(" ").padEnd(39)}\n`);
    }
    await io.flush();
  }
  io.out(bytes.length === 0 ? "" : `${hex(bytes.length, canonical ? 8 : 7)}\n`);
  return io.status;
};

export const dumps: Record<string, Program> = { od, xxd, hexdump, hd: hexdump };
