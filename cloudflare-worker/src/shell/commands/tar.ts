/** tar: archives in the ustar format, plain or gzipped. */
import { gunzipSync, gzipSync } from "node:zlib";
import { concat, decode, encode } from "../bytes.js";
import { strftime } from "../dates.js";
import { faultOf, makeFolders, type Stat } from "../files.js";
import type { Io, Program } from "../machine.js";
import { matches } from "../patterns.js";
import { lookup } from "./paths.js";
import { letters } from "./modes.js";
import { options, type Options } from "./options.js";

const BLOCK = 512;
const RECORD = 10_240;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;

interface Entry {
  name: string;
  mode: number;
  size: number;
  mtime: number;
  kind: "0" | "2" | "5";
  link: string;
  data: Uint8Array;
}

function header(entry: Entry, user: string): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (text: string, at: number): void => block.set(encode(text), at);
  let [name, prefix] = [entry.name, ""];
  if (encode(name).length > NAME_BYTES) {
    const cut = name.indexOf("/", Math.max(0, name.length - NAME_BYTES - 1));
    prefix = name.slice(0, cut);
    name = name.slice(cut + 1);
    if (cut < 0 || encode(prefix).length > PREFIX_BYTES) throw new Error(`${entry.name}: file name is too long`);
  }
  put(name, 0);
  put(`${entry.mode.toString(8).padStart(7, "0")}\0`, 100);
  put("0001750\0", 108);
  put("0001750\0", 116);
  put(`${entry.data.length.toString(8).padStart(11, "0")}\0`, 124);
  put(`${entry.mtime.toString(8).padStart(11, "0")}\0`, 136);
  put("        ", 148);
  put(entry.kind, 156);
  put(entry.link.slice(0, NAME_BYTES), 157);
  put("ustar  \0", 257);
  put(user, 265);
  put(user, 297);
  put(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
function* entries(archive: Uint8Array): Generator<Entry> {
  const text = (block: Uint8Array, from: number, length: number): string => {
    const part = block.subarray(from, from + length);
    const end = part.indexOf(0);
    return decode(end < 0 ? part : part.subarray(0, end));
  };
  let long = "";
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const block = archive.subarray(at, at + BLOCK);
    if (block[0] === 0) break;
    const octal = (from: number, length: number): number => Number.parseInt(text(block, from, length).trim() || "0", 8);
    const sum = block.reduce((total, byte, place) => total + (place >= 148 && place < 156 ? 32 : byte), 0);
    if (octal(148, 8) !== sum) throw new Error("This does not look like a tar archive");
    const size = octal(124, 12);
    const data = archive.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const kind = String.fromCharCode(block[156]!);
    if (kind === "L") {
      long = decode(data).replace(/\0.*$/s, "");
      continue;
    }
    if (kind === "x" || kind === "g") continue;
    const prefix = decode(block.subarray(257, 263)).startsWith("ustar\0") || text(block, 345, 1) !== "" ? text(block, 345, PREFIX_BYTES) : "";
    yield { name: long || (prefix === "" ? "" : `${prefix}/`) + text(block, 0, NAME_BYTES), mode: octal(100, 8), size, mtime: octal(136, 12), kind: kind === "2" ? "2" : kind === "5" ? "5" : "0", link: text(block, 157, NAME_BYTES), data };
    long = "";
  }
}

const LONG = { create: "c", extract: "x", get: "x", list: "t", append: "r", "file=": "f", gzip: "z", gunzip: "z", verbose: "v", "directory=": "C", "to-stdout": "O", "exclude=": "exclude", "strip-components=": "strip", "keep-old-files": "k", "preserve-permissions": "p", "auto-compress": "a", "files-from=": "T", "no-same-owner": "owner", "same-owner": "owner", "sort=": "sort", "mtime=": "mtime", "owner=": "who", "group=": "who", "numeric-owner": "numeric", "wildcards": "wild", "remove-files": "gone", update: "u", "touch": "m" };
const tar: Program = async (io) => {
  const [first = "", ...others] = io.args;
  // `tar xzf a.tgz`: letters without a dash; those that take values take them in order.
  let args = io.args;
  if (first !== "" && !first.startsWith("-")) {
    const taken = [...others];
    args = [...[...first].flatMap((letter) => ("fCTX".includes(letter) ? [`-${letter}`, taken.shift() ?? ""] : [`-${letter}`])), ...taken];
  }
  const given = await options(io, { short: "cxtrf:zjJvC:OkpaT:umhPSX:", long: LONG }, args);
  if (given === null) return 2;
  if (given.has("j", "J", "u", "X", "sort", "mtime", "who")) return io.usage(given.last("j", "J", "u", "X", "sort", "mtime", "who")!);
  const modes = ["c", "x", "t", "r"].filter((mode) => given.has(mode));
  if (modes.length !== 1) return io.fail(modes.length === 0 ? "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options" : "You may not specify more than one '-Acdtrux', '--delete' or  '--test-label' option", 2);
  try {
    if (given.has("c", "r")) return await create(io, given);
    return await extract(io, given);
  } catch (error) {
    if (error instanceof TarFault) {
      await io.fail(error.message, 2);
      return io.fail("Error is not recoverable: exiting now", 2);
    }
    throw error;
  }
};
class TarFault extends Error {}

async function create(io: Io, given: Options): Promise<number> {
  const file = given.value("f") ?? "-";
  const names = [...given.operands];
  if (given.has("T")) names.push(...(await io.allLines([given.value("T")!])));
  if (names.length === 0) throw new TarFault("Cowardly refusing to create an empty archive");
  const folder = given.value("C");
  const real = (name: string): string => (folder === undefined || name.startsWith("/") ? name : `${folder}/${name}`);
  const parts: Uint8Array[] = [];
  const said = async (text: string): Promise<void> => {
    if (!given.has("v")) return;
    if (file === "-") await io.err(text);
    else io.out(text);
  };
  const excluded = (name: string): boolean => given.values("exclude").some((pattern) => matches(pattern, name) || name.split("/").some((_, at, all) => matches(pattern, all.slice(at).join("/"))) || name.split("/").some((one) => matches(pattern, one)));
  const user = io.env.get("USER") ?? "user";
  let warned = false;
  const visit = async (name: string): Promise<void> => {
    if (excluded(name.replace(/\/+$/, ""))) return;
    const stat: Stat | null = lookup(io, real(name), given.has("h"));
    if (stat === null) {
      await io.fail(`${name}: Cannot stat: No such file or directory`, 2);
      return;
    }
    let stored = name.replace(/\/+$/, "");
    if (stored.startsWith("/") && !given.has("P")) {
      if (!warned) await io.err("tar: Removing leading `/' from member names\n");
      warned = true;
      stored = stored.replace(/^\/+/, "");
    }
    const base = { mode: stat.mode & 0o7777, size: stat.size, mtime: Math.floor(stat.mtimeMs / 1000), link: "", data: new Uint8Array(0) as Uint8Array };
    if (stat.kind === "directory") {
      parts.push(header({ ...base, name: `${stored}/`, kind: "5" }, user));
      await said(`${stored}/\n`);
      for (const entry of io.fs.readdir(io.path(real(name))).sort()) await visit(`${name.replace(/\/+$/, "")}/${entry}`);
    } else if (stat.kind === "link") {
      parts.push(header({ ...base, name: stored, kind: "2", link: io.fs.readlink(io.path(real(name))) }, user));
      await said(`${stored}\n`);
    } else {
      const data = await io.bytes(io.open(real(name)));
      parts.push(header({ ...base, name: stored, kind: "0", data }, user), data, new Uint8Array((BLOCK - (data.length % BLOCK)) % BLOCK));
      await said(`${stored}\n`);
    }
  };
  if (given.has("r")) {
    const before = await io.bytes(io.open(file));
    let end = 0;
    for (const { size } of entries(before)) end += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    parts.push(before.slice(0, end));
  }
  for (const name of names) await visit(name);
  const size = parts.reduce((sum, part) => sum + part.length, 0) + 2 * BLOCK;
  parts.push(new Uint8Array(2 * BLOCK + ((RECORD - (size % RECORD)) % RECORD)));
  let made = concat(parts);
  if (given.has("z") || (given.has("a") && /\.(tgz|tar\.gz)$/.test(file))) made = gzipSync(made, { level: 6 });
  if (file === "-") await io.write(made);
  else io.fs.open(io.path(file), { create: true, truncate: true, mode: 0o666 & ~io.machine.umask }).write(0, made);
  if (io.status !== 0) await io.err("tar: Exiting with failure status due to previous errors\n");
  return io.status;
}

async function extract(io: Io, given: Options): Promise<number> {
  const file = given.value("f") ?? "-";
  let archive: Uint8Array;
  try {
    archive = await io.bytes(io.open(file));
  } catch (error) {
    throw new TarFault(`${file}: Cannot open: ${faultOf(error)}`);
  }
  try {
    if (archive[0] === 0x1f && archive[1] === 0x8b) archive = gunzipSync(archive);
  } catch {
    throw new TarFault("the compressed archive is broken");
  }
  const wanted = given.operands.map((name) => name.replace(/\/+$/, ""));
  const seen = new Set<string>();
  const strip = Number(given.value("strip") ?? 0);
  const user = io.env.get("USER") ?? "user";
  const list = given.has("t");
  try {
    for (const entry of entries(archive)) {
      const plain = entry.name.replace(/\/+$/, "");
      const hit = wanted.find((name) => plain === name || plain.startsWith(`${name}/`) || (given.has("wild") && matches(name, plain)));
      if (wanted.length > 0 && hit === undefined) continue;
      if (hit !== undefined) seen.add(hit);
      if (given.values("exclude").some((pattern) => matches(pattern, plain) || plain.split("/").some((one) => matches(pattern, one)))) continue;
      if (list) {
        io.out(given.has("v") ? `${{ 0: "-", 2: "l", 5: "d" }[entry.kind]}${letters(entry.mode)} ${user}/${user} ${String(entry.size).padStart(9)} ${strftime("%Y-%m-%d %H:%M", entry.mtime * 1000, io.env.get("TZ"))} ${entry.name}${entry.kind === "2" ? ` -> ${entry.link}` : ""}\n` : `${entry.name}\n`);
        continue;
      }
      if (given.has("v")) io.out(`${entry.name}\n`);
      const name = plain.split("/").slice(strip).join("/").replace(/^\/+/, "");
      if (name === "" || name.split("/").includes("..")) {
        if (name.includes("..")) await io.fail(`${entry.name}: Member name contains '..'`, 2);
        continue;
      }
      if (given.has("O")) {
        if (entry.kind === "0") await io.write(entry.data);
        continue;
      }
      const path = io.path(`${given.value("C") ?? "."}/${name}`);
      if (given.has("C") && lookup(io, given.value("C")!)?.kind !== "directory") throw new TarFault(`${given.value("C")}: Cannot open: No such file or directory`);
      makeFolders(io.fs, path.slice(0, path.lastIndexOf("/")));
      if (entry.kind === "5") {
        makeFolders(io.fs, path);
        io.fs.chmod(path, entry.mode);
        continue;
      }
      const old = lookup(io, path, false);
      if (old !== null && old.kind !== "directory") {
        if (given.has("k")) {
          await io.fail(`${entry.name}: Cannot open: File exists`, 2);
          continue;
        }
        io.fs.unlink(path);
      }
      if (entry.kind === "2") io.fs.symlink(entry.link, path);
      else {
        io.fs.open(path, { create: true, truncate: true, mode: entry.mode }).write(0, entry.data);
        if (!given.has("m")) io.fs.utimes(path, entry.mtime * 1000);
      }
    }
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("This does not")) throw new TarFault(error.message);
    throw error;
  }
  for (const name of wanted) if (!seen.has(name)) await io.fail(`${name}: Not found in archive`, 2);
  if (io.status !== 0) await io.err("tar: Exiting with failure status due to previous errors\n");
  return io.status;
}
export const tars: Record<string, Program> = { tar };
