/** Programs that tell about files: ls, find, stat, du, df, tree, file, readlink, realpath, basename, dirname, which. */
import { charCount } from "../bytes.js";
import { parseDate, strftime } from "../dates.js";
import { faultOf, type FileSystem, type Stat } from "../files.js";
import type { Io, Program } from "../machine.js";
import { matches, regexSource } from "../patterns.js";
import { bytewise, versions } from "./fields.js";
import { basename, letters, lookup } from "./files.js";
import { human, options } from "./options.js";

const within = (folder: string, name: string): string => (folder.endsWith("/") ? folder + name : `${folder}/${name}`);
const KIND = { file: "-", directory: "d", link: "l" } as const;
const USER = "user";
const owner = (io: Io): string => io.env.get("USER") ?? USER;
const blocks = (stat: Stat): number => (stat.kind === "directory" ? 4 : stat.kind === "link" ? 0 : Math.ceil(stat.size / 4096) * 4);

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

interface Found {
  path: string;
  name: string;
  stat: Stat;
  depth: number;
  start: string;
}
type Test = (found: Found) => boolean | Promise<boolean>;
class FindFault extends Error {}

const find: Program = async (io) => {
  const args = [...io.args];
  let follow = false;
  while (/^-[HLP]$/.test(args[0] ?? "")) follow = args.shift() === "-L";
  const starts: string[] = [];
  while (args[0] !== undefined && !/^(-.|\(|!)/.test(args[0])) starts.push(args.shift()!);
  const settings = { min: 0, max: Number.POSITIVE_INFINITY, depth: false, quit: false, prune: false, acts: false, printed: false };
  const later: (() => Promise<void>)[] = [];
  let test: Test;
  try {
    const reader = new FindReader(io, args, settings, later);
    test = reader.whole();
  } catch (error) {
    if (error instanceof FindFault) return io.fail(error.message);
    throw error;
  }
  const walk = async (found: Found): Promise<void> => {
    if (settings.quit) return;
    settings.prune = false;
    const look = async (): Promise<void> => {
      if (found.depth < settings.min) return;
      if ((await test(found)) && !settings.acts) io.out(`${found.path}\n`);
    };
    if (!settings.depth) await look();
    const pruned = settings.prune;
    if (found.stat.kind === "directory" && !pruned && found.depth < settings.max && !settings.quit) {
      let names: string[];
      try {
        names = io.fs.readdir(io.path(found.path));
      } catch (error) {
        if ((error as { code?: string }).code !== "ENOENT") await io.fail(`'${found.path}': ${faultOf(error)}`);
        return;
      }
      for (const name of names) {
        const path = within(found.path, name);
        const stat = (follow ? lookup(io, path) : null) ?? lookup(io, path, false);
        if (stat !== null) await walk({ path, name, stat, depth: found.depth + 1, start: found.start });
      }
    }
    if (settings.depth) await look();
    const turn = io.machine.step();
    if (turn !== null) await turn;
    io.process.check();
  };
  for (const start of starts.length === 0 ? ["."] : starts) {
    const stat = lookup(io, start, follow);
    if (stat === null) await io.fail(`'${start}': No such file or directory`.replace(/'/g, "\u2018").replace(/\u2018(?=:)/, "\u2019"));
    else await walk({ path: start, name: basename(start), stat, depth: 0, start });
  }
  for (const action of later) await action();
  return io.status;
};

class FindReader {
  readonly #io: Io;
  readonly #args: string[];
  readonly #settings: { min: number; max: number; depth: boolean; quit: boolean; prune: boolean; acts: boolean };
  readonly #later: (() => Promise<void>)[];
  #at = 0;
  constructor(io: Io, args: string[], settings: { min: number; max: number; depth: boolean; quit: boolean; prune: boolean; acts: boolean }, later: (() => Promise<void>)[]) {
    this.#io = io;
    this.#args = args;
    this.#settings = settings;
    this.#later = later;
  }
  whole(): Test {
    if (this.#args.length === 0) return () => true;
    const test = this.#or();
    if (this.#at < this.#args.length) throw new FindFault(this.#args[this.#at] === ")" ? "you have too many ')'" : `paths must precede expression: '${this.#args[this.#at]}'`);
    return test;
  }
  #or(): Test {
    let left = this.#and();
    while (["-o", "-or", ","].includes(this.#args[this.#at] ?? "")) {
      const comma = this.#args[this.#at] === ",";
      this.#at += 1;
      const [a, b] = [left, this.#and()];
      left = comma ? async (found) => { await a(found); return b(found); } : async (found) => (await a(found)) || b(found);
    }
    return left;
  }
  #and(): Test {
    let left = this.#not();
    while (this.#at < this.#args.length && ![")", "-o", "-or", ","].includes(this.#args[this.#at]!)) {
      if (this.#args[this.#at] === "-a" || this.#args[this.#at] === "-and") this.#at += 1;
      const [a, b] = [left, this.#not()];
      left = async (found) => (await a(found)) && b(found);
    }
    return left;
  }
  #not(): Test {
    const word = this.#args[this.#at];
    if (word === "!" || word === "-not") {
      this.#at += 1;
      const test = this.#not();
      return async (found) => !(await test(found));
    }
    if (word === "(") {
      this.#at += 1;
      const test = this.#or();
      if (this.#args[this.#at] !== ")") throw new FindFault("invalid expression; I was expecting to find a ')' somewhere but did not see one.");
      this.#at += 1;
      return test;
    }
    if (word === undefined) throw new FindFault("expected an expression");
    return this.#primary();
  }
  #value(name: string): string {
    const value = this.#args[this.#at];
    if (value === undefined) throw new FindFault(`missing argument to \`${name}'`);
    this.#at += 1;
    return value;
  }
  /** `+3`, `-3`, `3` */
  #number(name: string, text = this.#value(name)): (value: number) => boolean {
    const match = /^([-+]?)(\d+)$/.exec(text);
    if (match === null) throw new FindFault(`invalid argument \`${text}' to \`${name}'`);
    const wanted = Number(match[2]);
    return match[1] === "+" ? (value) => value > wanted : match[1] === "-" ? (value) => value < wanted : (value) => value === wanted;
  }
  #primary(): Test {
    const io = this.#io;
    const name = this.#args[this.#at++]!;
    switch (name) {
      case "-name":
      case "-iname": {
        const pattern = this.#value(name);
        return (found) => matches(pattern, found.name, { extglob: false, fold: name === "-iname" });
      }
      case "-path":
      case "-wholename":
      case "-ipath": {
        const pattern = this.#value(name);
        return (found) => matches(pattern, found.path, { extglob: false, fold: name === "-ipath" });
      }
      case "-regex":
      case "-iregex": {
        const regex = new RegExp(`^(?:${regexSource(this.#value(name).replace(/\\\|/g, "\\|"), this.#extended)})$`, name === "-iregex" ? "iu" : "u");
        return (found) => regex.test(found.path);
      }
      case "-regextype": {
        const kind = this.#value(name);
        this.#extended = kind.includes("extended") || kind.includes("egrep");
        return () => true;
      }
      case "-type":
      case "-xtype": {
        const kinds = this.#value(name).split(",");
        for (const kind of kinds) if (!"fdlbcps".includes(kind)) throw new FindFault(`Unknown argument to -type: ${kind}`);
        return (found) => kinds.includes({ file: "f", directory: "d", link: "l" }[found.stat.kind]);
      }
      case "-size": {
        const text = this.#value(name);
        const match = /^([-+]?\d+)([bcwkMG]?)$/.exec(text);
        if (match === null) throw new FindFault(`Invalid argument \`${text}' to -size`);
        const unit = { b: 512, c: 1, w: 2, k: 1024, M: 1024 ** 2, G: 1024 ** 3, "": 512 }[match[2] as "" | "b"]!;
        const test = this.#number(name, match[1]);
        return (found) => test(Math.ceil(found.stat.size / unit));
      }
      case "-empty": return (found) => (found.stat.kind === "directory" ? io.fs.readdir(io.path(found.path)).length === 0 : found.stat.kind === "file" && found.stat.size === 0);
      case "-mtime":
      case "-atime":
      case "-ctime": {
        const test = this.#number(name);
        return (found) => test(Math.floor((Date.now() - found.stat.mtimeMs) / 86_400_000));
      }
      case "-mmin":
      case "-amin":
      case "-cmin": {
        const test = this.#number(name);
        return (found) => test(Math.ceil((Date.now() - found.stat.mtimeMs) / 60_000));
      }
      case "-newer": {
        const file = this.#value(name);
        const stat = lookup(io, file);
        if (stat === null) throw new FindFault(`'${file}': No such file or directory`);
        return (found) => found.stat.mtimeMs > stat.mtimeMs;
      }
      case "-newermt": {
        const when = parseDate(this.#value(name), Date.now(), io.env.get("TZ"));
        if (when === null) throw new FindFault("I cannot figure out how to interpret the date");
        return (found) => found.stat.mtimeMs > when;
      }
      case "-perm": {
        const text = this.#value(name);
        const match = /^([-/]?)([0-7]+)$/.exec(text);
        const bits = match === null ? (/^[-/]?[ugoa]*[+=][rwx]+$/.test(text) ? symbolic(text) : null) : Number.parseInt(match[2]!, 8);
        if (bits === null) throw new FindFault(`invalid mode '${text}'`);
        return (found) => (text.startsWith("-") ? (found.stat.mode & bits) === bits : text.startsWith("/") ? bits === 0 || (found.stat.mode & bits) !== 0 : (found.stat.mode & 0o7777) === bits);
      }
      case "-readable": return (found) => (found.stat.mode & 0o444) !== 0;
      case "-writable": return (found) => (found.stat.mode & 0o222) !== 0;
      case "-executable": return (found) => (found.stat.mode & 0o111) !== 0;
      case "-links": {
        const test = this.#number(name);
        return (found) => test(found.stat.nlink);
      }
      case "-inum": {
        const test = this.#number(name);
        return (found) => test(found.stat.ino);
      }
      case "-samefile": {
        const stat = lookup(io, this.#value(name));
        return (found) => found.stat.ino === stat?.ino;
      }
      case "-user":
      case "-group": {
        const user = this.#value(name);
        return () => user === owner(io) || user === "1000";
      }
      case "-true": return () => true;
      case "-false": return () => false;
      case "-maxdepth": this.#settings.max = Number(this.#value(name)); return () => true;
      case "-mindepth": this.#settings.min = Number(this.#value(name)); return () => true;
      case "-depth":
      case "-d": this.#settings.depth = true; return () => true;
      case "-mount":
      case "-xdev":
      case "-noleaf":
      case "-daystart": return () => true;
      case "-prune": return () => { this.#settings.prune = true; return true; };
      case "-quit": this.#settings.acts = true; return () => { this.#settings.quit = true; return true; };
      case "-print": this.#settings.acts = true; return (found) => { io.out(`${found.path}\n`); return true; };
      case "-print0": this.#settings.acts = true; return (found) => { io.out(`${found.path}\0`); return true; };
      case "-printf": {
        this.#settings.acts = true;
        const format = this.#value(name);
        return (found) => { io.out(findFormat(io, format, found)); return true; };
      }
      case "-ls": this.#settings.acts = true; return (found) => { io.out(`${String(found.stat.ino).padStart(9)} ${String(blocks(found.stat)).padStart(6)} ${KIND[found.stat.kind]}${letters(found.stat.mode)} ${String(found.stat.nlink).padStart(3)} ${owner(io)} ${owner(io)} ${String(found.stat.size).padStart(8)} ${strftime("%b %e %H:%M", found.stat.mtimeMs)} ${found.path}\n`); return true; };
      case "-delete":
        this.#settings.acts = true;
        this.#settings.depth = true;
        return async (found) => {
          try {
            if (found.stat.kind === "directory") io.fs.rmdir(io.path(found.path));
            else io.fs.unlink(io.path(found.path));
            return true;
          } catch (error) {
            await io.fail(`cannot delete '${found.path}': ${faultOf(error)}`);
            return false;
          }
        };
      case "-exec":
      case "-execdir":
      case "-ok": return this.#exec(name);
      default: throw new FindFault(name.startsWith("-") ? `unknown predicate \`${name}'` : `paths must precede expression: \`${name}'`);
    }
  }
  #extended = false;
  #exec(name: string): Test {
    const io = this.#io;
    this.#settings.acts = true;
    const command: string[] = [];
    for (;;) {
      const word = this.#args[this.#at];
      if (word === undefined) throw new FindFault(`missing argument to \`${name}'`);
      this.#at += 1;
      if (word === ";") break;
      if (word === "+" && command.at(-1) === "{}") {
        const gathered: string[] = [];
        this.#later.push(async () => {
          if (gathered.length === 0) return;
          await io.flush();
          if ((await io.launcher.run([...command.slice(0, -1), ...gathered])) !== 0) io.status = 1;
        });
        return (found) => { gathered.push(found.path); return true; };
      }
      command.push(word);
    }
    const inFolder = name === "-execdir";
    return async (found) => {
      await io.flush();
      const path = inFolder ? `./${found.name}` : found.path;
      return (await io.launcher.run(command.map((word) => word.replaceAll("{}", path)), inFolder ? { cwd: io.path(found.path).replace(/\/[^/]*$/, "") || "/" } : {})) === 0;
    };
  }
}
const symbolic = (text: string): number => {
  const match = /^[-/]?([ugoa]*)[+=]([rwx]+)$/.exec(text)!;
  let bits = 0;
  for (const letter of match[2]!) bits |= { r: 0o444, w: 0o222, x: 0o111 }[letter as "r"]!;
  let who = 0;
  for (const letter of match[1] === "" ? "a" : match[1]!) who |= { u: 0o700, g: 0o070, o: 0o007, a: 0o777 }[letter as "u"]!;
  return bits & who;
};
function findFormat(io: Io, format: string, { path, name, stat, depth, start }: Found): string {
  const escapes: Record<string, string> = { n: "\n", t: "\t", "\\": "\\", "0": "\0", r: "\r" };
  return format.replace(/\\(.)|%(-?\d*)([a-zA-Z%])([a-zA-Z@+])?/g, (whole, escaped: string | undefined, width: string, kind: string, more: string | undefined) => {
    if (escaped !== undefined) return escapes[escaped] ?? whole;
    const dated = "TAC".includes(kind) && more !== undefined;
    const rest = dated ? "" : (more ?? "");
    const values: Record<string, string> = {
      p: path, f: name, h: path.includes("/") ? path.replace(/\/[^/]*$/, "") || "/" : ".", P: path === start ? "" : path.slice(start.length).replace(/^\//, ""), s: String(stat.size), d: String(depth), m: (stat.mode & 0o7777).toString(8), M: KIND[stat.kind] + letters(stat.mode),
      y: { file: "f", directory: "d", link: "l" }[stat.kind], u: owner(io), g: owner(io), U: "1000", G: "1000", i: String(stat.ino), n: String(stat.nlink), k: String(blocks(stat)), b: String(blocks(stat) * 2), "%": "%", l: stat.kind === "link" ? io.fs.readlink(io.path(path)) : "", H: start, t: strftime("%a %b %e %H:%M:%S.%N %Y", stat.mtimeMs),
    };
    const text = dated ? (more === "@" ? `${Math.floor(stat.mtimeMs / 1000)}.${String(stat.mtimeMs % 1000).padStart(3, "0").padEnd(10, "0")}` : more === "+" ? strftime("%Y-%m-%d+%H:%M:%S.%N", stat.mtimeMs) : strftime(`%${more}`, stat.mtimeMs, io.env.get("TZ"))) : values[kind];
    if (text === undefined) return whole;
    return (width === "" ? text : width.startsWith("-") ? text.padEnd(-Number(width)) : text.padStart(Number(width))) + rest;
  });
}

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

function realpathMissing(fs: FileSystem, path: string, mode: "all" | "last" | "none"): string | null {
  try {
    return fs.realpath(path);
  } catch (error) {
    if (mode === "all") return null;
    const parent = path.replace(/\/[^/]*$/, "") || "/";
    if (path === "/") throw error;
    if (mode === "last") {
      try {
        // A link that leads nowhere: its goal may be missing too.
        const target = fs.readlink(path);
        return realpathMissing(fs, target.startsWith("/") ? target : `${parent}/${target}`, mode);
      } catch {
        // Not a link.
      }
    }
    const head = realpathMissing(fs, parent, mode === "last" ? "all" : "none");
    return head === null ? null : `${head === "/" ? "" : head}/${path.split("/").at(-1)}`;
  }
}
const readlink: Program = async (io) => {
  const given = await options(io, { short: "femnqsvz", long: { canonicalize: "f", "canonicalize-existing": "e", "canonicalize-missing": "m", "no-newline": "n" } });
  if (given === null) return 2;
  if (given.operands.length === 0) return io.fail("missing operand");
  for (const name of given.operands) {
    let text: string | null = null;
    try {
      text = given.has("f", "e", "m") ? realpathMissing(io.fs, io.path(name), given.has("e") ? "all" : given.has("m") ? "none" : "last") : io.fs.readlink(io.path(name));
    } catch {
      // Said by the exit code alone.
    }
    if (text === null) io.status = 1;
    else io.out(text + (given.has("n") ? "" : "\n"));
  }
  return io.status;
};
const realpath: Program = async (io) => {
  const given = await options(io, { short: "emsqzLP", long: { "canonicalize-existing": "e", "canonicalize-missing": "m", "no-symlinks": "s", "relative-to=": "to", "relative-base=": "base" } });
  if (given === null) return 2;
  if (given.has("base")) return io.usage("--relative-base");
  if (given.operands.length === 0) return io.fail("missing operand");
  for (const name of given.operands) {
    const text = given.has("s") ? io.path(name) : realpathMissing(io.fs, io.path(name), given.has("e") ? "all" : given.has("m") ? "none" : "last");
    if (text === null) await io.fail(`${name}: No such file or directory`);
    else if (given.has("to")) io.out(`${relative(realpathMissing(io.fs, io.path(given.value("to")!), "none")!, text)}\n`);
    else io.out(`${text}\n`);
  }
  return io.status;
};
function relative(from: string, to: string): string {
  const [a, b] = [from.split("/").filter(Boolean), to.split("/").filter(Boolean)];
  let same = 0;
  while (same < a.length && same < b.length && a[same] === b[same]) same += 1;
  return [...a.slice(same).map(() => ".."), ...b.slice(same)].join("/") || ".";
}
const base: Program = async (io) => {
  const given = await options(io, { short: "+as:z", long: { multiple: "a", "suffix=": "s", zero: "z" } });
  if (given === null) return 2;
  if (given.operands.length === 0) return io.fail("missing operand");
  const many = given.has("a", "s");
  if (!many && given.operands.length > 2) return io.fail(`extra operand '${given.operands[2]}'`);
  const suffix = given.value("s") ?? (many ? "" : (given.operands[1] ?? ""));
  for (const path of many ? given.operands : given.operands.slice(0, 1)) {
    const name = path === "" ? "" : basename(path);
    io.out(`${suffix !== "" && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name}\n`);
  }
  return 0;
};
const dirname: Program = async (io) => {
  const given = await options(io, { short: "z", long: { zero: "z" } });
  if (given === null) return 2;
  if (given.operands.length === 0) return io.fail("missing operand");
  for (const path of given.operands) {
    const trimmed = path.replace(/\/+$/, "");
    io.out(`${trimmed === "" ? (path.startsWith("/") ? "/" : ".") : trimmed.includes("/") ? trimmed.replace(/\/+[^/]*$/, "") || "/" : "."}\n`);
  }
  return 0;
};
const which: Program = async (io) => {
  const given = await options(io, { short: "as", long: {} });
  if (given === null) return 2;
  let status = 0;
  for (const name of given.operands) {
    let found: string | null = null;
    for (const folder of (io.env.get("PATH") ?? "").split(":")) {
      const stat = lookup(io, within(folder, name));
      if (stat?.kind === "file" && (stat.mode & 0o111) !== 0) found = within(folder, name);
      else if (/^\/(usr\/)?bin$/.test(folder) && io.machine.programs.has(name)) found = `/usr/bin/${name}`;
      if (found !== null) break;
    }
    if (found === null) status = 1;
    else if (!given.has("s")) io.out(`${found}\n`);
  }
  return status;
};

export const listing: Record<string, Program> = { ls, find, stat, du, df, tree, file, readlink, realpath, basename: base, dirname, which, dir: ls };
