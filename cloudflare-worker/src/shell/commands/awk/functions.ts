/** awk's own functions, but for those that run or close something. */
import { charCount, sliceChars } from "../../bytes.js";
import { strftime } from "../../dates.js";
import type { Store } from "./store.js";
import type { Expr } from "./tree.js";
import { AwkFault } from "./tokens.js";
import { Given, number, type Value } from "./values.js";

/** Whoever works out what arguments are. */
export interface Evaluator {
  eval(expr: Expr): Value;
  assign(target: Expr, value: Value): void;
  pattern(expr: Expr): RegExp;
}

export class Functions {
  readonly #store: Store;
  readonly #evaluator: Evaluator;
  readonly #env: ReadonlyMap<string, string>;
  #seed = 0;
  #state = (crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1) || 1;

  constructor(store: Store, evaluator: Evaluator, env: ReadonlyMap<string, string>) {
    this.#store = store;
    this.#evaluator = evaluator;
    this.#env = env;
  }

  call(name: string, args: Expr[]): Value {
    const text = (at: number): string => (args[at] === undefined ? "" : this.#store.text(this.#evaluator.eval(args[at])));
    const real = (at: number): number => (args[at] === undefined ? 0 : number(this.#evaluator.eval(args[at])));
    switch (name) {
      case "length": {
        const [only] = args;
        if (only === undefined) return charCount(this.#store.text(this.#store.field(0)));
        if (only.t === "var" && (this.#store.frame?.has(only.name) === true ? this.#store.frame : this.#store.globals).get(only.name) instanceof Map) return this.#store.array(only.name).size;
        return charCount(text(0));
      }
      case "substr": {
        const whole = text(0);
        const start = real(1);
        const from = Math.round(start);
        const to = args[2] === undefined ? Number.POSITIVE_INFINITY : Math.round(start) + Math.round(real(2));
        return sliceChars(whole, Math.max(from, 1) - 1, Math.max(to - 1, 0));
      }
      case "index": {
        const at = text(0).indexOf(text(1));
        return at < 0 ? 0 : charCount(text(0).slice(0, at)) + 1;
      }
      case "split": {
        const whole = text(0);
        const [, target, separator] = args;
        if (target?.t !== "var") throw new AwkFault("split: the second argument is no array");
        const pieces = separator === undefined ? this.#store.pieces(whole, this.#store.setting("FS")) : separator.t === "regex" ? this.#store.byRegex(whole, separator.source) : this.#store.pieces(whole, text(2));
        const cells = this.#store.array(target.name);
        cells.clear();
        for (const [at, piece] of pieces.entries()) cells.set(String(at + 1), new Given(piece));
        return pieces.length;
      }
      case "sub":
      case "gsub": return this.#substitute(args, name === "gsub");
      case "gensub": {
        const how = text(2);
        const target = args[3] === undefined ? this.#store.text(this.#store.field(0)) : text(3);
        let count = 0;
        const wanted = /^[gG]/.test(how) ? 0 : Math.max(1, Math.trunc(real(2)));
        const made = text(1);
        return target.replace(this.#evaluator.pattern(args[0]!), (...match) => {
          count += 1;
          if (wanted !== 0 && count !== wanted) return match[0] as string;
          return made.replace(/\\(\d|&|\\)|&/g, (whole, digit: string | undefined) => (whole === "&" ? (match[0] as string) : digit === "&" ? "&" : digit === "\\" ? "\\" : ((match[Number(digit)] as string | undefined) ?? "")));
        });
      }
      case "match": {
        const whole = text(0);
        const found = this.#evaluator.pattern(args[1]!).exec(whole);
        this.#store.globals.set("RSTART", found === null ? 0 : charCount(whole.slice(0, found.index)) + 1);
        this.#store.globals.set("RLENGTH", found === null ? -1 : charCount(found[0]));
        if (args[2]?.t === "var") {
          const cells = this.#store.array(args[2].name);
          cells.clear();
          found?.forEach((group, at) => { if (group !== undefined) cells.set(String(at), new Given(group)); });
        }
        return this.#store.globals.get("RSTART") as Value;
      }
      case "sprintf": return this.#store.sprintf(text(0), args.slice(1).map((arg) => this.#evaluator.eval(arg)));
      case "tolower": return text(0).toLowerCase();
      case "toupper": return text(0).toUpperCase();
      case "sin": return Math.sin(real(0));
      case "cos": return Math.cos(real(0));
      case "atan2": return Math.atan2(real(0), real(1));
      case "exp": return Math.exp(real(0));
      case "log": return Math.log(real(0));
      case "sqrt": return Math.sqrt(real(0));
      case "int": return Math.trunc(real(0)) + 0;
      case "rand":
        this.#state = (Math.imul(this.#state, 1103515245) + 12345) >>> 0;
        return (this.#state >>> 1) / 2 ** 31;
      case "srand": {
        const old = this.#seed;
        this.#seed = args.length === 0 ? Math.floor(Date.now() / 1000) : real(0);
        this.#state = (Math.imul(this.#seed | 0, 2654435761) >>> 0) || 1;
        return old;
      }
      case "systime": return Math.floor(Date.now() / 1000);
      case "strftime": return strftime(args[0] === undefined ? "%a %b %e %H:%M:%S %Z %Y" : text(0), (args[1] === undefined ? Math.floor(Date.now() / 1000) : real(1)) * 1000, this.#env.get("TZ"));
      case "mktime": {
        const parts = text(0).trim().split(/\s+/).map(Number);
        return parts.length < 6 ? -1 : Math.floor(Date.UTC(parts[0]!, parts[1]! - 1, parts[2]!, parts[3]!, parts[4]!, parts[5]!) / 1000);
      }
      case "and": return Number(BigInt(Math.trunc(real(0))) & BigInt(Math.trunc(real(1))));
      case "or": return Number(BigInt(Math.trunc(real(0))) | BigInt(Math.trunc(real(1))));
      case "xor": return Number(BigInt(Math.trunc(real(0))) ^ BigInt(Math.trunc(real(1))));
      case "lshift": return real(0) * 2 ** real(1);
      case "rshift": return Math.floor(real(0) / 2 ** real(1));
      case "strtonum": return /^\s*0[xX]/.test(text(0)) ? Number(text(0).trim()) : /^\s*0[0-7]+\s*$/.test(text(0)) ? Number.parseInt(text(0), 8) : number(text(0));
      default: throw new AwkFault(`${name} is not supported here`);
    }
  }
  #substitute(args: Expr[], all: boolean): number {
    const [pattern, made, target] = args;
    const regex = this.#evaluator.pattern(pattern!);
    const raw = this.#store.text(this.#evaluator.eval(made!));
    const place: Expr = target ?? { t: "field", of: { t: "num", value: 0 } };
    const text = this.#store.text(this.#evaluator.eval(place));
    let count = 0;
    const replace = (match: string): string => raw.replace(/\\\\&|\\&|&|\\\\/g, (found) => (found === "&" ? match : found === "\\&" ? "&" : found === "\\\\&" ? `\\${match}` : "\\"));
    let result = "";
    let at = 0;
    let last = -1;
    for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
      if (match[0] === "" && match.index === last) {
        regex.lastIndex += 1;
        if (regex.lastIndex > text.length) break;
        continue;
      }
      result += text.slice(at, match.index) + replace(match[0]);
      at = match.index + match[0].length;
      last = at;
      count += 1;
      if (!all) break;
      if (match[0] === "") {
        regex.lastIndex += 1;
        if (regex.lastIndex > text.length) break;
      }
    }
    if (count > 0) this.#evaluator.assign(place, result + text.slice(at));
    return count;
  }
}
