/** Reads awk programs into a tree. What the tree does is run.ts. */
import { AwkFault, type Token, tokens } from "./tokens.js";

export type Expr = (
  | { t: "num"; value: number }
  | { t: "str"; value: string }
  | { t: "regex"; source: string }
  | { t: "var"; name: string }
  | { t: "field"; of: Expr }
  | { t: "index"; name: string; keys: Expr[] }
  | { t: "in"; name: string; keys: Expr[] }
  | { t: "unary"; op: string; of: Expr }
  | { t: "binary"; op: string; left: Expr; right: Expr }
  | { t: "and" | "or"; left: Expr; right: Expr }
  | { t: "choice"; test: Expr; yes: Expr; no: Expr }
  | { t: "match"; negated: boolean; left: Expr; right: Expr }
  | { t: "assign"; op: string; target: Expr; value: Expr }
  | { t: "step"; by: 1 | -1; before: boolean; target: Expr }
  | { t: "call"; name: string; args: Expr[] }
  | { t: "builtin"; name: string; args: Expr[] }
  | { t: "getline"; from: "main" | "file" | "command"; source: Expr | null; target: Expr | null }
  | { t: "group"; of: Expr }
) & { waits?: boolean };

export type Stmt = (
  | { t: "expr"; expr: Expr }
  | { t: "print"; formatted: boolean; args: Expr[]; to: { op: ">" | ">>" | "|"; target: Expr } | null }
  | { t: "if"; test: Expr; yes: Stmt; no: Stmt | null }
  | { t: "while"; test: Expr; body: Stmt; first: boolean }
  | { t: "for"; init: Stmt | null; test: Expr | null; step: Stmt | null; body: Stmt }
  | { t: "forin"; name: string; array: string; body: Stmt }
  | { t: "block"; list: Stmt[] }
  | { t: "next" | "nextfile" | "break" | "continue" }
  | { t: "exit" | "return"; value: Expr | null }
  | { t: "delete"; name: string; keys: Expr[] | null }
) & { waits?: boolean };

export interface Func {
  name: string;
  params: string[];
  body: Stmt;
  /** Which parameters are arrays. */
  arrays: Set<number>;
  waits: boolean;
}
export interface Rule {
  kind: "BEGIN" | "END" | "rule";
  from: Expr | null;
  to: Expr | null;
  body: Stmt | null;
  open: boolean;
}
export interface AwkProgram {
  rules: Rule[];
  functions: Map<string, Func>;
}
const NESTING_MAX = 400;

export function parse(source: string): AwkProgram {
  return new AwkParser(tokens(source)).program();
}

class AwkParser {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;
  /** Where `>` means a file and `in` is not the operator. */
  #noGreater = 0;
  #noIn = 0;
  constructor(list: Token[]) {
    this.#tokens = list;
  }
  get #token(): Token {
    return this.#tokens[this.#at]!;
  }
  #fail(): never {
    throw new AwkFault(`line ${this.#token.line}: syntax error at or near ${this.#token.text}`);
  }
  #is(text: string): boolean {
    return (this.#token.kind === "op" || this.#token.kind === "key") && this.#token.text === text;
  }
  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }
  #expect(text: string): void {
    if (!this.#accept(text)) this.#fail();
  }
  #newlines(): void {
    while (this.#token.kind === "nl") this.#at += 1;
  }
  #ends(): void {
    while (this.#token.kind === "nl" || this.#is(";")) this.#at += 1;
  }

  program(): AwkProgram {
    const made: AwkProgram = { rules: [], functions: new Map() };
    for (this.#ends(); this.#token.kind !== "eof"; this.#ends()) {
      if (this.#accept("function")) {
        const name = this.#token.text;
        if (this.#token.kind !== "name" && this.#token.kind !== "func") this.#fail();
        this.#at += 1;
        this.#expect("(");
        const params: string[] = [];
        while (!this.#is(")")) {
          if (this.#token.kind !== "name") this.#fail();
          params.push(this.#token.text);
          this.#at += 1;
          if (!this.#accept(",")) break;
          this.#newlines();
        }
        this.#expect(")");
        this.#newlines();
        made.functions.set(name, { name, params, body: this.#block(), arrays: new Set(), waits: false });
        continue;
      }
      const rule: Rule = { kind: "rule", from: null, to: null, body: null, open: false };
      if (this.#accept("BEGIN")) rule.kind = "BEGIN";
      else if (this.#accept("END")) rule.kind = "END";
      else if (!this.#is("{")) {
        rule.from = this.#expr();
        if (this.#accept(",")) {
          this.#newlines();
          rule.to = this.#expr();
        }
      }
      if (this.#is("{")) rule.body = this.#block();
      else if (rule.kind !== "rule") this.#fail();
      made.rules.push(rule);
    }
    return made;
  }

  #block(): Stmt {
    this.#expect("{");
    const list: Stmt[] = [];
    for (this.#ends(); !this.#is("}"); this.#ends()) {
      if (this.#token.kind === "eof") this.#fail();
      list.push(this.#statement());
    }
    this.#expect("}");
    return { t: "block", list };
  }
  /** The body of `if`, `for`, `while`: perhaps on the next line, perhaps empty. */
  #body(): Stmt {
    this.#newlines();
    if (this.#accept(";")) return { t: "block", list: [] };
    return this.#statement();
  }
  #end(): void {
    if (this.#is("}") || this.#token.kind === "eof") return;
    if (this.#token.kind === "nl" || this.#is(";")) {
      this.#at += 1;
      return;
    }
    this.#fail();
  }
  #statement(): Stmt {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX) throw new AwkFault("nested too deeply");
    const statement = this.#inner();
    this.#depth -= 1;
    return statement;
  }
  #inner(): Stmt {
    if (this.#is("{")) return this.#block();
    if (this.#accept("if")) {
      this.#expect("(");
      const test = this.#free(() => this.#expr());
      this.#expect(")");
      const yes = this.#body();
      const back = this.#at;
      this.#ends();
      if (this.#accept("else")) return { t: "if", test, yes, no: this.#body() };
      this.#at = back;
      return { t: "if", test, yes, no: null };
    }
    if (this.#accept("while")) {
      this.#expect("(");
      const test = this.#free(() => this.#expr());
      this.#expect(")");
      return { t: "while", test, body: this.#body(), first: false };
    }
    if (this.#accept("do")) {
      const body = this.#body();
      this.#ends();
      this.#expect("while");
      this.#expect("(");
      const test = this.#free(() => this.#expr());
      this.#expect(")");
      this.#end();
      return { t: "while", test, body, first: true };
    }
    if (this.#accept("for")) return this.#for();
    const statement = this.#simple();
    this.#end();
    return statement;
  }
  #for(): Stmt {
    this.#expect("(");
    const [name, word, array, close] = [this.#token, this.#tokens[this.#at + 1], this.#tokens[this.#at + 2], this.#tokens[this.#at + 3]];
    if (name.kind === "name" && word?.text === "in" && array?.kind === "name" && close?.text === ")") {
      this.#at += 4;
      return { t: "forin", name: name.text, array: array.text, body: this.#body() };
    }
    const init = this.#is(";") ? null : this.#simple();
    this.#expect(";");
    this.#newlines();
    const test = this.#is(";") ? null : this.#expr();
    this.#expect(";");
    this.#newlines();
    const step = this.#is(")") ? null : this.#simple();
    this.#expect(")");
    return { t: "for", init, test, step, body: this.#body() };
  }
  #simple(): Stmt {
    const { text, kind } = this.#token;
    if (kind === "key") {
      switch (text) {
        case "next":
        case "nextfile":
        case "break":
        case "continue":
          this.#at += 1;
          return { t: text };
        case "exit":
        case "return": {
          this.#at += 1;
          const none = this.#token.kind === "nl" || this.#is(";") || this.#is("}");
          return { t: text, value: none ? null : this.#expr() };
        }
        case "delete": {
          this.#at += 1;
          const name = this.#token.text;
          this.#at += 1;
          if (!this.#accept("[")) return { t: "delete", name, keys: null };
          const keys = this.#list("]");
          return { t: "delete", name, keys };
        }
        case "print":
        case "printf": return this.#print(text === "printf");
      }
    }
    return { t: "expr", expr: this.#expr() };
  }
  #print(formatted: boolean): Stmt {
    this.#at += 1;
    let args: Expr[] = [];
    const none = (): boolean => this.#token.kind === "nl" || this.#is(";") || this.#is("}") || this.#is(">") || this.#is(">>") || this.#is("|");
    this.#noGreater += 1;
    if (!none()) {
      if (this.#is("(")) {
        // `print (a, b)` or `print (a) b`.
        const back = this.#at;
        this.#at += 1;
        const inside = this.#free(() => this.#list(")"));
        if (none() || this.#token.kind === "eof") args = inside;
        else {
          this.#at = back;
          args = this.#many();
        }
      } else args = this.#many();
    }
    this.#noGreater -= 1;
    for (const op of [">>", ">", "|"] as const) {
      if (!this.#accept(op)) continue;
      this.#noGreater += 1;
      const target = op === "|" ? this.#concat() : this.#concat();
      this.#noGreater -= 1;
      return { t: "print", formatted, args, to: { op, target } };
    }
    return { t: "print", formatted, args, to: null };
  }
  #many(): Expr[] {
    const list = [this.#expr()];
    while (this.#accept(",")) {
      this.#newlines();
      list.push(this.#expr());
    }
    return list;
  }
  #list(close: string): Expr[] {
    const list: Expr[] = [];
    this.#newlines();
    while (!this.#is(close)) {
      list.push(this.#free(() => this.#expr()));
      this.#newlines();
      if (!this.#accept(",")) break;
      this.#newlines();
    }
    this.#expect(close);
    return list;
  }
  /** Inside brackets the limits of `print` and `for` do not hold. */
  #free<T>(read: () => T): T {
    const [greater, inside] = [this.#noGreater, this.#noIn];
    this.#noGreater = 0;
    this.#noIn = 0;
    const made = read();
    this.#noGreater = greater;
    this.#noIn = inside;
    return made;
  }

  // --- expressions, the loosest first ---

  #expr(): Expr {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX) throw new AwkFault("nested too deeply");
    const left = this.#choice();
    let made = left;
    const { text } = this.#token;
    if (this.#token.kind === "op" && ["=", "+=", "-=", "*=", "/=", "%=", "^="].includes(text) && isTarget(left)) {
      this.#at += 1;
      this.#newlines();
      made = { t: "assign", op: text.slice(0, -1), target: left, value: this.#expr() };
    }
    this.#depth -= 1;
    return made;
  }
  #choice(): Expr {
    const test = this.#or();
    if (!this.#accept("?")) return test;
    this.#newlines();
    const yes = this.#expr();
    this.#newlines();
    this.#expect(":");
    this.#newlines();
    return { t: "choice", test, yes, no: this.#expr() };
  }
  #or(): Expr {
    let left = this.#and();
    while (this.#accept("||")) {
      this.#newlines();
      left = { t: "or", left, right: this.#and() };
    }
    return left;
  }
  #and(): Expr {
    let left = this.#in();
    while (this.#accept("&&")) {
      this.#newlines();
      left = { t: "and", left, right: this.#in() };
    }
    return left;
  }
  #in(): Expr {
    let left = this.#match();
    while (this.#noIn === 0 && this.#is("in")) {
      this.#at += 1;
      const name = this.#token.text;
      this.#at += 1;
      left = { t: "in", name, keys: [left] };
    }
    return left;
  }
  #match(): Expr {
    let left = this.#comparison();
    while (this.#is("~") || this.#is("!~")) {
      const negated = this.#token.text === "!~";
      this.#at += 1;
      left = { t: "match", negated, left, right: this.#comparison() };
    }
    return left;
  }
  #comparison(): Expr {
    const left = this.#concat();
    const { text, kind } = this.#token;
    if (kind === "op" && (["<", "<=", "==", "!=", ">="].includes(text) || (text === ">" && this.#noGreater === 0))) {
      this.#at += 1;
      const made: Expr = { t: "binary", op: text, left, right: this.#concat() };
      return made;
    }
    return this.#piped(left);
  }
  /** `"command" | getline` */
  #piped(first: Expr): Expr {
    let left = first;
    while (this.#is("|") && this.#tokens[this.#at + 1]?.text === "getline" && this.#tokens[this.#at + 1]?.kind === "key") {
      this.#at += 2;
      left = { t: "getline", from: "command", source: left, target: this.#target() };
    }
    return left;
  }
  #target(): Expr | null {
    if (this.#token.kind === "name" || this.#is("$")) return this.#postfixTarget();
    return null;
  }
  #postfixTarget(): Expr {
    if (this.#accept("$")) return { t: "field", of: this.#primary() };
    const name = this.#token.text;
    this.#at += 1;
    if (this.#accept("[")) return { t: "index", name, keys: this.#list("]") };
    return { t: "var", name };
  }
  #concat(): Expr {
    let left = this.#sum();
    for (;;) {
      const { kind, text } = this.#token;
      const starts = kind === "num" || kind === "str" || kind === "regex" || kind === "name" || kind === "func" || kind === "builtin" || (kind === "op" && ["(", "$", "++", "--"].includes(text));
      if (!starts) return left;
      left = { t: "binary", op: " ", left, right: this.#sum() };
    }
  }
  #sum(): Expr {
    let left = this.#product();
    while (this.#is("+") || this.#is("-")) {
      const op = this.#token.text;
      this.#at += 1;
      left = { t: "binary", op, left, right: this.#product() };
    }
    return left;
  }
  #product(): Expr {
    let left = this.#unary();
    while (this.#is("*") || this.#is("/") || this.#is("%")) {
      const op = this.#token.text;
      this.#at += 1;
      left = { t: "binary", op, left, right: this.#unary() };
    }
    return left;
  }
  #unary(): Expr {
    if (this.#is("!") || this.#is("-") || this.#is("+")) {
      const op = this.#token.text;
      this.#at += 1;
      return { t: "unary", op, of: this.#unary() };
    }
    return this.#power();
  }
  #power(): Expr {
    const left = this.#postfix();
    if (!this.#accept("^")) return left;
    const right: Expr = this.#is("-") || this.#is("+") || this.#is("!") ? this.#unary() : this.#power();
    return { t: "binary", op: "^", left, right };
  }
  #postfix(): Expr {
    if (this.#is("++") || this.#is("--")) {
      const by = this.#token.text === "++" ? 1 : -1;
      this.#at += 1;
      return { t: "step", by, before: true, target: this.#primary() };
    }
    const left = this.#primary();
    if (isTarget(left) && (this.#is("++") || this.#is("--"))) {
      const by = this.#token.text === "++" ? 1 : -1;
      this.#at += 1;
      return { t: "step", by, before: false, target: left };
    }
    return left;
  }
  #primary(): Expr {
    const token = this.#token;
    this.#at += 1;
    switch (token.kind) {
      case "num": return { t: "num", value: token.value! };
      case "str": return { t: "str", value: token.text };
      case "regex": return { t: "regex", source: token.text };
      case "name":
        if (this.#accept("[")) return { t: "index", name: token.text, keys: this.#list("]") };
        return { t: "var", name: token.text };
      case "func":
        this.#expect("(");
        return { t: "call", name: token.text, args: this.#list(")") };
      case "builtin": {
        if (this.#is("(")) {
          this.#at += 1;
          return { t: "builtin", name: token.text, args: this.#list(")") };
        }
        if (token.text !== "length") {
          this.#at -= 1;
          this.#fail();
        }
        return { t: "builtin", name: "length", args: [] };
      }
      case "key":
        if (token.text === "getline") {
          const target = this.#target();
          if (this.#accept("<")) return { t: "getline", from: "file", source: this.#primary(), target };
          return { t: "getline", from: "main", source: null, target };
        }
        break;
      case "op":
        if (token.text === "$") {
          if (this.#is("++") || this.#is("--")) return { t: "field", of: this.#postfix() };
          if (this.#is("-")) return { t: "field", of: this.#unary() };
          return { t: "field", of: this.#primary() };
        }
        if (token.text === "-" || token.text === "+" || token.text === "!") return { t: "unary", op: token.text, of: this.#unary() };
        if (token.text === "(") {
          const list = this.#list(")");
          if (list.length === 1) return { t: "group", of: list[0]! };
          if (list.length > 1 && this.#is("in")) {
            this.#at += 1;
            const name = this.#token.text;
            this.#at += 1;
            return { t: "in", name, keys: list };
          }
        }
        break;
    }
    this.#at -= 1;
    return this.#fail();
  }
}
const isTarget = (expr: Expr): boolean => expr.t === "var" || expr.t === "field" || expr.t === "index";
