/** Programs that work on the fields and the order of lines: cut, paste, uniq, comm, join, column, shuf, tsort. */
import { charCount, decode, encode } from "../bytes.js";
import type { Io, Program } from "../machine.js";
import { options } from "./options.js";
import { bytewise, shuffle } from "./order.js";
import { tr } from "./tr.js";

/** `1,3-5,7-`: ranges by their ends, from 1. */
function ranges(text: string): [number, number][] | null {
  const found: [number, number][] = [];
  for (const piece of text.split(/[,\s]+/)) {
    const match = /^(\d*)(-?)(\d*)$/.exec(piece);
    if (match === null || piece === "" || piece === "-") return null;
    const from = match[1] === "" ? 1 : Number(match[1]);
    const to = match[2] === "" ? from : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (from === 0 || to < from) return null;
    found.push([from, to]);
  }
  return found;
}

const cut: Program = async (io) => {
  const given = await options(io, { short: "b:c:d:f:nsz", long: { "bytes=": "b", "characters=": "c", "delimiter=": "d", "fields=": "f", "only-delimited": "s", complement: "complement", "output-delimiter=": "out", "zero-terminated": "z" } });
  if (given === null) return 2;
  const kind = given.last("b", "c", "f");
  if (kind === undefined) return io.fail("you must specify a list of bytes, characters, or fields");
  const list = ranges(given.value(kind)!);
  if (list === null) return io.fail(kind === "f" ? `invalid field value '${given.value(kind)}'` : `invalid byte or character range`);
  const delimiter = given.value("d") ?? "\t";
  if (charCount(delimiter) > 1) return io.fail("the delimiter must be a single character");
  const within = (number: number): boolean => list.some(([from, to]) => number >= from && number <= to) !== given.has("complement");
  const between = given.value("out");
  const end = given.has("z") ? "\0" : "\n";
  for await (const { stream } of io.inputs(given.operands)) {
    for await (const line of io.lines(stream, end)) {
      let text: string;
      if (kind === "f") {
        if (!line.includes(delimiter)) {
          if (given.has("s")) continue;
          text = line;
        } else text = line.split(delimiter).filter((_, at) => within(at + 1)).join(between ?? delimiter);
      } else {
        // GNU's -c counts bytes, as -b does.
        const bytes = encode(line);
        if (between === undefined) text = decode(bytes.filter((_, at) => within(at + 1)));
        else text = list.sort((a, b) => a[0] - b[0]).map(([from, to]) => decode(bytes.slice(from - 1, to))).join(between);
      }
      if (io.out(text + end)) await io.flush();
    }
  }
  return io.status;
};

const paste: Program = async (io) => {
  const given = await options(io, { short: "d:sz", long: { "delimiters=": "d", serial: "s", "zero-terminated": "z" } });
  if (given === null) return 2;
  const delimiters = [...(given.value("d") ?? "\t").replace(/\\(.)/gs, (_, char: string) => ({ n: "\n", t: "\t", "\\": "\\", "0": "\u0000\u0000" })[char] ?? char)].join("").replaceAll("\0\0", "\0");
  const between = (at: number): string => (delimiters === "" ? "" : [...delimiters][at % [...delimiters].length]!.replace("\0", ""));
  const names = given.operands.length === 0 ? ["-"] : given.operands;
  if (given.has("s")) {
    for (const name of names) {
      const lines = await io.allLines([name]);
      io.out(`${lines.map((line, at) => line + (at < lines.length - 1 ? between(at) : "")).join("")}\n`);
    }
    return io.status;
  }
  // `-` given twice takes lines in turn.
  const standard = names.filter((name) => name === "-").length;
  const shared = standard > 0 ? await io.allLines(["-"]) : [];
  let place = 0;
  const columns = await Promise.all(names.map(async (name) => {
    if (name !== "-") return await io.allLines([name]);
    const start = place++;
    return shared.filter((_, at) => at % standard === start);
  }));
  if (io.status !== 0) return io.status;
  const rows = Math.max(...columns.map((column) => column.length));
  for (let row = 0; row < rows; row += 1) if (io.out(`${columns.map((column, at) => (column[row] ?? "") + (at < columns.length - 1 ? between(at) : "")).join("")}\n`)) await io.flush();
  return io.status;
};

// --- tr ---

const uniq: Program = async (io) => {
  const given = await options(io, { short: "cdDif:s:uw:z", long: { count: "c", repeated: "d", "all-repeated?": "D", "ignore-case": "i", "skip-fields=": "f", "skip-chars=": "s", unique: "u", "check-chars=": "w", "zero-terminated": "z" } });
  if (given === null) return 2;
  const end = given.has("z") ? "\0" : "\n";
  const fields = Number(given.value("f") ?? 0);
  const chars = Number(given.value("s") ?? 0);
  const width = given.value("w") === undefined ? undefined : Number(given.value("w"));
  const shown = (line: string): string => {
    let text = line;
    for (let at = 0; at < fields; at += 1) text = text.replace(/^[ \t]*[^ \t]*/, "");
    text = text.slice(chars, width === undefined ? undefined : chars + width);
    return given.has("i") ? text.toLowerCase() : text;
  };
  let group: string[] = [];
  let last: string | null = null;
  let output = "";
  const emit = (): void => {
    if (group.length === 0) return;
    const repeated = group.length > 1;
    if (given.has("D")) {
      if (repeated) output += group.map((line) => line + end).join("");
    } else if (!(given.has("d") && !repeated) && !(given.has("u") && repeated)) output += `${given.has("c") ? `${String(group.length).padStart(7)} ` : ""}${group[0]}${end}`;
  };
  const write = async (): Promise<void> => {
    if (given.operands[1] === undefined) {
      if (io.out(output)) await io.flush();
      output = "";
    }
  };
  for await (const { stream } of io.inputs(given.operands.slice(0, 1))) {
    for await (const line of io.lines(stream, end)) {
      const now = shown(line);
      if (last === null || now !== last) {
        emit();
        await write();
        group = [];
        last = now;
      }
      if (group.length === 0 || given.has("D")) group.push(line);
      else group.length += 1;
    }
  }
  emit();
  await write();
  if (given.operands[1] !== undefined) {
    const stream = io.machine.open(io.path(given.operands[1]), "write", io.fds);
    await stream.write(io.process, encode(output));
    stream.release();
  }
  return io.status;
};

const comm: Program = async (io) => {
  const given = await options(io, { short: "123z", long: { "check-order": "check", "nocheck-order": "nocheck", "output-delimiter=": "out", total: "total" } });
  if (given === null) return 2;
  if (given.operands.length !== 2) return io.fail(given.operands.length < 2 ? `missing operand${given.operands.length === 1 ? ` after '${given.operands[0]}'` : ""}` : `extra operand '${given.operands[2]}'`);
  const [left, right] = [await io.allLines([given.operands[0]!]), await io.allLines([given.operands[1]!])];
  if (io.status !== 0) return io.status;
  const tab = given.value("out") ?? "\t";
  const before = [null, "", given.has("1") ? "" : tab, (given.has("1") ? "" : tab) + (given.has("2") ? "" : tab)];
  const counts = [0, 0, 0, 0];
  const emit = (column: 1 | 2 | 3, line: string): void => {
    counts[column]! += 1;
    if (!given.has(String(column))) io.out(`${before[column]}${line}\n`);
  };
  const complained = new Set<number>();
  const check = async (list: string[], at: number, number: number): Promise<void> => {
    if (at > 0 && at < list.length && bytewise(list[at - 1]!, list[at]!) > 0 && !complained.has(number) && !given.has("nocheck")) {
      complained.add(number);
      await io.fail(`file ${number} is not in sorted order`);
    }
  };
  let [a, b] = [0, 0];
  while (a < left.length || b < right.length) {
    await check(left, a, 1);
    await check(right, b, 2);
    const order = a >= left.length ? 1 : b >= right.length ? -1 : bytewise(left[a]!, right[b]!);
    if (order < 0) emit(1, left[a++]!);
    else if (order > 0) emit(2, right[b++]!);
    else {
      emit(3, left[a++]!);
      b += 1;
    }
  }
  if (given.has("total")) io.out(`${counts[1]}${tab}${counts[2]}${tab}${counts[3]}${tab}total\n`);
  if (complained.size > 0) await io.fail("input is not in sorted order");
  return io.status;
};

const join: Program = async (io) => {
  const given = await options(io, { short: "a:v:1:2:j:t:o:e:i", long: { "ignore-case": "i", header: "header", "check-order": "check", "nocheck-order": "nocheck" } });
  if (given === null) return 2;
  if (given.operands.length !== 2) return io.fail("missing operand");
  const separator = given.value("t");
  const split = (line: string): string[] => (separator === undefined ? line.trim().split(/[ \t]+/) : line.split(separator));
  const between = separator ?? " ";
  const [one, two] = [Number(given.value("1") ?? given.value("j") ?? 1) - 1, Number(given.value("2") ?? given.value("j") ?? 1) - 1];
  const fold = (text: string): string => (given.has("i") ? text.toLowerCase() : text);
  const [left, right] = [(await io.allLines([given.operands[0]!])).map(split), (await io.allLines([given.operands[1]!])).map(split)];
  if (io.status !== 0) return io.status;
  const alone = new Set([...given.values("a"), ...given.values("v")]);
  const paired = given.values("v").length === 0;
  const empty = given.value("e") ?? "";
  const format = given.value("o")?.split(/[,\s]+/);
  const row = (a: string[] | null, b: string[] | null): string => {
    const joined = (a?.[one] ?? b?.[two]) ?? "";
    if (format !== undefined && format[0] !== "auto") return format.map((spec) => {
      if (spec === "0") return joined;
      const [file, field] = spec.split(".") as [string, string];
      return (file === "1" ? a : b)?.[Number(field) - 1] || empty;
    }).join(between);
    return [joined, ...(a ?? []).filter((_, at) => at !== one), ...(b ?? []).filter((_, at) => at !== two)].join(between);
  };
  let [x, y] = [0, 0];
  if (given.has("header")) {
    if (left[0] !== undefined || right[0] !== undefined) io.out(`${row(left[0] ?? null, right[0] ?? null)}\n`);
    x = 1;
    y = 1;
  }
  while (x < left.length || y < right.length) {
    const order = x >= left.length ? 1 : y >= right.length ? -1 : bytewise(fold(left[x]![one] ?? ""), fold(right[y]![two] ?? ""));
    if (order < 0) {
      if (alone.has("1")) io.out(`${row(left[x]!, null)}\n`);
      x += 1;
    } else if (order > 0) {
      if (alone.has("2")) io.out(`${row(null, right[y]!)}\n`);
      y += 1;
    } else {
      const value = fold(left[x]![one] ?? "");
      let [toX, toY] = [x, y];
      while (toX < left.length && fold(left[toX]![one] ?? "") === value) toX += 1;
      while (toY < right.length && fold(right[toY]![two] ?? "") === value) toY += 1;
      if (paired) for (let a = x; a < toX; a += 1) for (let b = y; b < toY; b += 1) io.out(`${row(left[a]!, right[b]!)}\n`);
      [x, y] = [toX, toY];
    }
    await io.flush();
  }
  return io.status;
};

const column: Program = async (io) => {
  const given = await options(io, { short: "ts:o:c:xnN:R:", long: { table: "t", "separator=": "s", "output-separator=": "o", "output-width=": "c", fillrows: "x", "table-columns=": "N", "table-right=": "R" } });
  if (given === null) return 2;
  const lines = (await io.allLines(given.operands)).filter((line) => line.trim() !== "");
  if (given.has("t")) {
    const separators = given.value("s");
    const rows = lines.map((line) => (separators === undefined ? line.trim().split(/[ \t]+/) : splitAny(line, separators)));
    const header = given.value("N");
    if (header !== undefined) rows.unshift(header.split(","));
    const rights = new Set((given.value("R") ?? "").split(",").filter((text) => text !== "").map((name) => (/^\d+$/.test(name) ? Number(name) - 1 : (header?.split(",").indexOf(name) ?? -1))));
    const widths: number[] = [];
    for (const row of rows) row.forEach((cell, at) => { widths[at] = Math.max(widths[at] ?? 0, charCount(cell)); });
    const between = given.value("o") ?? "  ";
    for (const row of rows) {
      io.out(`${row.map((cell, at) => (rights.has(at) ? " ".repeat(widths[at]! - charCount(cell)) + cell : at === row.length - 1 && at === widths.length - 1 ? cell : cell + " ".repeat(widths[at]! - charCount(cell)))).join(between)}\n`);
      await io.flush();
    }
    return io.status;
  }
  const width = Number(given.value("c") ?? 80);
  const longest = Math.max(0, ...lines.map((line) => charCount(line)));
  const cell = (Math.floor(longest / 8) + 1) * 8;
  const perRow = Math.max(1, Math.floor(width / cell));
  const rows = Math.ceil(lines.length / perRow);
  const padding = (text: string): string => {
    let made = text;
    let at = charCount(text);
    while ((Math.floor(at / 8) + 1) * 8 <= cell) {
      made += "\t";
      at = (Math.floor(at / 8) + 1) * 8;
    }
    return made;
  };
  for (let row = 0; row < rows; row += 1) {
    const cells = given.has("x") ? lines.slice(row * perRow, (row + 1) * perRow) : Array.from({ length: perRow }, (_, at) => lines[at * rows + row]).filter((line) => line !== undefined);
    io.out(`${cells.map((text, at) => (at < cells.length - 1 ? padding(text) : text)).join("")}\n`);
  }
  return io.status;
};
const splitAny = (line: string, separators: string): string[] => {
  const cells = [""];
  for (const char of line) {
    if (separators.includes(char)) cells.push("");
    else cells[cells.length - 1] += char;
  }
  return cells;
};

const shuf: Program = async (io) => {
  const given = await options(io, { short: "ei:n:o:rz", long: { echo: "e", "input-range=": "i", "head-count=": "n", repeat: "r", "output=": "o", "random-source=": "source" } });
  if (given === null) return 2;
  if (given.has("source", "o", "z")) return io.usage(given.last("source", "o", "z")!);
  const range = given.value("i");
  let list: string[];
  if (range !== undefined) {
    const match = /^(\d+)-(\d+)$/.exec(range);
    if (match === null) return io.fail(`invalid input range: '${range}'`);
    list = Array.from({ length: Number(match[2]) - Number(match[1]) + 1 }, (_, at) => String(Number(match[1]) + at));
  } else list = given.has("e") ? given.operands : await io.allLines(given.operands);
  const count = Number(given.value("n") ?? (given.has("r") ? Number.POSITIVE_INFINITY : list.length));
  if (given.has("r")) {
    for (let at = 0; at < count; at += 1) if (io.out(`${list[Math.floor(Math.random() * list.length)]}\n`)) await io.flush();
    return 0;
  }
  shuffle(list);
  io.out(list.slice(0, count).map((line) => `${line}\n`).join(""));
  return io.status;
};

const tsort: Program = async (io: Io) => {
  const words = (await io.allLines(io.args)).join(" ").split(/\s+/).filter((word) => word !== "");
  const follow = new Map<string, string[]>();
  const waits = new Map<string, number>();
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [from, to] = [words[at]!, words[at + 1]!];
    for (const word of [from, to]) {
      if (!follow.has(word)) follow.set(word, []);
      if (!waits.has(word)) waits.set(word, 0);
    }
    if (from !== to) {
      follow.get(from)!.push(to);
      waits.set(to, waits.get(to)! + 1);
    }
  }
  const ready = [...waits].filter(([, count]) => count === 0).map(([word]) => word).sort();
  let done = 0;
  while (ready.length > 0) {
    const word = ready.shift()!;
    done += 1;
    io.out(`${word}\n`);
    for (const next of follow.get(word)!.reverse()) {
      waits.set(next, waits.get(next)! - 1);
      if (waits.get(next) === 0) ready.push(next);
    }
  }
  return done < waits.size ? io.fail("-: input contains a loop") : io.status;
};

export const fields: Record<string, Program> = { cut, paste, tr, uniq, comm, join, column, shuf, tsort };
