/** grep, egrep, fgrep: lines that match. */
import { faultOf } from "../files.js";
import type { Io, Program } from "../machine.js";
import { escapeRegex, matches, RegexFault, regexSource } from "../patterns.js";
import { bytewise } from "./order.js";
import { basename, lookup } from "./paths.js";
import { options } from "./options.js";

const LONG = {
  "extended-regexp": "E", "fixed-strings": "F", "basic-regexp": "G", "perl-regexp": "P", "regexp=": "e", "file=": "f", "ignore-case": "i", "no-ignore-case": "noi", "word-regexp": "w", "line-regexp": "x", "null-data": "z", "no-messages": "s", "invert-match": "v", "max-count=": "m", "byte-offset": "b",
  "line-number": "n", "with-filename": "H", "no-filename": "h", "only-matching": "o", quiet: "q", silent: "q", text: "a", recursive: "r", "dereference-recursive": "R", "include=": "include", "exclude=": "exclude", "exclude-dir=": "xdir", "files-without-match": "L", "files-with-matches": "l", count: "c",
  "after-context=": "A", "before-context=": "B", "context=": "C", "color?": "color", "colour?": "color", "label=": "label", "null": "Z", "line-buffered": "buffered", "initial-tab": "T", "binary-files=": "binary",
};

const grep: Program = async (io) => {
  const end = io.args.indexOf("--");
  const args = io.args.flatMap((arg, at) => (/^-\d+$/.test(arg) && (end < 0 || at < end) && !/^-[a-zA-Z]*[efmABC]$/.test(io.args[at - 1] ?? "") ? ["-C", arg.slice(1)] : [arg]));
  const given = await options(io, { short: "EFGPe:f:iywxzsvm:bnHhoqarRLlcA:B:C:UZT", long: LONG }, args);
  if (given === null) return 2;
  const operands = [...given.operands];
  const patterns = given.values("e").flatMap((text) => text.split("\n"));
  for (const file of given.values("f")) {
    try {
      patterns.push(...(await io.text(io.open(file))).replace(/\n$/, "").split("\n"));
    } catch (error) {
      return io.fail(`${file}: ${faultOf(error)}`, 2);
    }
  }
  if (!given.has("e", "f")) {
    const first = operands.shift();
    if (first === undefined) return io.fail("usage: grep [OPTION]... PATTERNS [FILE]...", 2);
    patterns.push(...first.split("\n"));
  }
  const kind = given.last("E", "F", "G", "P") ?? (io.name === "egrep" ? "E" : io.name === "fgrep" ? "F" : "G");
  const color = given.has("color") && given.value("color") === "always";
  let regex: RegExp;
  try {
    const sources = patterns.map((text) => (kind === "F" ? escapeRegex(text) : kind === "P" ? text : regexSource(text, kind === "E")));
    let source = sources.length === 1 ? sources[0]! : sources.map((text) => `(?:${text})`).join("|");
    if (given.has("x")) source = `^(?:${source})$`;
    else if (given.has("w")) source = `(?<![\\p{L}\\p{N}_])(?:${source})(?![\\p{L}\\p{N}_])`;
    regex = new RegExp(source, `g${given.has("i", "y") ? "i" : ""}${kind === "P" ? "" : "u"}`);
  } catch (error) {
    return io.fail(error instanceof RegexFault ? error.message : `invalid regular expression: ${(error as Error).message}`, 2);
  }
  const recursive = given.has("r", "R");
  const files: string[] = [];
  const allowed = (name: string): boolean => (given.values("include").length === 0 || given.values("include").some((pattern) => matches(pattern, basename(name)))) && !given.values("exclude").some((pattern) => matches(pattern, basename(name)));
  const gather = (path: string, top: boolean): void => {
    if (lookup(io, path)?.kind !== "directory") {
      if (top || allowed(path)) files.push(path);
      return;
    }
    if (!top && given.values("xdir").some((pattern) => matches(pattern, basename(path)))) return;
    for (const name of io.fs.readdir(io.path(path)).sort(bytewise)) gather(path === "" ? name : `${path.replace(/\/$/, "")}/${name}`, false);
  };
  if (recursive) for (const path of operands.length === 0 ? [""] : operands) gather(path, true);
  else files.push(...(operands.length === 0 ? ["-"] : operands));
  const titles = given.has("h") ? false : given.has("H") || recursive ? !(recursive && operands.length === 1 && lookup(io, operands[0]!)?.kind === "file" && !given.has("H")) : files.length > 1;
  const search = new Search(io, regex, {
    invert: given.has("v"), number: given.has("n"), offset: given.has("b"), only: given.has("o"), quiet: given.has("q"), names: given.has("l"), without: given.has("L"), count: given.has("c"), titles, color,
    most: given.value("m") === undefined ? Number.POSITIVE_INFINITY : Number(given.value("m")), after: Number(given.value("A") ?? given.value("C") ?? 0), before: Number(given.value("B") ?? given.value("C") ?? 0), end: given.has("z") ? "\0" : "\n", nul: given.has("Z"), binary: given.has("a"),
  });
  let hit = false;
  let fault = false;
  for (const file of files) {
    if (file !== "-" && lookup(io, file)?.kind === "directory") {
      await io.err(`grep: ${file}: Is a directory\n`);
      continue;
    }
    try {
      if (await search.file(file === "-" ? (given.value("label") ?? "(standard input)") : file, io.open(file))) {
        hit = true;
        if (given.has("q")) return 0;
      }
    } catch (error) {
      if (!given.has("s")) await io.err(`grep: ${file}: ${faultOf(error)}\n`);
      fault = true;
    }
  }
  return fault ? 2 : hit ? 0 : 1;
};

interface Wanted {
  invert: boolean;
  number: boolean;
  offset: boolean;
  only: boolean;
  quiet: boolean;
  names: boolean;
  without: boolean;
  count: boolean;
  titles: boolean;
  color: boolean;
  most: number;
  after: number;
  before: number;
  end: string;
  nul: boolean;
  binary: boolean;
}
class Search {
  readonly #io: Io;
  readonly #regex: RegExp;
  readonly #wanted: Wanted;
  #separated = false;
  constructor(io: Io, regex: RegExp, wanted: Wanted) {
    this.#io = io;
    this.#regex = regex;
    this.#wanted = wanted;
  }
  /** Whether anything was found. */
  async file(name: string, stream: ReturnType<Io["open"]>): Promise<boolean> {
    const { most, count, names, without, quiet, only, before, after, invert, color } = this.#wanted;
    const io = this.#io;
    let hits = 0;
    let number = 0;
    let offset = 0;
    let follow = 0;
    let last = 0;
    const kept: { line: string; number: number; offset: number }[] = [];
    const silent = count || names || without || quiet;
    if (most === 0) {
      stream.release();
      return false;
    }
    for await (const line of io.lines(stream, this.#wanted.end)) {
      number += 1;
      const start = offset;
      offset += line.length + 1;
      this.#regex.lastIndex = 0;
      const found = this.#regex.test(line) !== invert;
      if (!found) {
        if (silent || only) continue;
        if (follow > 0) {
          follow -= 1;
          this.#print(name, number, start, line, "-");
          last = number;
        } else if (before > 0) {
          kept.push({ line, number, offset: start });
          if (kept.length > before) kept.shift();
        }
        continue;
      }
      hits += 1;
      if (names || quiet || without) break;
      if (!silent) {
        if (!this.#wanted.binary && line.includes("\0")) {
          io.out(`grep: ${name}: binary file matches\n`);
          break;
        }
        this.#regex.lastIndex = 0;
        const first = kept[0]?.number ?? number;
        if ((before > 0 || after > 0) && !only) {
          if ((this.#separated || last > 0) && first > last + 1) io.out("--\n");
          this.#separated = true;
        }
        for (const { line: text, number: at, offset: from } of kept.splice(0)) this.#print(name, at, from, text, "-");
        if (only) {
          if (!invert) for (const match of line.matchAll(this.#regex)) if (match[0] !== "") this.#print(name, number, start + match.index, color ? `\x1b[01;31m\x1b[K${match[0]}\x1b[m\x1b[K` : match[0], ":");
        } else this.#print(name, number, start, color && !invert ? line.replace(this.#regex, (match) => (match === "" ? "" : `\x1b[01;31m\x1b[K${match}\x1b[m\x1b[K`)) : line, ":");
        last = number;
        follow = after;
      }
      if (hits >= most && follow === 0) break;
      if (hits >= most) {
        this.#regex.lastIndex = 0;
        let left = follow;
        for await (const rest of io.lines(stream.hold(), this.#wanted.end)) {
          number += 1;
          this.#print(name, number, offset, rest, "-");
          left -= 1;
          if (left === 0) break;
        }
        break;
      }
    }
    if (count) io.out(`${this.#wanted.titles ? `${name}${this.#wanted.nul ? "\0" : ":"}` : ""}${hits}\n`);
    if (names && hits > 0) io.out(name + (this.#wanted.nul ? "\0" : "\n"));
    if (without && hits === 0) io.out(name + (this.#wanted.nul ? "\0" : "\n"));
    await io.flush();
    return without ? hits === 0 : hits > 0;
  }
  #print(name: string, number: number, offset: number, line: string, mark: string): void {
    const { titles, number: numbers, offset: offsets, color, end, nul } = this.#wanted;
    const colored = (text: string, code: string): string => (color ? `\x1b[${code}m\x1b[K${text}\x1b[m\x1b[K` : text);
    const between = color ? `\x1b[36m\x1b[K${mark}\x1b[m\x1b[K` : mark;
    this.#io.out(`${titles ? colored(name, "35") + (nul ? "\0" : between) : ""}${numbers ? colored(String(number), "32") + between : ""}${offsets ? colored(String(offset), "32") + between : ""}${line}${end}`);
  }
}

export const greps: Record<string, Program> = { grep, egrep: grep, fgrep: grep };
