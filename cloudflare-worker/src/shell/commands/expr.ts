/** expr: one expression of words. */
import { charCount, sliceChars } from "../bytes.js";
import type { Program } from "../machine.js";
import { regex } from "../patterns.js";

class ExprFault extends Error {
  readonly status: number;
  constructor(message: string, status = 2) {
    super(message);
    this.status = status;
  }
}
class Expression {
  readonly #words: string[];
  #at = 0;
  constructor(list: string[]) {
    this.#words = list;
  }
  whole(): string {
    if (this.#words.length === 0) throw new ExprFault("missing operand");
    const value = this.#or();
    if (this.#at < this.#words.length) throw new ExprFault(`syntax error: unexpected argument '${this.#words[this.#at]}'`);
    return value;
  }
  #binary(ops: string[], next: () => string, apply: (op: string, a: string, b: string) => string): string {
    let left = next();
    while (ops.includes(this.#words[this.#at] ?? "")) {
      const op = this.#words[this.#at++]!;
      left = apply(op, left, next());
    }
    return left;
  }
  #or(): string {
    return this.#binary(["|"], () => this.#and(), (_, a, b) => (nothing(a) ? (nothing(b) ? "0" : b) : a));
  }
  #and(): string {
    return this.#binary(["&"], () => this.#compare(), (_, a, b) => (nothing(a) || nothing(b) ? "0" : a));
  }
  #compare(): string {
    return this.#binary(["<", "<=", "=", "==", "!=", ">=", ">"], () => this.#sum(), (op, a, b) => {
      const numeric = /^-?\d+$/.test(a) && /^-?\d+$/.test(b);
      const order = numeric ? (BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0) : a < b ? -1 : a > b ? 1 : 0;
      return { "<": order < 0, "<=": order <= 0, "=": order === 0, "==": order === 0, "!=": order !== 0, ">=": order >= 0, ">": order > 0 }[op] ? "1" : "0";
    });
  }
  #sum(): string {
    return this.#binary(["+", "-"], () => this.#product(), (op, a, b) => String(op === "+" ? whole(a) + whole(b) : whole(a) - whole(b)));
  }
  #product(): string {
    return this.#binary(["*", "/", "%"], () => this.#match(), (op, a, b) => {
      if (op !== "*" && whole(b) === 0n) throw new ExprFault("division by zero");
      return String(op === "*" ? whole(a) * whole(b) : op === "/" ? whole(a) / whole(b) : whole(a) % whole(b));
    });
  }
  #match(): string {
    return this.#binary([":"], () => this.#primary(), (_, a, b) => matched(a, b));
  }
  #primary(): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw new ExprFault(`syntax error: missing argument after '${this.#words.at(-1)}'`);
    const next = (): string => this.#primary();
    switch (word) {
      case "(": {
        const value = this.#or();
        if (this.#words[this.#at++] !== ")") throw new ExprFault("syntax error: expecting ')'");
        return value;
      }
      case "+": return this.#words[this.#at++] ?? "";
      case "length": return String(charCount(next()));
      case "match": return matched(next(), next());
      case "index": {
        const [text, chars] = [next(), next()];
        const at = [...text].findIndex((char) => chars.includes(char));
        return String(at + 1);
      }
      case "substr": {
        const [text, from, count] = [next(), Number(next()), Number(next())];
        return from < 1 || count < 1 ? "" : sliceChars(text, from - 1, from - 1 + count);
      }
      default: return word;
    }
  }
}
const nothing = (text: string): boolean => text === "" || /^-?0+$/.test(text);
const whole = (text: string): bigint => {
  if (!/^-?\d+$/.test(text)) throw new ExprFault("non-integer argument");
  return BigInt(text);
};
function matched(text: string, pattern: string): string {
  const found = regex(`^\\(${pattern}\\)`.replace(/^\^\\\(\^/, "^\\("), { extended: false }).exec(text);
  const groups = /\\\(/.test(pattern);
  return found === null ? (groups ? "" : "0") : groups ? (found[2] ?? "") : String(charCount(found[0]));
}
export const expr: Program = async (io) => {
  try {
    const value = new Expression(io.args[0] === "--" ? io.args.slice(1) : io.args).whole();
    io.out(`${value}\n`);
    return nothing(value) ? 1 : 0;
  } catch (error) {
    if (error instanceof ExprFault) return io.fail(error.message, error.status);
    throw error;
  }
};
