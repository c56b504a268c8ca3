/** What the names of an awk program stand for: variables, arrays, the record and its fields, and how values become text. Nothing here reads or runs. */
import { conversions, formatReal, formatText, formatWhole, padded } from "../../format.js";
import { RegexFault, regexSource } from "../../patterns.js";
import { bytewise } from "../order.js";
import { AwkFault } from "./tokens.js";
import { type Cells, Given, isNumeric, number, type Value } from "./values.js";

const FIELDS_MAX = 1_000_000;

export class Store {
  readonly globals = new Map<string, Value | Cells>();
  /** The parameters of the function that runs. */
  frame: Map<string, Value | Cells> | null = null;
  #record = "";
  #fields: Value[] | null = null;
  #recordStale = false;
  readonly #regexes = new Map<string, RegExp>();

  constructor(args: readonly string[], env: ReadonlyMap<string, string>) {
    const initial: Record<string, Value> = { FS: " ", OFS: " ", ORS: "\n", RS: "\n", SUBSEP: "\x1c", CONVFMT: "%.6g", OFMT: "%.6g", NR: 0, FNR: 0, NF: 0, RSTART: 0, RLENGTH: -1, FILENAME: "", ARGC: args.length + 1 };
    for (const [name, value] of Object.entries(initial)) this.globals.set(name, value);
    this.globals.set("ARGV", new Map<string, Value>([["0", "awk"], ...args.map((arg, at): [string, Value] => [String(at + 1), new Given(arg)])]));
    this.globals.set("ENVIRON", new Map<string, Value>([...env].map(([name, value]) => [name, new Given(value)])));
  }

  // --- values ---

  /** A global variable as text. */
  setting(name: string): string {
    return this.text(this.globals.get(name) as Value);
  }
  /** One more. */
  count(name: string): void {
    this.globals.set(name, number(this.globals.get(name) as Value) + 1);
  }
  text(value: Value, format = "CONVFMT"): string {
    if (typeof value === "string") return value;
    if (value === undefined) return "";
    if (typeof value === "number") return Number.isInteger(value) ? (Math.abs(value) < 1e16 ? String(value) : Number.isFinite(value) && Math.abs(value) < 2 ** 63 ? BigInt(value).toString() : this.formatted(value, format)) : this.formatted(value, format);
    return value.s;
  }
  formatted(value: number, format: string): string {
    if (Number.isNaN(value)) return "nan";
    if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
    const wanted = this.globals.get(format);
    return this.sprintf(typeof wanted === "string" ? wanted : "%.6g", [value]);
  }
  truth(value: Value): boolean {
    if (typeof value === "number") return value !== 0;
    if (value === undefined) return false;
    if (typeof value === "string") return value !== "";
    return isNumeric(value) ? number(value) !== 0 : value.s !== "";
  }
  compare(a: Value, b: Value): number {
    if (isNumeric(a) && isNumeric(b)) {
      const [x, y] = [number(a), number(b)];
      return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN;
    }
    return bytewise(this.text(a), this.text(b));
  }
  regex(source: string): RegExp {
    let regex = this.#regexes.get(source);
    if (regex === undefined) {
      try {
        regex = new RegExp(regexSource(source, true, { escapes: true }), "gu");
      } catch (error) {
        throw new AwkFault(`regular expression compile failed (${error instanceof RegexFault ? error.message : "bad expression"})\n${source}`);
      }
      this.#regexes.set(source, regex);
    }
    regex.lastIndex = 0;
    return regex;
  }

  // --- the record ---

  setRecord(text: string): void {
    this.#record = text;
    this.#fields = null;
    this.#recordStale = false;
  }
  split(): Value[] {
    if (this.#fields === null) {
      this.#fields = this.pieces(this.#record, this.setting("FS")).map((piece) => new Given(piece));
      this.globals.set("NF", this.#fields.length);
    }
    return this.#fields;
  }
  pieces(text: string, separator: string): string[] {
    if (text === "") return [];
    if (separator === " ") {
      const trimmed = text.trim();
      return trimmed === "" ? [] : trimmed.split(/[ \t\n\r\f\v]+/);
    }
    const lines = this.setting("RS") === "";
    if (separator === "") return [...text];
    if (separator.length === 1 && !lines) return text.split(separator);
    if (separator === "\t") return text.split(lines ? /[\t\n]/ : "\t");
    const regex = this.regex(lines ? `(${separator})|\n` : separator);
    const found: string[] = [];
    let at = 0;
    for (const match of text.matchAll(regex)) {
      if (match[0] === "") continue;
      found.push(text.slice(at, match.index));
      at = match.index + match[0].length;
    }
    found.push(text.slice(at));
    return found;
  }
  field(at: number): Value {
    if (at === 0) {
      if (this.#recordStale) {
        this.#record = this.#fields!.map((field) => this.text(field)).join(this.setting("OFS"));
        this.#recordStale = false;
      }
      return new Given(this.#record);
    }
    if (at < 0) throw new AwkFault(`attempt to access field ${at}`);
    return this.split()[at - 1];
  }
  setField(at: number, value: Value): void {
    if (at === 0) {
      this.setRecord(this.text(value));
      return;
    }
    if (at < 0 || at > FIELDS_MAX) throw new AwkFault(`attempt to access field ${at}`);
    const fields = this.split();
    while (fields.length < at) fields.push("");
    fields[at - 1] = value;
    this.globals.set("NF", fields.length);
    this.#recordStale = true;
  }

  get(name: string): Value {
    if (this.frame?.has(name) === true) {
      const value = this.frame.get(name);
      if (value instanceof Map) throw new AwkFault(`illegal reference to array ${name}`);
      return value;
    }
    if (name === "NF") this.split();
    const value = this.globals.get(name);
    if (value instanceof Map) throw new AwkFault(`illegal reference to array ${name}`);
    return value;
  }
  set(name: string, value: Value): void {
    if (this.frame?.has(name) === true) {
      this.frame.set(name, value);
      return;
    }
    if (name === "NF") {
      const fields = this.split();
      const count = Math.trunc(number(value));
      if (count < 0 || count > FIELDS_MAX) throw new AwkFault(`NF set to ${count}`);
      while (fields.length < count) fields.push("");
      fields.length = count;
      this.#recordStale = true;
    }
    this.globals.set(name, value);
  }
  array(name: string): Cells {
    const table = this.frame?.has(name) === true ? this.frame : this.globals;
    const held = table.get(name);
    if (held instanceof Map) return held;
    if (held !== undefined) throw new AwkFault(`illegal reference to variable ${name}`);
    const made: Cells = new Map();
    table.set(name, made);
    return made;
  }
  byRegex(text: string, source: string): string[] {
    if (text === "") return [];
    const found: string[] = [];
    let at = 0;
    for (const match of text.matchAll(this.regex(source))) {
      if (match[0] === "") continue;
      found.push(text.slice(at, match.index));
      at = match.index + match[0].length;
    }
    found.push(text.slice(at));
    return found;
  }
  sprintf(format: string, args: Value[]): string {
    let at = 0;
    const next = (): Value => {
      if (at >= args.length) throw new AwkFault(`not enough arguments passed to sprintf("${format}")`);
      return args[at++];
    };
    let text = "";
    for (const conversion of conversions(format, () => Math.trunc(number(next())))) {
      text += conversion.before;
      const { kind } = conversion;
      if (kind === "") break;
      if (kind === "%") text += "%";
      else if (kind === "s") text += formatText(this.text(next()), conversion);
      else if (kind === "c") {
        const value = next();
        const code = value !== undefined && isNumeric(value) ? number(value) : null;
        text += padded(code === null ? ([...this.text(value)][0] ?? "") : String.fromCodePoint(Math.max(0, Math.min(0x10ffff, Math.trunc(code)))), conversion.width, conversion.flags);
      } else if ("diouxX".includes(kind)) {
        const value = number(next());
        text += Number.isFinite(value) ? formatWhole(BigInt(Math.trunc(value)), conversion) : formatReal(value, { ...conversion, kind: "f" });
      } else if ("eEfFgGaA".includes(kind)) text += formatReal(number(next()), conversion);
      else throw new AwkFault(`bad conversion %${kind} in format "${format}"`);
    }
    return text;
  }
}
