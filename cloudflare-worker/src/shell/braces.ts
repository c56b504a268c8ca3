/** Brace expansion: words out of `{a,b}` and `{1..9}`, before anything else is expanded. */
import { LimitFault } from "./machine.js";
import type { Part, Word } from "./syntax/ast.js";
import { finished } from "./syntax/pieces.js";

export const BRACES_COUNT_MAX = 2_000_000;

/** A word's text with its expansions as single marks, so that braces can be found in it. */
interface Marked {
  text: string;
  parts: Part[];
}
const MARK = "\ue000";

export function braces(word: Word): Word[] {
  const marked: Marked = { text: "", parts: [] };
  for (const part of word.parts) {
    if (part.t === "lit" && !part.s.includes(MARK)) marked.text += part.s;
    else {
      marked.text += MARK;
      marked.parts.push(part);
    }
  }
  const budget = { left: BRACES_COUNT_MAX };
  const texts = expand(marked.text, budget);
  if (texts.length === 1 && texts[0] === marked.text) return [word];
  // Marks are used up from left to right, but a copy repeats them: which ones it has is carried along as numbers.
  if (marked.parts.length === 0) return texts.map((text) => finished(text === "" ? [] : [{ t: "lit", s: text }])).filter((made) => made.parts.length > 0);
  let number = 0;
  const numbered = marked.text.replaceAll(MARK, () => `${MARK}${number++}${MARK}`);
  return expand(numbered, budget).map((text) => {
    const parts: Part[] = [];
    text.split(MARK).forEach((piece, at) => {
      if (at % 2 === 1) parts.push(marked.parts[Number(piece)]!);
      else if (piece !== "") parts.push({ t: "lit", s: piece });
    });
    return finished(parts);
  });
}

function expand(text: string, budget: { left: number }): string[] {
  for (let start = text.indexOf("{"); start >= 0; start = text.indexOf("{", start + 1)) {
    const inside = alternatives(text, start);
    if (inside === null) continue;
    const choices = inside.list.length > 1 ? inside.list.flatMap((choice) => expand(choice, budget)) : range(inside.list[0]!, budget);
    if (choices === null) continue;
    const before = text.slice(0, start);
    const rests = expand(text.slice(inside.end), budget);
    budget.left -= choices.length * rests.length;
    if (budget.left < 0) throw new LimitFault(`brace expansion: more than ${BRACES_COUNT_MAX} words`);
    const made: string[] = [];
    for (const choice of choices) for (const rest of rests) made.push(before + choice + rest);
    return made;
  }
  return [text];
}

function alternatives(text: string, start: number): { list: string[]; end: number } | null {
  let open = 0;
  let from = start + 1;
  const list: string[] = [];
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === "{") open += 1;
    else if (char === "}") {
      open -= 1;
      if (open === 0) {
        list.push(text.slice(from, at));
        return { list, end: at + 1 };
      }
    } else if (char === "," && open === 1) {
      list.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return null;
}

function range(text: string, budget: { left: number }): string[] | null {
  const match = /^(?:(-?\d+)\.\.(-?\d+)|([A-Za-z])\.\.([A-Za-z]))(?:\.\.(-?\d+))?$/.exec(text);
  if (match === null) return null;
  const [, a, b, c, d, by] = match;
  const from = a !== undefined ? Number(a) : c!.charCodeAt(0);
  const to = b !== undefined ? Number(b) : d!.charCodeAt(0);
  const step = Math.max(1, Math.abs(Number(by ?? 1))) * (from <= to ? 1 : -1);
  const count = Math.floor((to - from) / step) + 1;
  if (count > budget.left) throw new LimitFault(`brace expansion: {${text}} makes ${count} words, more than ${BRACES_COUNT_MAX}`);
  const width = a !== undefined && (/^-?0\d/.test(a) || /^-?0\d/.test(b!)) ? Math.max(a.length, b!.length) : 0;
  const found: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const value = from + at * step;
    if (a === undefined) found.push(String.fromCharCode(value));
    else found.push(width === 0 ? String(value) : value < 0 ? `-${String(-value).padStart(width - 1, "0")}` : String(value).padStart(width, "0"));
  }
  return found;
}
