/** The conditions of `[[ ]]` and of `test`. */
import type { FileSystem, Stat } from "./files.js";
import { isDevice } from "./machine.js";
import { ArithmeticFault } from "./arithmetic.js";
import { matches, regex, RegexFault } from "./patterns.js";
import type { Shell } from "./shell.js";
import type { Test } from "./syntax/ast.js";
import { settle } from "./words.js";

const NUMERIC: Readonly<Record<string, (a: number | bigint, b: number | bigint) => boolean>> = {
  // biome-ignore lint/suspicious/noDoubleEquals: a number and a bigint may be equal
  "-eq": (a, b) => a == b, "-ne": (a, b) => a != b, "-lt": (a, b) => a < b, "-le": (a, b) => a <= b, "-gt": (a, b) => a > b, "-ge": (a, b) => a >= b,
};
const FILES = new Set(["-a", "-b", "-c", "-d", "-e", "-f", "-g", "-h", "-k", "-p", "-r", "-s", "-u", "-w", "-x", "-G", "-L", "-N", "-O", "-S"]);
export const UNARY = new Set([...FILES, "-n", "-o", "-t", "-v", "-z", "-R"]);
export const BINARY = new Set(["=", "==", "!=", "<", ">", "-nt", "-ot", "-ef", ...Object.keys(NUMERIC)]);

/** 0 true, 1 false, 2 a fault. */
export async function condition(shell: Shell, test: Test): Promise<number> {
  switch (test.op) {
    case "and": {
      const left = await condition(shell, test.left);
      return left === 0 ? await condition(shell, test.right) : left;
    }
    case "or": {
      const left = await condition(shell, test.left);
      return left === 0 ? 0 : await condition(shell, test.right);
    }
    case "not": {
      const status = await condition(shell, test.test);
      return status === 2 ? 2 : 1 - status;
    }
    case "word": return (await settle(shell.expander.text(test.word))) === "" ? 1 : 0;
    case "unary": {
      const made = settle(shell.expander.text(test.word));
      return unary(shell, test.name, made instanceof Promise ? await made : made) ? 0 : 1;
    }
    case "binary": return await binary(shell, test);
  }
}

async function binary(shell: Shell, test: Extract<Test, { op: "binary" }>): Promise<number> {
  const made = settle(shell.expander.text(test.left));
  const left = made instanceof Promise ? await made : made;
  const fold = shell.shopts.has("nocasematch");
  if (test.name === "=" || test.name === "==" || test.name === "!=") {
    const pattern = settle(shell.expander.pattern(test.right));
    const hit = matches(pattern instanceof Promise ? await pattern : pattern, left, { extglob: true, fold });
    return hit === (test.name !== "!=") ? 0 : 1;
  }
  if (test.name === "=~") {
    try {
      const found = regex(await settle(shell.expander.regex(test.right)), { fold }).exec(left);
      shell.variables.unset("BASH_REMATCH");
      shell.setList("BASH_REMATCH", found === null ? [] : [...found].map((group) => group ?? ""));
      return found === null ? 1 : 0;
    } catch (error) {
      if (error instanceof RegexFault) return 2;
      throw error;
    }
  }
  const other = settle(shell.expander.text(test.right));
  const right = other instanceof Promise ? await other : other;
  const numeric = NUMERIC[test.name];
  if (numeric !== undefined) {
    try {
      return numeric(shell.arithmetic(left), shell.arithmetic(right)) ? 0 : 1;
    } catch (error) {
      if (!(error instanceof ArithmeticFault)) throw error;
      await shell.error(`[[: ${error.message}`);
      return 1;
    }
  }
  return compare(shell, left, test.name, right) ? 0 : 1;
}

function stat(fs: FileSystem, path: string, follow = true): Stat | null {
  try {
    return follow ? fs.stat(path) : fs.lstat(path);
  } catch {
    return null;
  }
}

export function unary(shell: Shell, name: string, text: string): boolean {
  if (name === "-n") return text !== "";
  if (name === "-z") return text === "";
  if (name === "-o") return shell.option(text);
  if (name === "-t") return shell.fds.get(Number(text))?.terminal === true;
  if (name === "-R") return shell.variables.find(text)?.attributes.nameref === true;
  if (name === "-v") {
    const element = shell.element(text);
    if (element === null) return /^\d+$/.test(text) ? shell.value(text) !== undefined : false;
    if (element.index === null) return shell.value(element.name) !== undefined;
    const variable = shell.parameters.variable(element.name);
    if (element.index === "@" || element.index === "*") return variable?.isSet === true;
    return shell.parameters.item(element.name, element.index) !== undefined;
  }
  if (text === "") return false;
  const path = shell.path(text);
  if (isDevice(path)) return "-e-a-r-w-c".includes(name);
  const found = stat(shell.machine.fs, text.endsWith("/") ? `${path}/` : path, name !== "-h" && name !== "-L");
  if (found === null) return false;
  switch (name) {
    case "-f": return found.kind === "file";
    case "-d": return found.kind === "directory";
    case "-h":
    case "-L": return found.kind === "link";
    case "-s": return found.size > 0;
    case "-r": return (found.mode & 0o444) !== 0;
    case "-w": return (found.mode & 0o222) !== 0;
    case "-x": return (found.mode & 0o111) !== 0;
    case "-g": return (found.mode & 0o2000) !== 0;
    case "-u": return (found.mode & 0o4000) !== 0;
    case "-k": return (found.mode & 0o1000) !== 0;
    case "-a":
    case "-e":
    case "-G":
    case "-N":
    case "-O": return true;
    default: return false;
  }
}

export function compare(shell: Shell, left: string, name: string, right: string): boolean {
  switch (name) {
    case "=":
    case "==": return left === right;
    case "!=": return left !== right;
    case "<": return left < right;
    case ">": return left > right;
    default: {
      const a = stat(shell.machine.fs, shell.path(left));
      const b = stat(shell.machine.fs, shell.path(right));
      if (name === "-ef") return a !== null && b !== null && a.ino === b.ino;
      const newer = name === "-nt" ? [a, b] : [b, a];
      return newer[0] != null && (newer[1] == null || newer[0].mtimeMs > newer[1].mtimeMs);
    }
  }
}

class TestFault extends Error {}
const WHOLE = /^\s*[+-]?\d+\s*$/;

/** `test` and `[`: the operators come as words. */
export class Conditions {
  readonly #shell: Shell;
  readonly #words: string[];
  #at = 0;
  constructor(shell: Shell, words: string[]) {
    this.#shell = shell;
    this.#words = words;
  }

  async status(name: string): Promise<number> {
    try {
      return this.#whole() ? 0 : 1;
    } catch (error) {
      if (!(error instanceof TestFault)) throw error;
      await this.#shell.error(`${name}: ${error.message}`);
      return 2;
    }
  }
  /** POSIX decides by the number of words first. */
  #whole(): boolean {
    const words = this.#words;
    switch (words.length) {
      case 0: return false;
      case 1: return words[0] !== "";
      case 2:
        if (words[0] === "!") return words[1] === "";
        if (UNARY.has(words[0]!)) return unary(this.#shell, words[0]!, words[1]!);
        throw new TestFault(`${words[0]}: unary operator expected`);
      case 3:
        if (BINARY.has(words[1]!)) return this.#binary(words[0]!, words[1]!, words[2]!);
        if (words[1] === "-a") return words[0] !== "" && words[2] !== "";
        if (words[1] === "-o") return words[0] !== "" || words[2] !== "";
        if (words[0] === "!") return !new Conditions(this.#shell, words.slice(1)).#whole();
        if (words[0] === "(" && words[2] === ")") return words[1] !== "";
        throw new TestFault(`${words[1]}: binary operator expected`);
      case 4:
        if (words[0] === "!") return !new Conditions(this.#shell, words.slice(1)).#whole();
        if (words[0] === "(" && words[3] === ")") return new Conditions(this.#shell, words.slice(1, 3)).#whole();
    }
    const value = this.#or();
    if (this.#at < words.length) throw new TestFault("too many arguments");
    return value;
  }
  #or(): boolean {
    let value = this.#and();
    while (this.#words[this.#at] === "-o") {
      this.#at += 1;
      value = this.#and() || value;
    }
    return value;
  }
  #and(): boolean {
    let value = this.#not();
    while (this.#words[this.#at] === "-a") {
      this.#at += 1;
      value = this.#not() && value;
    }
    return value;
  }
  #not(): boolean {
    const word = this.#words[this.#at];
    if (word === undefined) throw new TestFault("argument expected");
    if (word === "!") {
      this.#at += 1;
      return !this.#not();
    }
    if (word === "(") {
      this.#at += 1;
      const value = this.#or();
      if (this.#words[this.#at] !== ")") throw new TestFault("`)' expected");
      this.#at += 1;
      return value;
    }
    const operator = this.#words[this.#at + 1];
    if (operator !== undefined && BINARY.has(operator) && this.#at + 2 < this.#words.length) {
      this.#at += 3;
      return this.#binary(word, operator, this.#words[this.#at - 1]!);
    }
    if (UNARY.has(word) && operator !== undefined) {
      this.#at += 2;
      return unary(this.#shell, word, operator);
    }
    this.#at += 1;
    return word !== "";
  }
  #binary(left: string, operator: string, right: string): boolean {
    const numeric = NUMERIC[operator];
    if (numeric === undefined) return compare(this.#shell, left, operator, right);
    for (const side of [left, right]) if (!WHOLE.test(side)) throw new TestFault(`${side}: integer expression expected`);
    return numeric(BigInt(left.trim().replace(/^\+/, "")), BigInt(right.trim().replace(/^\+/, "")));
  }
}
