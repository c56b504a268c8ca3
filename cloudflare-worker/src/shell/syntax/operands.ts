/** Reads what stands around the words of a command: redirections, assignments, aliases in the place of their names. */
import type { ArrayItem, Assignment, Redirection } from "./ast.js";
import { Conditions } from "./conditions.js";
import { literal } from "./pieces.js";

const REDIRECTIONS = ["&>>", "<<<", "<<-", "&>", ">>", ">|", "<<", "<&", ">&", "<>", "<", ">"];
const ASSIGNMENT = /[A-Za-z_][A-Za-z0-9_]*(?=\+?=|\[)/y;

export abstract class Operands extends Conditions {
  protected redirections(into: Redirection[]): boolean {
    let any = false;
    for (;;) {
      this.blanks();
      const head = /(\d+|\{[A-Za-z_][A-Za-z0-9_]*\})?(?=[<>])|(?=&>)/y;
      head.lastIndex = this.i;
      const found = head.exec(this.s);
      if (found === null) return any;
      const at = this.i + found[0].length;
      const op = REDIRECTIONS.find((candidate) => this.s.startsWith(candidate, at));
      if (op === undefined || (op.length === 1 && this.s[at + 1] === "(" )) return any;
      this.i = at + op.length;
      const redirection: Redirection = { op: op === "<<-" ? "<<" : (op as Redirection["op"]), target: literal("") };
      if (found[1]?.startsWith("{")) redirection.variable = found[1].slice(1, -1);
      else if (found[1] !== undefined) redirection.fd = Number(found[1]);
      if (op === "<<" || op === "<<-") redirection.target = this.heredoc(op === "<<-");
      else {
        this.blanks();
        redirection.target = this.word();
        if (redirection.target.parts.length === 0) this.fail(this.token());
      }
      into.push(redirection);
      any = true;
    }
  }

  protected assignment(): Assignment | null {
    ASSIGNMENT.lastIndex = this.i;
    const name = ASSIGNMENT.exec(this.s)?.[0];
    if (name === undefined) return null;
    const start = this.i;
    this.i += name.length;
    const assignment: Assignment = { name, append: false };
    if (this.s[this.i] === "[") {
      const index = this.index();
      if (typeof index === "string") {
        this.i = start;
        return null;
      }
      assignment.index = index;
    }
    if (this.s.startsWith("+=", this.i)) {
      assignment.append = true;
      this.i += 2;
    } else if (this.s[this.i] === "=") this.i += 1;
    else {
      this.i = start;
      return null;
    }
    if (this.s[this.i] === "(" && assignment.index === undefined) {
      this.i += 1;
      assignment.items = this.#items2();
    } else assignment.value = this.word();
    return assignment;
  }

  #items2(): ArrayItem[] {
    const items: ArrayItem[] = [];
    for (;;) {
      this.newlines();
      if (this.s[this.i] === ")") break;
      if (this.i >= this.s.length) this.unclosed(")", this.line);
      if (this.s[this.i] === "[") {
        const start = this.i;
        const index = this.index();
        const append = this.s[this.i] === "+";
        if (typeof index !== "string" && this.s[this.i + (append ? 1 : 0)] === "=") {
          this.i += append ? 2 : 1;
          items.push({ index, append, value: this.word() });
          continue;
        }
        this.i = start;
      }
      const value = this.word();
      if (value.parts.length === 0) this.fail(this.token());
      items.push({ value });
    }
    this.i += 1;
    return items;
  }

  /** Puts an alias's text in the place of its name. */
  #expanding = new Set<string>();
  #aliasEnd = 0;
  protected aliased(): boolean {
    const match = /[^\s|&;()<>"'\\$`]+/y;
    match.lastIndex = this.i;
    const name = match.exec(this.s)?.[0];
    if (name === undefined) return false;
    if (this.i >= this.#aliasEnd) this.#expanding.clear();
    const text = this.#expanding.has(name) ? undefined : this.dialect.alias(name);
    if (text === undefined) return false;
    this.s = this.s.slice(0, this.i) + text + this.s.slice(this.i + name.length);
    this.#expanding.add(name);
    this.#aliasEnd = this.i + text.length;
    return true;
  }
}
