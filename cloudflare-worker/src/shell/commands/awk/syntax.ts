/** Reads the rules, functions and statements of awk programs into a tree. What the tree does is run.ts. */
import { ExpressionParser, NESTING_MAX } from "./expressions.js";
import { AwkFault, tokens } from "./tokens.js";
import type { AwkProgram, Expr, Rule, Stmt } from "./tree.js";

export function parse(source: string): AwkProgram {
  return new AwkParser(tokens(source)).program();
}

class AwkParser extends ExpressionParser {
  program(): AwkProgram {
    const made: AwkProgram = { rules: [], functions: new Map() };
    for (this.ends(); this.token.kind !== "eof"; this.ends()) {
      if (this.accept("function")) {
        const name = this.token.text;
        if (this.token.kind !== "name" && this.token.kind !== "func") this.fail();
        this.at += 1;
        this.expect("(");
        const params: string[] = [];
        while (!this.is(")")) {
          if (this.token.kind !== "name") this.fail();
          params.push(this.token.text);
          this.at += 1;
          if (!this.accept(",")) break;
          this.newlines();
        }
        this.expect(")");
        this.newlines();
        made.functions.set(name, { name, params, body: this.#block(), arrays: new Set(), waits: false });
        continue;
      }
      const rule: Rule = { kind: "rule", from: null, to: null, body: null, open: false };
      if (this.accept("BEGIN")) rule.kind = "BEGIN";
      else if (this.accept("END")) rule.kind = "END";
      else if (!this.is("{")) {
        rule.from = this.expr();
        if (this.accept(",")) {
          this.newlines();
          rule.to = this.expr();
        }
      }
      if (this.is("{")) rule.body = this.#block();
      else if (rule.kind !== "rule") this.fail();
      made.rules.push(rule);
    }
    return made;
  }

  #block(): Stmt {
    this.expect("{");
    const list: Stmt[] = [];
    for (this.ends(); !this.is("}"); this.ends()) {
      if (this.token.kind === "eof") this.fail();
      list.push(this.#statement());
    }
    this.expect("}");
    return { t: "block", list };
  }
  /** The body of `if`, `for`, `while`: perhaps on the next line, perhaps empty. */
  #body(): Stmt {
    this.newlines();
    if (this.accept(";")) return { t: "block", list: [] };
    return this.#statement();
  }
  #end(): void {
    if (this.is("}") || this.token.kind === "eof") return;
    if (this.token.kind === "nl" || this.is(";")) {
      this.at += 1;
      return;
    }
    this.fail();
  }
  #statement(): Stmt {
    this.depth += 1;
    if (this.depth > NESTING_MAX) throw new AwkFault("nested too deeply");
    const statement = this.#inner();
    this.depth -= 1;
    return statement;
  }
  #inner(): Stmt {
    if (this.is("{")) return this.#block();
    if (this.accept("if")) {
      this.expect("(");
      const test = this.free(() => this.expr());
      this.expect(")");
      const yes = this.#body();
      const back = this.at;
      this.ends();
      if (this.accept("else")) return { t: "if", test, yes, no: this.#body() };
      this.at = back;
      return { t: "if", test, yes, no: null };
    }
    if (this.accept("while")) {
      this.expect("(");
      const test = this.free(() => this.expr());
      this.expect(")");
      return { t: "while", test, body: this.#body(), first: false };
    }
    if (this.accept("do")) {
      const body = this.#body();
      this.ends();
      this.expect("while");
      this.expect("(");
      const test = this.free(() => this.expr());
      this.expect(")");
      this.#end();
      return { t: "while", test, body, first: true };
    }
    if (this.accept("for")) return this.#for();
    const statement = this.#simple();
    this.#end();
    return statement;
  }
  #for(): Stmt {
    this.expect("(");
    const [name, word, array, close] = [this.token, this.tokens[this.at + 1], this.tokens[this.at + 2], this.tokens[this.at + 3]];
    if (name.kind === "name" && word?.text === "in" && array?.kind === "name" && close?.text === ")") {
      this.at += 4;
      return { t: "forin", name: name.text, array: array.text, body: this.#body() };
    }
    const init = this.is(";") ? null : this.#simple();
    this.expect(";");
    this.newlines();
    const test = this.is(";") ? null : this.expr();
    this.expect(";");
    this.newlines();
    const step = this.is(")") ? null : this.#simple();
    this.expect(")");
    return { t: "for", init, test, step, body: this.#body() };
  }
  #simple(): Stmt {
    const { text, kind } = this.token;
    if (kind === "key") {
      switch (text) {
        case "next":
        case "nextfile":
        case "break":
        case "continue":
          this.at += 1;
          return { t: text };
        case "exit":
        case "return": {
          this.at += 1;
          const none = this.token.kind === "nl" || this.is(";") || this.is("}");
          return { t: text, value: none ? null : this.expr() };
        }
        case "delete": {
          this.at += 1;
          const name = this.token.text;
          this.at += 1;
          if (!this.accept("[")) return { t: "delete", name, keys: null };
          const keys = this.list("]");
          return { t: "delete", name, keys };
        }
        case "print":
        case "printf": return this.#print(text === "printf");
      }
    }
    return { t: "expr", expr: this.expr() };
  }
  #print(formatted: boolean): Stmt {
    this.at += 1;
    let args: Expr[] = [];
    const none = (): boolean => this.token.kind === "nl" || this.is(";") || this.is("}") || this.is(">") || this.is(">>") || this.is("|");
    this.noGreater += 1;
    if (!none()) {
      if (this.is("(")) {
        // `print (a, b)` or `print (a) b`.
        const back = this.at;
        this.at += 1;
        const inside = this.free(() => this.list(")"));
        if (none() || this.token.kind === "eof") args = inside;
        else {
          this.at = back;
          args = this.#many();
        }
      } else args = this.#many();
    }
    this.noGreater -= 1;
    for (const op of [">>", ">", "|"] as const) {
      if (!this.accept(op)) continue;
      this.noGreater += 1;
      const target = op === "|" ? this.concat() : this.concat();
      this.noGreater -= 1;
      return { t: "print", formatted, args, to: { op, target } };
    }
    return { t: "print", formatted, args, to: null };
  }
  #many(): Expr[] {
    const list = [this.expr()];
    while (this.accept(",")) {
      this.newlines();
      list.push(this.expr());
    }
    return list;
  }
}
