/** sort: keys, orders, checking and merging. */
import { charCount, encode } from "../bytes.js";
import type { Program } from "../machine.js";
import { options, type Options } from "./options.js";
import { bytewise, shuffle, versions } from "./order.js";

interface Key {
  from: [number, number];
  to: [number, number] | null;
  flags: string;
}
const ORDER = "bdfghiMnRrV";
function key(text: string): Key | null {
  const match = /^(\d+)(?:\.(\d+))?([a-zA-Z]*)(?:,(\d+)(?:\.(\d+))?([a-zA-Z]*))?$/.exec(text);
  if (match === null || match[1] === "0") return null;
  const flags = (match[3] ?? "") + (match[6] ?? "");
  for (const flag of flags) if (!ORDER.includes(flag)) return null;
  return { from: [Number(match[1]), Number(match[2] ?? 1)], to: match[4] === undefined ? null : [Number(match[4]), Number(match[5] ?? 0)], flags };
}
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/** Numbers of any length, compared as text so that nothing is rounded. */
function numeric(text: string): number {
  const match = /^\s*(-?\d*\.?\d*)/.exec(text);
  return match === null || match[1] === "" || match[1] === "-" ? 0 : Number(match[1]) || 0;
}
function humanNumber(text: string): number {
  const match = /^\s*(-?\d*\.?\d*)([kKMGTPEZY]?)/.exec(text);
  return match === null ? 0 : (Number(match[1]) || 0) * 1024 ** Math.max(0, " KMGTPEZY".indexOf(match[2]!.toUpperCase() || " "));
}
function comparison(flags: string): (a: string, b: string) => number {
  const one = (a: string, b: string): number => {
    if (flags.includes("V")) return versions(a, b);
    if (flags.includes("h")) return humanNumber(a) - humanNumber(b);
    if (flags.includes("g")) return (Number.parseFloat(a) || 0) - (Number.parseFloat(b) || 0);
    if (flags.includes("n")) return numeric(a) - numeric(b);
    if (flags.includes("M")) return MONTHS.indexOf(a.trim().slice(0, 3).toUpperCase()) - MONTHS.indexOf(b.trim().slice(0, 3).toUpperCase());
    let [x, y] = [a, b];
    if (flags.includes("d")) [x, y] = [x.replace(/[^A-Za-z0-9 \t]/g, ""), y.replace(/[^A-Za-z0-9 \t]/g, "")];
    if (flags.includes("i")) [x, y] = [x.replace(/[^\x20-\x7e]/g, ""), y.replace(/[^\x20-\x7e]/g, "")];
    if (flags.includes("f")) [x, y] = [x.toUpperCase(), y.toUpperCase()];
    return bytewise(x, y);
  };
  return flags.includes("r") ? (a, b) => one(b, a) : one;
}
function part(line: string, { from, to, flags }: Key, separator: string | null): string {
  const starts: number[] = [];
  const ends: number[] = [];
  if (separator === null) {
    for (const match of line.matchAll(/[ \t]*[^ \t]+/g)) {
      starts.push(match.index);
      ends.push(match.index + match[0].length);
    }
  } else {
    let at = 0;
    for (const piece of line.split(separator)) {
      starts.push(at);
      ends.push(at + piece.length);
      at += piece.length + separator.length;
    }
  }
  const skip = (at: number): number => (flags.includes("b") ? at + /^[ \t]*/.exec(line.slice(at))![0].length : at);
  const start = from[0] > starts.length ? line.length : Math.min(skip(starts[from[0] - 1]!) + from[1] - 1, line.length);
  if (to === null) return line.slice(start);
  if (to[0] > ends.length) return line.slice(start);
  const end = to[1] === 0 ? ends[to[0] - 1]! : Math.min(skip(starts[to[0] - 1]!) + to[1], line.length);
  return line.slice(start, Math.max(start, end));
}

const SORT_LONG = { "key=": "k", "field-separator=": "t", reverse: "r", "numeric-sort": "n", unique: "u", "human-numeric-sort": "h", "version-sort": "V", "ignore-case": "f", "output=": "o", check: "c", stable: "s", "general-numeric-sort": "g", "month-sort": "M", "ignore-leading-blanks": "b", "dictionary-order": "d", "random-sort": "R", merge: "m", "zero-terminated": "z", "sort=": "sort", "parallel=": "parallel", "buffer-size=": "S" };
export const sort: Program = async (io) => {
  const given = await options(io, { short: "k:t:rnuhVfo:cCsgMbdiRmzS:T:", long: SORT_LONG });
  if (given === null) return 2;
  const order = orderOf(given);
  const sorted = given.value("sort");
  const global = given.given.map(([name]) => name).filter((name) => ORDER.includes(name)).join("") + (sorted === undefined ? "" : ({ numeric: "n", human: "h", "human-numeric": "h", version: "V", month: "M", random: "R", "general-numeric": "g" }[sorted] ?? ""));
  if (order === null) return io.fail(`-: invalid field specification '${given.values("k").find((text) => key(text) === null)}'`, 2);
  const separator = given.value("t") === "\\0" ? "\0" : (given.value("t") ?? null);
  if (separator !== null && charCount(separator) !== 1) return io.fail(separator === "" ? "empty tab" : `multi-character tab '${separator}'`, 2);
  const end = given.has("z") ? "\0" : "\n";
  const lines: string[] = [];
  for (const name of given.operands.length === 0 ? ["-"] : given.operands) {
    try {
      const stream = io.open(name);
      for await (const line of io.lines(stream, end)) lines.push(line);
    } catch (error) {
      if (typeof (error as { code?: unknown }).code !== "string") throw error;
      return io.fail(`cannot read: ${name}: ${(error as Error).message}`, 2);
    }
  }
  const keys = order.map((one) => ({ ...one, flags: one.flags === "" ? global : one.flags }));
  const whole = comparison(global);
  const compares = keys.map((one) => ({ one, compare: comparison(one.flags) }));
  const reversed = global.includes("r");
  const byKeys = (a: string, b: string): number => {
    if (compares.length === 0) return global.includes("b") ? whole(a.trimStart(), b.trimStart()) : whole(a, b);
    for (const { one, compare } of compares) {
      const difference = compare(part(a, one, separator), part(b, one, separator));
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const full = given.has("s", "u") ? byKeys : (a: string, b: string): number => byKeys(a, b) || (reversed ? bytewise(b, a) : bytewise(a, b));
  if (given.has("c", "C")) {
    for (let at = 1; at < lines.length; at += 1) {
      const difference = full(lines[at - 1]!, lines[at]!);
      if (difference > 0 || (given.has("u") && difference === 0)) {
        if (given.has("c")) await io.fail(`${given.operands[0] ?? "-"}:${at + 1}: disorder: ${lines[at]}`);
        return 1;
      }
    }
    return 0;
  }
  if (global.includes("R")) shuffle(lines);
  else lines.sort(full);
  const kept = given.has("u") ? lines.filter((line, at) => at === 0 || byKeys(lines[at - 1]!, line) !== 0) : lines;
  const target = given.value("o");
  if (target !== undefined) {
    const stream = io.machine.open(io.path(target), "write", io.fds);
    await stream.write(io.process, encode(kept.map((line) => line + end).join("")));
    stream.release();
    return io.status;
  }
  for (const line of kept) if (io.out(line + end)) await io.flush();
  return io.status;
};
function orderOf(given: Options): Key[] | null {
  const keys = given.values("k").map(key);
  return keys.includes(null) ? null : (keys as Key[]);
}
