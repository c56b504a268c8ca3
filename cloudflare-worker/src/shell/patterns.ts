/**
 * Patterns of the shell (globs with extended ones) and POSIX regular expressions, both made into JavaScript's.
 * In a pattern's text a backslash quotes the next character. Nothing here knows files or variables.
 */
const CACHE_COUNT_MAX = 500;
const CLASSES: Readonly<Record<string, string>> = {
  alpha: "\\p{L}", digit: "0-9", alnum: "\\p{L}\\p{Nd}", upper: "\\p{Lu}", lower: "\\p{Ll}", space: " \\t\\n\\r\\f\\v", blank: " \\t", punct: "!-\\/:-@\\[-`{-~", print: "\\x20-\\x7e\\u00a0-\\u{10ffff}", graph: "\\x21-\\x7e\\u00a1-\\u{10ffff}", cntrl: "\\x00-\\x1f\\x7f", xdigit: "0-9A-Fa-f", word: "\\w",
};
export const escapeRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
const inClass = (char: string): string => (/[\\\]^[\-&~|#!$%()*+,./:;<=>?@`{}]/.test(char) ? (/[\]\\^[-]/.test(char) ? `\\${char}` : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`) : char);

/** A bracket expression from its `[` on: its JavaScript form and where it ends, or null when it never closes. */
export function bracket(text: string, start: number, { backslash = true, negations = "!^" } = {}): { source: string; end: number } | null {
  let at = start + 1;
  let negated = false;
  if (negations.includes(text[at] ?? " ")) {
    negated = true;
    at += 1;
  }
  let source = "";
  let first = true;
  let previous: string | null = null;
  for (;; first = false) {
    const char = text[at];
    if (char === undefined) return null;
    if (char === "]" && !first) break;
    const named = /^\[([:.=])(.+?)\1\]/.exec(text.slice(at, at + 24));
    if (named !== null) {
      const inside = CLASSES[named[2]!];
      source += named[1] === ":" ? (inside ?? "") : inClass(named[2]!);
      at += named[0].length;
      previous = null;
      continue;
    }
    if (char === "-" && previous !== null && text[at + 1] !== undefined && text[at + 1] !== "]") {
      let to = text[at + 1]!;
      at += 2;
      if (to === "\\" && backslash) {
        to = text[at] ?? "\\";
        at += 1;
      }
      if (to < previous) return { source: "(?!)", end: Math.max(text.indexOf("]", at), at) + 1 };
      source += `-${inClass(to)}`;
      previous = null;
      continue;
    }
    let one = String.fromCodePoint(text.codePointAt(at)!);
    if (one === "\\" && backslash && at + 1 < text.length) {
      at += 1;
      one = String.fromCodePoint(text.codePointAt(at)!);
    }
    source += inClass(one);
    previous = one;
    at += one.length;
  }
  return { source: source === "" ? (negated ? "[^]" : "(?!)") : `[${negated ? "^" : ""}${source}]`, end: at + 1 };
}

export interface PatternOptions {
  extglob: boolean;
  /** `*` and `?` do not cross a slash. */
  path?: boolean;
  lazy?: boolean;
}

export function patternSource(text: string, options: PatternOptions): string {
  const { extglob, path = false, lazy = false } = options;
  const any = path ? "[^/]" : "[^]";
  let source = "";
  const stack: { kind: string; start: number }[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text[at]!;
    if (extglob && "?*+@!".includes(char) && text[at + 1] === "(") {
      stack.push({ kind: char, start: source.length });
      source += "(?:";
      at += 2;
    } else if (stack.length > 0 && char === "|") {
      source += "|";
      at += 1;
    } else if (stack.length > 0 && char === ")") {
      const { kind, start } = stack.pop()!;
      const inner = source.slice(start + 3);
      at += 1;
      if (kind === "!") {
        // What follows decides how far the negation reaches: it holds for the whole rest of the match.
        const rest = patternSource(text.slice(at), options);
        return stack.length > 0 ? `${source.slice(0, start)}(?:(?!(?:${inner})(?:[|)]|$))${any}*?)${rest}` : `${source.slice(0, start)}(?!(?:${inner})${rest}$)${any}*${rest}`;
      }
      source = `${source.slice(0, start)}(?:${inner})${kind === "@" ? "" : kind}${lazy && kind !== "@" ? "?" : ""}`;
    } else if (char === "*") {
      while (text[at] === "*" && !(extglob && text[at + 1] === "(")) at += 1;
      source += `${any}*${lazy ? "?" : ""}`;
    } else if (char === "?") {
      source += any;
      at += 1;
    } else if (char === "[") {
      const found = bracket(text, at);
      if (found === null) {
        source += "\\[";
        at += 1;
      } else {
        source += found.source;
        at = found.end;
      }
    } else {
      let one = char;
      if (char === "\\" && at + 1 < text.length) {
        at += 1;
        one = text[at]!;
      }
      source += escapeRegex(one);
      at += 1;
    }
  }
  for (; stack.length > 0; stack.pop()) source += ")";
  return source;
}

const cache = new Map<string, RegExp>();
function compiled(source: string, flags: string): RegExp {
  const key = `${flags}/${source}`;
  let regex = cache.get(key);
  if (regex === undefined) {
    if (cache.size >= CACHE_COUNT_MAX) cache.clear();
    try {
      regex = new RegExp(source, flags);
    } catch {
      regex = /(?!)/;
    }
    cache.set(key, regex);
  }
  regex.lastIndex = 0;
  return regex;
}

/** Whether the whole text matches. */
export function matches(pattern: string, text: string, { extglob = true, fold = false, path = false } = {}): boolean {
  if (!/[*?[\\]/.test(pattern) && !(extglob && /[+@!]\(/.test(pattern))) return fold ? pattern.toLowerCase() === text.toLowerCase() : pattern === text;
  return compiled(`^${patternSource(pattern, { extglob, path })}$`, fold ? "iu" : "u").test(text);
}
export function patternRegex(pattern: string, { extglob = true, start = false, end = false, lazy = false, global = false, fold = false } = {}): RegExp {
  return compiled(`${start ? "^" : ""}(?:${patternSource(pattern, { extglob, lazy })})${end ? "$" : ""}`, `u${global ? "g" : ""}${fold ? "i" : ""}`);
}

export class RegexFault extends Error {}

/** A POSIX regular expression, extended or basic (with GNU's additions), in JavaScript's language. */
export function regexSource(text: string, extended: boolean, { escapes = false } = {}): string {
  let source = "";
  let at = 0;
  let atom = false;
  let open = 0;
  const special = (name: string): boolean => (extended ? text[at] === name : text[at] === "\\" && text[at + 1] === name);
  const step = extended ? 1 : 2;
  while (at < text.length) {
    const char = text[at]!;
    if (special("(")) {
      source += "(";
      at += step;
      open += 1;
      atom = false;
    } else if (special(")") && (open > 0 || !extended)) {
      if (open === 0) throw new RegexFault("Unmatched ) or \\)");
      source += ")";
      at += step;
      open -= 1;
      atom = true;
    } else if (special("|")) {
      source += "|";
      at += step;
      atom = false;
    } else if (special("{") && atom) {
      const close = text.indexOf(extended ? "}" : "\\}", at);
      const inside = close < 0 ? "" : text.slice(at + step, close);
      if (!/^\d*,?\d*$/.test(inside) || inside === "" || inside === ",") {
        if (!extended) throw new RegexFault(close < 0 ? "Unmatched \\{" : "Invalid content of \\{\\}");
        source += "\\{";
        at += 1;
        continue;
      }
      source += `{${inside.startsWith(",") ? `0${inside}` : inside}}`;
      at = close + step;
    } else if (extended && (char === "*" || char === "+" || char === "?")) {
      source += atom ? (/[*+?}]$/.test(source) && !/\\[*+?}]$/.test(source) ? "" : char) : char === "*" ? "" : "";
      at += 1;
    } else if (!extended && char === "*") {
      source += atom ? "*" : "\\*";
      at += 1;
      atom = true;
    } else if (!extended && char === "\\" && (text[at + 1] === "+" || text[at + 1] === "?")) {
      source += atom ? text[at + 1]! : `\\${text[at + 1]}`;
      at += 2;
    } else if (char === "[") {
      const found = bracket(text, at, { backslash: escapes, negations: "^" });
      if (found === null) throw new RegexFault("Unmatched [, [^, [:, [., or [=");
      source += found.source;
      at = found.end;
      atom = true;
    } else if (char === ".") {
      source += "[^]";
      at += 1;
      atom = true;
    } else if (char === "^" && (extended || at === 0 || /(?:\\\(|\\\||\n)$/.test(text.slice(0, at)))) {
      source += "^";
      at += 1;
      atom = false;
    } else if (char === "$" && (extended || at === text.length - 1 || text.startsWith("\\)", at + 1) || text.startsWith("\\|", at + 1))) {
      source += "$";
      at += 1;
      atom = false;
    } else if (char === "\\") {
      const next = text[at + 1];
      if (next === undefined) throw new RegexFault("Trailing backslash");
      at += 2;
      atom = true;
      if (/[1-9]/.test(next)) source += `(?:\\${next})`;
      else if (next === "<") {
        source += "\\b(?=\\w)";
        atom = false;
      } else if (next === ">") {
        source += "\\b(?<=\\w)";
        atom = false;
      } else if ("bB".includes(next)) {
        source += `\\${next}`;
        atom = false;
      } else if ("wWsS".includes(next)) source += `\\${next}`;
      else if (next === "`") source += "(?<![^])";
      else if (next === "'") source += "(?![^])";
      else if (next === "n") source += "\\n";
      else if (next === "t") source += "\\t";
      else source += escapeRegex(next);
    } else {
      const one = String.fromCodePoint(text.codePointAt(at)!);
      source += escapeRegex(one);
      at += one.length;
      atom = true;
    }
  }
  if (open > 0) throw new RegexFault("Unmatched ( or \\(");
  return source;
}

export function regex(text: string, { extended = true, fold = false, global = false, multiline = false } = {}): RegExp {
  const source = regexSource(text, extended);
  try {
    return new RegExp(source, `u${fold ? "i" : ""}${global ? "g" : ""}${multiline ? "m" : ""}`);
  } catch (error) {
    throw new RegexFault(`Invalid regular expression: ${(error as Error).message.replace(/^.*: /, "")}`);
  }
}
