/** Runs awk programs: values, fields, arrays, functions, files and pipes. What has to wait runs as a generator, everything else at once. */
import { charCount, encode, sliceChars } from "../../bytes.js";
import { strftime } from "../../dates.js";
import { faultOf } from "../../files.js";
import { conversions, formatReal, formatText, formatWhole, padded } from "../../format.js";
import { type Io, LineSource, MemoryFault, type Program } from "../../machine.js";
import { RegexFault, regexSource } from "../../patterns.js";
import { pipe, type Stream } from "../../streams.js";
import { settle } from "../../words.js";
import { bytewise } from "../fields.js";
import { options } from "../options.js";
import { type AwkProgram, AwkFault, escaped, type Expr, type Func, parse, type Rule, type Stmt } from "./syntax.js";

/** Text that came from outside: a number too, if it looks like one. */
class Given {
  readonly s: string;
  constructor(s: string) {
    this.s = s;
  }
}
type Value = number | string | Given | undefined;
type Cells = Map<string, Value>;
type Work<T> = Generator<Promise<unknown>, T, unknown>;
class Leave {
  readonly how: "next" | "nextfile" | "break" | "continue" | "exit" | "return";
  readonly value: Value;
  constructor(how: Leave["how"], value?: Value) {
    this.how = how;
    this.value = value;
  }
}
const LOOKS_NUMERIC = /^\s*[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F]+)\s*$/;
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/;
const FIELDS_MAX = 1_000_000;
const CALL_DEPTH_MAX = 2000;

const number = (value: Value): number => {
  if (typeof value === "number") return value;
  if (value === undefined) return 0;
  const text = typeof value === "string" ? value : value.s;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  const found = NUMBER.exec(text);
  return found === null ? (/^\s*[+-]?(?:inf|nan)/i.test(text) ? Number(/nan/i.test(text) ? Number.NaN : text.trim().startsWith("-") ? -Infinity : Infinity) : 0) : Number(found[0]);
};

class Awk {
  readonly #io: Io;
  readonly #program: AwkProgram;
  readonly #globals = new Map<string, Value | Cells>();
  #frame: Map<string, Value | Cells> | null = null;
  #record = "";
  #fields: Value[] | null = null;
  #recordStale = false;
  #depth = 0;
  readonly #regexes = new Map<string, RegExp>();
  readonly #outs = new Map<string, { stream: Stream; done: Promise<number> | null }>();
  readonly #ins = new Map<string, { source: LineSource; stream: Stream; done: Promise<number> | null }>();
  #current: { source: LineSource; stream: Stream } | null = null;
  #seed = 0;
  #state = 1;
  #fault: unknown = null;
  constructor(io: Io, program: AwkProgram, args: string[]) {
    this.#io = io;
    this.#program = program;
    const set = (name: string, value: Value): void => { this.#globals.set(name, value); };
    set("FS", " ");
    set("OFS", " ");
    set("ORS", "\n");
    set("RS", "\n");
    set("SUBSEP", "\x1c");
    set("CONVFMT", "%.6g");
    set("OFMT", "%.6g");
    set("NR", 0);
    set("FNR", 0);
    set("NF", 0);
    set("RSTART", 0);
    set("RLENGTH", -1);
    set("FILENAME", "");
    set("ARGC", args.length + 1);
    this.#globals.set("ARGV", new Map<string, Value>([["0", "awk"], ...args.map((arg, at): [string, Value] => [String(at + 1), new Given(arg)])]));
    this.#globals.set("ENVIRON", new Map<string, Value>([...io.env].map(([name, value]) => [name, new Given(value)])));
    this.#state = (crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1) || 1;
    analyse(program);
  }

  // --- values ---

  #text(value: Value, format = "CONVFMT"): string {
    if (typeof value === "string") return value;
    if (value === undefined) return "";
    if (typeof value === "number") return Number.isInteger(value) ? (Math.abs(value) < 1e16 ? String(value) : Number.isFinite(value) && Math.abs(value) < 2 ** 63 ? BigInt(value).toString() : this.#number(value, format)) : this.#number(value, format);
    return value.s;
  }
  #number(value: number, format: string): string {
    if (Number.isNaN(value)) return "nan";
    if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
    const wanted = this.#globals.get(format);
    return this.#sprintf(typeof wanted === "string" ? wanted : "%.6g", [value]);
  }
  #truth(value: Value): boolean {
    if (typeof value === "number") return value !== 0;
    if (value === undefined) return false;
    if (typeof value === "string") return value !== "";
    return LOOKS_NUMERIC.test(value.s) ? number(value) !== 0 : value.s !== "";
  }
  #compare(a: Value, b: Value): number {
    const numeric = (value: Value): boolean => typeof value === "number" || value === undefined || (value instanceof Given && LOOKS_NUMERIC.test(value.s));
    if (numeric(a) && numeric(b)) {
      const [x, y] = [number(a), number(b)];
      return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN;
    }
    return bytewise(this.#text(a), this.#text(b));
  }
  #regex(source: string): RegExp {
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
  #pattern(expr: Expr): RegExp {
    return this.#regex(expr.t === "regex" ? expr.source : this.#text(this.#eval(expr)));
  }

  // --- the record ---

  #setRecord(text: string): void {
    this.#record = text;
    this.#fields = null;
    this.#recordStale = false;
  }
  #split(): Value[] {
    if (this.#fields === null) {
      this.#fields = this.#pieces(this.#record, this.#text(this.#globals.get("FS") as Value)).map((piece) => new Given(piece));
      this.#globals.set("NF", this.#fields.length);
    }
    return this.#fields;
  }
  #pieces(text: string, separator: string): string[] {
    if (text === "") return [];
    if (separator === " ") {
      const trimmed = text.trim();
      return trimmed === "" ? [] : trimmed.split(/[ \t\n\r\f\v]+/);
    }
    const lines = this.#text(this.#globals.get("RS") as Value) === "";
    if (separator === "") return [...text];
    if (separator.length === 1 && !lines) return text.split(separator);
    if (separator === "\t") return text.split(lines ? /[\t\n]/ : "\t");
    const regex = this.#regex(lines ? `(${separator})|\n` : separator);
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
  #field(at: number): Value {
    if (at === 0) {
      if (this.#recordStale) {
        this.#record = this.#fields!.map((field) => this.#text(field)).join(this.#text(this.#globals.get("OFS") as Value));
        this.#recordStale = false;
      }
      return new Given(this.#record);
    }
    if (at < 0) throw new AwkFault(`attempt to access field ${at}`);
    return this.#split()[at - 1];
  }
  #setField(at: number, value: Value): void {
    if (at === 0) {
      this.#setRecord(this.#text(value));
      return;
    }
    if (at < 0 || at > FIELDS_MAX) throw new AwkFault(`attempt to access field ${at}`);
    const fields = this.#split();
    while (fields.length < at) fields.push("");
    fields[at - 1] = value;
    this.#globals.set("NF", fields.length);
    this.#recordStale = true;
  }

  #get(name: string): Value {
    if (this.#frame?.has(name) === true) {
      const value = this.#frame.get(name);
      if (value instanceof Map) throw new AwkFault(`illegal reference to array ${name}`);
      return value;
    }
    if (name === "NF") this.#split();
    const value = this.#globals.get(name);
    if (value instanceof Map) throw new AwkFault(`illegal reference to array ${name}`);
    return value;
  }
  #set(name: string, value: Value): void {
    if (this.#frame?.has(name) === true) {
      this.#frame.set(name, value);
      return;
    }
    if (name === "NF") {
      const fields = this.#split();
      const count = Math.trunc(number(value));
      if (count < 0 || count > FIELDS_MAX) throw new AwkFault(`NF set to ${count}`);
      while (fields.length < count) fields.push("");
      fields.length = count;
      this.#recordStale = true;
    }
    this.#globals.set(name, value);
  }
  #array(name: string): Cells {
    const table = this.#frame?.has(name) === true ? this.#frame : this.#globals;
    const held = table.get(name);
    if (held instanceof Map) return held;
    if (held !== undefined) throw new AwkFault(`illegal reference to variable ${name}`);
    const made: Cells = new Map();
    table.set(name, made);
    return made;
  }
  #key(keys: Expr[]): string {
    return keys.length === 1 ? this.#text(this.#eval(keys[0]!)) : keys.map((key) => this.#text(this.#eval(key))).join(this.#text(this.#globals.get("SUBSEP") as Value));
  }
  #assign(target: Expr, value: Value): void {
    if (target.t === "var") this.#set(target.name, value);
    else if (target.t === "field") this.#setField(Math.trunc(number(this.#eval(target.of))), value);
    else if (target.t === "index") this.#array(target.name).set(this.#key(target.keys), value);
    else if (target.t === "group") this.#assign(target.of, value);
    else throw new AwkFault("syntax error: assignment to what is no variable");
  }

  // --- expressions that need not wait ---

  #eval(expr: Expr): Value {
    switch (expr.t) {
      case "num": return expr.value;
      case "str": return expr.value;
      case "regex": return this.#regex(expr.source).test(this.#text(this.#field(0))) ? 1 : 0;
      case "var": return this.#get(expr.name);
      case "group": return this.#eval(expr.of);
      case "field": return this.#field(Math.trunc(number(this.#eval(expr.of))));
      case "index": {
        const cells = this.#array(expr.name);
        const key = this.#key(expr.keys);
        if (!cells.has(key)) cells.set(key, undefined);
        return cells.get(key);
      }
      case "in": return this.#array(expr.name).has(this.#key(expr.keys)) ? 1 : 0;
      case "unary": {
        const value = this.#eval(expr.of);
        return expr.op === "!" ? (this.#truth(value) ? 0 : 1) : expr.op === "-" ? -number(value) + 0 : number(value);
      }
      case "and": return this.#truth(this.#eval(expr.left)) && this.#truth(this.#eval(expr.right)) ? 1 : 0;
      case "or": return this.#truth(this.#eval(expr.left)) || this.#truth(this.#eval(expr.right)) ? 1 : 0;
      case "choice": return this.#eval(this.#truth(this.#eval(expr.test)) ? expr.yes : expr.no);
      case "match": {
        const text = this.#text(this.#eval(expr.left));
        return this.#pattern(expr.right).test(text) !== expr.negated ? 1 : 0;
      }
      case "binary": {
        const left = this.#eval(expr.left);
        return this.#binary(expr.op, left, this.#eval(expr.right));
      }
      case "assign": {
        let value = this.#eval(expr.value);
        if (expr.op !== "") value = this.#binary(expr.op, this.#eval(expr.target), value);
        this.#assign(expr.target, value);
        return value;
      }
      case "step": {
        const old = number(this.#eval(expr.target));
        this.#assign(expr.target, old + expr.by);
        return expr.before ? old + expr.by : old;
      }
      case "builtin": return this.#builtin(expr.name, expr.args);
      case "call": {
        const { fn, frame } = this.#enter(expr);
        return this.#within(frame, () => this.#exec(fn.body));
      }
      case "getline": throw new AwkFault("getline is not possible here");
    }
  }
  #binary(op: string, left: Value, right: Value): Value {
    switch (op) {
      case " ": {
        const text = this.#text(left) + this.#text(right);
        if (text.length > this.#io.machine.limits.textBytesMax) throw new MemoryFault("awk: a string is too large: the run's memory is used up");
        return text;
      }
      case "+": return number(left) + number(right);
      case "-": return number(left) - number(right);
      case "*": return number(left) * number(right);
      case "/":
        if (number(right) === 0) throw new AwkFault("division by zero");
        return number(left) / number(right);
      case "%":
        if (number(right) === 0) throw new AwkFault("division by zero in %");
        return number(left) % number(right);
      case "^": return number(left) ** number(right);
      case "<": return this.#compare(left, right) < 0 ? 1 : 0;
      case "<=": return this.#compare(left, right) <= 0 ? 1 : 0;
      case ">": return this.#compare(left, right) > 0 ? 1 : 0;
      case ">=": return this.#compare(left, right) >= 0 ? 1 : 0;
      case "==": return this.#compare(left, right) === 0 ? 1 : 0;
      default: return this.#compare(left, right) !== 0 ? 1 : 0;
    }
  }
  #enter(expr: Extract<Expr, { t: "call" }>): { fn: Func; frame: Map<string, Value | Cells> } {
    const fn = this.#program.functions.get(expr.name);
    if (fn === undefined) throw new AwkFault(`function ${expr.name} never defined`);
    if (expr.args.length > fn.params.length) throw new AwkFault(`too many arguments in call to ${fn.name}`);
    const frame = new Map<string, Value | Cells>();
    fn.params.forEach((param, at) => {
      const arg = expr.args[at];
      if (arg === undefined) frame.set(param, fn.arrays.has(at) ? new Map() : undefined);
      else if (fn.arrays.has(at) && arg.t === "var") frame.set(param, this.#array(arg.name));
      else frame.set(param, this.#eval(arg));
    });
    return { fn, frame };
  }
  #within(frame: Map<string, Value | Cells>, run: () => void): Value {
    const outer = this.#frame;
    this.#deeper();
    this.#frame = frame;
    try {
      run();
      return undefined;
    } catch (error) {
      if (error instanceof Leave && error.how === "return") return error.value;
      throw error;
    } finally {
      this.#frame = outer;
      this.#depth -= 1;
    }
  }
  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > CALL_DEPTH_MAX) throw new AwkFault(`function calls are nested deeper than ${CALL_DEPTH_MAX}`);
  }

  #builtin(name: string, args: Expr[]): Value {
    const text = (at: number): string => (args[at] === undefined ? "" : this.#text(this.#eval(args[at])));
    const real = (at: number): number => (args[at] === undefined ? 0 : number(this.#eval(args[at])));
    switch (name) {
      case "length": {
        const [only] = args;
        if (only === undefined) return charCount(this.#text(this.#field(0)));
        if (only.t === "var" && (this.#frame?.has(only.name) === true ? this.#frame : this.#globals).get(only.name) instanceof Map) return this.#array(only.name).size;
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
        const pieces = separator === undefined ? this.#pieces(whole, this.#text(this.#globals.get("FS") as Value)) : separator.t === "regex" ? this.#byRegex(whole, separator.source) : this.#pieces(whole, text(2));
        const cells = this.#array(target.name);
        cells.clear();
        for (const [at, piece] of pieces.entries()) cells.set(String(at + 1), new Given(piece));
        return pieces.length;
      }
      case "sub":
      case "gsub": return this.#substitute(args, name === "gsub");
      case "gensub": {
        const how = text(2);
        const target = args[3] === undefined ? this.#text(this.#field(0)) : text(3);
        let count = 0;
        const wanted = /^[gG]/.test(how) ? 0 : Math.max(1, Math.trunc(real(2)));
        const made = text(1);
        return target.replace(this.#pattern(args[0]!), (...match) => {
          count += 1;
          if (wanted !== 0 && count !== wanted) return match[0] as string;
          return made.replace(/\\(\d|&|\\)|&/g, (whole, digit: string | undefined) => (whole === "&" ? (match[0] as string) : digit === "&" ? "&" : digit === "\\" ? "\\" : ((match[Number(digit)] as string | undefined) ?? "")));
        });
      }
      case "match": {
        const whole = text(0);
        const found = this.#pattern(args[1]!).exec(whole);
        this.#globals.set("RSTART", found === null ? 0 : charCount(whole.slice(0, found.index)) + 1);
        this.#globals.set("RLENGTH", found === null ? -1 : charCount(found[0]));
        if (args[2]?.t === "var") {
          const cells = this.#array(args[2].name);
          cells.clear();
          found?.forEach((group, at) => { if (group !== undefined) cells.set(String(at), new Given(group)); });
        }
        return this.#globals.get("RSTART") as Value;
      }
      case "sprintf": return this.#sprintf(text(0), args.slice(1).map((arg) => this.#eval(arg)));
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
      case "strftime": return strftime(args[0] === undefined ? "%a %b %e %H:%M:%S %Z %Y" : text(0), (args[1] === undefined ? Math.floor(Date.now() / 1000) : real(1)) * 1000, this.#io.env.get("TZ"));
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
  #byRegex(text: string, source: string): string[] {
    if (text === "") return [];
    const found: string[] = [];
    let at = 0;
    for (const match of text.matchAll(this.#regex(source))) {
      if (match[0] === "") continue;
      found.push(text.slice(at, match.index));
      at = match.index + match[0].length;
    }
    found.push(text.slice(at));
    return found;
  }
  #substitute(args: Expr[], all: boolean): number {
    const [pattern, made, target] = args;
    const regex = this.#pattern(pattern!);
    const raw = this.#text(this.#eval(made!));
    const place: Expr = target ?? { t: "field", of: { t: "num", value: 0 } };
    const text = this.#text(this.#eval(place));
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
    if (count > 0) this.#assign(place, result + text.slice(at));
    return count;
  }
  #sprintf(format: string, args: Value[]): string {
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
      else if (kind === "s") text += formatText(this.#text(next()), conversion);
      else if (kind === "c") {
        const value = next();
        const code = typeof value === "number" || (value instanceof Given && LOOKS_NUMERIC.test(value.s)) ? number(value) : null;
        text += padded(code === null ? ([...this.#text(value)][0] ?? "") : String.fromCodePoint(Math.max(0, Math.min(0x10ffff, Math.trunc(code)))), conversion.width, conversion.flags);
      } else if ("diouxX".includes(kind)) {
        const value = number(next());
        text += Number.isFinite(value) ? formatWhole(BigInt(Math.trunc(value)), conversion) : formatReal(value, { ...conversion, kind: "f" });
      } else if ("eEfFgGaA".includes(kind)) text += formatReal(number(next()), conversion);
      else throw new AwkFault(`bad conversion %${kind} in format "${format}"`);
    }
    return text;
  }

  // --- statements that need not wait ---

  #emit(text: string): void {
    if (this.#fault !== null) throw this.#fault;
    if (this.#io.out(text)) this.#io.flush().catch((error: unknown) => { this.#fault = error; });
  }
  #line(stmt: Extract<Stmt, { t: "print" }>): string {
    if (stmt.formatted) {
      const [format, ...args] = stmt.args;
      return this.#sprintf(this.#text(this.#eval(format!)), args.map((arg) => this.#eval(arg)));
    }
    const end = this.#text(this.#globals.get("ORS") as Value);
    if (stmt.args.length === 0) return this.#text(this.#field(0)) + end;
    return stmt.args.map((arg) => this.#text(this.#eval(arg), "OFMT")).join(this.#text(this.#globals.get("OFS") as Value)) + end;
  }
  #exec(stmt: Stmt): void {
    switch (stmt.t) {
      case "block":
        for (const inner of stmt.list) this.#exec(inner);
        return;
      case "expr":
        this.#eval(stmt.expr);
        return;
      case "print":
        this.#emit(this.#line(stmt));
        return;
      case "if":
        if (this.#truth(this.#eval(stmt.test))) this.#exec(stmt.yes);
        else if (stmt.no !== null) this.#exec(stmt.no);
        return;
      case "while": {
        if (stmt.first && !this.#round(stmt.body)) return;
        while (this.#truth(this.#eval(stmt.test))) if (!this.#round(stmt.body)) return;
        return;
      }
      case "for":
        if (stmt.init !== null) this.#exec(stmt.init);
        while (stmt.test === null || this.#truth(this.#eval(stmt.test))) {
          if (!this.#round(stmt.body)) return;
          if (stmt.step !== null) this.#exec(stmt.step);
        }
        return;
      case "forin":
        for (const key of [...this.#array(stmt.array).keys()]) {
          this.#set(stmt.name, new Given(key));
          if (!this.#round(stmt.body)) return;
        }
        return;
      case "delete":
        if (stmt.keys === null) this.#array(stmt.name).clear();
        else this.#array(stmt.name).delete(this.#key(stmt.keys));
        return;
      case "exit":
      case "return": throw new Leave(stmt.t, stmt.value === null ? undefined : this.#eval(stmt.value));
      default: throw new Leave(stmt.t);
    }
  }
  /** Once through a loop's body; false when it was left. */
  #round(body: Stmt): boolean {
    try {
      this.#exec(body);
      return true;
    } catch (error) {
      if (error instanceof Leave && error.how === "continue") return true;
      if (error instanceof Leave && error.how === "break") return false;
      throw error;
    }
  }

  // --- the same for what waits ---

  *#evalWait(expr: Expr): Work<Value> {
    if (expr.waits !== true) return this.#eval(expr);
    switch (expr.t) {
      case "and": return this.#truth(yield* this.#evalWait(expr.left)) && this.#truth(yield* this.#evalWait(expr.right)) ? 1 : 0;
      case "or": return this.#truth(yield* this.#evalWait(expr.left)) || this.#truth(yield* this.#evalWait(expr.right)) ? 1 : 0;
      case "choice": return yield* this.#evalWait(this.#truth(yield* this.#evalWait(expr.test)) ? expr.yes : expr.no);
      case "group": return yield* this.#evalWait(expr.of);
      case "getline": return yield* this.#getline(expr);
      case "call": {
        const args: Expr[] = [];
        for (const arg of expr.args) args.push(arg.waits === true ? this.#held(yield* this.#evalWait(arg)) : arg);
        const { fn, frame } = this.#enter({ ...expr, args });
        const outer = this.#frame;
        this.#deeper();
        this.#frame = frame;
        try {
          yield* this.#execWait(fn.body);
          return undefined;
        } catch (error) {
          if (error instanceof Leave && error.how === "return") return error.value;
          throw error;
        } finally {
          this.#frame = outer;
          this.#depth -= 1;
        }
      }
      case "builtin": {
        if (expr.name === "system" || expr.name === "close" || expr.name === "fflush") {
          const text = expr.args[0] === undefined ? "" : this.#text(yield* this.#evalWait(expr.args[0]));
          if (expr.name === "system") return yield* this.#system(text);
          if (expr.name === "close") return yield* this.#close(text);
          yield this.#io.flush();
          return 0;
        }
        const args: Expr[] = [];
        for (const arg of expr.args) args.push(arg.waits === true ? this.#held(yield* this.#evalWait(arg)) : arg);
        return this.#builtin(expr.name, args);
      }
      case "unary": return this.#eval({ ...expr, of: this.#held(yield* this.#evalWait(expr.of)) });
      case "field": return this.#eval({ ...expr, of: this.#held(yield* this.#evalWait(expr.of)) });
      case "binary": {
        const left = yield* this.#evalWait(expr.left);
        return this.#binary(expr.op, left, yield* this.#evalWait(expr.right));
      }
      case "match": return this.#eval({ ...expr, left: this.#held(yield* this.#evalWait(expr.left)) });
      case "assign": return this.#eval({ ...expr, value: this.#held(yield* this.#evalWait(expr.value)) });
      default: throw new AwkFault("getline or system is not supported in this place");
    }
  }
  /** A value in the place of what made it. */
  #held(value: Value): Expr {
    this.#frame ??= new Map();
    const name = `\0held${this.#holds++}`;
    this.#frame.set(name, value);
    return { t: "var", name };
  }
  #holds = 0;

  *#execWait(stmt: Stmt): Work<void> {
    if (stmt.waits !== true) return this.#exec(stmt);
    switch (stmt.t) {
      case "block":
        for (const inner of stmt.list) yield* this.#execWait(inner);
        return;
      case "expr":
        yield* this.#evalWait(stmt.expr);
        return;
      case "print": {
        const args: Expr[] = [];
        for (const arg of stmt.args) args.push(arg.waits === true ? this.#held(yield* this.#evalWait(arg)) : arg);
        const text = this.#line({ ...stmt, args });
        if (stmt.to === null) this.#emit(text);
        else yield* this.#printTo(stmt.to.op, this.#text(yield* this.#evalWait(stmt.to.target)), text);
        return;
      }
      case "if":
        if (this.#truth(yield* this.#evalWait(stmt.test))) yield* this.#execWait(stmt.yes);
        else if (stmt.no !== null) yield* this.#execWait(stmt.no);
        return;
      case "while":
        if (stmt.first && !(yield* this.#roundWait(stmt.body))) return;
        while (this.#truth(yield* this.#evalWait(stmt.test))) if (!(yield* this.#roundWait(stmt.body))) return;
        return;
      case "for":
        if (stmt.init !== null) yield* this.#execWait(stmt.init);
        while (stmt.test === null || this.#truth(yield* this.#evalWait(stmt.test))) {
          if (!(yield* this.#roundWait(stmt.body))) return;
          if (stmt.step !== null) yield* this.#execWait(stmt.step);
        }
        return;
      case "forin":
        for (const key of [...this.#array(stmt.array).keys()]) {
          this.#set(stmt.name, new Given(key));
          if (!(yield* this.#roundWait(stmt.body))) return;
        }
        return;
      case "exit":
      case "return": throw new Leave(stmt.t, stmt.value === null ? undefined : yield* this.#evalWait(stmt.value));
      default: this.#exec(stmt);
    }
  }
  *#roundWait(body: Stmt): Work<boolean> {
    try {
      yield* this.#execWait(body);
      return true;
    } catch (error) {
      if (error instanceof Leave && error.how === "continue") return true;
      if (error instanceof Leave && error.how === "break") return false;
      throw error;
    }
  }

  // --- files and commands ---

  *#printTo(op: ">" | ">>" | "|", target: string, text: string): Work<void> {
    let out = this.#outs.get(target);
    if (out === undefined) {
      if (op === "|") {
        yield this.#io.flush();
        const { reader, writer } = pipe();
        const fds = this.#io.fds.fork();
        fds.set(0, reader);
        out = { stream: writer, done: this.#io.launcher.run(["sh", "-c", target], { fds }) };
      } else if (target === "/dev/stdout" || target === "-") return this.#emit(text);
      else out = { stream: this.#io.machine.open(this.#io.path(target), op === ">" ? "write" : "append", this.#io.fds), done: null };
      this.#outs.set(target, out);
    }
    if (target === "/dev/stderr") yield this.#io.flush();
    yield Promise.resolve(out.stream.write(this.#io.process, encode(text)));
  }
  *#system(command: string): Work<Value> {
    yield this.#io.flush();
    return (yield this.#io.launcher.run(["sh", "-c", command])) as number;
  }
  *#close(name: string): Work<Value> {
    const out = this.#outs.get(name);
    const input = this.#ins.get(name);
    this.#outs.delete(name);
    this.#ins.delete(name);
    if (out !== undefined) {
      yield this.#io.flush();
      out.stream.release();
      return out.done === null ? 0 : ((yield out.done) as number);
    }
    if (input === undefined) return -1;
    input.stream.release();
    return input.done === null ? 0 : ((yield input.done) as number);
  }
  *#getline(expr: Extract<Expr, { t: "getline" }>): Work<Value> {
    let line: string | null;
    if (expr.from === "main") {
      line = (yield this.#next()) as string | null;
      if (line === null) return 0;
    } else {
      const name = this.#text(yield* this.#evalWait(expr.source!));
      let input = this.#ins.get(name);
      if (input === undefined) {
        if (expr.from === "command") {
          yield this.#io.flush();
          const { reader, writer } = pipe();
          const fds = this.#io.fds.fork();
          fds.set(1, writer);
          input = { stream: reader, source: this.#source(reader), done: this.#io.launcher.run(["sh", "-c", name], { fds }) };
        } else {
          try {
            const stream = this.#io.open(name);
            input = { stream, source: this.#source(stream), done: null };
          } catch {
            return -1;
          }
        }
        this.#ins.set(name, input);
      }
      line = (yield this.#take(input.source)) as string | null;
      if (line === null) return 0;
    }
    const step = (name: string): void => { this.#globals.set(name, number(this.#globals.get(name) as Value) + 1); };
    if (expr.from === "main") {
      step("NR");
      step("FNR");
    } else if (expr.from === "command") step("NR");
    if (expr.target === null) this.#setRecord(line);
    else this.#assign(expr.target, new Given(line));
    return 1;
  }
  #source(stream: Stream): LineSource {
    const separator = this.#text(this.#globals.get("RS") as Value);
    return new LineSource(stream, separator.length === 1 ? separator : "\n");
  }
  /** The next record of a source; RS may be a newline, a character, nothing (paragraphs) or an expression. */
  async #take(source: LineSource): Promise<string | null> {
    const separator = this.#text(this.#globals.get("RS") as Value);
    const line = async (): Promise<string | null> => {
      for (;;) {
        const now = source.take();
        if (now !== undefined) return now;
        await this.#io.flush();
        await source.fill(this.#io.process);
      }
    };
    if (separator.length === 1) return line();
    const lines: string[] = [];
    if (separator === "") {
      for (;;) {
        const now = await line();
        if (now === null) return lines.length === 0 ? null : lines.join("\n");
        if (now !== "") lines.push(now);
        else if (lines.length > 0) return lines.join("\n");
      }
    }
    const kept = this.#pending.get(source) ?? { text: "", over: false };
    this.#pending.set(source, kept);
    const regex = this.#regex(separator);
    for (;;) {
      regex.lastIndex = 0;
      const found = regex.exec(kept.text);
      if (found !== null && found[0] !== "" && (kept.over || found.index + found[0].length < kept.text.length)) {
        const record = kept.text.slice(0, found.index);
        kept.text = kept.text.slice(found.index + found[0].length);
        return record;
      }
      if (kept.over) {
        if (kept.text === "") return null;
        const record = kept.text.replace(/\n$/, "");
        kept.text = "";
        return record;
      }
      const now = await line();
      if (now === null) kept.over = true;
      else kept.text += now + (source.ended ? "\n" : "");
    }
  }
  readonly #pending = new Map<LineSource, { text: string; over: boolean }>();

  /** The next record of the files that were named. */
  async #next(): Promise<string | null> {
    for (;;) {
      if (this.#current === null) {
        const name = await this.#file();
        if (name === null) return null;
        try {
          const stream = this.#io.open(name);
          this.#current = { stream, source: this.#source(stream) };
          this.#globals.set("FILENAME", name === "-" ? "" : name);
          this.#globals.set("FNR", 0);
        } catch (error) {
          await this.#io.err(`awk: cannot open ${name} (${faultOf(error)})\n`);
          this.#io.status = 2;
          continue;
        }
      }
      const record = await this.#take(this.#current.source);
      if (record !== null) return record;
      this.#current.stream.release();
      this.#current = null;
    }
  }
  #argument = 1;
  #opened = false;
  async #file(): Promise<string | null> {
    const args = this.#globals.get("ARGV") as Cells;
    const count = number(this.#globals.get("ARGC") as Value);
    for (; this.#argument < count; ) {
      const name = this.#text(args.get(String(this.#argument)));
      this.#argument += 1;
      if (name === "") continue;
      const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(name);
      if (assignment !== null) {
        this.#set(assignment[1]!, new Given(unescaped(assignment[2]!)));
        continue;
      }
      this.#opened = true;
      return name;
    }
    if (this.#opened) return null;
    this.#opened = true;
    return "-";
  }

  variable(name: string, text: string): void {
    this.#set(name, new Given(unescaped(text)));
  }

  // --- a run ---

  async run(): Promise<number> {
    const { rules } = this.#program;
    let status = 0;
    const leave = (error: unknown): boolean => {
      if (!(error instanceof Leave) || error.how !== "exit") throw error;
      if (error.value !== undefined) status = Math.trunc(number(error.value));
      return true;
    };
    const body = async (stmt: Stmt): Promise<void> => {
      const work = settle(this.#execWait(stmt));
      if (work instanceof Promise) await work;
    };
    let left = false;
    try {
      for (const rule of rules) if (rule.kind === "BEGIN") await body(rule.body!);
      if (rules.some(({ kind }) => kind !== "BEGIN")) await this.#records(rules.filter(({ kind }) => kind === "rule"), body);
    } catch (error) {
      left = leave(error);
    }
    if (!left || rules.some(({ kind }) => kind === "END")) {
      try {
        for (const rule of rules) if (rule.kind === "END") await body(rule.body!);
      } catch (error) {
        leave(error);
      }
    }
    this.#current?.source.rest();
    this.#current?.stream.release();
    await this.#io.flush();
    for (const name of [...this.#outs.keys(), ...this.#ins.keys()]) await settle(this.#close(name));
    if (this.#fault !== null) throw this.#fault;
    return status === 0 ? this.#io.status : status & 0xff;
  }
  async #records(rules: Rule[], body: (stmt: Stmt) => Promise<void>): Promise<void> {
    let count = 0;
    for (let record = await this.#next(); record !== null; record = await this.#next()) {
      this.#setRecord(record);
      this.#globals.set("NR", number(this.#globals.get("NR") as Value) + 1);
      this.#globals.set("FNR", number(this.#globals.get("FNR") as Value) + 1);
      count += 1;
      if (count % 200 === 0) {
        const turn = this.#io.machine.step();
        if (turn !== null) await turn;
        this.#io.process.check();
      }
      try {
        for (const rule of rules) {
          if (!(await this.#applies(rule))) continue;
          if (rule.body === null) this.#emit(this.#text(this.#field(0)) + this.#text(this.#globals.get("ORS") as Value));
          else if (rule.body.waits === true) await body(rule.body);
          else this.#exec(rule.body);
        }
      } catch (error) {
        if (!(error instanceof Leave) || (error.how !== "next" && error.how !== "nextfile")) throw error;
        if (error.how === "nextfile" && this.#current !== null) {
          this.#current.stream.release();
          this.#current = null;
        }
      }
    }
  }
  async #applies(rule: Rule): Promise<boolean> {
    if (rule.from === null) return true;
    const holds = async (expr: Expr): Promise<boolean> => this.#truth(expr.waits === true ? await settle(this.#evalWait(expr)) : this.#eval(expr));
    if (rule.to === null) return rule.from.waits === true ? holds(rule.from) : this.#truth(this.#eval(rule.from));
    if (!rule.open && !(await holds(rule.from))) return false;
    rule.open = !(await holds(rule.to));
    return true;
  }
}
function unescaped(text: string): string {
  let made = "";
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== "\\" || at === text.length - 1) made += text[at];
    else {
      const { made: char, length } = escaped(text, at + 1);
      made += char;
      at += length;
    }
  }
  return made;
}

/** Finds out which parts may have to wait, and which parameters are arrays. */
function analyse(program: AwkProgram): void {
  const children = (node: object): object[] => Object.values(node).flatMap((value: unknown) => (Array.isArray(value) ? value.filter((item): item is object => typeof item === "object" && item !== null) : typeof value === "object" && value !== null && !(value instanceof Set) ? [value] : []));
  const waits = (node: object): boolean => {
    const { t, name, to } = node as { t?: string; name?: string; to?: unknown };
    let found = t === "getline" || (t === "builtin" && (name === "system" || name === "close" || name === "fflush")) || (t === "print" && to !== null) || (t === "call" && program.functions.get(name!)?.waits === true);
    for (const child of children(node)) found = waits(child) || found;
    if (t !== undefined && found) (node as { waits?: boolean }).waits = true;
    return found;
  };
  const arrays = (fn: Func, node: object): void => {
    const { t, name, array, args } = node as { t?: string; name?: string; array?: string; args?: Expr[]; keys?: unknown };
    const mark = (used: string | undefined): void => {
      const at = used === undefined ? -1 : fn.params.indexOf(used);
      if (at >= 0) fn.arrays.add(at);
    };
    if (t === "index" || t === "in" || t === "delete") mark(name);
    if (t === "forin") mark(array);
    if (t === "builtin" && name === "split" && args?.[1]?.t === "var") mark(args[1].name);
    if (t === "builtin" && name === "match" && args?.[2]?.t === "var") mark(args[2].name);
    if (t === "call") program.functions.get(name!)?.arrays.forEach((at) => { const arg = args?.[at]; if (arg?.t === "var") mark(arg.name); });
    for (const child of children(node)) arrays(fn, child);
  };
  for (let before = -1, now = 0; before !== now; ) {
    before = now;
    for (const fn of program.functions.values()) {
      fn.waits = waits(fn.body) || fn.waits;
      arrays(fn, fn.body);
    }
    now = [...program.functions.values()].reduce((sum, fn) => sum + fn.arrays.size + Number(fn.waits), 0);
  }
  for (const rule of program.rules) waits(rule);
}

const awk: Program = async (io) => {
  const given = await options(io, { short: "+F:v:f:W:", long: { "field-separator=": "F", "assign=": "v", "file=": "f", version: "version" } });
  if (given === null) return 2;
  if (given.has("W", "version")) return io.usage(given.last("W", "version")!);
  const operands = [...given.operands];
  let source = "";
  for (const file of given.values("f")) {
    try {
      source += `${await io.text(io.open(file))}\n`;
    } catch (error) {
      return io.fail(`cannot open ${file} (${faultOf(error)})`, 2);
    }
  }
  if (!given.has("f")) {
    const first = operands.shift();
    if (first === undefined) return io.fail("usage: awk [-F value] [-v var=value] [--] 'program text' [file ...]", 2);
    source = first;
  }
  try {
    const runner = new Awk(io, parse(source), operands);
    const separator = given.value("F");
    if (separator !== undefined) runner.variable("FS", separator === "t" ? "\t" : separator);
    for (const text of given.values("v")) {
      const match = /^([A-Za-z_]\w*)=(.*)$/s.exec(text);
      if (match === null) return io.fail(`improper assignment: -v ${text}`, 2);
      runner.variable(match[1]!, match[2]!);
    }
    return await runner.run();
  } catch (error) {
    if (error instanceof AwkFault) return io.fail(error.message, 2);
    throw error;
  }
};
export const awks: Record<string, Program> = { awk, mawk: awk, gawk: awk, nawk: awk };
