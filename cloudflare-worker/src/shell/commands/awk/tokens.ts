/** Cuts an awk program into its tokens. */

export class AwkFault extends Error {}

const BUILTINS = new Set(["length", "substr", "index", "split", "sub", "gsub", "match", "sprintf", "tolower", "toupper", "sin", "cos", "atan2", "exp", "log", "sqrt", "int", "rand", "srand", "system", "close", "fflush", "strftime", "systime", "mktime", "gensub", "asort", "asorti", "and", "or", "xor", "lshift", "rshift", "compl", "strtonum"]);
const KEYWORDS = new Set(["BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "break", "continue", "next", "nextfile", "exit", "return", "delete", "in", "getline", "print", "printf"]);
const OPERATORS = ["**=", "&&", "||", "==", "!=", "<=", ">=", ">>", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "!~", "+", "-", "*", "/", "%", "^", "!", "<", ">", "=", "~", "?", ":", ",", ";", "(", ")", "{", "}", "[", "]", "$", "|"];

export interface Token {
  kind: "num" | "str" | "regex" | "name" | "func" | "builtin" | "key" | "op" | "nl" | "eof";
  text: string;
  value?: number;
  line: number;
}

export function tokens(source: string): Token[] {
  const list: Token[] = [];
  let line = 1;
  let at = 0;
  const push = (kind: Token["kind"], text: string, value?: number): void => { list.push({ kind, text, line, ...(value === undefined ? {} : { value }) }); };
  const divides = (): boolean => {
    const last = list.at(-1);
    return last !== undefined && (["num", "str", "regex", "name", "builtin"].includes(last.kind) || (last.kind === "op" && [")", "]", "$", "++", "--"].includes(last.text)));
  };
  while (at < source.length) {
    const char = source[at]!;
    if (char === " " || char === "\t" || char === "\r") at += 1;
    else if (char === "\\" && /^\\\r?\n/.test(source.slice(at, at + 3))) {
      at = source.indexOf("\n", at) + 1;
      line += 1;
    } else if (char === "\n") {
      push("nl", "newline");
      line += 1;
      at += 1;
    } else if (char === "#") {
      while (at < source.length && source[at] !== "\n") at += 1;
    } else if (char === '"') {
      let text = "";
      at += 1;
      for (;;) {
        const next = source[at];
        if (next === undefined || next === "\n") throw new AwkFault(`runaway string constant "${text.slice(0, 20)} ...`);
        if (next === '"') break;
        if (next === "\\") {
          const { made, length } = escaped(source, at + 1);
          text += made;
          at += length + 1;
        } else {
          text += next;
          at += 1;
        }
      }
      at += 1;
      push("str", text);
    } else if (char === "/" && !divides()) {
      let text = "";
      let inClass = false;
      at += 1;
      for (;;) {
        const next = source[at];
        if (next === undefined || next === "\n") throw new AwkFault(`runaway regular expression /${text.slice(0, 20)} ...`);
        if (next === "/" && !inClass) break;
        if (next === "\\") {
          const after = source[at + 1] ?? "";
          text += after === "/" ? "/" : after === '"' ? '"' : `\\${after}`;
          at += 2;
          continue;
        }
        if (next === "[" && !inClass) {
          inClass = true;
          text += next;
          at += 1;
          if (source[at] === "^") text += source[at++];
          if (source[at] === "]") text += source[at++];
          continue;
        }
        if (inClass && next === "[" && source[at + 1] === ":") {
          const close = source.indexOf(":]", at);
          if (close > 0) {
            text += source.slice(at, close + 2);
            at = close + 2;
            continue;
          }
        }
        if (next === "]") inClass = false;
        text += next;
        at += 1;
      }
      at += 1;
      push("regex", text);
    } else if (/[0-9.]/.test(char) && /^(\d|\.\d)/.test(source.slice(at, at + 2))) {
      const text = /^(?:0[xX][0-9a-fA-F]+|\d*\.?\d*(?:[eE][+-]?\d+)?)/.exec(source.slice(at, at + 60))![0];
      push("num", text, Number(text));
      at += text.length;
    } else if (/[A-Za-z_]/.test(char)) {
      const name = /^\w+/.exec(source.slice(at))![0];
      at += name.length;
      if (KEYWORDS.has(name)) push("key", name === "func" ? "function" : name);
      else if (BUILTINS.has(name)) push("builtin", name);
      else push(source[at] === "(" ? "func" : "name", name);
    } else {
      const op = OPERATORS.find((candidate) => source.startsWith(candidate, at));
      if (op === undefined) throw new AwkFault(`line ${line}: syntax error at or near ${char}`);
      push("op", op === "**" ? "^" : op === "**=" ? "^=" : op);
      at += op.length;
    }
  }
  push("nl", "newline");
  push("eof", "end of file");
  return list;
}
export function escaped(source: string, at: number): { made: string; length: number } {
  const char = source[at] ?? "";
  const octal = /^[0-7]{1,3}/.exec(source.slice(at, at + 3));
  if (octal !== null) return { made: String.fromCharCode(Number.parseInt(octal[0], 8) & 255), length: octal[0].length };
  const simple: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\", '"': '"', "/": "/", a: "\x07", b: "\b", f: "\f", v: "\v" };
  return { made: simple[char] ?? (char === "\n" ? "" : `\\${char}`), length: 1 };
}

/** A text with its escapes read, as after `-v` and in `name=value`. */
export function unescaped(text: string): string {
  let made = "";
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== "\\" || at === text.length - 1) made += text[at];
    else {
      const { made: char, length } = escaped(text, at + 1);
      made += char;
      at += length;
    }
  }
  return made;
}
