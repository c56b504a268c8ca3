/** The characters of a script: where reading stands, blanks, operators, the bodies of here-documents. What a word is made of is scanner.ts. */
import type { Part, Word } from "./ast.js";

export class SyntaxFault extends Error {
  readonly line: number;
  /** The line of the script that is shown below the message. */
  readonly shown: string | null;
  constructor(message: string, line: number, shown: string | null = null) {
    super(message);
    this.line = line;
    this.shown = shown;
  }
}

export interface Dialect {
  extglob(): boolean;
  alias(name: string): string | undefined;
}

export const META = " \t\n|&;()<>";
const OPERATORS = [";;&", "&>>", "<<<", "<<-", "&&", "||", ";;", ";&", "|&", "&>", ">>", ">|", "<<", "<&", ">&", "<>", ";", "&", "|", "(", ")", "<", ">"];
const NESTING_MAX = 300;

interface Heredoc {
  word: Word;
  end: string;
  tabs: boolean;
  raw: boolean;
  line: number;
}

export abstract class Source {
  protected s: string;
  protected i = 0;
  protected depth = 0;
  readonly dialect: Dialect;
  #lineAt = 0;
  #line: number;
  #heredocs: Heredoc[] = [];

  constructor(source: string, dialect: Dialect, line = 1) {
    this.s = source;
    this.dialect = dialect;
    this.#line = line;
  }

  /** Reads a word; see scanner.ts. */
  protected abstract word(): Word;
  /** Reads text up to a delimiter, as between double quotes. */
  protected abstract doubleQuoted(parts: Part[], end: string, quoted: boolean): void;

  get line(): number {
    if (this.i < this.#lineAt) {
      for (let at = this.i; at < this.#lineAt; at += 1) if (this.s.charCodeAt(at) === 10) this.#line -= 1;
    } else for (let at = this.#lineAt; at < this.i; at += 1) if (this.s.charCodeAt(at) === 10) this.#line += 1;
    this.#lineAt = this.i;
    return this.#line;
  }

  protected deeper(): void {
    this.depth += 1;
    if (this.depth > NESTING_MAX) throw new SyntaxFault("syntax error: nested too deeply", this.line);
  }

  protected fail(token: string): never {
    const { line } = this;
    if (token === "") throw new SyntaxFault("syntax error: unexpected end of file", line + (this.s.endsWith("\n") || this.s === "" ? 0 : 1));
    const start = this.s.lastIndexOf("\n", this.i - 1) + 1;
    const end = this.s.indexOf("\n", this.i);
    throw new SyntaxFault(`syntax error near unexpected token \`${token === "\n" ? "newline" : token}'`, line, this.s.slice(start, end < 0 ? undefined : end));
  }
  protected unclosed(what: string, line: number): never {
    throw new SyntaxFault(`unexpected EOF while looking for matching \`${what}'`, line);
  }

  /** Blanks, joined lines and a comment. */
  protected blanks(): void {
    for (;;) {
      const char = this.s[this.i];
      if (char === " " || char === "\t" || (char === "\r" && this.s[this.i + 1] === "\n")) this.i += 1;
      else if (char === "\\" && this.s[this.i + 1] === "\n") this.i += 2;
      else break;
    }
    if (this.s[this.i] === "#") {
      const end = this.s.indexOf("\n", this.i);
      this.i = end < 0 ? this.s.length : end;
    }
  }

  protected operator(): string | null {
    const char = this.s[this.i];
    if (char === undefined) return null;
    if (char === "\n") return "\n";
    if (!META.includes(char)) return null;
    for (const op of OPERATORS) if (this.s.startsWith(op, this.i)) return op;
    return null;
  }
  protected accept(op: string): boolean {
    this.blanks();
    if (this.operator() !== op) return false;
    this.take(op);
    return true;
  }
  protected take(op: string): void {
    this.i += op.length;
    if (op === "\n") this.heredocBodies();
  }
  protected newlines(): void {
    for (;;) {
      this.blanks();
      if (this.s[this.i] !== "\n") return;
      this.take("\n");
    }
  }
  /** What stands here, for messages. */
  protected token(): string {
    this.blanks();
    if (this.i >= this.s.length) return "";
    const op = this.operator();
    if (op !== null) return op;
    let end = this.i;
    while (end < this.s.length && !META.includes(this.s[end]!)) end += 1;
    return this.s.slice(this.i, end);
  }

  // --- here-documents ---

  protected heredoc(tabs: boolean): Word {
    this.blanks();
    const start = this.i;
    this.word();
    const raw = this.s.slice(start, this.i);
    if (raw === "") this.fail(this.token());
    const end = raw.replace(/\\(.)|'([^']*)'|"([^"]*)"/gs, (_, a, b, c) => a ?? b ?? c);
    const word: Word = { parts: [] };
    this.#heredocs.push({ word, end, tabs, raw: /["'\\]/.test(raw), line: this.line });
    return word;
  }
  protected heredocBodies(): void {
    for (const doc of this.#heredocs.splice(0)) {
      let body = "";
      let pending = "";
      for (;;) {
        if (this.i >= this.s.length) {
          this.warnings.push({ line: this.line, text: `warning: here-document at line ${doc.line} delimited by end-of-file (wanted \`${doc.end}')` });
          break;
        }
        let end = this.s.indexOf("\n", this.i);
        if (end < 0) end = this.s.length;
        let line = this.s.slice(this.i, end);
        this.i = Math.min(end + 1, this.s.length);
        if (doc.tabs) line = line.replace(/^\t+/, "");
        if (pending === "" && line === doc.end) break;
        pending = !doc.raw && /(^|[^\\])(\\\\)*\\$/.test(line) ? line : "";
        body += `${line}\n`;
      }
      doc.word.parts = doc.raw ? [{ t: "quoted", s: body }] : [{ t: "dq", parts: this.#inner(body, doc.line + 1) }];
    }
  }
  readonly warnings: { line: number; text: string }[] = [];

  /** Parses the text of a here-document, where only `$`, backquotes and some backslashes mean anything. */
  #inner(body: string, line: number): Part[] {
    const outer = { s: this.s, i: this.i, at: this.#lineAt, line: this.#line };
    this.s = body;
    this.i = 0;
    this.#lineAt = 0;
    this.#line = line;
    const parts: Part[] = [];
    this.doubleQuoted(parts, "", false);
    this.s = outer.s;
    this.i = outer.i;
    this.#lineAt = outer.at;
    this.#line = outer.line;
    return parts;
  }
}
