type Token = { type: "number"; value: number } | { type: "op"; value: string };
function tokenize(text: string): Token[] {
  return [...text.matchAll(/\s*(?:(\d+\.?\d*)|(.))/g)].filter(([all]) => all.trim()).map(([, n, op]): Token => (n !== undefined ? { type: "number", value: Number(n) } : { type: "op", value: op! }));
}
class Parser {
  private at = 0;
  constructor(private readonly tokens: readonly Token[]) {}
  private is(...ops: string[]): boolean { const t = this.tokens[this.at]; return t?.type === "op" && ops.includes(t.value); }
  private next(): Token { const t = this.tokens[this.at++]; if (!t) throw new SyntaxError("unexpected end"); return t; }
  expression(): number { let left = this.term(); while (this.is("+", "-")) left = this.next().value === "+" ? left + this.term() : left - this.term(); return left; }
  private term(): number { let left = this.factor(); while (this.is("*", "/")) left = this.next().value === "*" ? left * this.factor() : left / this.factor(); return left; }
  private factor(): number {
    if (this.is("-")) { this.next(); return -this.factor(); }
    if (this.is("(")) { this.next(); const v = this.expression(); if (!this.is(")")) throw new SyntaxError("expected )"); this.next(); return v; }
    const t = this.next(); if (t.type !== "number") throw new SyntaxError(`unexpected ${t.value}`); return t.value;
  }
}
for (const text of ["1 + 2 * 3", "(1 + 2) * 3", "-4 / (2 - 1)", "2 * (3", "+"]) { try { console.log(text, "=", new Parser(tokenize(text)).expression()); } catch (e) { console.log(text, "!", (e as Error).message); } }
