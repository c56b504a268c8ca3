/** Reads jq programs into a tree. */
import { JqFault, type Value } from "./values.js";

export type Expr =
  | { t: "dot" } | { t: "recurse" } | { t: "value"; value: Value } | { t: "var"; name: string } | { t: "format"; name: string }
  | { t: "string"; parts: (string | Expr)[]; format: string | null }
  | { t: "index"; of: Expr; key: Expr } | { t: "slice"; of: Expr; from: Expr | null; to: Expr | null } | { t: "each"; of: Expr } | { t: "try"; of: Expr; rescue: Expr | null }
  | { t: "array"; of: Expr | null } | { t: "object"; entries: { key: Expr; value: Expr | null }[] }
  | { t: "pipe" | "comma" | "and" | "or" | "alternative"; left: Expr; right: Expr } | { t: "binary"; op: string; left: Expr; right: Expr } | { t: "assign"; op: string; left: Expr; right: Expr }
  | { t: "negate"; of: Expr } | { t: "if"; test: Expr; yes: Expr; no: Expr | null } | { t: "as"; of: Expr; patterns: Pattern[]; body: Expr }
  | { t: "reduce"; of: Expr; pattern: Pattern; init: Expr; update: Expr } | { t: "foreach"; of: Expr; pattern: Pattern; init: Expr; update: Expr; extract: Expr | null }
  | { t: "call"; name: string; args: Expr[] } | { t: "def"; def: Def; body: Expr } | { t: "label"; name: string; body: Expr } | { t: "break"; name: string };
export type Pattern = { t: "var"; name: string } | { t: "array"; items: Pattern[] } | { t: "object"; entries: { key: Expr; name: string | null; pattern: Pattern | null }[] };
export interface Def {
  name: string;
  params: string[];
  body: Expr;
}

interface Token {
  kind: "num" | "str" | "field" | "name" | "var" | "format" | "op" | "end";
  text: string;
  parts?: (string | Expr)[];
}
const KEYWORDS = new Set(["def", "if", "then", "elif", "else", "end", "as", "reduce", "foreach", "try", "catch", "label", "and", "or", "import", "include", "__loc__"]);
const DEPTH_MAX = 300;

function tokens(source: string): Token[] {
  const list: Token[] = [];
  let at = 0;
  const string = (): (string | Expr)[] => {
    const parts: (string | Expr)[] = [];
    let plain = "";
    at += 1;
    for (;;) {
      const char = source[at];
      if (char === undefined) throw new JqFault("syntax error: unfinished string");
      if (char === '"') break;
      if (char !== "\\") {
        plain += char;
        at += 1;
        continue;
      }
      const next = source[at + 1] ?? "";
      if (next === "(") {
        let open = 1;
        const start = at + 2;
        at = start;
        while (open > 0) {
          const inner = source[at];
          if (inner === undefined) throw new JqFault("syntax error: unfinished string");
          if (inner === '"') {
            at += 1;
            while (source[at] !== undefined && source[at] !== '"') at += source[at] === "\\" ? 2 : 1;
          } else if (inner === "(") open += 1;
          else if (inner === ")") open -= 1;
          at += 1;
        }
        parts.push(plain, parse(source.slice(start, at - 1)));
        plain = "";
        continue;
      }
      if (next === "u") {
        plain += String.fromCharCode(Number.parseInt(source.slice(at + 2, at + 6), 16));
        at += 6;
      } else {
        const made = ({ n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", "/": "/", "\\": "\\", '"': '"' } as Record<string, string>)[next];
        if (made === undefined) throw new JqFault("syntax error: bad escape in a string");
        plain += made;
        at += 2;
      }
    }
    at += 1;
    parts.push(plain);
    return parts;
  };
  const rest = /(\s+|#[^\n]*)|(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|\.([A-Za-z_]\w*)|(\$__loc__|\$[A-Za-z_][\w:]*)|(@\w+)|([A-Za-z_][\w]*(?:::\w+)*)|(\?\/\/=?|\/\/=|\|=|\+=|-=|\*=|\/=|%=|==|!=|<=|>=|\/\/|\.\.|[.[\]{}()|,:;=<>+\-*/%?])/y;
  while (at < source.length) {
    if (source[at] === '"') {
      list.push({ kind: "str", text: "", parts: string() });
      continue;
    }
    rest.lastIndex = at;
    const found = rest.exec(source);
    if (found === null) throw new JqFault(`syntax error: unexpected '${source[at]}'`);
    at = rest.lastIndex;
    const [, blank, number, field, variable, format, name, op] = found;
    if (blank !== undefined) continue;
    list.push(number !== undefined ? { kind: "num", text: number } : field !== undefined ? { kind: "field", text: field } : variable !== undefined ? { kind: "var", text: variable.slice(1) } : format !== undefined ? { kind: "format", text: format } : name !== undefined ? { kind: "name", text: name } : { kind: "op", text: op! });
  }
  list.push({ kind: "end", text: "end of input" });
  return list;
}

export function parse(source: string): Expr {
  return new Parser(tokens(source)).whole();
}
export function definitions(source: string): Def[] {
  return new Parser(tokens(source)).defs();
}

const BINARY: Readonly<Record<string, number>> = { "//": 2, "=": 3, "|=": 3, "+=": 3, "-=": 3, "*=": 3, "/=": 3, "%=": 3, "//=": 3, or: 4, and: 5, "==": 6, "!=": 6, "<": 6, "<=": 6, ">": 6, ">=": 6, "+": 7, "-": 7, "*": 8, "/": 8, "%": 8 };

class Parser {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;
  constructor(list: Token[]) {
    this.#tokens = list;
  }
  get #token(): Token {
    return this.#tokens[this.#at]!;
  }
  #fail(): never {
    throw new JqFault(`syntax error: unexpected ${this.#token.kind === "end" ? "end of the program" : `'${this.#token.text}'`}`);
  }
  #is(text: string): boolean {
    const { kind, text: own } = this.#token;
    return own === text && (kind === "op" || kind === "name");
  }
  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }
  #expect(text: string): void {
    if (!this.#accept(text)) this.#fail();
  }
  whole(): Expr {
    const expr: Expr = this.#token.kind === "end" ? { t: "dot" } : this.#pipe();
    if (this.#token.kind !== "end") this.#fail();
    return expr;
  }
  defs(): Def[] {
    const list: Def[] = [];
    while (this.#token.kind !== "end") list.push(this.#def());
    return list;
  }
  #def(): Def {
    this.#expect("def");
    const name = this.#token.text;
    this.#at += 1;
    const params: string[] = [];
    if (this.#accept("(")) {
      do {
        params.push(this.#token.kind === "var" ? `$${this.#token.text}` : this.#token.text);
        this.#at += 1;
      } while (this.#accept(";"));
      this.#expect(")");
    }
    this.#expect(":");
    const body = this.#pipe();
    this.#expect(";");
    return { name, params, body };
  }
  #pipe(): Expr {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new JqFault("the program is nested too deeply");
    const made = this.#pipeInner();
    this.#depth -= 1;
    return made;
  }
  #pipeInner(): Expr {
    if (this.#is("def")) {
      const def = this.#def();
      return { t: "def", def, body: this.#pipe() };
    }
    if (this.#accept("label")) {
      const name = this.#token.text;
      this.#at += 1;
      this.#expect("|");
      return { t: "label", name, body: this.#pipe() };
    }
    const left = this.#comma();
    if (this.#accept("as")) {
      const patterns = [this.#pattern()];
      while (this.#accept("?//")) patterns.push(this.#pattern());
      this.#expect("|");
      return { t: "as", of: left, patterns, body: this.#pipe() };
    }
    return this.#accept("|") ? { t: "pipe", left, right: this.#pipe() } : left;
  }
  #comma(): Expr {
    let left = this.#binary(2);
    while (this.#accept(",")) left = { t: "comma", left, right: this.#binary(2) };
    return left;
  }
  #binary(least: number): Expr {
    let left = this.#postfix();
    for (;;) {
      const { text, kind } = this.#token;
      const precedence = kind === "op" || text === "and" || text === "or" ? BINARY[text] : undefined;
      if (precedence === undefined || precedence < least) return left;
      this.#at += 1;
      const right = this.#binary(text === "//" ? precedence : precedence + 1);
      if (text === "//") left = { t: "alternative", left, right };
      else if (text === "and" || text === "or") left = { t: text, left, right };
      else if (precedence === 3) left = { t: "assign", op: text.slice(0, -1), left, right };
      else left = { t: "binary", op: text, left, right };
    }
  }
  #pattern(): Pattern {
    if (this.#token.kind === "var") {
      this.#at += 1;
      return { t: "var", name: this.#tokens[this.#at - 1]!.text };
    }
    if (this.#accept("[")) {
      const items = [this.#pattern()];
      while (this.#accept(",")) items.push(this.#pattern());
      this.#expect("]");
      return { t: "array", items };
    }
    this.#expect("{");
    const entries: { key: Expr; name: string | null; pattern: Pattern | null }[] = [];
    do {
      const token = this.#token;
      let key: Expr;
      let name: string | null = null;
      if (token.kind === "var") {
        name = token.text;
        key = { t: "value", value: token.text };
        this.#at += 1;
      } else if (this.#accept("(")) {
        key = this.#pipe();
        this.#expect(")");
      } else {
        key = token.kind === "str" ? this.#string(null) : { t: "value", value: token.text };
        if (token.kind !== "str") this.#at += 1;
      }
      entries.push({ key, name, pattern: this.#accept(":") ? this.#pattern() : null });
    } while (this.#accept(","));
    this.#expect("}");
    return { t: "object", entries };
  }
  #string(format: string | null): Expr {
    const { parts } = this.#token;
    this.#at += 1;
    return parts!.length === 1 ? { t: "value", value: parts![0] as string } : { t: "string", parts: parts!, format };
  }
  #postfix(): Expr {
    let made = this.#primary();
    for (;;) {
      const token = this.#token;
      if (token.kind === "field") {
        this.#at += 1;
        made = { t: "index", of: made, key: { t: "value", value: token.text } };
      } else if (this.#is(".") && (this.#tokens[this.#at + 1]?.kind === "str" || this.#tokens[this.#at + 1]?.text === "[")) {
        this.#at += 1;
        if (this.#token.kind === "str") made = { t: "index", of: made, key: this.#string(null) };
      } else if (this.#is("[")) {
        this.#at += 1;
        made = this.#bracket(made);
      } else if (this.#accept("?")) made = { t: "try", of: made, rescue: null };
      else return made;
    }
  }
  #bracket(of: Expr): Expr {
    if (this.#accept("]")) return { t: "each", of };
    if (this.#accept(":")) {
      const to = this.#pipe();
      this.#expect("]");
      return { t: "slice", of, from: null, to };
    }
    const key = this.#pipe();
    if (this.#accept(":")) {
      const to = this.#is("]") ? null : this.#pipe();
      this.#expect("]");
      return { t: "slice", of, from: key, to };
    }
    this.#expect("]");
    return { t: "index", of, key };
  }
  #primary(): Expr {
    const token = this.#token;
    if (token.kind === "str") return this.#string(null);
    this.#at += 1;
    switch (token.kind) {
      case "num": return { t: "value", value: Number(token.text) };
      case "field": return { t: "index", of: { t: "dot" }, key: { t: "value", value: token.text } };
      case "var": return { t: "var", name: token.text };
      case "format":
        if (this.#token.kind === "str") return this.#string(token.text);
        return { t: "format", name: token.text };
      case "op":
        switch (token.text) {
          case ".":
            if (this.#token.kind === "str") return { t: "index", of: { t: "dot" }, key: this.#string(null) };
            return { t: "dot" };
          case "..": return { t: "recurse" };
          case "-": return { t: "negate", of: this.#postfix() };
          case "(": {
            const of = this.#pipe();
            this.#expect(")");
            return of;
          }
          case "[": {
            if (this.#accept("]")) return { t: "array", of: null };
            const of = this.#pipe();
            this.#expect("]");
            return { t: "array", of };
          }
          case "{": return this.#object();
        }
        break;
      case "name":
        if (!KEYWORDS.has(token.text)) {
          if (token.text === "break" && this.#token.kind === "var") {
            this.#at += 1;
            return { t: "break", name: this.#tokens[this.#at - 1]!.text };
          }
          const args: Expr[] = [];
          if (this.#accept("(")) {
            do args.push(this.#pipe()); while (this.#accept(";"));
            this.#expect(")");
          }
          return { t: "call", name: token.text, args };
        }
        if (token.text === "if") return this.#if();
        if (token.text === "try") {
          const of = this.#postfix();
          return { t: "try", of, rescue: this.#accept("catch") ? this.#postfix() : null };
        }
        if (token.text === "reduce" || token.text === "foreach") {
          const of = this.#postfix();
          this.#expect("as");
          const pattern = this.#pattern();
          this.#expect("(");
          const init = this.#pipe();
          this.#expect(";");
          const update = this.#pipe();
          const extract = token.text === "foreach" && this.#accept(";") ? this.#pipe() : null;
          this.#expect(")");
          return token.text === "reduce" ? { t: "reduce", of, pattern, init, update } : { t: "foreach", of, pattern, init, update, extract };
        }
        if (token.text === "def") {
          this.#at -= 1;
          return this.#pipe();
        }
    }
    this.#at -= 1;
    return this.#fail();
  }
  #if(): Expr {
    const test = this.#pipe();
    this.#expect("then");
    const yes = this.#pipe();
    if (this.#accept("elif")) return { t: "if", test, yes, no: this.#if() };
    const no = this.#accept("else") ? this.#pipe() : null;
    this.#expect("end");
    return { t: "if", test, yes, no };
  }
  #object(): Expr {
    const entries: { key: Expr; value: Expr | null }[] = [];
    while (!this.#is("}")) {
      const token = this.#token;
      let key: Expr;
      let short: Expr | null = null;
      if (token.kind === "var") {
        this.#at += 1;
        key = { t: "value", value: token.text };
        short = { t: "var", name: token.text };
      } else if (this.#accept("(")) {
        key = this.#pipe();
        this.#expect(")");
      } else if (token.kind === "str") key = this.#string(null);
      else if (token.kind === "format") {
        this.#at += 1;
        key = this.#token.kind === "str" ? this.#string(token.text) : { t: "format", name: token.text };
      } else {
        if (token.kind !== "name" && token.kind !== "num") this.#fail();
        this.#at += 1;
        key = { t: "value", value: token.text };
      }
      if (this.#accept(":")) {
        let value = this.#objectValue();
        while (this.#accept("|")) value = { t: "pipe", left: value, right: this.#objectValue() };
        entries.push({ key, value });
      } else entries.push({ key, value: short });
      if (!this.#accept(",")) break;
    }
    this.#expect("}");
    return { t: "object", entries };
  }
  #objectValue(): Expr {
    return this.#binary(2);
  }
}
