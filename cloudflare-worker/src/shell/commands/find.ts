/** find: tests, actions and their operators over a tree of files. */
import { parseDate, strftime } from "../dates.js";
import { faultOf, type Stat } from "../files.js";
import type { Io, Program } from "../machine.js";
import { matches, regexSource } from "../patterns.js";
import { basename, lookup } from "./paths.js";
import { letters } from "./modes.js";
import { blocks, KIND, owner, within } from "./listing.js";

interface Found {
  path: string;
  name: string;
  stat: Stat;
  depth: number;
  start: string;
}
type Test = (found: Found) => boolean | Promise<boolean>;
class FindFault extends Error {}

export const find: Program = async (io) => {
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
