/** Runs sed's commands over lines: the pattern space, the hold space, ranges and jumps. */
import { encode } from "../../bytes.js";
import type { Io } from "../../machine.js";
import type { Stream } from "../../streams.js";
import type { Input } from "./input.js";
import { type Address, type Command, type Piece, SedFault } from "./syntax.js";

export class Machine {
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

/** What an `s` puts in the place of what it found. */
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

/** As `l` shows it. */
function unambiguous(text: string): string {
  const names: Record<string, string> = { "\\": "\\\\", "\x07": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v" };
  let made = "";
  for (const byte of encode(text)) {
    const char = String.fromCharCode(byte);
    made += names[char] ?? (byte < 32 || byte > 126 ? `\\${byte.toString(8).padStart(3, "0")}` : char);
  }
  return made.replace(/.{69}(?=.)/g, "$&\\\n");
}
