/** Programs that tell about files: ls, stat, du, df, tree, file. */
import { charCount } from "../bytes.js";
import { strftime } from "../dates.js";
import { faultOf, type Stat } from "../files.js";
import type { Io, Program } from "../machine.js";
import { matches } from "../patterns.js";
import { lookup } from "./paths.js";
import { letters } from "./modes.js";
import { human, options } from "./options.js";
import { bytewise, versions } from "./order.js";

export const within = (folder: string, name: string): string => (folder.endsWith("/") ? folder + name : `${folder}/${name}`);
export const KIND = { file: "-", directory: "d", link: "l" } as const;
const USER = "user";
export const owner = (io: Io): string => io.env.get("USER") ?? USER;
export const blocks = (stat: Stat): number => (stat.kind === "directory" ? 4 : stat.kind === "link" ? 0 : Math.ceil(stat.size / 4096) * 4);

const ls: Program = async (io) => {
  const given = await options(io, {
    short: "1aAdFhilnrRStSUuvsgGopxXCmQNbBcLkqT:w:I:", status: 2,
    long: { all: "a", "almost-all": "A", directory: "d", "human-readable": "h", inode: "i", reverse: "r", recursive: "R", "color?": "color", "sort=": "sort", "classify": "F", "group-directories-first": "dirs", size: "s", "time-style=": "style", "full-time": "full", "ignore=": "I", "numeric-uid-gid": "n", "no-group": "G", "quote-name": "Q", "file-type": "p", "literal": "N" },
  });
  if (given === null) return 2;
  if (given.has("m", "full", "c", "B")) return io.usage(given.last("m", "full", "c", "B")!);
  const long = given.has("l", "n", "g", "o");
  const byTime = given.has("t") || given.value("sort") === "time";
  const bySize = given.has("S") || given.value("sort") === "size";
  const order = (a: Entry, b: Entry): number => {
    let difference = 0;
    if (given.has("dirs")) difference = Number(b.stat.kind === "directory") - Number(a.stat.kind === "directory");
    if (difference !== 0) return difference;
    if (given.has("U", "f")) return 0;
    if (byTime) difference = b.stat.mtimeMs - a.stat.mtimeMs;
    else if (bySize) difference = b.stat.size - a.stat.size;
    else if (given.has("v")) difference = versions(a.name, b.name);
    else if (given.has("X")) difference = bytewise(/\.[^.]*$/.exec(a.name)?.[0] ?? "", /\.[^.]*$/.exec(b.name)?.[0] ?? "");
    difference ||= bytewise(a.name, b.name);
    return given.has("r") ? -difference : difference;
  };
  interface Entry {
    name: string;
    path: string;
    stat: Stat;
  }
  const mark = ({ stat, path }: Entry): string => {
    if (given.has("F")) return stat.kind === "directory" ? "/" : stat.kind === "link" ? (long ? "" : "@") : stat.mode & 0o111 ? "*" : "";
    void path;
    return given.has("p") && stat.kind === "directory" ? "/" : "";
  };
  const shown = (name: string): string => (given.has("Q") ? `"${name.replace(/["\\]/g, "\\$&")}"` : name);
  const print = (entries: Entry[], total: boolean): void => {
    const inode = (entry: Entry): string => (given.has("i") ? `${entry.stat.ino} ` : "") + (given.has("s") ? `${blocks(entry.stat)} ` : "");
    if (!long) {
      for (const entry of entries) io.out(`${inode(entry)}${shown(entry.name)}${mark(entry)}\n`);
      return;
    }
    if (total) io.out(`total ${given.has("h") ? human(entries.reduce((sum, { stat }) => sum + blocks(stat) * 1024, 0)) : entries.reduce((sum, { stat }) => sum + blocks(stat), 0)}\n`);
    const user = given.has("n") ? "1000" : owner(io);
    const rows = entries.map((entry) => ({ entry, links: String(entry.stat.nlink), size: given.has("h") ? human(entry.stat.size) : String(entry.stat.size) }));
    const wide = { links: Math.max(...rows.map(({ links }) => links.length)), size: Math.max(...rows.map(({ size }) => size.length)) };
    const style = given.value("style");
    for (const { entry, links, size } of rows) {
      const recent = Math.abs(Date.now() - entry.stat.mtimeMs) < 15_778_476_000;
      const format = style === "long-iso" ? "%Y-%m-%d %H:%M" : style === "iso" ? (recent ? "%m-%d %H:%M" : "%Y-%m-%d ") : style === "full-iso" ? "%Y-%m-%d %H:%M:%S.%N %z" : style?.startsWith("+") === true ? style.slice(1) : recent ? "%b %e %H:%M" : "%b %e  %Y";
      const link = entry.stat.kind === "link" ? ` -> ${io.fs.readlink(io.path(entry.path))}` : "";
      io.out(`${inode(entry)}${KIND[entry.stat.kind]}${letters(entry.stat.mode)} ${links.padStart(wide.links)} ${given.has("g") ? "" : `${user} `}${given.has("o", "G") ? "" : `${user} `}${size.padStart(wide.size)} ${strftime(format, entry.stat.mtimeMs, io.env.get("TZ"))} ${shown(entry.name)}${mark(entry)}${link}\n`);
    }
  };
  const list = async (folder: string, title: boolean, first: boolean): Promise<void> => {
    let names: string[];
    try {
      names = io.fs.readdir(io.path(folder));
    } catch (error) {
      await io.fail(`cannot open directory '${folder}': ${faultOf(error)}`, 2);
      return;
    }
    const ignored = given.values("I");
    const kept = names.filter((name) => (given.has("a", "A", "f") || !name.startsWith(".")) && !ignored.some((pattern) => matches(pattern, name)));
    if (given.has("a") && !given.has("A")) kept.push(".", "..");
    const entries = kept.map((name) => ({ name, path: within(folder, name), stat: lookup(io, within(folder, name), given.has("L"))! })).sort(order);
    if (title) io.out(`${first ? "" : "\n"}${folder}:\n`);
    print(entries, true);
    if (given.has("R")) for (const { name, path, stat } of entries) if (stat.kind === "directory" && name !== "." && name !== "..") await list(path, true, false);
  };
  const operands = given.operands.length === 0 ? ["."] : given.operands;
  const single: Entry[] = [];
  const folders: Entry[] = [];
  for (const name of operands) {
    const plain = lookup(io, name, false);
    if (plain === null) {
      await io.fail(`cannot access '${name}': ${notDirectory(io, name)}`, 2);
      continue;
    }
    const stat = plain.kind === "link" && !long ? (lookup(io, name) ?? plain) : plain;
    (stat.kind === "directory" && !given.has("d") ? folders : single).push({ name, path: name, stat });
  }
  print(single.sort(order), false);
  const titles = operands.length > 1 || given.has("R");
  for (const [at, { name }] of folders.sort(order).entries()) await list(name, titles, at === 0 && single.length === 0);
  return io.status;
};
function notDirectory(io: Io, name: string): string {
  try {
    io.fs.lstat(io.path(name));
    return "No such file or directory";
  } catch (error) {
    return faultOf(error);
  }
}

// --- find ---

const stat: Program = async (io) => {
  const given = await options(io, { short: "c:Lft", long: { "format=": "c", "printf=": "printf", dereference: "L" } });
  if (given === null) return 2;
  if (given.has("f", "t")) return io.usage(given.last("f", "t")!);
  if (given.operands.length === 0) return io.fail("missing operand");
  const format = given.value("c") ?? given.value("printf");
  for (const name of given.operands) {
    const found = lookup(io, name, given.has("L"));
    if (found === null) {
      await io.fail(`cannot statx '${name}': No such file or directory`);
      continue;
    }
    const tz = io.env.get("TZ");
    const full = strftime("%Y-%m-%d %H:%M:%S.%N %z", found.mtimeMs, tz);
    const kind = found.kind === "directory" ? "directory" : found.kind === "link" ? "symbolic link" : found.size === 0 ? "regular empty file" : "regular file";
    const type = { file: 0o100000, directory: 0o040000, link: 0o120000 }[found.kind];
    if (format === undefined) {
      io.out(`  File: ${name}${found.kind === "link" ? ` -> ${io.fs.readlink(io.path(name))}` : ""}\n  Size: ${String(found.size).padEnd(10)}\tBlocks: ${String(blocks(found) * 2).padEnd(10)} IO Block: 4096   ${kind}\nDevice: 0,1\tInode: ${String(found.ino).padEnd(11)} Links: ${found.nlink}\n`);
      io.out(`Access: (${(found.mode & 0o7777).toString(8).padStart(4, "0")}/${KIND[found.kind]}${letters(found.mode)})  Uid: ( 1000/${owner(io).padStart(8)})   Gid: ( 1000/${owner(io).padStart(8)})\nAccess: ${full}\nModify: ${full}\nChange: ${full}\n Birth: ${full}\n`);
      continue;
    }
    const values: Record<string, string> = {
      n: name, N: found.kind === "link" ? `'${name}' -> '${io.fs.readlink(io.path(name))}'` : `'${name}'`, s: String(found.size), a: (found.mode & 0o7777).toString(8), A: KIND[found.kind] + letters(found.mode), F: kind, U: owner(io), G: owner(io), u: "1000", g: "1000", i: String(found.ino), h: String(found.nlink),
      b: String(blocks(found) * 2), B: "512", f: (found.mode | type).toString(16), o: "4096", y: full, x: full, z: full, w: full, Y: String(Math.floor(found.mtimeMs / 1000)), X: String(Math.floor(found.mtimeMs / 1000)), Z: String(Math.floor(found.mtimeMs / 1000)), W: "0", "%": "%", d: "1", m: "/",
    };
    const text = format.replace(/%(-?\d*)([a-zA-Z%])/g, (whole, width: string, letter: string) => {
      const value = values[letter];
      return value === undefined ? whole : width.startsWith("-") ? value.padEnd(-Number(width)) : value.padStart(Number(width || 0));
    });
    io.out(given.has("printf") ? text.replace(/\\([nt\\])/g, (_, char: string) => ({ n: "\n", t: "\t", "\\": "\\" })[char]!) : `${text}\n`);
  }
  return io.status;
};

const du: Program = async (io) => {
  const given = await options(io, { short: "abchkmsSd:0", long: { all: "a", bytes: "b", total: "c", "human-readable": "h", summarize: "s", "max-depth=": "d", "apparent-size": "apparent" } });
  if (given === null) return 2;
  const deepest = given.has("s") ? 0 : Number(given.value("d") ?? Number.POSITIVE_INFINITY);
  const bytes = given.has("b");
  const shown = (value: number): string => (given.has("h") ? human(value) : bytes ? String(value) : given.has("m") ? String(Math.ceil(value / 1024 / 1024)) : String(Math.ceil(value / 1024)));
  const measure = (path: string, depth: number): number => {
    const found = lookup(io, path, false);
    if (found === null) return 0;
    let total = bytes || given.has("apparent") ? found.size : blocks(found) * 1024;
    if (found.kind === "directory") {
      for (const name of io.fs.readdir(io.path(path))) total += measure(within(path, name), depth + 1);
      if (depth <= deepest) io.out(`${shown(total)}\t${path}\n`);
    } else if ((given.has("a") || depth === 0) && depth <= deepest) io.out(`${shown(total)}\t${path}\n`);
    return total;
  };
  let sum = 0;
  for (const name of given.operands.length === 0 ? ["."] : given.operands) {
    if (lookup(io, name, false) === null) await io.fail(`cannot access '${name}': No such file or directory`);
    else sum += measure(name, 0);
  }
  if (given.has("c")) io.out(`${shown(sum)}\ttotal\n`);
  return io.status;
};
const df: Program = (io) => {
  io.out("Filesystem     1K-blocks  Used Available Use% Mounted on\nmemory             65536     0     65536   0% /\n");
  return 0;
};

const tree: Program = async (io) => {
  const given = await options(io, { short: "adfL:I:P:iF", long: { noreport: "quiet", dirsfirst: "dirs" } });
  if (given === null) return 2;
  const counts = { directory: 0, file: 0 };
  const walk = (path: string, prefix: string, depth: number): void => {
    if (depth > Number(given.value("L") ?? Number.POSITIVE_INFINITY)) return;
    let names = io.fs.readdir(io.path(path)).filter((name) => (given.has("a") || !name.startsWith(".")) && !(given.value("I") ?? "").split("|").some((pattern) => pattern !== "" && matches(pattern, name))).sort(bytewise);
    const kind = (name: string): string => lookup(io, within(path, name))?.kind ?? "file";
    if (given.has("d")) names = names.filter((name) => kind(name) === "directory");
    if (given.has("P")) names = names.filter((name) => kind(name) === "directory" || matches(given.value("P")!, name));
    if (given.has("dirs")) names.sort((a, b) => Number(kind(b) === "directory") - Number(kind(a) === "directory"));
    names.forEach((name, at) => {
      const last = at === names.length - 1;
      const full = within(path, name);
      const plain = lookup(io, full, false)!;
      io.out(`${given.has("i") ? "" : prefix + (last ? "└── " : "├── ")}${given.has("f") ? full : name}${given.has("F") && kind(name) === "directory" ? "/" : ""}${plain.kind === "link" ? ` -> ${io.fs.readlink(io.path(full))}` : ""}\n`);
      counts[kind(name) === "directory" ? "directory" : "file"] += 1;
      if (plain.kind === "directory") walk(full, `${prefix}${last ? "    " : "│   "}`, depth + 1);
    });
  };
  for (const start of given.operands.length === 0 ? ["."] : given.operands) {
    io.out(`${start}${lookup(io, start)?.kind === "directory" ? "" : " [error opening dir]"}\n`);
    if (lookup(io, start)?.kind === "directory") walk(start, "", 1);
  }
  if (!given.has("quiet")) io.out(`\n${counts.directory} director${counts.directory === 1 ? "y" : "ies"}${given.has("d") ? "" : `, ${counts.file} file${counts.file === 1 ? "" : "s"}`}\n`);
  return io.status;
};

const file: Program = async (io) => {
  const given = await options(io, { short: "b", long: { brief: "b" } });
  if (given === null) return 2;
  const width = Math.max(...given.operands.map(charCount)) + 1;
  for (const name of given.operands) {
    const found = lookup(io, name, false);
    let kind: string;
    if (found === null) kind = `cannot open \`${name}' (No such file or directory)`;
    else if (found.kind === "directory") kind = "directory";
    else if (found.kind === "link") kind = `symbolic link to ${io.fs.readlink(io.path(name))}`;
    else kind = magic(await io.bytes(io.open(name)));
    io.out(given.has("b") ? `${kind}\n` : `${`${name}:`.padEnd(width)} ${kind}\n`);
  }
  return io.status;
};
function magic(bytes: Uint8Array): string {
  if (bytes.length === 0) return "empty";
  const starts = (...head: number[]): boolean => head.every((byte, at) => bytes[at] === byte);
  if (starts(0x1f, 0x8b)) return "gzip compressed data";
  if (starts(0x89, 0x50, 0x4e, 0x47)) return "PNG image data";
  if (starts(0x50, 0x4b, 3, 4)) return "Zip archive data";
  if (starts(0x25, 0x50, 0x44, 0x46)) return "PDF document";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "data";
  }
  if (/[\x00-\x06\x0e-\x1a\x1c-\x1f]/.test(text)) return "data";
  const kind = /[^\x00-\x7f]/.test(text) ? "Unicode text, UTF-8 text" : "ASCII text";
  const script = /^#!\s*(\S+)(?: (\S+))?/.exec(text);
  const tail = text.endsWith("\n") || !text.includes("\n") ? "" : "";
  const ends = text.includes("\n") ? "" : ", with no line terminators";
  if (script !== null) return `${/bash/.test(script[0]) ? "Bourne-Again shell script" : /sh$/.test(script[1]!) ? "POSIX shell script" : `${script[2] ?? script[1]} script`}, ${kind}${/sh$/.test(script[1]!) || /python|perl/.test(script[0]) ? " executable" : ""}${ends}`;
  if (/^\s*[[{][\s\S]*[\]}]\s*$/.test(text)) {
    try {
      JSON.parse(text);
      return "JSON data";
    } catch {
      // Only looks like it.
    }
  }
  return `${kind}${text.includes("\r\n") ? ", with CRLF line terminators" : ends}${tail}`;
}

export const listing: Record<string, Program> = { ls, stat, du, df, tree, file, dir: ls };
