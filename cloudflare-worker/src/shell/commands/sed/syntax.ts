/** Reads sed scripts into commands. */
import { RegexFault, regexSource } from "../../patterns.js";

export class SedFault extends Error {}

export type Address =
  | { kind: "line"; line: number }
  | { kind: "last" }
  | { kind: "regex"; regex: RegExp | null }
  | { kind: "step"; first: number; by: number }
  | { kind: "plus"; count: number }
  | { kind: "multiple"; of: number }
  | { kind: "zero" };
export interface Command {
  from: Address | null;
  to: Address | null;
  negated: boolean;
  name: string;
  text: string;
  /** Of `s`. */
  regex: RegExp | null;
  replacement: Piece[];
  global: boolean;
  nth: number;
  print: boolean;
  evaluate: boolean;
  target: number;
  map: Map<string, string> | null;
  number: number;
  /** Whether a range is open, and where it ends by number. */
  open: boolean;
  end: number;
}
export type Piece = { text: string } | { group: number } | { turn: string };

export class Reader {
  readonly #s: string;
  readonly #extended: boolean;
  #i = 0;
  readonly commands: Command[] = [];
  readonly labels = new Map<string, number>();
  readonly #open: number[] = [];
  constructor(script: string, extended: boolean) {
    this.#s = script;
    this.#extended = extended;
  }
  fail(message: string): never {
    throw new SedFault(`-e expression #1, char ${this.#i}: ${message}`);
  }
  #blank(all = false): void {
    while (all ? /[\s;]/.test(this.#s[this.#i] ?? "") : /[ \t]/.test(this.#s[this.#i] ?? "")) this.#i += 1;
  }
  whole(): Command[] {
    for (;;) {
      this.#blank(true);
      if (this.#i >= this.#s.length) break;
      if (this.#s[this.#i] === "#") {
        this.#line();
        continue;
      }
      this.#command();
    }
    if (this.#open.length > 0) throw new SedFault("-e expression #1, char 0: unmatched `{'");
    for (const command of this.commands) {
      if ("btT".includes(command.name)) {
        if (command.text === "") command.target = this.commands.length;
        else {
          const at = this.labels.get(command.text);
          if (at === undefined) throw new SedFault(`-e expression #1, char ${this.#s.length}: can't find label for jump to \`${command.text}'`);
          command.target = at;
        }
      }
    }
    return this.commands;
  }
  #line(): string {
    const end = this.#s.indexOf("\n", this.#i);
    const text = this.#s.slice(this.#i, end < 0 ? undefined : end);
    this.#i = end < 0 ? this.#s.length : end + 1;
    return text;
  }
  #address(): Address | null {
    const char = this.#s[this.#i];
    const number = /\d+/y;
    number.lastIndex = this.#i;
    const found = number.exec(this.#s)?.[0];
    if (found !== undefined) {
      this.#i += found.length;
      this.#blank();
      if (this.#s[this.#i] === "~") {
        this.#i += 1;
        number.lastIndex = this.#i;
        const by = number.exec(this.#s)?.[0] ?? "0";
        this.#i += by.length;
        return { kind: "step", first: Number(found), by: Number(by) };
      }
      return Number(found) === 0 ? { kind: "zero" } : { kind: "line", line: Number(found) };
    }
    if (char === "$") {
      this.#i += 1;
      return { kind: "last" };
    }
    if (char === "/" || char === "\\") {
      if (char === "\\") this.#i += 1;
      const end = this.#s[this.#i]!;
      this.#i += 1;
      const text = this.#until(end, true);
      let flags = "";
      while (/[IM]/.test(this.#s[this.#i] ?? "")) flags += this.#s[this.#i++];
      return { kind: "regex", regex: text === "" ? null : this.#regex(text, flags.includes("I"), flags.includes("M")) };
    }
    return null;
  }
  #second(): Address | null {
    const match = /([+~])(\d+)/y;
    match.lastIndex = this.#i;
    const found = match.exec(this.#s);
    if (found === null) return this.#address();
    this.#i += found[0].length;
    return found[1] === "+" ? { kind: "plus", count: Number(found[2]) } : { kind: "multiple", of: Number(found[2]) };
  }
  /** Text up to a delimiter; an escaped delimiter is the plain one. */
  #until(end: string, regex: boolean): string {
    let text = "";
    let inClass = false;
    for (;;) {
      const char = this.#s[this.#i];
      if (char === undefined || (char === "\n" && regex)) this.fail(regex ? "unterminated address regex" : "unterminated `s' command");
      this.#i += 1;
      if (char === "\\") {
        const next = this.#s[this.#i] ?? "";
        this.#i += 1;
        if (next === end && !inClass) text += regex && /[$*.[\]^+?(){}|]/.test(end) ? `\\${end}` : end;
        else if (next === "n" && regex) text += "\n";
        else text += `\\${next}`;
        continue;
      }
      if (regex && char === "[" && !inClass) {
        inClass = true;
        text += char;
        if (this.#s[this.#i] === "^") text += this.#s[this.#i++];
        if (this.#s[this.#i] === "]") text += this.#s[this.#i++];
        continue;
      }
      if (inClass && char === "[" && /[:.=]/.test(this.#s[this.#i] ?? "")) {
        const close = this.#s.indexOf(`${this.#s[this.#i]}]`, this.#i + 1);
        if (close > 0) {
          text += this.#s.slice(this.#i - 1, close + 2);
          this.#i = close + 2;
          continue;
        }
      }
      if (char === "]") inClass = false;
      if (char === end && !inClass) return text;
      text += char;
    }
  }
  #regex(text: string, fold: boolean, multi: boolean): RegExp {
    try {
      // In a bracket a backslash is itself, but for \n, \t and \].
      const prepared = text.replace(/\[\^?\]?(?:\[:\w+:\]|[^\]])*\]/g, (set) => set.replaceAll("\\n", "\n").replaceAll("\\t", "\t").replaceAll("\\]", "]"));
      return new RegExp(regexSource(prepared, this.#extended), `gu${fold ? "i" : ""}${multi ? "m" : ""}`);
    } catch (error) {
      this.fail(error instanceof RegexFault ? error.message : "Invalid preceding regular expression");
    }
  }
  #command(): void {
    const command: Command = { from: this.#address(), to: null, negated: false, name: "", text: "", regex: null, replacement: [], global: false, nth: 1, print: false, evaluate: false, target: 0, map: null, number: -1, open: false, end: 0 };
    this.#blank();
    if (command.from !== null && this.#s[this.#i] === ",") {
      this.#i += 1;
      this.#blank();
      command.to = this.#second();
      if (command.to === null) this.fail("unexpected `,'");
      this.#blank();
    }
    if (command.from?.kind === "zero" && command.to?.kind !== "regex") this.fail("invalid usage of line address 0");
    while (this.#s[this.#i] === "!") {
      command.negated = true;
      this.#i += 1;
      this.#blank();
    }
    const name = this.#s[this.#i];
    if (name === undefined) this.fail("missing command");
    this.#i += 1;
    command.name = name;
    switch (name) {
      case "{":
        this.#open.push(this.commands.length);
        this.commands.push(command);
        return;
      case "}": {
        if (command.from !== null) this.fail("} doesn't want any addresses");
        const start = this.#open.pop();
        if (start === undefined) this.fail("unexpected `}'");
        this.commands[start]!.target = this.commands.length;
        this.#end();
        return;
      }
      case ":":
        this.#blank();
        command.text = /^[^\s;]*/.exec(this.#s.slice(this.#i))![0];
        this.#i += command.text.length;
        this.labels.set(command.text, this.commands.length);
        return;
      case "b":
      case "t":
      case "T": {
        this.#blank();
        const label = /[^\s;}]*/y;
        label.lastIndex = this.#i;
        command.text = label.exec(this.#s)![0];
        this.#i += command.text.length;
        break;
      }
      case "a":
      case "i":
      case "c": {
        this.#blank();
        if (this.#s[this.#i] === "\\") {
          this.#i += 1;
          this.#blank();
          if (this.#s[this.#i] === "\n") this.#i += 1;
        }
        let text = "";
        for (;;) {
          const line = this.#line();
          if (line.endsWith("\\") && !line.endsWith("\\\\") && this.#i < this.#s.length) {
            text += `${line.slice(0, -1)}\n`;
            continue;
          }
          text += line;
          break;
        }
        command.text = text.replace(/\\(.)/gs, (_, char: string) => (char === "t" ? "\t" : char));
        if (text === "" && name !== "c") this.fail(`expected \\ after \`a', \`c' or \`i'`);
        this.commands.push(command);
        return;
      }
      case "r":
      case "R":
      case "w":
      case "W":
        this.#blank();
        command.text = this.#line();
        this.commands.push(command);
        return;
      case "s": this.#substitution(command); break;
      case "y": {
        const end = this.#s[this.#i++]!;
        const plain = (text: string): string[] => [...text.replace(/\\(.)/gs, (_, char: string) => (char === "n" ? "\n" : char === "t" ? "\t" : char))];
        const [from, to] = [plain(this.#until(end, false)), plain(this.#until(end, false))];
        if (from.length !== to.length) this.fail("strings for `y' command are different lengths");
        command.map = new Map(from.map((char, at) => [char, to[at]!]));
        break;
      }
      case "q":
      case "Q":
      case "l":
      case "L": {
        this.#blank();
        const number = /\d+/y;
        number.lastIndex = this.#i;
        const found = number.exec(this.#s)?.[0];
        if (found !== undefined) {
          command.number = Number(found);
          this.#i += found.length;
        }
        break;
      }
      default:
        if (!"dDgGhHnNpPxz=F".includes(name)) this.fail(name === "e" ? "the command e is not supported here" : `unknown command: \`${name}'`);
    }
    this.commands.push(command);
    this.#end();
  }
  #end(): void {
    this.#blank();
    const char = this.#s[this.#i];
    if (char === undefined || char === ";" || char === "\n" || char === "}" || char === "#") return;
    this.fail("extra characters after command");
  }
  #substitution(command: Command): void {
    const end = this.#s[this.#i++];
    if (end === undefined || end === "\n" || end === "\\") this.fail("unterminated `s' command");
    const pattern = this.#until(end, true);
    const replacement = this.#until(end, false);
    let fold = false;
    let multi = false;
    for (;;) {
      const flag = this.#s[this.#i];
      if (flag === undefined || !/[giIpmMe0-9w]/.test(flag)) break;
      if (/\d/.test(flag)) {
        const number = /\d+/y;
        number.lastIndex = this.#i;
        command.nth = Number(number.exec(this.#s)![0]);
        if (command.nth === 0) this.fail("number option to `s' command may not be zero");
        this.#i += String(command.nth).length;
        continue;
      }
      this.#i += 1;
      if (flag === "g") command.global = true;
      else if (flag === "p") command.print = true;
      else if (flag === "e") this.fail("the flag e is not supported here");
      else if (flag === "w") {
        this.#blank();
        command.text = this.#line();
        break;
      } else if (flag === "m" || flag === "M") multi = true;
      else fold = true;
    }
    command.regex = pattern === "" ? null : this.#regex(pattern, fold, multi);
    command.replacement = pieces(replacement);
    const groups = command.regex === null ? 9 : new RegExp(`${command.regex.source}|`, command.regex.flags).exec("")!.length - 1;
    for (const piece of command.replacement) if ("group" in piece && piece.group > groups) this.fail(`invalid reference \\${piece.group} on \`s' command's RHS`);
  }
}
function pieces(text: string): Piece[] {
  const list: Piece[] = [];
  let plain = "";
  const flush = (): void => {
    if (plain !== "") list.push({ text: plain });
    plain = "";
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (char === "&") {
      flush();
      list.push({ group: 0 });
    } else if (char === "\\" && at + 1 < text.length) {
      at += 1;
      const next = text[at]!;
      if (/\d/.test(next)) {
        flush();
        list.push({ group: Number(next) });
      } else if ("ULEul".includes(next)) {
        flush();
        list.push({ turn: next });
      } else plain += ({ n: "\n", t: "\t", r: "\r", a: "\x07", f: "\f", v: "\v" } as Record<string, string>)[next] ?? next;
    } else plain += char;
  }
  flush();
  return list;
}
