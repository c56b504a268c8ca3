/** Runs bc programs: variables, arrays, functions, and the functions of `-l`. */
import type { Io } from "../../machine.js";
import { add, compare, cut, DIGITS_MAX, divide, multiply, type Num, power, remainder, root, scaled, ten, whole, ZERO } from "./numbers.js";
import { BcFault, type Expr, type Func, Reader, type Stmt } from "./syntax.js";

const CALL_DEPTH_MAX = 1000;
const LINE_CHARS = 69;

class Leave {
  readonly how: "break" | "continue" | "return" | "quit";
  readonly value: Num;
  constructor(how: Leave["how"], value: Num = ZERO) {
    this.how = how;
    this.value = value;
  }
}

export class Bc {
  readonly #io: Io;
  readonly #functions = new Map<string, Func>();
  #variables = new Map<string, Num>();
  #arrays = new Map<string, Map<string, Num>>();
  #scale = 0;
  #input = 10;
  #output = 10;
  #last: Num = ZERO;
  #depth = 0;
  #steps = 0;
  constructor(io: Io) {
    this.#io = io;
  }
  library(): void {
    this.#scale = 20;
  }
  async run(source: string): Promise<boolean> {
    const reader = new Reader(source, this.#functions);
    for (;;) {
      try {
        const statement = reader.next();
        if (statement === null) return true;
        this.#exec(statement);
        if (this.#io.out("")) await this.#io.flush();
      } catch (error) {
        if (error instanceof Leave && error.how === "quit") return false;
        if (error instanceof Leave) continue;
        if (!(error instanceof BcFault)) throw error;
        const syntax = error.message === "syntax error";
        await this.#io.err(syntax ? "(standard_in) 1: syntax error\n" : `Runtime error (func=(main), adr=3): ${error.message === "divide by zero" ? "Divide by zero" : error.message}\n`);
        reader.skip();
      }
    }
  }

  #exec(statement: Stmt): void {
    this.#steps += 1;
    switch (statement.t) {
      case "block":
        for (const inner of statement.list) this.#exec(inner);
        return;
      case "expr": {
        const { expr } = statement;
        if (expr.t === "str") {
          this.#io.out(expr.text);
          return;
        }
        const value = this.#value(expr);
        if (expr.t === "assign") return;
        this.#last = value;
        this.#io.out(`${this.#shown(value)}\n`);
        return;
      }
      case "print":
        for (const item of statement.list) {
          if (item.t === "str") this.#io.out(item.text.replace(/\\([abfnqrt\\"e])/g, (_, char: string) => ({ a: "\x07", b: "\b", f: "\f", n: "\n", q: '"', r: "\r", t: "\t", "\\": "\\", '"': '"', e: "\\" })[char]!));
          else {
            this.#last = this.#value(item);
            this.#io.out(this.#shown(this.#last));
          }
        }
        return;
      case "if":
        if (this.#value(statement.test).value !== 0n) this.#exec(statement.yes);
        else if (statement.no !== null) this.#exec(statement.no);
        return;
      case "while":
        while (this.#value(statement.test).value !== 0n) if (!this.#round(statement.body)) return;
        return;
      case "for":
        if (statement.init !== null) this.#value(statement.init);
        while (statement.test === null || this.#value(statement.test).value !== 0n) {
          if (!this.#round(statement.body)) return;
          if (statement.step !== null) this.#value(statement.step);
        }
        return;
      case "return": throw new Leave("return", statement.value === null ? ZERO : this.#value(statement.value));
      default: throw new Leave(statement.t);
    }
  }
  #round(body: Stmt): boolean {
    try {
      this.#exec(body);
      return true;
    } catch (error) {
      if (error instanceof Leave && error.how === "break") return false;
      if (error instanceof Leave && error.how === "continue") return true;
      throw error;
    }
  }

  #number(text: string): Num {
    const [head = "", tail = ""] = text.split(".");
    if (this.#input === 10) return { value: BigInt([...(head + tail)].map((digit) => (/[A-F]/.test(digit) ? "9" : digit)).join("") || "0"), scale: tail.length };
    const digit = (char: string): bigint => BigInt(Math.min(Number.parseInt(char, 16), text.length === 1 ? 15 : this.#input - 1));
    let value = 0n;
    for (const char of head) value = value * BigInt(this.#input) + digit(char);
    let fraction = 0n;
    let divisor = 1n;
    for (const char of tail) {
      fraction = fraction * BigInt(this.#input) + digit(char);
      divisor *= BigInt(this.#input);
    }
    return { value: value * ten(tail.length) + (fraction * ten(tail.length)) / divisor, scale: tail.length };
  }
  #shown(number: Num): string {
    const sign = number.value < 0n ? "-" : "";
    const size = number.value < 0n ? -number.value : number.value;
    let text: string;
    if (this.#output === 10) {
      const digits = size.toString().padStart(number.scale + 1, "0");
      const head = digits.slice(0, digits.length - number.scale);
      text = sign + (number.scale === 0 ? head : `${head === "0" ? "" : head}.${digits.slice(digits.length - number.scale)}`);
      if (size === 0n) text = "0";
    } else {
      const head = size / ten(number.scale);
      const base = BigInt(this.#output);
      text = sign + (this.#output <= 16 ? head.toString(this.#output).toUpperCase() : this.#wide(head, base));
      let rest = size % ten(number.scale);
      if (number.scale > 0 && rest > 0n) {
        text = head === 0n ? `${sign}.` : `${text}.`;
        for (let reached = 1n; reached < ten(number.scale); reached *= base) {
          rest *= base;
          text += (rest / ten(number.scale)).toString(Math.min(this.#output, 36)).toUpperCase();
          rest %= ten(number.scale);
        }
      }
    }
    return text.length <= LINE_CHARS ? text : text.replace(new RegExp(`.{${LINE_CHARS - 1}}(?=.)`, "g"), "$&\\\n");
  }
  #wide(value: bigint, base: bigint): string {
    const width = String(base - 1n).length;
    const digits: string[] = [];
    for (let rest = value; rest > 0n; rest /= base) digits.unshift(` ${String(rest % base).padStart(width, "0")}`);
    return digits.join("") || ` ${"0".repeat(width)}`;
  }

  #get(target: Expr): Num {
    if (target.t === "item") return this.#array(target.name).get(String(cut(this.#value(target.index), 0).value)) ?? ZERO;
    if (target.t !== "var") throw new BcFault("syntax error");
    switch (target.name) {
      case "scale": return whole(this.#scale);
      case "ibase": return whole(this.#input);
      case "obase": return whole(this.#output);
      case "last": return this.#last;
      default: return this.#variables.get(target.name) ?? ZERO;
    }
  }
  #set(target: Expr, value: Num): void {
    if (target.t === "item") {
      this.#array(target.name).set(String(cut(this.#value(target.index), 0).value), value);
      return;
    }
    if (target.t !== "var") throw new BcFault("syntax error");
    const small = Number(cut(value, 0).value);
    if (target.name === "scale") this.#scale = Math.max(0, Math.min(small, DIGITS_MAX));
    else if (target.name === "ibase") this.#input = Math.max(2, Math.min(small, 16));
    else if (target.name === "obase") this.#output = Math.max(2, small);
    else if (target.name === "last") this.#last = value;
    else this.#variables.set(target.name, value);
  }
  #array(name: string): Map<string, Num> {
    let array = this.#arrays.get(name);
    if (array === undefined) {
      array = new Map();
      this.#arrays.set(name, array);
    }
    return array;
  }
  #value(expr: Expr): Num {
    switch (expr.t) {
      case "num": return this.#number(expr.text);
      case "str": throw new BcFault("syntax error");
      case "paren": return this.#value(expr.of);
      case "var":
      case "item": return this.#get(expr);
      case "unary": {
        const value = this.#value(expr.of);
        return expr.op === "!" ? whole(value.value === 0n ? 1 : 0) : { value: -value.value, scale: value.scale };
      }
      case "assign": {
        const value = this.#value(expr.value);
        this.#set(expr.target, expr.op === "" ? value : this.#binary(expr.op, this.#get(expr.target), value));
        return this.#get(expr.target);
      }
      case "step": {
        const old = this.#get(expr.target);
        const next = add(old, whole(1), expr.op === "++" ? 1n : -1n);
        this.#set(expr.target, next);
        return expr.before ? next : old;
      }
      case "binary": {
        const left = this.#value(expr.left);
        return this.#binary(expr.op, left, this.#value(expr.right));
      }
      case "call": return this.#call(expr.name, expr.args);
    }
  }
  #binary(op: string, a: Num, b: Num): Num {
    switch (op) {
      case "+": return add(a, b);
      case "-": return add(a, b, -1n);
      case "*": return multiply(a, b, this.#scale);
      case "/": return divide(a, b, this.#scale);
      case "%": return remainder(a, b, this.#scale);
      case "^": return power(a, b, this.#scale);
      case "&&": return whole(a.value !== 0n && b.value !== 0n ? 1 : 0);
      case "||": return whole(a.value !== 0n || b.value !== 0n ? 1 : 0);
      default: {
        const order = compare(a, b);
        return whole({ "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0, "==": order === 0, "!=": order !== 0 }[op]! ? 1 : 0);
      }
    }
  }

  #call(name: string, args: (Expr | { t: "array"; name: string })[]): Num {
    const own = this.#functions.get(name);
    if (own === undefined) {
      const [first] = args.map((arg) => (arg.t === "array" ? ZERO : this.#value(arg)));
      if (first === undefined) throw new BcFault(`Function ${name} not defined.`);
      switch (name) {
        case "length": return whole(first.value === 0n ? Math.max(1, first.scale) : Math.max(String(first.value < 0n ? -first.value : first.value).length, first.scale));
        case "scale": return whole(first.scale);
        case "sqrt": return root(first, this.#scale);
        case "e":
        case "l":
        case "s":
        case "c":
        case "a": return this.#math(name, first);
        default: throw new BcFault(`Function ${name} not defined.`);
      }
    }
    if (args.length !== own.params.length) throw new BcFault(`Parameter number mismatch`);
    this.#depth += 1;
    if (this.#depth > CALL_DEPTH_MAX) throw new BcFault(`functions are nested deeper than ${CALL_DEPTH_MAX}`);
    const given = args.map((arg) => (arg.t === "array" ? new Map(this.#array(arg.name)) : this.#value(arg)));
    const [variables, arrays] = [this.#variables, this.#arrays];
    this.#variables = new Map(variables);
    this.#arrays = new Map(arrays);
    const locals = new Set<string>();
    own.params.forEach(({ name: param }, at) => {
      locals.add(param);
      const value = given[at]!;
      if (value instanceof Map) this.#arrays.set(param, value);
      else this.#variables.set(param, value);
    });
    for (const auto of own.autos) {
      locals.add(auto.name);
      if (auto.array) this.#arrays.set(auto.name, new Map());
      else this.#variables.set(auto.name, ZERO);
    }
    try {
      for (const statement of own.body) this.#exec(statement);
      return ZERO;
    } catch (error) {
      if (error instanceof Leave && error.how === "return") return error.value;
      throw error;
    } finally {
      this.#depth -= 1;
      // What is not local keeps its new value.
      for (const [key, value] of this.#variables) if (!locals.has(key)) variables.set(key, value);
      for (const [key, value] of this.#arrays) if (!locals.has(key)) arrays.set(key, value);
      this.#variables = variables;
      this.#arrays = arrays;
    }
  }

  /** The functions of `-l`, by their series. */
  #math(name: string, x: Num): Num {
    const scale = this.#scale;
    const work = scale + 12;
    const one = ten(work);
    const times = (a: bigint, b: bigint): bigint => (a * b) / one;
    const value = scaled(x, work);
    const exp = (of: bigint): bigint => {
      let halvings = 0;
      let small = of;
      while (small > one / 4n || small < -one / 4n) {
        small /= 2n;
        halvings += 1;
        if (halvings > 64) throw new BcFault("e: the exponent is too large");
      }
      let sum = one;
      let term = one;
      for (let n = 1n; term !== 0n; n += 1n) {
        term = times(term, small) / n;
        sum += term;
      }
      for (; halvings > 0; halvings -= 1) sum = times(sum, sum);
      return sum;
    };
    const arctan = (of: bigint): bigint => {
      if (of < 0n) return -arctan(-of);
      if (of > one / 5n) {
        // atan(x) = 2 atan(x / (1 + sqrt(1 + x²)))
        const square = root({ value: one + times(of, of), scale: work }, work).value;
        return 2n * arctan((of * one) / (one + square));
      }
      let sum = of;
      let term = of;
      const square = times(of, of);
      for (let n = 3n; term !== 0n; n += 2n) {
        term = -times(term, square);
        sum += term / n;
      }
      return sum;
    };
    const sine = (of: bigint): bigint => {
      const turn = 8n * arctan(one);
      let small = of % turn;
      if (small > turn / 2n) small -= turn;
      if (small < -turn / 2n) small += turn;
      let sum = small;
      let term = small;
      const square = times(small, small);
      for (let n = 2n; term !== 0n; n += 2n) {
        term = -times(term, square) / (n * (n + 1n));
        sum += term;
      }
      return sum;
    };
    const log = (of: bigint): bigint => {
      let small = of;
      let doublings = 0n;
      while (small > (one * 11n) / 10n || small < (one * 9n) / 10n) {
        small = root({ value: small, scale: work }, work).value;
        doublings += 1n;
      }
      const ratio = ((small - one) * one) / (small + one);
      const square = times(ratio, ratio);
      let sum = ratio;
      let term = ratio;
      for (let n = 3n; term !== 0n; n += 2n) {
        term = times(term, square);
        sum += term / n;
      }
      return (2n * sum) << doublings;
    };
    if (name === "l" && value <= 0n) return { value: -(ten(Math.max(scale, 1)) - 1n) * ten(scale) / ten(Math.max(scale, 1)), scale };
    const made = name === "e" ? exp(value) : name === "l" ? log(value) : name === "a" ? arctan(value) : name === "s" ? sine(value) : sine(value + 2n * arctan(one));
    return cut({ value: made, scale: work }, scale);
  }
}
