/** Reads a program's options as GNU's getopt does. An option that is not named here is an error, never ignored. */
import type { Io } from "../machine.js";

export class Options {
  readonly given: [name: string, value: string][] = [];
  readonly operands: string[] = [];
  has(...names: string[]): boolean {
    return this.given.some(([name]) => names.includes(name));
  }
  value(name: string): string | undefined {
    return this.given.findLast(([given]) => given === name)?.[1];
  }
  values(name: string): string[] {
    return this.given.filter(([given]) => given === name).map(([, value]) => value);
  }
  /** Which of several that exclude each other came last. */
  last(...names: string[]): string | undefined {
    return this.given.findLast(([name]) => names.includes(name))?.[0];
  }
}

export interface Spec {
  /** Letters; `:` after one that takes a value, `::` after one that may have it attached. A `+` in front: options end at the first operand. */
  short: string;
  /** Long names and the letter (or name) each stands for; `=` at the end takes a value, `?` may have one. */
  long?: Readonly<Record<string, string>>;
  /** Exit code of a wrong usage. */
  status?: number;
  /** Whether `-5` is an operand rather than an option. */
  numbers?: boolean;
}

/** Null when the usage was wrong: it has been said. */
export async function options(io: Io, spec: Spec, args: readonly string[] = io.args): Promise<Options | null> {
  const found = new Options();
  const status = spec.status ?? 2;
  const stops = spec.short.startsWith("+");
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at]!;
    if (arg === "--") {
      found.operands.push(...args.slice(at + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-" || (spec.numbers === true && /^-\d/.test(arg))) {
      if (stops) {
        found.operands.push(...args.slice(at));
        break;
      }
      found.operands.push(arg);
      continue;
    }
    if (arg.startsWith("--")) {
      const [name, value] = split(arg.slice(2));
      const match = long(spec.long ?? {}, name);
      if (match === null) return wrong(io, `unrecognized option '--${name}'`, status);
      if (match === "ambiguous") return wrong(io, `option '--${name}' is ambiguous`, status);
      if (match.endsWith("=")) {
        const given = value ?? args[++at];
        if (given === undefined) return wrong(io, `option '${arg}' requires an argument`, status);
        found.given.push([spec.long![match]!, given]);
      } else if (value !== undefined && !match.endsWith("?")) return wrong(io, `option '--${match}' doesn't allow an argument`, status);
      else found.given.push([spec.long![match]!, value ?? ""]);
      continue;
    }
    for (let place = 1; place < arg.length; place += 1) {
      const letter = arg[place]!;
      const where = letter === ":" || letter === "+" ? -1 : spec.short.indexOf(letter);
      if (where < 0) return wrong(io, `invalid option -- '${letter}'`, status);
      if (spec.short[where + 1] !== ":") {
        found.given.push([letter, ""]);
        continue;
      }
      const attached = arg.slice(place + 1);
      if (attached !== "" || spec.short[where + 2] === ":") found.given.push([letter, attached]);
      else {
        at += 1;
        const given = args[at];
        if (given === undefined) return wrong(io, `option requires an argument -- '${letter}'`, status);
        found.given.push([letter, given]);
      }
      break;
    }
  }
  return found;
}

async function wrong(io: Io, message: string, status: number): Promise<null> {
  await io.fail(message, status);
  io.status = status;
  return null;
}
function split(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
function long(names: Readonly<Record<string, string>>, given: string): string | null {
  const keys = Object.keys(names);
  const exact = keys.find((key) => key.replace(/[=?]$/, "") === given);
  if (exact !== undefined) return exact;
  const close = keys.filter((key) => key.startsWith(given));
  return close.length === 0 ? null : close.length > 1 && new Set(close.map((key) => names[key])).size > 1 ? "ambiguous" : close[0]!;
}

/** `10`, `2K`, `1M`: null when it is no size. */
export function size(text: string): number | null {
  const match = /^(\d+)([bkKMGT]?)(i?B)?$/.exec(text);
  if (match === null) return null;
  const unit = match[2]!;
  if (unit === "b") return Number(match[1]) * 512;
  return Number(match[1]) * (match[3] === "B" ? 1000 : 1024) ** " KMGT".indexOf(unit === "" ? " " : unit.toUpperCase());
}
/** As `-h` shows sizes. */
export function human(bytes: number, base = 1024): string {
  if (bytes < base) return String(bytes);
  let value = bytes;
  let unit = -1;
  while (value >= base && unit < 5) {
    value /= base;
    unit += 1;
  }
  const rounded = value < 10 ? Math.ceil(value * 10) / 10 : Math.ceil(value);
  return `${rounded < 10 ? rounded.toFixed(1) : Math.ceil(rounded)}${(base === 1000 ? "kMGTPE" : "KMGTPE")[unit]}`;
}
