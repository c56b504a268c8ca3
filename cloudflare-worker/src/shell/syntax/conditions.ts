/** Reads what stands between `[[` and `]]`. */
import type { Test } from "./ast.js";
import { Scanner } from "./scanner.js";
import { SyntaxFault } from "./source.js";

const TEST_UNARY = /^-[abcdefghknoprstuvwxzGLNORS]$/;
const TEST_BINARY = new Set(["=", "==", "!=", "=~", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"]);

export abstract class Conditions extends Scanner {
  protected testFault(): never {
    const token = this.token();
    const { line } = this;
    const start = this.s.lastIndexOf("\n", this.i - 1) + 1;
    const end = this.s.indexOf("\n", this.i);
    throw new SyntaxFault(token === "" ? "unexpected EOF while looking for `]]'" : `syntax error in conditional expression: unexpected token \`${token}'`, line, this.s.slice(start, end < 0 ? undefined : end));
  }
  protected testOr(): Test {
    let left = this.#testAnd();
    for (this.newlines(); this.s.startsWith("||", this.i); this.newlines()) {
      this.i += 2;
      left = { op: "or", left, right: this.#testAnd() };
    }
    return left;
  }
  #testAnd(): Test {
    let left = this.#testNot();
    for (this.newlines(); this.s.startsWith("&&", this.i); this.newlines()) {
      this.i += 2;
      left = { op: "and", left, right: this.#testNot() };
    }
    return left;
  }
  #testNot(): Test {
    this.newlines();
    if (this.s[this.i] === "!" && /[\s(]/.test(this.s[this.i + 1] ?? "")) {
      this.i += 1;
      return { op: "not", test: this.#testNot() };
    }
    if (this.s[this.i] === "(") {
      this.i += 1;
      const test = this.testOr();
      this.newlines();
      if (this.s[this.i] !== ")") this.testFault();
      this.i += 1;
      return test;
    }
    if (this.s.startsWith("]]", this.i)) this.testFault();
    const left = this.word("", true);
    if (left.parts.length === 0) this.testFault();
    this.newlines();
    if (left.plain !== undefined && TEST_UNARY.test(left.plain) && left.parts[0]!.t === "lit" && !this.s.startsWith("]]", this.i) && !"&|)".includes(this.s[this.i] ?? ")")) {
      const follow = /(?:=~|==?|!=|<|>|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef))\s/y;
      follow.lastIndex = this.i;
      if (!follow.test(this.s)) return { op: "unary", name: left.plain, word: this.word("", true) };
    }
    const match = /(?:=~|==?|!=|<|>|-[a-z]{2}(?=\s))/y;
    match.lastIndex = this.i;
    const name = match.exec(this.s)?.[0];
    if (name === undefined || !TEST_BINARY.has(name)) return { op: "word", word: left };
    this.i += name.length;
    this.newlines();
    const right = name === "=~" ? this.word("", false, true) : this.word("", true);
    if (right.parts.length === 0) this.testFault();
    return { op: "binary", name, left, right };
  }
}
