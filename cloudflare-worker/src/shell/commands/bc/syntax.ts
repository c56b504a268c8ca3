/** Reads bc programs. */

export class BcFault extends Error {}

export type Expr =
  | { t: "num"; text: string }
  | { t: "str"; text: string }
  | { t: "var"; name: string }
  | { t: "item"; name: string; index: Expr }
  | { t: "binary"; op: string; left: Expr; right: Expr }
  | { t: "unary"; op: string; of: Expr }
  | { t: "assign"; op: string; target: Expr; value: Expr }
  | { t: "step"; op: string; before: boolean; target: Expr }
  | { t: "call"; name: string; args: (Expr | { t: "array"; name: string })[] }
  | { t: "paren"; of: Expr };
export type Stmt =
  | { t: "expr"; expr: Expr }
  | { t: "print"; list: Expr[] }
  | { t: "if"; test: Expr; yes: Stmt; no: Stmt | null }
  | { t: "while"; test: Expr; body: Stmt }
  | { t: "for"; init: Expr | null; test: Expr | null; step: Expr | null; body: Stmt }
  | { t: "block"; list: Stmt[] }
  | { t: "return"; value: Expr | null }
  | { t: "break" | "continue" | "quit" };
export interface Func {
  params: { name: string; array: boolean }[];
  autos: { name: string; array: boolean }[];
  body: Stmt[];
}

const TOKEN = /(?:([a-z][a-z0-9_]*)|"([^"]*)"|(\^=|\+=|-=|\*=|\/=|%=|==|!=|<=|>=|&&|\|\||\+\+|--|[-+*/%^=<>!(){}[\];,.\n]))/y;

export class Reader {
  readonly #tokens: { kind: "num" | "name" | "str" | "op" | "end"; text: string }[] = [];
  #at = 0;
  readonly functions: Map<string, Func>;
  constructor(source: string, functions: Map<string, Func>) {
    this.functions = functions;
    const text = source.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/#[^\n]*/g, "").replace(/\\\n/g, "");
    let at = 0;
    while (at < text.length) {
      const blank = /[ \t\r]+/y;
      blank.lastIndex = at;
      at += blank.exec(text)?.[0].length ?? 0;
      if (at >= text.length) break;
      TOKEN.lastIndex = at;
      const number = /(?:[\dA-F]+\.?[\dA-F]*|\.[\dA-F]+)/y;
      number.lastIndex = at;
      const digits = number.exec(text)?.[0];
      if (text[at] === "\n") {
        this.#tokens.push({ kind: "op", text: "\n" });
        at += 1;
        continue;
      }
      if (digits !== undefined) {
        this.#tokens.push({ kind: "num", text: digits });
        at += digits.length;
        continue;
      }
      const found = TOKEN.exec(text);
      if (found === null) throw new BcFault(`illegal character: ${text[at]}`);
      at = TOKEN.lastIndex;
      const [, name, string, op] = found;
      this.#tokens.push(name !== undefined ? { kind: "name", text: name } : string !== undefined ? { kind: "str", text: string } : { kind: "op", text: op! });
    }
    this.#tokens.push({ kind: "end", text: "" });
  }
  get #token() {
    return this.#tokens[this.#at]!;
  }
  #is(text: string): boolean {
    return (this.#token.kind === "op" || this.#token.kind === "name") && this.#token.text === text;
  }
  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }
  #expect(text: string): void {
    if (!this.#accept(text)) throw new BcFault("syntax error");
  }
  #lines(): void {
    while (this.#is("\n")) this.#at += 1;
  }
  /** The next statement; null at the end. After a syntax error the rest of its line is gone. */
  next(): Stmt | null {
    while (this.#is("\n") || this.#is(";")) this.#at += 1;
    if (this.#token.kind === "end") return null;
    if (this.#accept("define")) {
      this.#define();
      return { t: "block", list: [] };
    }
    return this.#statement();
  }
  skip(): void {
    while (this.#token.kind !== "end" && !this.#is("\n")) this.#at += 1;
  }
  #names(close: string): { name: string; array: boolean }[] {
    const list: { name: string; array: boolean }[] = [];
    while (this.#token.kind === "name" || this.#is("*")) {
      this.#accept("*");
      const { text } = this.#token;
      this.#at += 1;
      const array = this.#accept("[");
      if (array) this.#expect("]");
      list.push({ name: text, array });
      if (!this.#accept(",")) break;
    }
    if (close !== "") this.#expect(close);
    return list;
  }
  #define(): void {
    const name = this.#token.text;
    this.#at += 1;
    this.#expect("(");
    const params = this.#names(")");
    this.#lines();
    this.#expect("{");
    this.#lines();
    const autos: { name: string; array: boolean }[] = [];
    while (this.#accept("auto")) {
      autos.push(...this.#names(""));
      while (this.#is("\n") || this.#is(";")) this.#at += 1;
    }
    this.functions.set(name, { params, autos, body: this.#until() });
  }
  #until(): Stmt[] {
    const list: Stmt[] = [];
    for (;;) {
      while (this.#is("\n") || this.#is(";")) this.#at += 1;
      if (this.#accept("}")) return list;
      if (this.#token.kind === "end") throw new BcFault("syntax error");
      list.push(this.#statement());
    }
  }
  #statement(): Stmt {
    if (this.#accept("{")) return { t: "block", list: this.#until() };
    if (this.#accept("if")) {
      this.#expect("(");
      const test = this.#expr();
      this.#expect(")");
      this.#lines();
      const yes = this.#statement();
      const back = this.#at;
      while (this.#is("\n") || this.#is(";")) this.#at += 1;
      if (this.#accept("else")) {
        this.#lines();
        return { t: "if", test, yes, no: this.#statement() };
      }
      this.#at = back;
      return { t: "if", test, yes, no: null };
    }
    if (this.#accept("while")) {
      this.#expect("(");
      const test = this.#expr();
      this.#expect(")");
      this.#lines();
      return { t: "while", test, body: this.#statement() };
    }
    if (this.#accept("for")) {
      this.#expect("(");
      const init = this.#is(";") ? null : this.#expr();
      this.#expect(";");
      const test = this.#is(";") ? null : this.#expr();
      this.#expect(";");
      const step = this.#is(")") ? null : this.#expr();
      this.#expect(")");
      this.#lines();
      return { t: "for", init, test, step, body: this.#statement() };
    }
    if (this.#accept("print")) {
      const list = [this.#expr()];
      while (this.#accept(",")) list.push(this.#expr());
      return { t: "print", list };
    }
    if (this.#accept("return")) return { t: "return", value: this.#is(";") || this.#is("\n") || this.#is("}") ? null : this.#expr() };
    for (const word of ["break", "continue", "quit"] as const) if (this.#accept(word)) return { t: word };
    if (this.#accept("halt")) return { t: "quit" };
    const expr = this.#expr();
    if (!this.#is("\n") && !this.#is(";") && !this.#is("}") && !this.#is("else") && this.#token.kind !== "end") throw new BcFault("syntax error");
    return { t: "expr", expr };
  }
  #expr(): Expr {
    return this.#or();
  }
  #binary(ops: string[], next: () => Expr): Expr {
    let left = next();
    while (this.#token.kind === "op" && ops.includes(this.#token.text)) {
      const op = this.#token.text;
      this.#at += 1;
      left = { t: "binary", op, left, right: next() };
    }
    return left;
  }
  #or(): Expr {
    return this.#binary(["||"], () => this.#binary(["&&"], () => this.#not()));
  }
  #not(): Expr {
    if (this.#accept("!")) return { t: "unary", op: "!", of: this.#not() };
    return this.#binary(["<", "<=", ">", ">=", "==", "!="], () => this.#assign());
  }
  #assign(): Expr {
    const left = this.#sum();
    const { text, kind } = this.#token;
    if (kind === "op" && ["=", "+=", "-=", "*=", "/=", "%=", "^="].includes(text) && (left.t === "var" || left.t === "item")) {
      this.#at += 1;
      return { t: "assign", op: text.slice(0, -1), target: left, value: this.#assign() };
    }
    return left;
  }
  #sum(): Expr {
    return this.#binary(["+", "-"], () => this.#binary(["*", "/", "%"], () => this.#power()));
  }
  #power(): Expr {
    const left = this.#unary();
    return this.#accept("^") ? { t: "binary", op: "^", left, right: this.#power() } : left;
  }
  #unary(): Expr {
    if (this.#accept("-")) return { t: "unary", op: "-", of: this.#unary() };
    return this.#postfix();
  }
  #postfix(): Expr {
    for (const op of ["++", "--"]) if (this.#accept(op)) return { t: "step", op, before: true, target: this.#primary() };
    const left = this.#primary();
    for (const op of ["++", "--"]) if (this.#accept(op)) return { t: "step", op, before: false, target: left };
    return left;
  }
  #primary(): Expr {
    const token = this.#token;
    this.#at += 1;
    if (token.kind === "num") return { t: "num", text: token.text };
    if (token.kind === "str") return { t: "str", text: token.text };
    if (token.kind === "op" && token.text === "(") {
      const of = this.#expr();
      this.#expect(")");
      return { t: "paren", of };
    }
    if (token.kind === "op" && token.text === ".") return { t: "var", name: "last" };
    if (token.kind !== "name") throw new BcFault("syntax error");
    if (this.#accept("(")) {
      const args: (Expr | { t: "array"; name: string })[] = [];
      while (!this.#is(")")) {
        const next = this.#tokens[this.#at + 1];
        if (this.#token.kind === "name" && next?.text === "[" && this.#tokens[this.#at + 2]?.text === "]") {
          args.push({ t: "array", name: this.#token.text });
          this.#at += 3;
        } else args.push(this.#expr());
        if (!this.#accept(",")) break;
      }
      this.#expect(")");
      return { t: "call", name: token.text, args };
    }
    if (this.#accept("[")) {
      const index = this.#expr();
      this.#expect("]");
      return { t: "item", name: token.text, index };
    }
    return { t: "var", name: token.text };
  }
}
