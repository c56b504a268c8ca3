/** Makes commands of what the scanner reads: bash's grammar, one complete line of commands at a time, as bash itself reads a script. */
import type { AndOr, Command, Compound, List, Pipeline, Redirection, Simple, Word } from "./ast.js";
import { Operands } from "./operands.js";
import { SyntaxFault } from "./source.js";

const RESERVED = new Set(["if", "then", "elif", "else", "fi", "while", "until", "for", "select", "case", "esac", "do", "done", "in", "function", "{", "}", "!", "[[", "time", "coproc"]);
const CLOSERS = new Set(["then", "elif", "else", "fi", "do", "done", "esac", "}"]);
const DECLARERS = new Set(["declare", "local", "typeset", "export", "readonly"]);

export class Parser extends Operands {
  /** The commands up to the next newline, or null at the end. */
  next(): List | null {
    this.newlines();
    if (this.i >= this.s.length) return null;
    const list = this.#items(false);
    this.blanks();
    if (this.i < this.s.length) {
      if (this.s[this.i] !== "\n") this.fail(this.token());
      this.take("\n");
    } else this.heredocBodies();
    return list;
  }

  /** A whole text, as the inside of backquotes or of `eval` is. */
  all(): List {
    const list: List = [];
    for (let next = this.next(); next !== null; next = this.next()) list.push(...next);
    return list;
  }
  protected parsed(source: string, line: number): List {
    const inner = new Parser(source, this.dialect, line);
    inner.depth = this.depth;
    inner.deeper();
    return inner.all();
  }
  protected commandsUntil(close: string): List {
    const list = this.#items(true, close);
    this.newlines();
    return list;
  }

  // --- lists ---

  #reserved(): string | null {
    this.blanks();
    const match = /[a-z]+(?=[\s;&|()<>]|$)|\{(?=[\s]|$)|\}(?=[\s;&|()<>]|$)|!(?=[\s(]|$)|\[\[(?=\s)/y;
    match.lastIndex = this.i;
    const found = match.exec(this.s)?.[0];
    return found !== undefined && RESERVED.has(found) ? found : null;
  }

  /** Commands with what separates them. `many` lines, or those of one line. */
  #items(many: boolean, close = ""): List {
    const list: List = [];
    for (;;) {
      if (many) this.newlines();
      else this.blanks();
      if (this.i >= this.s.length || (close !== "" && this.s[this.i] === close)) break;
      const word = this.#reserved();
      if (many && word !== null && CLOSERS.has(word)) break;
      if (many && this.operator()?.startsWith(";;")) break;
      if (many && this.operator() === ";&") break;
      const item = this.#andOr();
      list.push(item);
      this.blanks();
      const op = this.operator();
      if (op === "&") {
        this.take(op);
        item.background = true;
      } else if (op === ";") this.take(op);
      else if (op === "\n" && many) this.take(op);
      else break;
      if (!many) {
        this.blanks();
        if (this.operator() === "\n") break;
      }
    }
    return list;
  }

  #body(...closers: string[]): List {
    const list = this.#items(true);
    const word = this.#reserved();
    if (word === null || !closers.includes(word)) this.fail(this.token());
    if (list.length === 0) this.fail(word);
    return list;
  }
  #expect(word: string): void {
    if (this.#reserved() !== word) this.fail(this.token());
    this.i += word.length;
  }

  #andOr(): AndOr {
    this.blanks();
    const start = this.i;
    const item: AndOr = { first: this.#pipeline(), rest: [], background: false, source: "" };
    for (;;) {
      this.blanks();
      const op = this.operator();
      if (op !== "&&" && op !== "||") break;
      this.take(op);
      this.newlines();
      item.rest.push({ op, pipeline: this.#pipeline() });
    }
    item.source = this.s.slice(start, this.i).trim();
    return item;
  }

  #pipeline(): Pipeline {
    const pipeline: Pipeline = { commands: [], both: [], negate: false };
    for (let word = this.#reserved(); word === "!" || word === "time"; word = this.#reserved()) {
      this.i += word.length;
      if (word === "!") pipeline.negate = !pipeline.negate;
      else {
        this.blanks();
        pipeline.time = /-p(?=\s)/y.test(this.s.slice(this.i, this.i + 3)) ? "posix" : "bash";
        if (pipeline.time === "posix") this.i += 2;
      }
    }
    this.blanks();
    const op = this.operator();
    if ((pipeline.negate || pipeline.time !== undefined) && (this.i >= this.s.length || op === "\n" || op === ";")) {
      pipeline.commands.push({ type: "simple", assignments: [], words: [], redirections: [], line: this.line });
      pipeline.both.push(false);
      return pipeline;
    }
    for (;;) {
      pipeline.commands.push(this.#command());
      this.blanks();
      const next = this.operator();
      if (next !== "|" && next !== "|&") {
        pipeline.both.push(false);
        return pipeline;
      }
      this.take(next);
      pipeline.both.push(next === "|&");
      this.newlines();
    }
  }

  // --- commands ---

  #command(): Command {
    this.deeper();
    const command = this.#undecorated();
    if (command.type !== "simple") this.redirections(command.redirections);
    this.depth -= 1;
    return command;
  }

  #undecorated(): Command {
    this.blanks();
    const { line } = this;
    const base = { redirections: [] as Redirection[], line };
    if (this.s.startsWith("((", this.i)) {
      const start = this.i;
      const word = this.#arith();
      if (word !== null) return { type: "arith", word, ...base };
      this.i = start;
    }
    if (this.s[this.i] === "(") {
      this.i += 1;
      const body = this.#items(true, ")");
      this.newlines();
      if (this.s[this.i] !== ")" || body.length === 0) this.fail(this.token());
      this.i += 1;
      return { type: "subshell", body, ...base };
    }
    const word = this.#reserved();
    if (word === null) return this.#simple(line);
    if (CLOSERS.has(word) || word === "in") {
      if (word === "in") return this.#simple(line);
      this.fail(word);
    }
    const start = this.i;
    this.i += word.length;
    switch (word) {
      case "{": {
        const body = this.#body("}");
        this.#expect("}");
        return { type: "group", body, ...base };
      }
      case "if": return { ...this.#if(), ...base };
      case "while":
      case "until": {
        const test = this.#body("do");
        return { type: "while", until: word === "until", test, body: this.#do(), ...base };
      }
      case "for": return { ...this.#for(), ...base };
      case "select": {
        const name = this.#name();
        return { type: "select", name, ...this.#in(), body: this.#do(), ...base };
      }
      case "case": return { ...this.#case(), ...base };
      case "[[": {
        const test = this.testOr();
        this.newlines();
        if (!this.s.startsWith("]]", this.i)) this.testFault();
        this.i += 2;
        return { type: "test", test, ...base };
      }
      case "function": {
        this.blanks();
        const name = this.word().plain ?? this.fail(this.token());
        this.blanks();
        if (this.s[this.i] === "(") {
          this.i += 1;
          if (!this.accept(")")) this.fail(this.token());
        }
        return this.#function(name, start, line);
      }
      case "coproc": throw new SyntaxFault("coproc: not supported here", line);
      default: return this.fail(word);
    }
  }

  #do(): List {
    this.#expect("do");
    const body = this.#body("done");
    this.#expect("done");
    return body;
  }

  #if(): { type: "if"; clauses: { test: List; body: List }[]; otherwise?: List } {
    const clauses: { test: List; body: List }[] = [];
    for (;;) {
      const test = this.#body("then");
      this.#expect("then");
      clauses.push({ test, body: this.#body("elif", "else", "fi") });
      if (this.#reserved() !== "elif") break;
      this.#expect("elif");
    }
    if (this.#reserved() === "else") {
      this.#expect("else");
      const otherwise = this.#body("fi");
      this.#expect("fi");
      return { type: "if", clauses, otherwise };
    }
    this.#expect("fi");
    return { type: "if", clauses };
  }

  #name(): string {
    this.blanks();
    const word = this.word();
    if (word.plain === undefined || word.parts.length === 0) this.fail(this.token());
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(word.plain)) throw new SyntaxFault(`\`${word.plain}': not a valid identifier`, this.line);
    return word.plain;
  }
  #in(): { words?: Word[] } {
    this.newlines();
    let words: Word[] | undefined;
    if (this.#reserved() === "in") {
      this.i += 2;
      words = [];
      for (this.blanks(); this.i < this.s.length && this.operator() === null; this.blanks()) words.push(this.word());
    }
    this.blanks();
    if (this.operator() === ";") this.take(";");
    this.newlines();
    return words === undefined ? {} : { words };
  }

  #for(): { type: "for"; name: string; words?: Word[]; body: List } | { type: "forarith"; init: Word; test: Word; step: Word; body: List } {
    this.blanks();
    if (this.s.startsWith("((", this.i)) {
      const { line } = this;
      this.i += 2;
      const parts: Word[] = [];
      for (const stop of [";", ";", ")"]) {
        const word: Word = { parts: [] };
        this.doubleQuoted(word.parts, stop, false, { open: "(", close: ")" });
        if (this.s[this.i] !== stop) throw new SyntaxFault("syntax error: arithmetic expression required", line);
        this.i += 1;
        parts.push(word);
      }
      if (this.s[this.i] !== ")") this.fail(this.token());
      this.i += 1;
      this.blanks();
      if (this.operator() === ";") this.take(";");
      this.newlines();
      const [init, test, step] = parts as [Word, Word, Word];
      if (this.#reserved() === "{") {
        this.#expect("{");
        const body = this.#body("}");
        this.#expect("}");
        return { type: "forarith", init, test, step, body };
      }
      return { type: "forarith", init, test, step, body: this.#do() };
    }
    const name = this.#name();
    const words = this.#in();
    if (this.#reserved() === "{") {
      this.#expect("{");
      const body = this.#body("}");
      this.#expect("}");
      return { type: "for", name, ...words, body };
    }
    return { type: "for", name, ...words, body: this.#do() };
  }

  #case(): { type: "case"; word: Word; clauses: { patterns: Word[]; body: List; end: ";;" | ";&" | ";;&" }[] } {
    this.blanks();
    const word = this.word();
    this.newlines();
    this.#expect("in");
    const clauses: { patterns: Word[]; body: List; end: ";;" | ";&" | ";;&" }[] = [];
    for (;;) {
      this.newlines();
      if (this.#reserved() === "esac") break;
      if (this.i >= this.s.length) this.fail("");
      this.accept("(");
      const patterns: Word[] = [];
      do {
        this.blanks();
        const pattern = this.word();
        if (pattern.parts.length === 0) this.fail(this.token());
        patterns.push(pattern);
      } while (this.accept("|"));
      if (!this.accept(")")) this.fail(this.token());
      const body = this.#items(true);
      this.newlines();
      const op = this.operator();
      if (op === ";;" || op === ";&" || op === ";;&") {
        this.take(op);
        clauses.push({ patterns, body, end: op });
      } else {
        clauses.push({ patterns, body, end: ";;" });
        if (this.#reserved() !== "esac") this.fail(this.token());
      }
    }
    this.#expect("esac");
    return { type: "case", word, clauses };
  }

  #arith(): Word | null {
    this.i += 2;
    const word: Word = { parts: [] };
    this.doubleQuoted(word.parts, ")", false, { open: "(", close: ")" });
    if (!this.s.startsWith("))", this.i)) return null;
    this.i += 2;
    return word;
  }

  #function(name: string, start: number, line: number): Compound {
    this.newlines();
    const body = this.#command();
    if (body.type === "simple") this.fail(this.token());
    return { type: "function", name, body, source: this.s.slice(start, this.i), redirections: [], line };
  }

  #simple(line: number): Command {
    const command: Simple = { type: "simple", assignments: [], words: [], redirections: [], line };
    let declares = false;
    for (;;) {
      this.redirections(command.redirections);
      this.blanks();
      if (this.i >= this.s.length) break;
      const start = this.i;
      if (command.words.length === 0 || declares) {
        const assignment = this.assignment();
        if (assignment !== null) {
          if (declares) command.words.push(assignment);
          else command.assignments.push(assignment);
          continue;
        }
      }
      if (command.words.length === 0 && this.aliased()) {
        if (this.#reserved() !== null && command.assignments.length === 0 && command.redirections.length === 0) return this.#undecorated();
        continue;
      }
      const word = this.word();
      if (word.parts.length === 0) {
        if (this.s[this.i] === "(" && command.words.length === 1 && command.assignments.length === 0 && command.redirections.length === 0) return this.#maybeFunction(command, line);
        break;
      }
      if (command.words.length === 0) {
        declares = word.plain !== undefined && DECLARERS.has(word.plain);
        this.#start = start;
      } else if (!declares && command.words.length === 1) {
        const first = command.words[0] as Word;
        if ((first.plain === "builtin" || first.plain === "command") && word.plain !== undefined && DECLARERS.has(word.plain)) declares = true;
      }
      command.words.push(word);
    }
    if (command.words.length === 0 && command.assignments.length === 0 && command.redirections.length === 0) this.fail(this.token());
    return command;
  }
  #start = 0;

  #maybeFunction(command: Simple, line: number): Command {
    const { plain: name } = command.words[0] as Word;
    this.i += 1;
    this.blanks();
    if (name === undefined || this.s[this.i] !== ")") {
      this.i = name === undefined ? this.i - 1 : this.i;
      this.fail(this.token());
    }
    this.i += 1;
    return this.#function(name, this.#start, line);
  }
}
