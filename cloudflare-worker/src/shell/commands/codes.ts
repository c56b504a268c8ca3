/** Programs that code, compare and cut bytes: base64, checksums, gzip, strings, cmp, dd, split. */
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { concat, decode, encode, fromLatin1, latin1 } from "../bytes.js";
import { faultOf, FileError } from "../files.js";
import type { Io, Program } from "../machine.js";
import { options, size } from "./options.js";

export async function joined(io: Io, names: readonly string[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const { name, stream } of io.inputs(names)) {
    try {
      parts.push(await io.bytes(stream));
    } catch (error) {
      await io.fail(`${name}: ${faultOf(error)}`);
    }
  }
  return concat(parts);
}
const ALPHABET32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const base: Program = async (io) => {
  const given = await options(io, { short: "dDiw:", long: { decode: "d", "wrap=": "w", "ignore-garbage": "i" } });
  if (given === null) return 2;
  const bytes = await joined(io, given.operands.slice(0, 1));
  if (io.status !== 0) return io.status;
  const small = io.name === "base32";
  if (given.has("d", "D")) {
    let text = latin1(bytes).replace(/\s/g, "");
    if (given.has("i")) text = text.replace(small ? /[^A-Z2-7=]/g : /[^A-Za-z0-9+/=]/g, "");
    const good = /^[A-Za-z0-9+/]*/.exec(text)![0];
    try {
      if (small) {
        const bits = [...text.replace(/=+$/, "")].map((char) => ALPHABET32.indexOf(char).toString(2).padStart(5, "0")).join("");
        await io.write(Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2)));
      } else await io.write(fromLatin1(atob(text)));
    } catch {
      const whole = good.slice(0, good.length - (good.length % 4));
      await io.write(fromLatin1(atob(whole)));
      return io.fail("invalid input");
    }
    return 0;
  }
  let text: string;
  if (small) {
    const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    text = (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET32[Number.parseInt(five.padEnd(5, "0"), 2)]).join("");
    text = text.padEnd(Math.ceil(text.length / 8) * 8, "=");
  } else text = btoa(latin1(bytes));
  const width = Number(given.value("w") ?? 76);
  if (width === 0) io.out(text);
  else for (let at = 0; at < text.length; at += width) if (io.out(`${text.slice(at, at + width)}\n`)) await io.flush();
  return 0;
};

const sum: Program = async (io) => {
  const given = await options(io, { short: "bctwa:", long: { check: "c", binary: "b", text: "t", tag: "tag", quiet: "quiet", status: "status", warn: "w", "algorithm=": "a", strict: "strict", "ignore-missing": "missing" } });
  if (given === null) return 2;
  const algorithm = io.name === "shasum" ? `sha${given.value("a") ?? "1"}` : io.name.replace(/sum$/, "");
  const digest = (bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest("hex");
  if (given.has("c")) {
    let bad = 0;
    let gone = 0;
    for (const line of await io.allLines(given.operands)) {
      const match = /^\\?([0-9a-f]+) [ *](.*)$/i.exec(line) ?? /^\w+ \((?<name>.*)\) = (?<sum>[0-9a-f]+)$/i.exec(line);
      if (match === null) continue;
      const [wanted, name] = match.groups === undefined ? [match[1]!, match[2]!] : [match.groups.sum!, match.groups.name!];
      try {
        const same = digest(await io.bytes(io.open(name))) === wanted.toLowerCase();
        if (!same) bad += 1;
        if (!given.has("status") && !(same && given.has("quiet"))) io.out(`${name}: ${same ? "OK" : "FAILED"}\n`);
      } catch (error) {
        gone += 1;
        await io.fail(`${name}: ${faultOf(error)}`);
        if (!given.has("status")) io.out(`${name}: FAILED open or read\n`);
      }
    }
    if (gone > 0) await io.fail(`WARNING: ${gone} listed file${gone > 1 ? "s" : ""} could not be read`);
    if (bad > 0) await io.fail(`WARNING: ${bad} computed checksum${bad > 1 ? "s" : ""} did NOT match`);
    return io.status;
  }
  for await (const { name, stream } of io.inputs(given.operands)) {
    try {
      const made = digest(await io.bytes(stream));
      io.out(given.has("tag") ? `${algorithm.toUpperCase()} (${name}) = ${made}\n` : `${made} ${given.has("b") ? "*" : " "}${name}\n`);
    } catch (error) {
      await io.fail(`${name}: ${faultOf(error)}`);
    }
  }
  return io.status;
};

const CRC = Uint32Array.from({ length: 256 }, (_, at) => {
  let value = at << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});
const cksum: Program = async (io) => {
  for await (const { name, stream } of io.inputs(io.args)) {
    const bytes = await io.bytes(stream);
    let crc = 0;
    const feed = (byte: number): void => { crc = ((crc << 8) ^ CRC[((crc >>> 24) ^ byte) & 255]!) >>> 0; };
    for (const byte of bytes) feed(byte);
    for (let length = bytes.length; length > 0; length = Math.floor(length / 256)) feed(length & 255);
    io.out(`${~crc >>> 0} ${bytes.length}${name === "-" ? "" : ` ${name}`}\n`);
  }
  return io.status;
};

const GZIP_LONG = { decompress: "d", uncompress: "d", stdout: "c", "to-stdout": "c", keep: "k", force: "f", test: "t", list: "l", quiet: "q", verbose: "v", fast: "1", best: "9", "no-name": "n", recursive: "r" };
const gzip: Program = async (io) => {
  const given = await options(io, { short: "cdfhkltqvnr123456789S:", long: GZIP_LONG });
  if (given === null) return 2;
  if (given.has("r", "S")) return io.usage(given.last("r", "S")!);
  const opens = io.name !== "gzip" || given.has("d", "t", "l");
  const out = given.has("c") || io.name === "zcat";
  const level = Number(given.last("1", "2", "3", "4", "5", "6", "7", "8", "9") ?? 6);
  const packed = (bytes: Uint8Array): Uint8Array => gzipSync(bytes, { level });
  const unpacked = (bytes: Uint8Array): Uint8Array => {
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) throw new Error("not in gzip format");
    try {
      return gunzipSync(bytes);
    } catch (error) {
      throw new Error(/length|header|unexpected end/i.test((error as Error).message) ? "unexpected end of file" : "invalid compressed data--crc error");
    }
  };
  for (const name of given.operands.length === 0 ? ["-"] : given.operands) {
    try {
      if (name === "-") {
        const bytes = await io.bytes(io.stdin());
        const made = opens ? unpacked(bytes) : packed(bytes);
        if (!given.has("t")) await io.write(made);
        continue;
      }
      const path = io.path(name);
      if (io.fs.stat(path).kind === "directory") {
        await io.fail(`${name} is a directory -- ignored`, 2);
        continue;
      }
      const bytes = await io.bytes(io.open(name));
      if (given.has("l")) {
        const made = unpacked(bytes);
        io.out(`         compressed        uncompressed  ratio uncompressed_name\n${String(bytes.length).padStart(19)} ${String(made.length).padStart(19)} ${((1 - (bytes.length - 18 - name.length) / Math.max(made.length, 1)) * 100).toFixed(1).padStart(5)}% ${name.replace(/\.gz$/, "")}\n`);
        continue;
      }
      if (opens && !out && !given.has("t") && !/\.(t?gz|Z)$/.test(name)) {
        await io.fail(`${name}: unknown suffix -- ignored`, 2);
        continue;
      }
      if (!opens && !out && name.endsWith(".gz")) {
        await io.fail(`${name} already has .gz suffix -- unchanged`, 2);
        continue;
      }
      const made = opens ? unpacked(bytes) : packed(bytes);
      if (given.has("t")) continue;
      if (out) {
        await io.write(made);
        continue;
      }
      const target = opens ? path.replace(/\.tgz$/, ".tar").replace(/\.gz$/, "") : `${path}.gz`;
      if (!given.has("f") && exists(io, target)) {
        await io.fail(`${name.slice(0, name.length - path.split("/").at(-1)!.length)}${target.split("/").at(-1)} already exists;\tnot overwritten`, 2);
        continue;
      }
      const stat = io.fs.stat(path);
      io.fs.open(target, { create: true, truncate: true, mode: stat.mode }).write(0, made);
      io.fs.utimes(target, stat.mtimeMs);
      if (!given.has("k")) io.fs.unlink(path);
      if (given.has("v")) await io.err(`${name}:\t${((1 - (opens ? bytes.length / made.length : made.length / Math.max(bytes.length, 1))) * 100).toFixed(1).padStart(5)}% -- replaced with ${target.split("/").at(-1)}\n`);
    } catch (error) {
      const message = typeof (error as { code?: unknown }).code === "string" && error instanceof FileError ? faultOf(error) : (error as Error).message;
      await io.err(`\n${io.name === "gzip" ? "gzip" : "gzip"}: ${name === "-" ? "stdin" : name}: ${message}\n`.replace(/^\n(?=.*No such)/s, ""));
      io.status = 1;
    }
  }
  return io.status;
};
function exists(io: Io, path: string): boolean {
  try {
    io.fs.lstat(path);
    return true;
  } catch {
    return false;
  }
}

const strings: Program = async (io) => {
  const given = await options(io, { short: "an:t:", long: { "bytes=": "n" } }, io.args.flatMap((arg) => (/^-\d+$/.test(arg) ? ["-n", arg.slice(1)] : [arg])));
  if (given === null) return 2;
  const least = Number(given.value("n") ?? 4);
  for (const found of latin1(await joined(io, given.operands)).matchAll(/[\x20-\x7e\t]+/g)) if (found[0].length >= least && io.out(`${found[0]}\n`)) await io.flush();
  return io.status;
};

const cmp: Program = async (io) => {
  const given = await options(io, { short: "sln:b", long: { silent: "s", quiet: "s", verbose: "l", "bytes=": "n" } });
  if (given === null) return 2;
  const [left, right = "-"] = given.operands;
  if (left === undefined) return io.fail("missing operand after 'cmp'", 2);
  let a: Uint8Array;
  let b: Uint8Array;
  try {
    a = await io.bytes(io.open(left));
  } catch (error) {
    return io.fail(`${left}: ${faultOf(error)}`, 2);
  }
  try {
    b = await io.bytes(io.open(right));
  } catch (error) {
    return io.fail(`${right}: ${faultOf(error)}`, 2);
  }
  if (given.value("n") !== undefined) [a, b] = [a.subarray(0, Number(given.value("n"))), b.subarray(0, Number(given.value("n")))];
  const shorter = Math.min(a.length, b.length);
  let line = 1;
  let status = 0;
  for (let at = 0; at < shorter; at += 1) {
    if (a[at] !== b[at]) {
      status = 1;
      if (given.has("s")) return 1;
      if (!given.has("l")) {
        io.out(`${left} ${right} differ: byte ${at + 1}, line ${line}\n`);
        return 1;
      }
      io.out(`${String(at + 1).padStart(String(shorter).length)} ${a[at]!.toString(8).padStart(3)} ${b[at]!.toString(8).padStart(3)}\n`);
    }
    if (a[at] === 10) line += 1;
  }
  if (a.length === b.length) return status;
  if (!given.has("s")) await io.err(`cmp: EOF on ${a.length < b.length ? left : right}${shorter === 0 ? " which is empty" : ` after byte ${shorter}${given.has("l") ? "" : `, ${(a.length < b.length ? a : b).at(-1) === 10 ? "" : "in "}line ${(a.length < b.length ? a : b).at(-1) === 10 ? line - 1 : line}`}`}\n`);
  return 1;
};

const dd: Program = async (io) => {
  const set = new Map<string, string>();
  for (const arg of io.args) {
    const [name, ...rest] = arg.split("=");
    if (rest.length === 0 || !["if", "of", "bs", "ibs", "obs", "count", "skip", "seek", "status", "conv"].includes(name!)) return io.fail(`unrecognized operand '${arg}'`);
    set.set(name!, rest.join("="));
  }
  const conv = new Set((set.get("conv") ?? "").split(",").filter((text) => text !== ""));
  for (const name of conv) if (!["notrunc", "ucase", "lcase", "fsync"].includes(name)) return io.fail(`conv=${name} is not supported here`, 2);
  const block = size(set.get("bs") ?? set.get("ibs") ?? "512") ?? 512;
  const count = set.has("count") ? size(set.get("count")!)! : Number.POSITIVE_INFINITY;
  const parts: Uint8Array[] = [];
  let total = 0;
  let left = count * block;
  const stream = set.has("if") ? io.open(set.get("if")!) : io.stdin();
  let skip = (size(set.get("skip") ?? "0") ?? 0) * block;
  while (left > 0) {
    const chunk = await stream.read(io.process, Math.min(65536, skip > 0 ? skip : left));
    if (chunk === null) break;
    if (skip > 0) {
      skip -= chunk.length;
      continue;
    }
    parts.push(chunk);
    total += chunk.length;
    left -= chunk.length;
    if (total > io.machine.limits.textBytesMax) return io.fail(`more than ${io.machine.limits.textBytesMax} bytes`);
  }
  stream.release();
  let text = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    text.set(part, at);
    at += part.length;
  }
  if (conv.has("ucase")) text = encode(decode(text).toUpperCase()) as typeof text;
  if (conv.has("lcase")) text = encode(decode(text).toLowerCase()) as typeof text;
  if (set.has("of")) {
    const path = io.path(set.get("of")!);
    if (path === "/dev/null") at = 0;
    else io.fs.open(path, { create: true, truncate: !conv.has("notrunc") && !set.has("seek") }).write((size(set.get("seek") ?? "0") ?? 0) * block, text);
  } else await io.write(text);
  if (set.get("status") !== "none") {
    const full = Math.floor(total / block);
    const rest = total % block > 0 ? 1 : 0;
    await io.err(`${full}+${rest} records in\n${full}+${rest} records out\n`);
    if (set.get("status") !== "noxfer") await io.err(`${total} bytes copied, 0.001 s, ${(total / 1000).toFixed(1)} MB/s\n`);
  }
  return 0;
};

const split: Program = async (io) => {
  const given = await options(io, { short: "l:b:n:a:dx", long: { "lines=": "l", "bytes=": "b", "number=": "n", "suffix-length=": "a", "numeric-suffixes?": "d", "additional-suffix=": "suffix" } }, io.args.flatMap((arg) => (/^-\d+$/.test(arg) ? ["-l", arg.slice(1)] : [arg])));
  if (given === null) return 2;
  const [input = "-", prefix = "x"] = given.operands;
  const bytes = await io.bytes(io.open(input));
  const pieces: Uint8Array[] = [];
  const byBytes = given.value("b");
  const number = given.value("n");
  if (number !== undefined) {
    if (!/^\d+$/.test(number)) return io.fail(`-n ${number} is not supported here`, 2);
    const each = Math.floor(bytes.length / Number(number));
    for (let at = 0; at < Number(number); at += 1) pieces.push(bytes.subarray(at * each, at === Number(number) - 1 ? undefined : (at + 1) * each));
  } else if (byBytes !== undefined) {
    const each = size(byBytes) ?? 0;
    if (each <= 0) return io.fail(`invalid number of bytes: '${byBytes}'`);
    for (let at = 0; at < bytes.length; at += each) pieces.push(bytes.subarray(at, at + each));
  } else {
    const each = Number(given.value("l") ?? 1000);
    if (!(each > 0)) return io.fail(`invalid number of lines: '${given.value("l")}'`);
    let start = 0;
    let lines = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      if (bytes[at] !== 10) continue;
      lines += 1;
      if (lines === each) {
        pieces.push(bytes.subarray(start, at + 1));
        start = at + 1;
        lines = 0;
      }
    }
    if (start < bytes.length) pieces.push(bytes.subarray(start));
  }
  const length = Number(given.value("a") ?? 2);
  pieces.forEach((piece, at) => {
    let suffix = "";
    let rest = at;
    for (let place = 0; place < length; place += 1) {
      suffix = (given.has("d") ? String(rest % 10) : String.fromCharCode(97 + (rest % 26))) + suffix;
      rest = Math.floor(rest / (given.has("d") ? 10 : 26));
    }
    io.fs.open(io.path(prefix + suffix + (given.value("suffix") ?? "")), { create: true, truncate: true }).write(0, piece);
  });
  return 0;
};

export const codes: Record<string, Program> = {
  base64: base, base32: base, md5sum: sum, sha1sum: sum, sha224sum: sum, sha256sum: sum, sha384sum: sum, sha512sum: sum, shasum: sum, cksum, gzip, gunzip: gzip, zcat: gzip, strings, cmp, dd, split,
};
