/** JSON as jq has it: objects keep the order of their keys, values have one order among all kinds. */
export type Value = null | boolean | number | string | Value[] | JsonObject;
export type JsonObject = Map<string, Value>;

export class JqFault extends Error {
  /** What `catch` gets when it is no text. */
  readonly value: Value;
  constructor(message: string, value: Value = message) {
    super(message);
    this.value = value;
  }
}
const DEPTH_MAX = 500;

export const kind = (value: Value): string => (value === null ? "null" : typeof value === "boolean" ? "boolean" : Array.isArray(value) ? "array" : value instanceof Map ? "object" : typeof value);

/** One JSON text after another. */
export class Reader {
  readonly #s: string;
  #i = 0;
  constructor(text: string) {
    this.#s = text;
  }
  #fail(): never {
    const line = this.#s.slice(0, this.#i).split("\n").length;
    throw new JqFault(`parse error: Invalid ${this.#i >= this.#s.length ? "JSON: unfinished JSON term" : "literal"} at line ${line}, column ${this.#i - this.#s.lastIndexOf("\n", this.#i - 1)}`);
  }
  #blank(): void {
    while (/[\s\ufeff]/.test(this.#s[this.#i] ?? "")) this.#i += 1;
  }
  next(): Value | undefined {
    this.#blank();
    return this.#i >= this.#s.length ? undefined : this.#value(0);
  }
  #value(depth: number): Value {
    if (depth > DEPTH_MAX) throw new JqFault("parse error: Exceeds depth limit for parsing");
    this.#blank();
    const char = this.#s[this.#i];
    if (char === "{" || char === "[") {
      this.#i += 1;
      const list: Value[] = [];
      const map: JsonObject = new Map();
      const close = char === "{" ? "}" : "]";
      for (;;) {
        this.#blank();
        if (this.#s[this.#i] === close && list.length + map.size === 0) break;
        if (char === "{") {
          const key = this.#value(depth + 1);
          this.#blank();
          if (typeof key !== "string" || this.#s[this.#i] !== ":") this.#fail();
          this.#i += 1;
          map.set(key, this.#value(depth + 1));
        } else list.push(this.#value(depth + 1));
        this.#blank();
        if (this.#s[this.#i] === close) break;
        if (this.#s[this.#i] !== ",") this.#fail();
        this.#i += 1;
      }
      this.#i += 1;
      return char === "{" ? map : list;
    }
    const token = /"(?:[^"\\\u0000-\u001f]|\\.)*"|-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|true|false|null|nan|NaN/y;
    token.lastIndex = this.#i;
    const found = token.exec(this.#s)?.[0];
    if (found === undefined) return this.#fail();
    this.#i += found.length;
    if (/^[nN]a[nN]$/.test(found)) return Number.NaN;
    try {
      return JSON.parse(found) as Value;
    } catch {
      return this.#fail();
    }
  }
}

/** As jq 1.6 writes numbers. */
function numeral(value: number): string {
  if (Object.is(value, -0)) return "-0";
  const [mantissa, power] = Math.abs(value).toExponential().split("e") as [string, string];
  const digits = mantissa.replace(".", "");
  const point = Number(power) + 1;
  const sign = value < 0 ? "-" : "";
  if (value !== 0 && (point <= -4 || point > digits.length + 15)) return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${Number(power) < 0 ? "-" : "+"}${String(Math.abs(Number(power))).padStart(2, "0")}`;
  if (point <= 0) return value === 0 ? "0" : `${sign}0.${"0".repeat(-point)}${digits}`;
  return sign + (digits.length <= point ? digits.padEnd(point, "0") : `${digits.slice(0, point)}.${digits.slice(point)}`);
}

export function text(value: Value, indent: string, sort: boolean, level = ""): string {
  if (typeof value === "number") return Number.isNaN(value) ? "null" : Number.isFinite(value) ? numeral(value) : value > 0 ? "1.7976931348623157e+308" : "-1.7976931348623157e+308";
  if (typeof value === "string") return JSON.stringify(value.toWellFormed()).replace(/\u007f/g, "\\u007f");
  if (value === null || typeof value === "boolean") return String(value);
  const inner = level + indent;
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const entries = Array.isArray(value) ? value.map((item) => text(item, indent, sort, inner)) : (sort ? [...value].sort(([a], [b]) => (a < b ? -1 : 1)) : [...value]).map(([key, item]) => `${JSON.stringify(key)}:${indent === "" ? "" : " "}${text(item, indent, sort, inner)}`);
  if (entries.length === 0) return open + close;
  return indent === "" ? `${open}${entries.join(",")}${close}` : `${open}\n${entries.map((entry) => inner + entry).join(",\n")}\n${level}${close}`;
}

const RANK = ["null", "false", "true", "number", "string", "array", "object"];
const rank = (value: Value): number => RANK.indexOf(typeof value === "boolean" ? String(value) : kind(value));
export function order(a: Value, b: Value): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === "number") return a < (b as number) ? -1 : a > (b as number) ? 1 : Number.isNaN(a) ? -1 : 0;
  if (typeof a === "string") return a < (b as string) ? -1 : a > (b as string) ? 1 : 0;
  if (Array.isArray(a)) {
    const other = b as Value[];
    for (let at = 0; at < Math.min(a.length, other.length); at += 1) {
      const difference = order(a[at]!, other[at]!);
      if (difference !== 0) return difference;
    }
    return a.length - other.length;
  }
  if (a instanceof Map) {
    const other = b as JsonObject;
    const [x, y] = [[...a.keys()].sort(), [...other.keys()].sort()];
    const keys = order(x, y);
    if (keys !== 0) return keys;
    for (const key of x) {
      const difference = order(a.get(key)!, other.get(key)!);
      if (difference !== 0) return difference;
    }
  }
  return 0;
}
export const truth = (value: Value): boolean => value !== null && value !== false;

/** A value in a message. */
export const shown = (value: Value): string => {
  const made = text(value, "", false);
  return `${kind(value)} (${made.length > 11 ? `${made.slice(0, 10)}...` : made})`;
};
