/** Reads the expressions of awk programs, the loosest first. */
import { AwkFault, type Token } from "./tokens.js";
import type { Expr } from "./tree.js";

export const NESTING_MAX = 400;
const isTarget = (expr: Expr): boolean => expr.t === "var" || expr.t === "field" || expr.t === "index";

export abstract class ExpressionParser {
  protected readonly tokens: Token[];
  protected at = 0;
  protected depth = 0;
  /** Where `>` means a file and `in` is not the operator. */
  protected noGreater = 0;
  protected noIn = 0;
  constructor(list: Token[]) {
    this.tokens = list;
  }
  protected get token(): Token {
    return this.tokens[this.at]!;
  }
  protected fail(): never {
    throw new AwkFault(`line ${this.token.line}: syntax error at or near ${this.token.text}`);
  }
  protected is(text: string): boolean {
    return (this.token.kind === "op" || this.token.kind === "key") && this.token.text === text;
  }
  protected accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.at += 1;
    return true;
  }
  protected expect(text: string): void {
    if (!this.accept(text)) this.fail();
  }
  protected newlines(): void {
    while (this.token.kind === "nl") this.at += 1;
  }
  protected ends(): void {
    while (this.token.kind === "nl" || this.is(";")) this.at += 1;
  }

  // --- expressions, the loosest first ---

  protected expr(): Expr {
    this.depth += 1;
    if (this.depth > NESTING_MAX) throw new AwkFault("nested too deeply");
    const left = this.#choice();
    let made = left;
    const { text } = this.token;
    if (this.token.kind === "op" && ["=", "+=", "-=", "*=", "/=", "%=", "^="].includes(text) && isTarget(left)) {
      this.at += 1;
      this.newlines();
      made = { t: "assign", op: text.slice(0, -1), target: left, value: this.expr() };
    }
    this.depth -= 1;
    return made;
  }
  #choice(): Expr {
    const test = this.#or();
    if (!this.accept("?")) return test;
    this.newlines();
    const yes = this.expr();
    this.newlines();
    this.expect(":");
    this.newlines();
    return { t: "choice", test, yes, no: this.expr() };
  }
  #or(): Expr {
    let left = this.#and();
    while (this.accept("||")) {
      this.newlines();
      left = { t: "or", left, right: this.#and() };
    }
    return left;
  }
  #and(): Expr {
    let left = this.#in();
    while (this.accept("&&")) {
      this.newlines();
      left = { t: "and", left, right: this.#in() };
    }
    return left;
  }
  #in(): Expr {
    let left = this.#match();
    while (this.noIn === 0 && this.is("in")) {
      this.at += 1;
      const name = this.token.text;
      this.at += 1;
      left = { t: "in", name, keys: [left] };
    }
    return left;
  }
  #match(): Expr {
    let left = this.#comparison();
    while (this.is("~") || this.is("!~")) {
      const negated = this.token.text === "!~";
      this.at += 1;
      left = { t: "match", negated, left, right: this.#comparison() };
    }
    return left;
  }
  #comparison(): Expr {
    const left = this.concat();
    const { text, kind } = this.token;
    if (kind === "op" && (["<", "<=", "==", "!=", ">="].includes(text) || (text === ">" && this.noGreater === 0))) {
      this.at += 1;
      const made: Expr = { t: "binary", op: text, left, right: this.concat() };
      return made;
    }
    return this.#piped(left);
  }
  /** `"command" | getline` */
  #piped(first: Expr): Expr {
    let left = first;
    while (this.is("|") && this.tokens[this.at + 1]?.text === "getline" && this.tokens[this.at + 1]?.kind === "key") {
      this.at += 2;
      left = { t: "getline", from: "command", source: left, target: this.#target() };
    }
    return left;
  }
  #target(): Expr | null {
    if (this.token.kind === "name" || this.is("$")) return this.#postfixTarget();
    return null;
  }
  #postfixTarget(): Expr {
    if (this.accept("$")) return { t: "field", of: this.#primary() };
    const name = this.token.text;
    this.at += 1;
    if (this.accept("[")) return { t: "index", name, keys: this.list("]") };
    return { t: "var", name };
  }
  protected concat(): Expr {
    let left = this.#sum();
    for (;;) {
      const { kind, text } = this.token;
      const starts = kind === "num" || kind === "str" || kind === "regex" || kind === "name" || kind === "func" || kind === "builtin" || (kind === "op" && ["(", "$", "++", "--"].includes(text));
      if (!starts) return left;
      left = { t: "binary", op: " ", left, right: this.#sum() };
    }
  }
  #sum(): Expr {
    let left = this.#product();
    while (this.is("+") || this.is("-")) {
      const op = this.token.text;
      this.at += 1;
      left = { t: "binary", op, left, right: this.#product() };
    }
    return left;
  }
  #product(): Expr {
    let left = this.#unary();
    while (this.is("*") || this.is("/") || this.is("%")) {
      const op = this.token.text;
      this.at += 1;
      left = { t: "binary", op, left, right: this.#unary() };
    }
    return left;
  }
  #unary(): Expr {
    if (this.is("!") || this.is("-") || this.is("+")) {
      const op = this.token.text;
      this.at += 1;
      return { t: "unary", op, of: this.#unary() };
    }
    return this.#power();
  }
  #power(): Expr {
    const left = this.#postfix();
    if (!this.accept("^")) return left;
    const right: Expr = this.is("-") || this.is("+") || this.is("!") ? this.#unary() : this.#power();
    return { t: "binary", op: "^", left, right };
  }
  #postfix(): Expr {
    if (this.is("++") || this.is("--")) {
      const by = this.token.text === "++" ? 1 : -1;
      this.at += 1;
      return { t: "step", by, before: true, target: this.#primary() };
    }
    const left = this.#primary();
    if (isTarget(left) && (this.is("++") || this.is("--"))) {
      const by = this.token.text === "++" ? 1 : -1;
      this.at += 1;
      return { t: "step", by, before: false, target: left };
    }
    return left;
  }
  #primary(): Expr {
    const token = this.token;
    this.at += 1;
    switch (token.kind) {
      case "num": return { t: "num", value: token.value! };
      case "str": return { t: "str", value: token.text };
      case "regex": return { t: "regex", source: token.text };
      case "name":
        if (this.accept("[")) return { t: "index", name: token.text, keys: this.list("]") };
        return { t: "var", name: token.text };
      case "func":
        this.expect("(");
        return { t: "call", name: token.text, args: this.list(")") };
      case "builtin": {
        if (this.is("(")) {
          this.at += 1;
          return { t: "builtin", name: token.text, args: this.list(")") };
        }
        if (token.text !== "length") {
          this.at -= 1;
          this.fail();
        }
        return { t: "builtin", name: "length", args: [] };
      }
      case "key":
        if (token.text === "getline") {
          const target = this.#target();
          if (this.accept("<")) return { t: "getline", from: "file", source: this.#primary(), target };
          return { t: "getline", from: "main", source: null, target };
        }
        break;
      case "op":
        if (token.text === "$") {
          if (this.is("++") || this.is("--")) return { t: "field", of: this.#postfix() };
          if (this.is("-")) return { t: "field", of: this.#unary() };
          return { t: "field", of: this.#primary() };
        }
        if (token.text === "-" || token.text === "+" || token.text === "!") return { t: "unary", op: token.text, of: this.#unary() };
        if (token.text === "(") {
          const list = this.list(")");
          if (list.length === 1) return { t: "group", of: list[0]! };
          if (list.length > 1 && this.is("in")) {
            this.at += 1;
            const name = this.token.text;
            this.at += 1;
            return { t: "in", name, keys: list };
          }
        }
        break;
    }
    this.at -= 1;
    return this.fail();
  }
  protected list(close: string): Expr[] {
    const list: Expr[] = [];
    this.newlines();
    while (!this.is(close)) {
      list.push(this.free(() => this.expr()));
      this.newlines();
      if (!this.accept(",")) break;
      this.newlines();
    }
    this.expect(close);
    return list;
  }
  /** Inside brackets the limits of `print` and `for` do not hold. */
  protected free<T>(read: () => T): T {
    const [greater, inside] = [this.noGreater, this.noIn];
    this.noGreater = 0;
    this.noIn = 0;
    const made = read();
    this.noGreater = greater;
    this.noIn = inside;
    return made;
  }
}
