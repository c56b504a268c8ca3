/** Functions that need nothing but values. Those that are written in jq itself are in prelude.ts. */
import { strftime } from "../../dates.js";
import { contains, indices } from "./operators.js";
import { deletePaths, type Path, setPath } from "./paths.js";
import { asText, compiled, matches } from "./texts.js";
import { JqFault, kind, order, Reader, shown, text, truth, type Value } from "./values.js";

const number = (value: Value): number => {
  if (typeof value !== "number") throw new JqFault(`${shown(value)} number required`);
  return value;
};
const texts = (value: Value): string => {
  if (typeof value !== "string") throw new JqFault(`${shown(value)} cannot be used as a string`);
  return value;
};
const array = (value: Value, what: string): Value[] => {
  if (!Array.isArray(value)) throw new JqFault(`${shown(value)} cannot be ${what}, as it is not an array`);
  return value;
};
function fail(message: string): never {
  throw new JqFault(message);
}
const flat = (list: Value[], depth: number): Value[] => list.flatMap((item) => (Array.isArray(item) && depth > 0 ? flat(item, depth - 1) : [item]));

export const NATIVE = new Map<string, (input: Value, ...args: Value[]) => Value>(Object.entries({
  "not/0": (x: Value) => !truth(x),
  "true/0": () => true,
  "false/0": () => false,
  "null/0": () => null,
  "nan/0": () => Number.NaN,
  "infinite/0": () => Infinity,
  "now/0": () => Date.now() / 1000,
  "type/0": (x: Value) => kind(x),
  "tojson/0": (x: Value) => text(x, "", false),
  "tostring/0": (x: Value) => asText(x),
  "fromjson/0": (x: Value) => new Reader(texts(x)).next() ?? null,
  "keys/0": (x: Value) => (x instanceof Map ? [...x.keys()].sort() : Array.isArray(x) ? x.map((_, at) => at) : fail(`${shown(x)} has no keys`)),
  "keys_unsorted/0": (x: Value) => (x instanceof Map ? [...x.keys()] : Array.isArray(x) ? x.map((_, at) => at) : fail(`${shown(x)} has no keys`)),
  "length/0": (x: Value) => (x === null ? 0 : typeof x === "number" ? Math.abs(x) : typeof x === "string" ? [...x].length : Array.isArray(x) ? x.length : x instanceof Map ? x.size : fail(`${shown(x)} has no length`)),
  "utf8bytelength/0": (x: Value) => new TextEncoder().encode(texts(x)).length,
  "has/1": (x: Value, key: Value) => (x instanceof Map && typeof key === "string" ? x.has(key) : Array.isArray(x) && typeof key === "number" ? key >= 0 && key < x.length : fail(`Cannot check whether ${kind(x)} has a ${typeof key === "string" ? "string" : kind(key)} key`)),
  "contains/1": (x: Value, other: Value) => contains(x, other),
  "sort/0": (x: Value) => [...array(x, "sorted")].sort(order),
  "min/0": (x: Value) => [...array(x, "iterated over")].sort(order)[0] ?? null,
  "max/0": (x: Value) => [...array(x, "iterated over")].sort(order).at(-1) ?? null,
  "reverse/0": (x: Value) => (x === null ? [] : typeof x === "string" ? [...x].reverse().join("") : [...array(x, "reversed")].reverse()),
  "floor/0": (x: Value) => Math.floor(number(x)),
  "ceil/0": (x: Value) => Math.ceil(number(x)),
  "round/0": (x: Value) => Math.sign(number(x)) * Math.round(Math.abs(number(x))),
  "sqrt/0": (x: Value) => Math.sqrt(number(x)),
  "fabs/0": (x: Value) => Math.abs(number(x)),
  "trunc/0": (x: Value) => Math.trunc(number(x)),
  "exp/0": (x: Value) => Math.exp(number(x)),
  "log/0": (x: Value) => Math.log(number(x)),
  "log2/0": (x: Value) => Math.log2(number(x)),
  "log10/0": (x: Value) => Math.log10(number(x)),
  "pow/2": (_: Value, a: Value, b: Value) => number(a) ** number(b),
  "sin/0": (x: Value) => Math.sin(number(x)),
  "cos/0": (x: Value) => Math.cos(number(x)),
  "isnan/0": (x: Value) => Number.isNaN(number(x)),
  "isinfinite/0": (x: Value) => Math.abs(number(x)) === Infinity,
  "isnormal/0": (x: Value) => Number.isFinite(number(x)) && x !== 0,
  "tonumber/0": (x: Value) => (typeof x === "number" ? x : typeof x === "string" && x.trim() !== "" && !Number.isNaN(Number(x)) ? Number(x) : fail(typeof x === "string" ? "Invalid numeric literal" : `${shown(x)} cannot be parsed as a number`)),
  "startswith/1": (x: Value, y: Value) => (typeof x === "string" && typeof y === "string" ? x.startsWith(y) : fail("startswith() requires string inputs")),
  "endswith/1": (x: Value, y: Value) => (typeof x === "string" && typeof y === "string" ? x.endsWith(y) : fail("endswith() requires string inputs")),
  "ltrimstr/1": (x: Value, y: Value) => (typeof x === "string" && typeof y === "string" && x.startsWith(y) ? x.slice(y.length) : x),
  "rtrimstr/1": (x: Value, y: Value) => (typeof x === "string" && typeof y === "string" && y !== "" && x.endsWith(y) ? x.slice(0, -y.length) : x),
  "trim/0": (x: Value) => texts(x).trim(),
  "ltrim/0": (x: Value) => texts(x).trimStart(),
  "rtrim/0": (x: Value) => texts(x).trimEnd(),
  "explode/0": (x: Value) => [...texts(x)].map((char) => char.codePointAt(0)!),
  "implode/0": (x: Value) => array(x, "imploded").map((code) => String.fromCodePoint(number(code))).join(""),
  "split/1": (x: Value, y: Value) => (typeof x !== "string" || typeof y !== "string" ? fail("split input and separator must be strings") : x === "" ? [] : y === "" ? [...x] : x.split(y)),
  "split/2": (x: Value, re: Value, flags: Value) => { const subject = texts(x); const made: Value[] = []; let at = 0; for (const { match } of matches(subject, re, `g${typeof flags === "string" ? flags : ""}`)) { made.push(subject.slice(at, match.index)); at = match.index + match[0].length; } return [...made, subject.slice(at)]; },
  "join/1": (x: Value, y: Value) => array(x, "joined").map((item) => (item === null ? "" : Array.isArray(item) || item instanceof Map ? (fail(`${shown(item)} cannot be added`) as string) : asText(item))).join(texts(y)),
  "flatten/0": (x: Value) => flat(array(x, "flattened"), Infinity),
  "flatten/1": (x: Value, depth: Value) => flat(array(x, "flattened"), number(depth)),
  "indices/1": indices,
  "transpose/0": (x: Value) => { const rows = array(x, "transposed") as Value[][]; return Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, (_, at) => rows.map((row) => row[at] ?? null)); },
  "setpath/2": (x: Value, path: Value, made: Value) => setPath(x, path as Path, 0, made),
  "delpaths/1": (x: Value, paths: Value) => deletePaths(x, paths as Path[]),
  "test/2": (x: Value, re: Value, flags: Value) => matches(x, re, flags).length > 0,
  "sub/2": (x: Value, re: Value, made: Value) => texts(x).replace(compiled(re, null), () => texts(made)),
  "gsub/2": (x: Value, re: Value, made: Value) => texts(x).replace(compiled(re, "g"), () => texts(made)),
  "fromdateiso8601/0": (x: Value) => Math.floor(Date.parse(texts(x)) / 1000),
  "todateiso8601/0": (x: Value) => strftime("%Y-%m-%dT%H:%M:%SZ", number(x) * 1000),
  "strftime/1": (x: Value, format: Value) => strftime(texts(format), number(x) * 1000),
  "ascii/0": (x: Value) => String.fromCodePoint(number(x)),
  "halt_error/1": (x: Value) => fail(asText(x)),
}));
