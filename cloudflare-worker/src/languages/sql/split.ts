/** Cuts a script into statements and dot-commands, each with the line it starts on. Pure; it knows strings and comments, not SQL. */

export interface Piece {
  kind: "statement" | "command";
  text: string;
  line: number;
}

const TRIGGER = /^create\s+(temp\s+|temporary\s+)?trigger\b/i;

export function* split(script: string): Generator<Piece> {
  let at = 0;
  let line = 1;
  let start = -1;
  let startLine = 1;
  /** The last words outside strings, to know where a trigger's body ends. */
  let words: string[] = [];
  const pass = (to: number): void => {
    for (let next = script.indexOf("\n", at); next >= 0 && next < to; next = script.indexOf("\n", next + 1)) line += 1;
    at = to;
  };
  const after = (what: string, from: number): number => {
    const found = script.indexOf(what, from);
    return found < 0 ? script.length : found + what.length;
  };
  while (at < script.length) {
    const char = script[at] as string;
    if (char === "-" && script[at + 1] === "-") pass(after("\n", at));
    else if (char === "/" && script[at + 1] === "*") pass(after("*/", at + 2));
    else if (/\s/.test(char)) pass(at + 1);
    else if (start < 0 && char === "." && /(^|\n)[ \t]*$/.test(script.slice(Math.max(0, at - 80), at))) {
      const end = after("\n", at);
      yield { kind: "command", text: script.slice(at, end).trim(), line };
      pass(end);
    } else if (char === ";") {
      const ends = start < 0 || !TRIGGER.test(script.slice(start, start + 200)) || (words.at(-1) === "end" && words.at(-2) === ";");
      words.push(";");
      pass(at + 1);
      if (!ends) continue;
      if (start >= 0) yield { kind: "statement", text: script.slice(start, at), line: startLine };
      start = -1;
      words = [];
    } else {
      if (start < 0) { start = at; startLine = line; }
      if (char === "'" || char === '"' || char === "`") pass(after(char, at + 1));
      else if (char === "[") pass(after("]", at + 1));
      else {
        const word = /^[\w$\u0080-\uffff]+/.exec(script.slice(at, at + 256))?.[0];
        if (word !== undefined) words = [...words.slice(-2), word.toLowerCase()];
        pass(at + (word?.length ?? 1));
      }
    }
  }
  if (start >= 0) yield { kind: "statement", text: script.slice(start), line: startLine };
}

/** The words of a dot-command; quotes keep spaces together. */
export function argumentsOf(command: string): string[] {
  return [...command.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => (double !== undefined ? double.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char === "t" ? "\t" : char)) : (single ?? bare ?? "")));
}
