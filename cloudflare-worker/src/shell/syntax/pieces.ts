/** Gathers the parts of a word while it is read. */
import type { Part, Word } from "./ast.js";

export const literal = (s: string): Word => ({ parts: s === "" ? [] : [{ t: "lit", s }], plain: s });

/** The parts of a word as they are read; plain text is gathered. */
export class Pieces {
  readonly #parts: Part[] = [];
  text = "";
  push(part: Part): void {
    this.#flush();
    this.#parts.push(part);
  }
  word(): Word {
    this.#flush();
    return finished(this.#parts);
  }
  #flush(): void {
    if (this.text !== "") this.#parts.push({ t: "lit", s: this.text });
    this.text = "";
  }
}

export function finished(parts: Part[]): Word {
  const word: Word = { parts };
  const [first] = parts;
  if (parts.length === 0) word.plain = "";
  else if (parts.length === 1 && first?.t === "lit" && !/[*?[\]{}~\\!@+()]/.test(first.s)) word.plain = first.s;
  else if (parts.length === 1 && first?.t === "quoted") word.plain = first.s;
  if (parts.some((part) => part.t === "lit" && part.s.includes("{"))) word.braces = true;
  return word;
}
