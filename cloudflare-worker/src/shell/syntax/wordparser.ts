/** Reads a word of a text that is not part of a script. */
import type { ArrayItem, Word } from "./ast.js";
import { Parser } from "./parser.js";
import type { Dialect } from "./source.js";

/** A word of a text that is not part of a script: `declare "a[1]=x"`, `read "a[1]"`. */
export class WordParser extends Parser {
  /** The whole text as if it stood in double quotes. */
  static quoted(source: string, dialect: Dialect, line: number): Word {
    const parser = new WordParser(source, dialect, line);
    const word: Word = { parts: [] };
    parser.doubleQuoted(word.parts, "", false);
    return word;
  }
  /** An index's inside. */
  static index(source: string, dialect: Dialect, line: number): Word | "@" | "*" {
    return new WordParser(`[${source}]`, dialect, line).index();
  }
  /** `(a b [k]=v)` of a declared array. */
  static items(source: string, dialect: Dialect, line: number): ArrayItem[] {
    const parser = new WordParser(`x=${source}`, dialect, line);
    const list = parser.next();
    const command = list?.[0]?.first.commands[0];
    return command?.type === "simple" ? (command.assignments[0]?.items ?? []) : [];
  }
}
