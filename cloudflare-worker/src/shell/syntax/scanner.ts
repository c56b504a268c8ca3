/** Reads the words of a script, with all that can be inside one. What commands are made of is parser.ts. */
import { unescapeAnsi } from "../escapes.js";
import type { List, Param, Part, Word } from "./ast.js";
import { literal, Pieces } from "./pieces.js";
import { META, Source, SyntaxFault } from "./source.js";

const NAME_START = /[A-Za-z_]/;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

export abstract class Scanner extends Source {
  #quoted = false;

  protected abstract commandsUntil(close: string): List;

  /** A word up to a blank or an operator; an empty one when there is none. `stop` are further characters that end it. */
  protected word(stop = "", patterns = this.dialect.extglob(), regex = false): Word {
    const pieces = new Pieces();
    let open = 0;
    while (this.i < this.s.length) {
      const char = this.s[this.i]!;
      if (open === 0 && stop.includes(char)) break;
      if ((char === "<" || char === ">") && this.s[this.i + 1] === "(" && open === 0 && !regex) {
        pieces.push(this.#process());
        continue;
      }
      if (regex && char === "(") {
        open += 1;
        pieces.text += char;
        this.i += 1;
        continue;
      }
      if (patterns && this.s[this.i + 1] === "(" && "?*+@!".includes(char)) {
        open += 1;
        pieces.text += `${char}(`;
        this.i += 2;
        continue;
      }
      if (open > 0) {
        if (char === "(") open += 1;
        if (char === ")") open -= 1;
        if (" \t|()&;<>".includes(char)) {
          pieces.text += char;
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
          pieces.text += "\\";
          continue;
        }
        pieces.push({ t: "quoted", s: next });
      } else if (char === "'") {
        pieces.push(this.#single());
      } else if (char === '"') {
        pieces.push(this.#double());
      } else this.#plain(pieces);
    }
    return pieces.word();
  }

  /** A character that means nothing here, or what `$` and backquotes begin. */
  #plain(pieces: Pieces): void {
    const char = this.s[this.i]!;
    const part = char === "$" || char === "`" ? this.dollar(false) : null;
    if (part !== null) {
      pieces.push(part);
      return;
    }
    pieces.text += char;
    this.i += 1;
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
    const pieces = new Pieces();
    let open = 0;
    for (;;) {
      const char = this.s[this.i];
      if (char === undefined) this.unclosed("]", line);
      if (char === "]" && open === 0) break;
      if (char === "[") open += 1;
      if (char === "]") open -= 1;
      if (char === "'" || char === '"') {
        pieces.push(char === "'" ? this.#single() : this.#double());
      } else if (char === "\\") {
        pieces.push({ t: "quoted", s: this.s[this.i + 1] ?? "" });
        this.i += 2;
      } else this.#plain(pieces);
    }
    this.i += 1;
    return pieces.word();
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
    const pieces = new Pieces();
    while (this.i < this.s.length) {
      const char = this.s[this.i]!;
      if (stop.includes(char)) break;
      if (char === "\\") {
        const next = this.s[this.i + 1] ?? "";
        this.i += 2;
        if (next === "\n") continue;
        pieces.push({ t: "quoted", s: this.#quoted && !pattern && !'$`"\\}'.includes(next) ? `\\${next}` : next });
      } else if (char === "'" && (pattern || !this.#quoted)) {
        pieces.push(this.#single());
      } else if (char === '"') {
        pieces.push(this.#double());
      } else if ((char === "<" || char === ">") && this.s[this.i + 1] === "(" && !this.#quoted) {
        pieces.push(this.#process());
      } else this.#plain(pieces);
    }
    return pieces.word();
  }
}
