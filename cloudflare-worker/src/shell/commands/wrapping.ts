/** Programs that change how wide lines are: fold, fmt, expand. */
import { charCount, charsOf } from "../bytes.js";
import type { Program } from "../machine.js";
import { options } from "./options.js";

const fold: Program = async (io) => {
  const given = await options(io, { short: "bsw:", long: { "width=": "w", spaces: "s", bytes: "b" } }, io.args.flatMap((arg) => (/^-\d+$/.test(arg) ? ["-w", arg.slice(1)] : [arg])));
  if (given === null) return 2;
  const width = Number(given.value("w") ?? 80);
  if (!(width > 0)) return io.fail(`invalid number of columns: '${given.value("w")}'`);
  for await (const { stream } of io.inputs(given.operands)) {
    for await (const line of io.lines(stream)) {
      let rest = [...charsOf(line)];
      const pieces: string[] = [];
      while (rest.length > width) {
        let cut = width;
        if (given.has("s")) {
          const blank = rest.slice(0, width).findLastIndex((char) => char === " " || char === "\t");
          if (blank >= 0) cut = blank + 1;
        }
        pieces.push(rest.slice(0, cut).join(""));
        rest = rest.slice(cut);
      }
      pieces.push(rest.join(""));
      if (io.out(pieces.join("\n") + (io.lastEnded ? "\n" : ""))) await io.flush();
    }
  }
  return io.status;
};

/** GNU fmt chooses breaks that make lines even; this is the same choice by the same costs. */
const fmt: Program = async (io) => {
  const given = await options(io, { short: "cp:stug:w:", long: { "width=": "w", "goal=": "g", "split-only": "s", "uniform-spacing": "u" } }, io.args.flatMap((arg, at) => (at === 0 && /^-\d+$/.test(arg) ? ["-w", arg.slice(1)] : [arg])));
  if (given === null) return 2;
  if (given.has("c", "t", "p")) return io.usage(given.has("c") ? "c" : given.has("t") ? "t" : "p");
  const width = Number(given.value("w") ?? 75);
  const goal = Number(given.value("g") ?? Math.floor((width * 187) / 200));
  const emit = (words: string[], indent: string): void => {
    if (words.length > 0) for (const line of filled(words, indent.length, width, goal)) io.out(`${indent}${line}\n`);
  };
  for await (const { stream } of io.inputs(given.operands)) {
    let words: string[] = [];
    let indent = "";
    for await (const line of io.lines(stream)) {
      const lead = /^\s*/.exec(line)![0];
      const found = line.trim().split(/\s+/).filter((word) => word !== "");
      if (given.has("s")) {
        if (found.length === 0) io.out("\n");
        else emit(found, lead);
        continue;
      }
      if (found.length === 0 || (words.length > 0 && lead !== indent)) {
        emit(words, indent);
        words = [];
      }
      if (found.length === 0) io.out("\n");
      else {
        if (words.length === 0) indent = lead;
        words.push(...found);
      }
    }
    emit(words, indent);
    await io.flush();
  }
  return io.status;
};
function filled(words: string[], indent: number, width: number, goal: number): string[] {
  const ends = (word: string): boolean => /[.?!]["')\]]*$/.test(word);
  const lengths = words.map((word) => charCount(word));
  const gap = (at: number): number => (ends(words[at]!) && at + 1 < words.length ? 1 : 1);
  const best: number[] = new Array(words.length + 1).fill(Number.POSITIVE_INFINITY);
  const line: number[] = new Array(words.length + 1).fill(0);
  const next: number[] = new Array(words.length + 1).fill(words.length);
  best[words.length] = 0;
  const square = (value: number): number => value * value;
  for (let start = words.length - 1; start >= 0; start -= 1) {
    let length = indent;
    for (let end = start; end < words.length; end += 1) {
      length += lengths[end]! + (end > start ? gap(end - 1) : 0);
      if (end > start && length > width) break;
      const after = end + 1;
      let cost = best[after]!;
      if (after < words.length) {
        cost += square((goal - length) * 10) ;
        if (next[after]! < words.length) cost += square((length - line[after]!) * 10) / 2;
        const last = words[end]!;
        if (ends(last)) cost -= 50 * 50;
        else if (end > start && /[.?!]["')\]]*$/.test(words[end - 1]!)) cost += square(200) / (lengths[end]! + 2);
        else if (/[,;:]$/.test(last)) cost += 0;
        const following = words[after]!;
        if (after + 0 < words.length && ends(following) && lengths[after]! > 0) cost += square(150) / (lengths[after]! + 2);
        cost += 70 * 70;
      }
      if (cost < best[start]!) {
        best[start] = cost;
        line[start] = length;
        next[start] = after;
      }
    }
  }
  const lines: string[] = [];
  for (let at = 0; at < words.length; at = next[at]!) lines.push(words.slice(at, next[at]).join(" "));
  return lines;
}

const expand: Program = async (io) => {
  const back = io.name === "unexpand";
  const given = await options(io, { short: back ? "at:" : "it:", long: { "tabs=": "t", initial: "i", all: "a", "first-only": "first" } });
  if (given === null) return 2;
  const width = Number((given.value("t") ?? "8").split(",")[0]);
  for await (const { stream } of io.inputs(given.operands)) {
    for await (const line of io.lines(stream)) {
      let text = "";
      if (!back) {
        let leading = true;
        for (const char of line) {
          if (char === "\t" && (leading || !given.has("i"))) text += " ".repeat(width - (charCount(text) % width));
          else text += char;
          if (char !== " " && char !== "\t") leading = false;
        }
      } else text = line.replace(given.has("a", "t") ? / +/g : /^ +/, (blanks, at: number) => {
        const start = at;
        const end = at + blanks.length;
        const tabs = Math.floor(end / width) - Math.floor(start / width);
        if (tabs === 0 || (blanks.length < 2 && at > 0)) return blanks;
        return "\t".repeat(tabs) + " ".repeat(end % width);
      });
      if (io.out(text + (io.lastEnded ? "\n" : ""))) await io.flush();
    }
  }
  return io.status;
};

export const wrapping: Record<string, Program> = { fold, fmt, expand, unexpand: expand };
