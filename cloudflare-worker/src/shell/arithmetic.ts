/** Arithmetic as the shell does it: 64-bit whole numbers, C's operators, variables by name. Who holds the variables is told by a Memory. */
export type Whole = number | bigint;

export class ArithmeticFault extends Error {}

export interface Memory {
  /** A variable's text; "" when it is not set. */
  read(name: string, index: string | null): string;
  write(name: string, index: string | null, value: string): void;
}

type Node =
  | { t: "number"; value: Whole }
  | { t: "variable"; name: string; index: string | null }
  | { t: "unary"; op: string; of: Node }
  | { t: "binary"; op: string; left: Node; right: Node; at: number }
  | { t: "choice"; test: Node; yes: Node; no: Node }
  | { t: "assign"; op: string; name: string; index: string | null; value: Node; at: number }
  | { t: "step"; name: string; index: string | null; by: 1 | -1; before: boolean };

const NESTING_MAX = 200;
const EVALUATION_DEPTH_MAX = 64;
const CACHE_COUNT_MAX = 500;
const PRECEDENCE: Readonly<Record<string, number>> = {
  "||": 3, "&&": 4, "|": 5, "^": 6, "&": 7, "==": 8, "!=": 8, "<": 9, ">": 9, "<=": 9, ">=": 9, "<<": 10, ">>": 10, "+": 11, "-": 11, "*": 12, "/": 12, "%": 12, "**": 14,
};
const OPERATORS = ["<<=", ">>=", "**", "||", "&&", "==", "!=", "<=", ">=", "<<", ">>", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "++", "--", "+", "-", "*", "/", "%", "<", ">", "=", "!", "~", "&", "|", "^", "?", ":", ",", "(", ")"];

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  constructor(text: string) {
    this.#text = text;
  }
  #rest(): string {
    return this.#text.slice(this.#at).trim();
  }
  fail(message: string, rest = this.#rest()): never {
    throw new ArithmeticFault(`${this.#text.trim()}: ${message} (error token is "${rest}")`);
  }
  #blank(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }
  #peek(): string {
    this.#blank();
    for (const op of OPERATORS) if (this.#text.startsWith(op, this.#at)) return op;
    return "";
  }
  #take(op: string): boolean {
    if (this.#peek() !== op) return false;
    this.#at += op.length;
    return true;
  }

  whole(): Node {
    this.#blank();
    if (this.#at >= this.#text.length) return { t: "number", value: 0 };
    const node = this.#comma();
    this.#blank();
    if (this.#at < this.#text.length) this.fail(/^[\w)]/.test(this.#rest()) ? "syntax error in expression" : "syntax error: invalid arithmetic operator");
    return node;
  }
  #comma(): Node {
    let left = this.#assign();
    while (this.#peek() === ",") {
      const at = this.#at;
      this.#take(",");
      left = { t: "binary", op: ",", left, right: this.#assign(), at };
    }
    return left;
  }
  #assign(): Node {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX) this.fail("expression recursion level exceeded");
    const left = this.#choice();
    const op = this.#peek();
    let node = left;
    if (op === "=" || (op.endsWith("=") && !["==", "!=", "<=", ">="].includes(op))) {
      if (left.t !== "variable") this.fail("attempted assignment to non-variable");
      const at = this.#at;
      this.#take(op);
      node = { t: "assign", op: op.slice(0, -1), name: left.name, index: left.index, value: this.#assign(), at };
    }
    this.#depth -= 1;
    return node;
  }
  #choice(): Node {
    const test = this.#binary(3);
    if (!this.#take("?")) return test;
    const yes = this.#comma();
    if (!this.#take(":")) this.fail("`:' expected for conditional expression");
    return { t: "choice", test, yes, no: this.#assign() };
  }
  #binary(least: number): Node {
    let left = this.#unary();
    for (;;) {
      const op = this.#peek();
      const precedence = PRECEDENCE[op];
      if (precedence === undefined || precedence < least) return left;
      this.#take(op);
      const at = this.#at;
      this.#blank();
      if (this.#at >= this.#text.length) this.fail("syntax error: operand expected", `${op}${this.#text.slice(at)}`.trimEnd() || op);
      left = { t: "binary", op, left, right: this.#binary(op === "**" ? precedence : precedence + 1), at };
    }
  }
  #unary(): Node {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX) this.fail("expression recursion level exceeded");
    const node = this.#prefixed();
    this.#depth -= 1;
    return node;
  }
  #prefixed(): Node {
    const op = this.#peek();
    if (op === "++" || op === "--") {
      const at = this.#at;
      this.#take(op);
      const of = this.#unary();
      if (of.t === "variable") return { t: "step", name: of.name, index: of.index, by: op === "++" ? 1 : -1, before: true };
      this.#at = at + 1;
      return { t: "unary", op: op[0]!, of: this.#unary() };
    }
    if (op === "!" || op === "~" || op === "-" || op === "+" || op === "!=") {
      this.#at += 1;
      return { t: "unary", op: op[0]!, of: this.#unary() };
    }
    return this.#primary();
  }
  #primary(): Node {
    if (this.#take("(")) {
      const node = this.#comma();
      if (!this.#take(")")) this.fail("missing `)'");
      return node;
    }
    this.#blank();
    const number = /(\d+)#([0-9a-zA-Z@_]*)|0[xX][0-9a-fA-F]*|\d+[\w]*/y;
    number.lastIndex = this.#at;
    const found = number.exec(this.#text);
    if (found !== null) {
      this.#at += found[0].length;
      return { t: "number", value: this.#number(found[0], found[1], found[2]) };
    }
    const name = /[A-Za-z_]\w*/y;
    name.lastIndex = this.#at;
    const variable = name.exec(this.#text)?.[0];
    if (variable === undefined) return this.fail("syntax error: operand expected");
    this.#at += variable.length;
    const index = this.#index();
    const op = this.#peek();
    if (op === "++" || op === "--") {
      this.#take(op);
      return { t: "step", name: variable, index, by: op === "++" ? 1 : -1, before: false };
    }
    return { t: "variable", name: variable, index };
  }
  #index(): string | null {
    if (this.#text[this.#at] !== "[") return null;
    let open = 0;
    const start = this.#at + 1;
    for (; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at];
      if (char === "[") open += 1;
      if (char === "]") {
        open -= 1;
        if (open === 0) break;
      }
    }
    if (this.#at >= this.#text.length) this.fail("bad array subscript");
    this.#at += 1;
    return this.#text.slice(start, this.#at - 1);
  }
  #number(text: string, base?: string, digits?: string): Whole {
    if (base !== undefined) {
      const radix = Number(base);
      if (radix < 2 || radix > 64) this.fail("invalid arithmetic base", text);
      let value = 0n;
      for (const digit of digits!) {
        const at = radix <= 36 ? Number.parseInt(digit, 36) : "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_".indexOf(digit);
        if (Number.isNaN(at) || at < 0 || at >= radix) this.fail("value too great for base", text);
        value = value * BigInt(radix) + BigInt(at);
      }
      return narrow(value);
    }
    if (/^0[xX]/.test(text)) return narrow(BigInt(text.length === 2 ? "0" : text));
    if (/^0\d/.test(text)) {
      if (!/^[0-7]+$/.test(text)) this.fail("value too great for base", text);
      return narrow(BigInt(`0o${text.slice(1)}`));
    }
    if (!/^\d+$/.test(text)) this.fail("value too great for base", text);
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : narrow(BigInt(text));
  }
}

function narrow(value: bigint): Whole {
  const wrapped = BigInt.asIntN(64, value);
  const number = Number(wrapped);
  return Number.isSafeInteger(number) ? number : wrapped;
}

const cache = new Map<string, Node>();
function parsed(text: string): Node {
  const kept = cache.get(text);
  if (kept !== undefined) return kept;
  const node = new Reader(text).whole();
  if (cache.size >= CACHE_COUNT_MAX) cache.clear();
  cache.set(text, node);
  return node;
}

export function evaluate(text: string, memory: Memory, depth = 0): Whole {
  if (depth > EVALUATION_DEPTH_MAX) throw new ArithmeticFault(`${text}: expression recursion level exceeded (error token is "${text}")`);
  const simple = /^\s*(-?[1-9]\d{0,14}|0)\s*$/.exec(text);
  if (simple !== null) return Number(simple[1]);
  return new Evaluator(text, memory, depth).value(parsed(text));
}

class Evaluator {
  readonly #text: string;
  readonly #memory: Memory;
  readonly #depth: number;
  constructor(text: string, memory: Memory, depth: number) {
    this.#text = text;
    this.#memory = memory;
    this.#depth = depth;
  }

  value(node: Node): Whole {
    switch (node.t) {
      case "number": return node.value;
      case "variable": return this.#read(node.name, node.index);
      case "unary": return this.#unary(node.op, this.value(node.of));
      case "choice": return truth(this.value(node.test)) ? this.value(node.yes) : this.value(node.no);
      case "step": {
        const old = this.#read(node.name, node.index);
        const next = add(old, node.by);
        this.#memory.write(node.name, node.index, String(next));
        return node.before ? next : old;
      }
      case "assign": {
        const value = this.value(node.value);
        const result = node.op === "" ? value : this.#binary(node.op, this.#read(node.name, node.index), value, node.at);
        this.#memory.write(node.name, node.index, String(result));
        return result;
      }
      case "binary": {
        if (node.op === "&&") return truth(this.value(node.left)) && truth(this.value(node.right)) ? 1 : 0;
        if (node.op === "||") return truth(this.value(node.left)) || truth(this.value(node.right)) ? 1 : 0;
        const left = this.value(node.left);
        return this.#binary(node.op, left, this.value(node.right), node.at);
      }
    }
  }
  #read(name: string, index: string | null): Whole {
    const text = this.#memory.read(name, index);
    return text === "" ? 0 : evaluate(text, this.#memory, this.#depth + 1);
  }
  #unary(op: string, value: Whole): Whole {
    if (op === "!") return truth(value) ? 0 : 1;
    if (op === "~") return narrow(~BigInt(value));
    if (op === "-") return typeof value === "number" ? (value === 0 ? 0 : -value) : narrow(-value);
    return value;
  }
  #binary(op: string, a: Whole, b: Whole, at: number): Whole {
    switch (op) {
      case ",": return b;
      case "+": return add(a, b);
      case "-": return typeof a === "number" && typeof b === "number" && Number.isSafeInteger(a - b) ? a - b : narrow(BigInt(a) - BigInt(b));
      case "*": return typeof a === "number" && typeof b === "number" && Number.isSafeInteger(a * b) ? a * b + 0 : narrow(BigInt(a) * BigInt(b));
      case "/":
      case "%":
        if (!truth(b)) throw new ArithmeticFault(`${this.#text.trim()}: division by 0 (error token is "${this.#text.slice(at).trim()}")`);
        if (typeof a === "number" && typeof b === "number") return (op === "/" ? Math.trunc(a / b) : a % b) + 0;
        return narrow(op === "/" ? BigInt(a) / BigInt(b) : BigInt(a) % BigInt(b));
      case "**": {
        if (b < 0) throw new ArithmeticFault(`${this.#text.trim()}: exponent less than 0 (error token is "${this.#text.slice(at).trim()}")`);
        let result = 1n;
        let base = BigInt.asIntN(64, BigInt(a));
        for (let power = BigInt(b); power > 0n; power >>= 1n) {
          if (power & 1n) result = BigInt.asIntN(64, result * base);
          base = BigInt.asIntN(64, base * base);
        }
        return narrow(result);
      }
      case "<": return a < b ? 1 : 0;
      case ">": return a > b ? 1 : 0;
      case "<=": return a <= b ? 1 : 0;
      case ">=": return a >= b ? 1 : 0;
      // biome-ignore lint/suspicious/noDoubleEquals: a number and a bigint may be equal
      case "==": return a == b ? 1 : 0;
      // biome-ignore lint/suspicious/noDoubleEquals: a number and a bigint may be equal
      case "!=": return a != b ? 1 : 0;
      case "&": return narrow(BigInt(a) & BigInt(b));
      case "|": return narrow(BigInt(a) | BigInt(b));
      case "^": return narrow(BigInt(a) ^ BigInt(b));
      case "<<": return narrow(BigInt(a) << (BigInt(b) & 63n));
      case ">>": return narrow(BigInt(a) >> (BigInt(b) & 63n));
      default: throw new ArithmeticFault(`${this.#text}: syntax error: invalid arithmetic operator (error token is "${op}")`);
    }
  }
}
const truth = (value: Whole): boolean => value !== 0 && value !== 0n;
const add = (a: Whole, b: Whole): Whole => (typeof a === "number" && typeof b === "number" && Number.isSafeInteger(a + b) ? a + b : narrow(BigInt(a) + BigInt(b)));
export const isTrue = truth;
