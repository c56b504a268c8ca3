/**
 * Expands words: parameters, substitutions, arithmetic, splitting, paths. Written as generators that yield only when something has to be waited for,
 * so that ordinary words cost no turn of the event loop. What a parameter's operators do to a text is parameters.ts.
 */
import { braces } from "./braces.js";
import { hasGlob } from "./globs.js";
import { isTrue, type Whole } from "./arithmetic.js";
import type { Parameters } from "./parameters.js";
import type { List, Param, Part, Word } from "./syntax/ast.js";

export type Expanding<T> = Generator<Promise<unknown>, T, unknown>;

/** Runs what may have to wait; the value itself when it did not. */
export function settle<T>(work: Expanding<T>): T | Promise<T> {
  const step = work.next();
  return step.done === true ? step.value : waiting(work, step.value);
}
async function waiting<T>(work: Expanding<T>, first: Promise<unknown>): Promise<T> {
  let promise = first;
  for (;;) {
    let step: IteratorResult<Promise<unknown>, T>;
    try {
      const value = await promise;
      step = work.next(value);
    } catch (error) {
      step = work.throw(error);
    }
    if (step.done === true) return step.value;
    promise = step.value;
  }
}

/** Ends the command, or the whole shell, with a message. */
export class ExpansionFault extends Error {
  readonly fatal: boolean;
  readonly status: number;
  constructor(message: string, fatal = false, status = 1) {
    super(message);
    this.fatal = fatal;
    this.status = status;
  }
}

/** What a shell must be able to do for its words. */
export interface Surroundings {
  readonly parameters: Parameters;
  option(name: string): boolean;
  substitute(body: List, source: string): Promise<string>;
  processSubstitution(body: List, input: boolean): string;
  arithmetic(text: string): Whole;
  glob(pattern: string): string[];
  home(user: string): string | null;
  line: number;
}

interface Segment {
  s: string;
  quoted: boolean;
}
export const quotePattern = (text: string): string => text.replace(/[\\*?[\]!^+@()|-]/g, "\\$&");
const patternOf = (segments: Segment[]): string => segments.map(({ s, quoted }) => (quoted ? quotePattern(s) : s)).join("");
const textOf = (segments: Segment[]): string => segments.map(({ s }) => s).join("");

class Fields {
  readonly done: Segment[][] = [];
  current: Segment[] | null = null;
  readonly #ifs: string;
  readonly #split: boolean;
  constructor(ifs: string, split: boolean) {
    this.#ifs = ifs;
    this.#split = split;
  }
  add(s: string, quoted: boolean): void {
    this.current ??= [];
    if (s !== "") this.current.push({ s, quoted });
  }
  end(): void {
    if (this.current !== null) this.done.push(this.current);
    this.current = null;
  }
  /** The value of an unquoted expansion. */
  value(text: string): void {
    if (!this.#split || this.#ifs === "") {
      if (text !== "" || !this.#split) this.add(text, false);
      return;
    }
    let start = 0;
    const isDelimiter = (char: string | undefined): boolean => char !== undefined && this.#ifs.includes(char);
    const isBlank = (char: string | undefined): boolean => char !== undefined && (char === " " || char === "\t" || char === "\n") && this.#ifs.includes(char);
    for (let at = 0; at < text.length; ) {
      if (!isDelimiter(text[at])) {
        at += 1;
        continue;
      }
      if (at > start) this.add(text.slice(start, at), false);
      const had = this.current !== null;
      while (isBlank(text[at])) at += 1;
      let ended = had;
      if (at < text.length && isDelimiter(text[at])) {
        this.current ??= [];
        ended = true;
        at += 1;
        while (isBlank(text[at])) at += 1;
      }
      if (ended) this.end();
      start = at;
    }
    if (start < text.length) this.add(text.slice(start), false);
  }
}

export class Expander {
  readonly #world: Surroundings;
  constructor(world: Surroundings) {
    this.#world = world;
  }

  /** A command's words as its arguments. */
  *fields(words: readonly Word[]): Expanding<string[]> {
    const found: string[] = [];
    for (const word of words) {
      if (word.plain !== undefined) found.push(word.plain);
      else if (word.braces === true && this.#world.option("braceexpand")) for (const made of braces(word)) yield* this.#field(made, found);
      else yield* this.#field(word, found);
    }
    return found;
  }

  *#field(word: Word, found: string[]): Expanding<void> {
    if (word.plain !== undefined) {
      found.push(word.plain);
      return;
    }
    const fields = new Fields(this.#world.parameters.ifs, true);
    yield* this.#parts(this.#tilde(word.parts, false), fields, false);
    fields.end();
    for (const segments of fields.done) {
      const text = textOf(segments);
      if (!this.#world.option("noglob") && segments.some(({ s, quoted }) => !quoted && hasGlob(s, this.#world.option("extglob")))) {
        const pattern = patternOf(segments);
        const paths = hasGlob(pattern.replace(/\\./gs, ""), this.#world.option("extglob")) ? this.#world.glob(pattern) : [];
        if (paths.length > 0) {
          for (const path of paths) found.push(path);
          continue;
        }
        if (this.#world.option("failglob")) throw new ExpansionFault(`no match: ${text}`);
        if (this.#world.option("nullglob")) continue;
      }
      found.push(text);
    }
  }

  /** A word as one text: assignments, redirections of strings, `case`. */
  *text(word: Word, assignment = false): Expanding<string> {
    if (word.plain !== undefined) return word.plain;
    return textOf(yield* this.#whole(word, assignment));
  }
  /** A word as a pattern, in which what was quoted is escaped. */
  *pattern(word: Word): Expanding<string> {
    return patternOf(yield* this.#whole(word, false));
  }
  /** A word as a regular expression, in which what was quoted stands for itself. */
  *regex(word: Word): Expanding<string> {
    return (yield* this.#whole(word, false)).map(({ s, quoted }) => (quoted ? s.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&") : s)).join("");
  }
  /** The replacement of `${x/a/b}`: a text in which an unquoted `&` is the match. */
  *replacement(word: Word): Expanding<(match: string) => string> {
    const segments = yield* this.#whole(word, false);
    if (!segments.some(({ s, quoted }) => !quoted && s.includes("&"))) {
      const text = textOf(segments);
      return () => text;
    }
    return (match) => segments.map(({ s, quoted }) => (quoted ? s : s.replace(/\\&|&/g, (found) => (found === "&" ? match : "&")))).join("");
  }

  *#whole(word: Word, assignment: boolean): Expanding<Segment[]> {
    const fields = new Fields("", false);
    yield* this.#parts(this.#tilde(word.parts, assignment), fields, false);
    fields.end();
    return fields.done.length === 1 ? fields.done[0]! : fields.done.flatMap((segments, at) => (at === 0 ? segments : [{ s: " ", quoted: true }, ...segments]));
  }

  #tilde(parts: Part[], assignment: boolean): Part[] {
    const [first] = parts;
    if (first === undefined) return parts;
    const home = (text: string): Part[] | null => {
      const match = /^~([A-Za-z_][\w-]*|[+-])?(?=\/|:|$)/.exec(text);
      const folder = match === null ? null : this.#world.home(match[1] ?? "");
      return folder === null ? null : [{ t: "quoted", s: folder }, { t: "lit", s: text.slice(match![0].length) }];
    };
    let made = parts;
    if (first.t === "lit" && first.s.startsWith("~") && (parts.length === 1 || first.s.includes("/"))) {
      const found = home(first.s);
      if (found !== null) made = [...found, ...parts.slice(1)];
    }
    if (assignment && made.some((part) => part.t === "lit" && part.s.includes(":~"))) {
      made = made.flatMap((part): Part[] => {
        if (part.t !== "lit") return [part];
        return part.s.split(/(?<=:)(?=~)/).flatMap((piece): Part[] => (piece.startsWith("~") ? (home(piece) ?? [{ t: "lit", s: piece }]) : [{ t: "lit", s: piece }]));
      });
    }
    return made;
  }

  *#parts(parts: readonly Part[], fields: Fields, quoted: boolean): Expanding<void> {
    for (const part of parts) {
      switch (part.t) {
        case "lit":
          fields.add(part.s, quoted);
          break;
        case "quoted":
          fields.add(part.s, true);
          break;
        case "dq": {
          const only = part.parts.length > 0 && part.parts.every((inner) => inner.t === "param" && isList(inner));
          if (!only) fields.current ??= [];
          yield* this.#parts(part.parts, fields, true);
          break;
        }
        case "param":
          yield* this.#param(part, fields, quoted);
          break;
        case "command": {
          const output = (yield this.#world.substitute(part.body, part.source)) as string;
          if (quoted) fields.add(output, true);
          else fields.value(output);
          break;
        }
        case "arith": {
          const text = yield* this.arithmeticText(part.word);
          const value = String(this.#world.arithmetic(text));
          if (quoted) fields.add(value, true);
          else fields.value(value);
          break;
        }
        case "process":
          fields.add(this.#world.processSubstitution(part.body, part.input), true);
          break;
      }
    }
  }

  /** An arithmetic expression's text: its `$`s are expanded, its names are not. */
  *arithmeticText(word: Word): Expanding<string> {
    const [first] = word.parts;
    if (word.parts.length === 1 && first!.t === "quoted") return first!.s;
    const fields = new Fields("", false);
    yield* this.#parts(word.parts, fields, true);
    fields.end();
    return fields.done.map(textOf).join(" ");
  }
  *arithmetic(word: Word): Expanding<Whole> {
    return this.#world.arithmetic(yield* this.arithmeticText(word));
  }
  *truth(word: Word): Expanding<boolean> {
    return isTrue(yield* this.arithmetic(word));
  }

  *#param(param: Param, fields: Fields, quoted: boolean): Expanding<void> {
    const { parameters } = this.#world;
    if (param.op === undefined && param.index === undefined && param.indirect !== true && param.length !== true && param.names === undefined && param.name !== "@" && param.name !== "*") {
      // Most expansions are this one.
      const value = parameters.get(param.name);
      if (value === undefined) {
        if (this.#world.option("nounset")) this.#unbound(param, param.name);
        if (quoted) fields.add("", true);
      } else if (quoted) fields.add(value, true);
      else fields.value(value);
      return;
    }
    const found = yield* parameters.look(param, this);
    if (found.fields !== undefined) {
      yield* this.#parts(quoted ? found.fields.parts.map((part): Part => (part.t === "lit" ? { t: "quoted", s: part.s } : part)) : this.#tilde(found.fields.parts, false), fields, quoted);
      if (quoted) fields.current ??= [];
      return;
    }
    if (found.list !== undefined) {
      this.#list(found.list, found.star === true, fields, quoted);
      return;
    }
    if (found.value === undefined) {
      if (this.#world.option("nounset") && found.unbound !== undefined) this.#unbound(param, found.unbound);
      if (quoted) fields.add("", true);
    } else if (quoted) fields.add(found.value, true);
    else fields.value(found.value);
  }
  #unbound(param: Param, name: string): never {
    this.#world.line = param.line;
    throw new ExpansionFault(`${name}: unbound variable`, true);
  }

  #list(values: string[], star: boolean, fields: Fields, quoted: boolean): void {
    if (quoted && star) {
      fields.add(values.join(this.#world.parameters.ifs.slice(0, 1)), true);
      return;
    }
    values.forEach((value, at) => {
      if (at > 0) fields.end();
      if (quoted) fields.add(value, true);
      else fields.value(value);
    });
  }
}

function isList(param: Param): boolean {
  if (param.length === true || (param.op !== undefined && /[-=?+]/.test(param.op))) return false;
  return param.name === "@" || param.index === "@" || param.names === "prefix@" || param.names === "keys@" || (param.indirect === true);
}
