/** Reads a script's characters: blanks, operators, words with all that can be inside one. What commands are made of is parser.ts. */
import { decode, encode } from "../bytes.js";
import type { List, Param, Part, Word } from "./ast.js";

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

const NAME_START = /[A-Za-z_]/;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const META = " \t\n|&;()<>";
const OPERATORS = [";;&", "&>>", "<<<", "<<-", "&&", "||", ";;", ";&", "|&", "&>", ">>", ">|", "<<", "<&", ">&", "<>", ";", "&", "|", "(", ")", "<", ">"];
const NESTING_MAX = 300;

interface Heredoc {
  word: Word;
  end: string;
  tabs: boolean;
  raw: boolean;
  line: number;
}

export const literal = (s: string): Word => ({ parts: s === "" ? [] : [{ t: "lit", s }], plain: s });

export abstract class Scanner {
  protected s: string;
  protected i = 0;
  protected depth = 0;
  readonly dialect: Dialect;
  #lineAt = 0;
  #line: number;
  #heredocs: Heredoc[] = [];
  #quoted = false;

  constructor(source: string, dialect: Dialect, line = 1) {
    this.s = source;
    this.dialect = dialect;
    this.#line = line;
  }

  protected abstract commandsUntil(close: string): List;

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

  // --- words ---

  /** A word up to a blank or an operator; an empty one when there is none. `stop` are further characters that end it. */
  protected word(stop = "", patterns = this.dialect.extglob(), regex = false): Word {
    const parts: Part[] = [];
    let text = "";
    const flush = (): void => {
      if (text !== "") parts.push({ t: "lit", s: text });
      text = "";
    };
    let open = 0;
    while (this.i < this.s.length) {
      const char = this.s[this.i]!;
      if (open === 0 && stop.includes(char)) break;
      if ((char === "<" || char === ">") && this.s[this.i + 1] === "(" && open === 0 && !regex) {
        flush();
        parts.push(this.#process());
        continue;
      }
      if (regex && char === "(") {
        open += 1;
        text += char;
        this.i += 1;
        continue;
      }
      if (patterns && this.s[this.i + 1] === "(" && "?*+@!".includes(char)) {
        open += 1;
        text += `${char}(`;
        this.i += 2;
        continue;
      }
      if (open > 0) {
        if (char === "(") open += 1;
        if (char === ")") open -= 1;
        if (" \t|()&;<>".includes(char)) {
          text += char;
          this.i += 1;
          continue;
        }
        if (char === "\n") break;
      } else if (META.includes(char) && !(regex && char === "|")) break;
      if (char === "\\") {
        const next = this.s[this.i + 1];
        this.i += 2;
        if (next === "\n") continue;
        if (next === undefined) {
          this.i = this.s.length;
          text += "\\";
          continue;
        }
        flush();
        parts.push({ t: "quoted", s: next });
      } else if (char === "'") {
        flush();
        parts.push(this.#single());
      } else if (char === '"') {
        flush();
        parts.push(this.#double());
      } else if (char === "$" || char === "`") {
        const part = this.dollar(false);
        if (part === null) {
          text += char;
          this.i += 1;
        } else {
          flush();
          parts.push(part);
        }
      } else {
        text += char;
        this.i += 1;
      }
    }
    flush();
    return finished(parts);
  }

  #single(): Part {
    const { line } = this;
    const end = this.s.indexOf("'", this.i + 1);
    if (end < 0) this.unclosed("'", line);
    const part: Part = { t: "quoted", s: this.s.slice(this.i + 1, end) };
    this.i = end + 1;
    return part;
  }
  #double(): Part {
    const { line } = this;
    this.i += 1;
    const parts: Part[] = [];
    this.doubleQuoted(parts, '"', true);
    if (this.s[this.i] !== '"') this.unclosed('"', line);
    this.i += 1;
    return { t: "dq", parts };
  }

  /** The inside of double quotes, of here-documents and of arithmetic, up to a character that is not taken. */
  protected doubleQuoted(parts: Part[], stop: string, quotes: boolean, nested?: { open: string; close: string }): void {
    let text = "";
    const flush = (): void => {
      if (text !== "") parts.push({ t: "quoted", s: text });
      text = "";
    };
    let open = 0;
    while (this.i < this.s.length) {
      const char = this.s[this.i]!;
      if (open === 0 && stop.includes(char)) break;
      if (nested !== undefined) {
        if (char === nested.open) open += 1;
        else if (char === nested.close) open -= 1;
      }
      if (char === "\\") {
        const next = this.s[this.i + 1];
        if (next === "\n") this.i += 2;
        else if (next !== undefined && (next === "$" || next === "`" || next === "\\" || (quotes && next === '"') || (next === "}" && stop.includes("}")))) {
          text += next;
          this.i += 2;
        } else {
          text += char;
          this.i += 1;
        }
      } else if (char === "$" || char === "`") {
        const part = this.dollar(true);
        if (part === null) {
          text += char;
          this.i += 1;
        } else {
          flush();
          parts.push(part);
        }
      } else if (char === '"' && nested !== undefined) {
        flush();
        parts.push(...(this.#double() as { parts: Part[] }).parts);
      } else {
        text += char;
        this.i += 1;
      }
    }
    flush();
  }

  /** What `$` or a backquote begins here, or null when it is only itself. */
  protected dollar(quoted: boolean): Part | null {
    if (this.s[this.i] === "`") return this.#backquotes(quoted);
    const next = this.s[this.i + 1];
    const { line } = this;
    if (next === undefined) return null;
    if (next === "(") {
      if (this.s[this.i + 2] === "(") {
        const arithmetic = this.#arithmetic();
        if (arithmetic !== null) return arithmetic;
      }
      this.i += 2;
      const start = this.i;
      this.deeper();
      const body = this.commandsUntil(")");
      this.depth -= 1;
      if (this.s[this.i] !== ")") this.i >= this.s.length ? this.unclosed(")", line) : this.fail(this.token());
      const source = this.s.slice(start, this.i);
      this.i += 1;
      return { t: "command", body, source };
    }
    if (next === "{") {
      const outer = this.#quoted;
      this.#quoted = quoted;
      const part = this.#braced();
      this.#quoted = outer;
      return part;
    }
    if (next === "[") {
      this.i += 2;
      const parts: Part[] = [];
      this.doubleQuoted(parts, "]", false, { open: "[", close: "]" });
      this.i += 1;
      return { t: "arith", word: { parts } };
    }
    if (next === "'" && !quoted) {
      this.i += 2;
      return { t: "quoted", s: this.#ansi(line) };
    }
    if (next === '"' && !quoted) {
      this.i += 1;
      return this.#double();
    }
    if (NAME_START.test(next)) {
      NAME.lastIndex = this.i + 1;
      const name = NAME.exec(this.s)![0];
      this.i += 1 + name.length;
      return { t: "param", name, line };
    }
    if ("@*#?$!-0123456789".includes(next)) {
      this.i += 2;
      return { t: "param", name: next, line };
    }
    return null;
  }

  #backquotes(quoted: boolean): Part {
    const { line } = this;
    let source = "";
    this.i += 1;
    for (;;) {
      const char = this.s[this.i];
      if (char === undefined) this.unclosed("`", line);
      if (char === "`") break;
      const next = this.s[this.i + 1] ?? "";
      if (char === "\\" && (next === "$" || next === "`" || next === "\\" || (quoted && next === '"'))) {
        source += next;
        this.i += 2;
      } else {
        source += char;
        this.i += 1;
      }
    }
    this.i += 1;
    return { t: "command", body: this.parsed(source, line), source };
  }
  protected abstract parsed(source: string, line: number): List;

  /** `$((…))`, or null when the two parentheses begin something else. */
  #arithmetic(): Part | null {
    const start = this.i;
    this.i += 3;
    const parts: Part[] = [];
    this.doubleQuoted(parts, ")", false, { open: "(", close: ")" });
    if (this.s.startsWith("))", this.i)) {
      this.i += 2;
      return { t: "arith", word: { parts } };
    }
    this.i = start;
    return null;
  }

  #process(): Part {
    const { line } = this;
    const input = this.s[this.i] === "<";
    this.i += 2;
    this.deeper();
    const body = this.commandsUntil(")");
    this.depth -= 1;
    if (this.s[this.i] !== ")") this.unclosed(")", line);
    this.i += 1;
    return { t: "process", input, body };
  }

  /** The rest of `$'…'`. */
  #ansi(line: number): string {
    let raw = "";
    for (;;) {
      const char = this.s[this.i];
      if (char === undefined) this.unclosed("'", line);
      this.i += 1;
      if (char === "'") return unescapeAnsi(raw);
      raw += char;
      if (char === "\\") {
        raw += this.s[this.i] ?? "";
        this.i += 1;
      }
    }
  }

  /** The inside of an index, up to its bracket. */
  protected index(): Word | "@" | "*" {
    const { line } = this;
    this.i += 1;
    const simple = this.s[this.i];
    if ((simple === "@" || simple === "*") && this.s[this.i + 1] === "]") {
      this.i += 2;
      return simple;
    }
    const parts: Part[] = [];
    let open = 0;
    let text = "";
    const flush = (): void => {
      if (text !== "") parts.push({ t: "lit", s: text });
      text = "";
    };
    for (;;) {
      const char = this.s[this.i];
      if (char === undefined) this.unclosed("]", line);
      if (char === "]" && open === 0) break;
      if (char === "[") open += 1;
      if (char === "]") open -= 1;
      if (char === "'" || char === '"') {
        flush();
        parts.push(char === "'" ? this.#single() : this.#double());
      } else if (char === "\\") {
        flush();
        parts.push({ t: "quoted", s: this.s[this.i + 1] ?? "" });
        this.i += 2;
      } else {
        const part = char === "$" || char === "`" ? this.dollar(false) : null;
        if (part === null) {
          text += char;
          this.i += 1;
        } else {
          flush();
          parts.push(part);
        }
      }
    }
    flush();
    this.i += 1;
    return finished(parts);
  }

  #braced(): Part {
    const { line } = this;
    const start = this.i;
    this.i += 2;
    this.deeper();
    const param: Param = { t: "param", name: "", line };
    const bad = (): never => {
      const end = this.s.indexOf("}", this.i);
      throw new SyntaxFault(`${this.s.slice(start, end < 0 ? undefined : end + 1)}: bad substitution`, line);
    };
    if (this.s[this.i] === "#" && this.s[this.i + 1] !== "}" && !/[-:?=+%#/]/.test(this.s[this.i + 1] ?? "")) {
      param.length = true;
      this.i += 1;
    } else if (this.s[this.i] === "#" && this.s.startsWith("#}", this.i + 1)) {
      param.length = true;
      this.i += 1;
    } else if (this.s[this.i] === "!" && /[A-Za-z_0-9@*#?]/.test(this.s[this.i + 1] ?? "")) {
      param.indirect = true;
      this.i += 1;
    }
    const head = /[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]/y;
    head.lastIndex = this.i;
    const name = head.exec(this.s)?.[0];
    if (name === undefined) return this.i >= this.s.length ? this.unclosed("}", line) : bad();
    param.name = name;
    this.i += name.length;
    if (this.s[this.i] === "[" && NAME_START.test(name)) param.index = this.index();
    const after = this.s[this.i];
    if (param.indirect === true && (param.index === "@" || param.index === "*") && after === "}") {
      param.names = param.index === "@" ? "keys@" : "keys*";
      param.indirect = false;
      delete param.index;
    } else if (param.indirect === true && (after === "@" || after === "*") && this.s[this.i + 1] === "}") {
      param.names = after === "@" ? "prefix@" : "prefix*";
      param.indirect = false;
      this.i += 1;
    } else if (after !== "}") this.#operation(param, bad);
    if (this.s[this.i] !== "}") {
      if (this.i >= this.s.length) this.unclosed("}", line);
      bad();
    }
    this.i += 1;
    this.depth -= 1;
    return param;
  }

  #operation(param: Param, bad: () => never): void {
    const op = /:[-=?+]|[-=?+]|##?|%%?|\/[/#%]?|\^\^?|,,?|~~?|:|@/y;
    op.lastIndex = this.i;
    const found = op.exec(this.s)?.[0] ?? bad();
    this.i += found.length;
    param.op = found;
    if (found === "@") {
      const kind = this.s[this.i] ?? "";
      if (!"QEPAKaUuLk".includes(kind)) bad();
      param.arg = literal(kind);
      this.i += 1;
    } else if (found === ":") {
      param.arg = this.#offset(":}");
      if (this.s[this.i] === ":") {
        this.i += 1;
        param.arg2 = this.#offset("}");
      }
    } else if (found.startsWith("/")) {
      // `/#` and `/%` are anchors only when a pattern follows.
      if (found.length === 2 && found !== "//" && this.s[this.i] === "}") {
        param.op = "/";
        this.i -= 1;
      }
      param.arg = this.#operand("/}", true);
      if (this.s[this.i] === "/") {
        this.i += 1;
        param.arg2 = this.#operand("}", true);
      }
    } else param.arg = this.#operand("}", "#%^,~".includes(found[0]!));
  }
  #offset(stop: string): Word {
    const parts: Part[] = [];
    this.doubleQuoted(parts, stop, false, { open: "(", close: ")" });
    return { parts };
  }
  /** Inside double quotes, single quotes of a default value are only themselves. */
  #operand(stop: string, pattern: boolean): Word {
    const parts: Part[] = [];
    let text = "";
    const flush = (): void => {
      if (text !== "") parts.push({ t: "lit", s: text });
      text = "";
    };
    while (this.i < this.s.length) {
      const char = this.s[this.i]!;
      if (stop.includes(char)) break;
      if (char === "\\") {
        const next = this.s[this.i + 1] ?? "";
        this.i += 2;
        if (next === "\n") continue;
        flush();
        parts.push({ t: "quoted", s: this.#quoted && !pattern && !'$`"\\}'.includes(next) ? `\\${next}` : next });
      } else if (char === "'" && (pattern || !this.#quoted)) {
        flush();
        parts.push(this.#single());
      } else if (char === '"') {
        flush();
        parts.push(this.#double());
      } else if ((char === "<" || char === ">") && this.s[this.i + 1] === "(" && !this.#quoted) {
        flush();
        parts.push(this.#process());
      } else {
        const part = char === "$" || char === "`" ? this.dollar(false) : null;
        if (part === null) {
          text += char;
          this.i += 1;
        } else {
          flush();
          parts.push(part);
        }
      }
    }
    flush();
    return finished(parts);
  }
}

export function finished(parts: Part[]): Word {
  const word: Word = { parts };
  const [first] = parts;
  if (parts.length === 0) word.plain = "";
  else if (parts.length === 1 && first?.t === "lit" && !/[*?[\]{}~\\!@+()]/.test(first.s)) word.plain = first.s;
  else if (parts.length === 1 && first?.t === "quoted") word.plain = first.s;
  if (parts.some((part) => part.t === "lit" && part.s.includes("{"))) word.braces = true;
  return word;
}

/** The escapes of `$'…'`, `echo -e` and printf. */
export function unescapeAnsi(raw: string): string {
  const bytes: string[] = raw.split("");
  let text = "";
  const simple: Record<string, string> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", e: "\x1b", E: "\x1b", f: "\f", v: "\v", "\\": "\\", "'": "'", '"': '"', "?": "?" };
  for (let at = 0; at < bytes.length; at += 1) {
    const char = raw[at]!;
    if (char !== "\\" || at + 1 >= raw.length) {
      text += char;
      continue;
    }
    const rest = raw.slice(at + 1);
    const number = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3}))/.exec(rest);
    const next = raw[at + 1]!;
    if (number !== null) {
      const [whole, hex, u4, u8, octal] = number;
      if (u4 !== undefined || u8 !== undefined) text += String.fromCodePoint(Number.parseInt((u4 ?? u8)!, 16));
      else {
        const byte = hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(octal!, 8) & 0xff;
        text += byte < 0x80 ? String.fromCharCode(byte) : String.fromCharCode(0xdc00 | byte);
      }
      at += whole.length;
    } else if (next === "c" && raw[at + 2] !== undefined) {
      text += String.fromCharCode(raw.charCodeAt(at + 2) & 0x1f);
      at += 2;
    } else {
      text += simple[next] ?? `\\${next}`;
      at += 1;
    }
  }
  return text.isWellFormed() ? text : rejoined(text);
}
/** Bytes given one by one may make characters together. */
export const rejoined = (text: string): string => decode(encode(text));
