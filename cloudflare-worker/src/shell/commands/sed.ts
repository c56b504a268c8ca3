/** sed: GNU's commands, addresses and flags. */
import { encode } from "../bytes.js";
import { faultOf } from "../files.js";
import { type Io, LineSource, type Program } from "../machine.js";
import { RegexFault, regexSource } from "../patterns.js";
import type { Stream } from "../streams.js";
import { options } from "./options.js";

class SedFault extends Error {}

type Address = { kind: "line"; line: number } | { kind: "last" } | { kind: "regex"; regex: RegExp | null } | { kind: "step"; first: number; by: number } | { kind: "plus"; count: number } | { kind: "multiple"; of: number } | { kind: "zero" };
interface Command {
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
type Piece = { text: string } | { group: number } | { turn: string };

class Reader {
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
function replaced(list: Piece[], groups: readonly (string | undefined)[]): string {
  let text = "";
  let mode = "";
  let once = "";
  for (const piece of list) {
    if ("turn" in piece) {
      if ("ul".includes(piece.turn)) once = piece.turn;
      else mode = piece.turn === "E" ? "" : piece.turn;
      continue;
    }
    let part = "text" in piece ? piece.text : (groups[piece.group] ?? "");
    if (mode === "U") part = part.toUpperCase();
    if (mode === "L") part = part.toLowerCase();
    if (once !== "" && part !== "") {
      part = (once === "u" ? part[0]!.toUpperCase() : part[0]!.toLowerCase()) + part.slice(1);
      once = "";
    }
    text += part;
  }
  return text;
}

class Machine {
  readonly #io: Io;
  readonly #commands: Command[];
  readonly #quiet: boolean;
  readonly #end: string;
  #hold = "";
  #lastRegex: RegExp | null = null;
  readonly #writers = new Map<string, Stream>();
  readonly #readers = new Map<string, string[]>();
  exit: number | null = null;
  constructor(io: Io, commands: Command[], quiet: boolean, end: string) {
    this.#io = io;
    this.#commands = commands;
    this.#quiet = quiet;
    this.#end = end;
  }
  close(): void {
    for (const stream of this.#writers.values()) stream.release();
  }
  async #writeTo(name: string, text: string): Promise<void> {
    if (name === "/dev/stdout") return void this.#io.out(text);
    let stream = this.#writers.get(name);
    if (stream === undefined) {
      stream = this.#io.machine.open(this.#io.path(name), "write", this.#io.fds);
      this.#writers.set(name, stream);
    }
    await stream.write(this.#io.process, encode(text));
  }

  async run(input: Input, out: (text: string) => void): Promise<void> {
    let space = await input.next();
    let restart = false;
    while (space !== null) {
      let appended: (() => Promise<void>)[] = [];
      let deleted = false;
      let quit = false;
      let changed = false;
      const ended = (): string => (input.lastEnded ? this.#end : "");
      const flushAppended = async (): Promise<void> => {
        for (const action of appended) await action();
        appended = [];
      };
      if (restart) restart = false;
      for (let at = 0; at < this.#commands.length; at += 1) {
        const command = this.#commands[at]!;
        const selected = (await this.#selected(command, space, input)) !== command.negated;
        if (command.name === "{") {
          if (!selected) at = command.target - 1;
          continue;
        }
        if (!selected) continue;
        switch (command.name) {
          case "p": out(space + this.#end); break;
          case "d": deleted = true; break;
          case "D":
            if (!space.includes("\n")) deleted = true;
            else {
              space = space.slice(space.indexOf("\n") + 1);
              restart = true;
            }
            break;
          case "P": out(space.split("\n")[0]! + this.#end); break;
          case "g": space = this.#hold; break;
          case "G": space += `\n${this.#hold}`; break;
          case "h": this.#hold = space; break;
          case "H": this.#hold += `\n${space}`; break;
          case "x": [space, this.#hold] = [this.#hold, space]; break;
          case "z": space = ""; break;
          case "=": out(`${input.number}\n`); break;
          case "F": out(`${input.name}\n`); break;
          case "l": out(`${unambiguous(space)}$\n`); break;
          case "n": {
            if (await input.isLast()) {
              // GNU prints the pattern space when there is no next line.
              if (!this.#quiet) out(space + ended());
              await flushAppended();
              return;
            }
            if (!this.#quiet) out(space + this.#end);
            await flushAppended();
            space = (await input.next())!;
            break;
          }
          case "N": {
            if (await input.isLast()) {
              if (!this.#quiet) out(space + ended());
              await flushAppended();
              return;
            }
            await flushAppended();
            space = `${space}\n${(await input.next())!}`;
            break;
          }
          case "a": appended.push(async () => { out(`${command.text}\n`); }); break;
          case "i": out(`${command.text}\n`); break;
          case "c":
            if (command.to === null || command.negated || !command.open) out(`${command.text}\n`);
            deleted = true;
            break;
          case "r":
            appended.push(async () => {
              try {
                out(await this.#io.text(this.#io.open(command.text === "/dev/stdin" ? "-" : command.text)));
              } catch {
                // A file that cannot be read is an empty one.
              }
            });
            break;
          case "R": {
            if (!this.#readers.has(command.text)) {
              try {
                this.#readers.set(command.text, (await this.#io.text(this.#io.open(command.text))).replace(/\n$/, "").split("\n"));
              } catch {
                this.#readers.set(command.text, []);
              }
            }
            const line = this.#readers.get(command.text)!.shift();
            if (line !== undefined) appended.push(async () => { out(`${line}\n`); });
            break;
          }
          case "w": await this.#writeTo(command.text, `${space}\n`); break;
          case "W": await this.#writeTo(command.text, `${space.split("\n")[0]}\n`); break;
          case "y": space = [...space].map((char) => command.map!.get(char) ?? char).join(""); break;
          case "q":
            this.exit = Math.max(0, command.number);
            quit = true;
            break;
          case "Q":
            this.exit = Math.max(0, command.number);
            return;
          case "b": at = command.target - 1; break;
          case "t":
            if (changed) {
              changed = false;
              at = command.target - 1;
            }
            break;
          case "T":
            if (!changed) at = command.target - 1;
            changed = false;
            break;
          case "s": {
            const made = this.#substitute(command, space);
            if (made !== null) {
              space = made;
              changed = true;
              if (command.print) out(space + this.#end);
              if (command.text !== "") await this.#writeTo(command.text, `${space}\n`);
            }
            break;
          }
        }
        if (deleted || quit || restart) break;
      }
      if (!deleted && !restart && !this.#quiet) out(space + ended());
      await flushAppended();
      if (quit) return;
      if (this.#io.out("")) await this.#io.flush();
      if (restart) continue;
      space = await input.next();
    }
  }

  #substitute(command: Command, space: string): string | null {
    const regex = command.regex ?? this.#lastRegex;
    if (regex === null) throw new SedFault("no previous regular expression");
    this.#lastRegex = regex;
    regex.lastIndex = 0;
    let count = 0;
    let text = "";
    let at = 0;
    let hit = false;
    let previous = -1;
    for (let match = regex.exec(space); match !== null; match = regex.exec(space)) {
      const empty = match[0] === "";
      if (empty && match.index === previous) {
        regex.lastIndex += 1;
        if (regex.lastIndex > space.length) break;
        continue;
      }
      count += 1;
      if (count >= command.nth) {
        text += space.slice(at, match.index) + replaced(command.replacement, match);
        at = match.index + match[0].length;
        hit = true;
        if (!command.global) break;
      }
      previous = match.index + match[0].length;
      if (empty) {
        regex.lastIndex += 1;
        if (regex.lastIndex > space.length) break;
      }
    }
    return hit ? text + space.slice(at) : null;
  }

  async #hit(address: Address, space: string, input: Input): Promise<boolean> {
    switch (address.kind) {
      case "line": return input.number === address.line;
      case "last": return await input.isLast();
      case "step": return address.by === 0 ? input.number === address.first : input.number >= address.first && (input.number - address.first) % address.by === 0;
      case "regex": {
        const regex = address.regex ?? this.#lastRegex;
        if (regex === null) throw new SedFault("no previous regular expression");
        this.#lastRegex = regex;
        regex.lastIndex = 0;
        return regex.test(space);
      }
      default: return false;
    }
  }
  async #selected(command: Command, space: string, input: Input): Promise<boolean> {
    const { from, to } = command;
    if (from === null) return true;
    if (to === null) return this.#hit(from, space, input);
    if (command.open) {
      if (to.kind === "plus" || to.kind === "multiple" || to.kind === "line") {
        if (input.number >= command.end) command.open = false;
        return input.number <= command.end || to.kind !== "line";
      }
      if (await this.#hit(to, space, input)) command.open = false;
      return true;
    }
    if (from.kind === "zero" && input.number === 1 && !command.open && command.end === 0) {
      command.end = -1;
      command.open = !(await this.#hit(to, space, input));
      return true;
    }
    if (!(await this.#hit(from, space, input))) return false;
    command.open = true;
    if (to.kind === "line") command.end = to.line;
    else if (to.kind === "plus") command.end = input.number + to.count;
    else if (to.kind === "multiple") command.end = to.of === 0 ? input.number : Math.ceil(input.number / to.of) * to.of;
    if (to.kind !== "regex" && to.kind !== "last" && to.kind !== "step" && command.end <= input.number) command.open = false;
    if (to.kind === "last" && (await input.isLast())) command.open = false;
    return true;
  }
}
function unambiguous(text: string): string {
  const names: Record<string, string> = { "\\": "\\\\", "\x07": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v" };
  let made = "";
  for (const byte of encode(text)) {
    const char = String.fromCharCode(byte);
    made += names[char] ?? (byte < 32 || byte > 126 ? `\\${byte.toString(8).padStart(3, "0")}` : char);
  }
  return made.replace(/.{69}(?=.)/g, "$&\\\n");
}

/** Lines of one file after another, with a look ahead for `$`. */
class Input {
  readonly #io: Io;
  readonly #names: string[];
  #source: LineSource | null = null;
  #stream: Stream | null = null;
  #ahead: string | null | undefined;
  #aheadEnded = true;
  number = 0;
  name = "-";
  lastEnded = true;
  readonly #end: string;
  constructor(io: Io, names: string[], end: string) {
    this.#io = io;
    this.#names = [...names];
    this.#end = end;
  }
  async #fetch(): Promise<string | null> {
    for (;;) {
      if (this.#source === null) {
        const name = this.#names.shift();
        if (name === undefined) return null;
        try {
          this.#stream = this.#io.open(name);
          this.#source = new LineSource(this.#stream, this.#end);
          this.name = name;
        } catch (error) {
          await this.#io.err(`sed: can't read ${name}: ${faultOf(error)}\n`);
          this.#io.status = 2;
          continue;
        }
      }
      const line = this.#source.take();
      if (line === undefined) {
        await this.#io.flush();
        try {
          await this.#source.fill(this.#io.process);
        } catch (error) {
          await this.#io.err(`sed: couldn't read ${this.name}: ${faultOf(error)}\n`);
          this.#source = null;
        }
        continue;
      }
      if (line === null) {
        this.#stream!.release();
        this.#source = null;
        continue;
      }
      this.#aheadEnded = this.#source.ended;
      return line;
    }
  }
  async isLast(): Promise<boolean> {
    if (this.#ahead === undefined) {
      const ended = this.#aheadEnded;
      this.#ahead = await this.#fetch();
      if (this.#ahead === null) this.#aheadEnded = ended;
    }
    return this.#ahead === null;
  }
  async next(): Promise<string | null> {
    const line = this.#ahead === undefined ? await this.#fetch() : this.#ahead;
    this.#ahead = undefined;
    if (line !== null) {
      this.number += 1;
      this.lastEnded = this.#aheadEnded;
    }
    return line;
  }
  /** Gives back what was not used. */
  close(): void {
    if (this.#source !== null) {
      this.#source.rest();
      this.#stream!.release();
    }
  }
}

const sed: Program = async (io) => {
  const given = await options(io, { short: "nErsi::e:f:zu", long: { quiet: "n", silent: "n", "regexp-extended": "E", "in-place?": "i", "expression=": "e", "file=": "f", separate: "s", "null-data": "z", posix: "posix", unbuffered: "u", debug: "debug", sandbox: "sandbox" }, status: 1 });
  if (given === null) return 1;
  if (given.has("debug")) return io.usage("--debug");
  const operands = [...given.operands];
  const scripts: string[] = [];
  for (const [name, value] of given.given) {
    if (name === "e") scripts.push(value);
    if (name === "f") {
      try {
        scripts.push((await io.text(io.open(value))).replace(/\n$/, ""));
      } catch (error) {
        return io.fail(`couldn't open file ${value}: ${faultOf(error)}`);
      }
    }
  }
  if (scripts.length === 0) {
    const first = operands.shift();
    if (first === undefined) return io.fail("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...");
    scripts.push(first);
  }
  const script = scripts.join("\n");
  const end = given.has("z") ? "\0" : "\n";
  const quiet = given.has("n") || script.startsWith("#n\n");
  try {
    const commands = (): Command[] => new Reader(script, given.has("E", "r")).whole();
    if (given.has("i")) {
      const suffix = given.value("i")!;
      for (const name of operands) {
        let made = "";
        try {
          io.fs.open(io.path(name), {});
        } catch (error) {
          await io.err(`sed: can't read ${name}: ${faultOf(error)}\n`);
          io.status = 2;
          continue;
        }
        const machine = new Machine(io, commands(), quiet, end);
        await machine.run(new Input(io, [name], end), (text) => { made += text; });
        machine.close();
        const stat = io.fs.stat(io.path(name));
        if (suffix !== "") io.fs.rename(io.path(name), io.path(suffix.includes("*") ? name.replace(/[^/]*$/, (file) => suffix.replaceAll("*", file)) : name + suffix));
        io.fs.open(io.path(name), { create: true, truncate: true, mode: stat.mode }).write(0, encode(made));
        if (machine.exit !== null) return machine.exit;
      }
      return io.status;
    }
    const machine = new Machine(io, commands(), quiet, end);
    const groups = given.has("s") ? operands.map((name) => [name]) : [operands.length === 0 ? ["-"] : operands];
    for (const names of groups) {
      const input = new Input(io, names, end);
      await machine.run(input, (text) => { io.out(text); });
      input.close();
      await io.flush();
      if (machine.exit !== null) break;
    }
    machine.close();
    return machine.exit ?? io.status;
  } catch (error) {
    if (error instanceof SedFault) return io.fail(error.message);
    throw error;
  }
};
export const seds: Record<string, Program> = { sed };
