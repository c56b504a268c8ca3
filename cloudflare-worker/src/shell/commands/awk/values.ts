/** What an awk program computes with, and what it unwinds by. */

/** Text that came from outside: a number too, if it looks like one. */
export class Given {
  readonly s: string;
  constructor(s: string) {
    this.s = s;
  }
}
export type Value = number | string | Given | undefined;
export type Cells = Map<string, Value>;
/** What may have to wait, as a generator. */
export type Work<T> = Generator<Promise<unknown>, T, unknown>;
/** Leaves a loop, a function, a rule or the program. */
export class Leave {
  readonly how: "next" | "nextfile" | "break" | "continue" | "exit" | "return";
  readonly value: Value;
  constructor(how: Leave["how"], value?: Value) {
    this.how = how;
    this.value = value;
  }
}
const LOOKS_NUMERIC = /^\s*[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F]+)\s*$/;
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/;

/** Whether a comparison takes it for a number. */
export const isNumeric = (value: Value): boolean => typeof value === "number" || value === undefined || (value instanceof Given && LOOKS_NUMERIC.test(value.s));

/** The number that a value stands for; 0 for text that begins with none. */
export const number = (value: Value): number => {
  if (typeof value === "number") return value;
  if (value === undefined) return 0;
  const text = typeof value === "string" ? value : value.s;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  const found = NUMBER.exec(text);
  return found === null ? (/^\s*[+-]?(?:inf|nan)/i.test(text) ? Number(/nan/i.test(text) ? Number.NaN : text.trim().startsWith("-") ? -Infinity : Infinity) : 0) : Number(found[0]);
};
