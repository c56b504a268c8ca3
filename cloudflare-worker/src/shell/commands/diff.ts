/** diff and patch: what two files differ in, and how the one is made from the other. */
import { encode } from "../bytes.js";
import { strftime } from "../dates.js";
import type { Io, Program } from "../machine.js";
import { bytewise } from "./order.js";
import { basename, lookup } from "./paths.js";
import { options, type Options } from "./options.js";

const EDITS_MAX = 20_000;

interface Text {
  lines: string[];
  ended: boolean;
}
const textOf = (content: string): Text => {
  if (content === "") return { lines: [], ended: true };
  const ended = content.endsWith("\n");
  const lines = content.split("\n");
  if (ended) lines.pop();
  return { lines, ended };
};

/** A run of lines that go, and the lines that come in their place. */
interface Hunk {
  a: number;
  aCount: number;
  b: number;
  bCount: number;
}

/** Myers' shortest edit script, with what both ends share taken off first. */
function hunks(a: readonly string[], b: readonly string[]): Hunk[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  const [n, m] = [endA - start, endB - start];
  const kept: [number, number][] = [];
  const most = Math.min(n + m, EDITS_MAX);
  const trace: Map<number, number>[] = [];
  let front = new Map<number, number>([[1, 0]]);
  let done = n + m === 0;
  for (let d = 0; d <= most && !done; d += 1) {
    trace.push(new Map(front));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && (front.get(k - 1) ?? -1) < (front.get(k + 1) ?? -1)) ? front.get(k + 1)! : front.get(k - 1)! + 1;
      while (x < n && x - k < m && a[start + x] === b[start + x - k]) x += 1;
      front.set(k, x);
      if (x >= n && x - k >= m) {
        done = true;
        break;
      }
    }
  }
  if (done && n + m > 0) {
    let [x, y] = [n, m];
    for (let d = trace.length - 1; d >= 0; d -= 1) {
      front = trace[d]!;
      const k = x - y;
      const previous = k === -d || (k !== d && (front.get(k - 1) ?? -1) < (front.get(k + 1) ?? -1)) ? k + 1 : k - 1;
      const fromX = front.get(previous) ?? 0;
      const fromY = fromX - previous;
      while (x > fromX && y > fromY && x > 0 && y > 0) {
        x -= 1;
        y -= 1;
        kept.push([start + x, start + y]);
      }
      x = fromX;
      y = fromY;
    }
    kept.reverse();
  }
  const list: Hunk[] = [];
  let [atA, atB] = [start, start];
  for (const [x, y] of [...kept, [endA, endB] as [number, number]]) {
    if (x > atA || y > atB) list.push({ a: atA, aCount: x - atA, b: atB, bCount: y - atB });
    atA = x + 1;
    atB = y + 1;
  }
  return list;
}

function normalised(line: string, given: Options): string {
  let text = line;
  if (given.has("w")) text = text.replace(/\s+/g, "");
  else if (given.has("b")) text = text.replace(/\s+/g, " ").replace(/ $/, "");
  else if (given.has("Z")) text = text.trimEnd();
  return given.has("i") ? text.toLowerCase() : text;
}

const diff: Program = async (io) => {
  const given = await options(io, {
    short: "abBcC:deEiNqrsStuU:wW:yZ", long: { brief: "q", "report-identical-files": "s", "unified?": "u", "context?": "c", "ignore-case": "i", "ignore-all-space": "w", "ignore-space-change": "b", "ignore-blank-lines": "B", recursive: "r", "side-by-side": "y", "width=": "W", "new-file": "N", "color?": "color", "label=": "label", text: "a", "suppress-common-lines": "suppress", "strip-trailing-cr": "cr", "ignore-trailing-space": "Z", normal: "normal" },
  });
  if (given === null) return 2;
  if (given.has("e", "S", "E", "t", "cr")) return io.usage(given.last("e", "S", "E", "t", "cr")!);
  const [left, right] = given.operands;
  if (left === undefined || right === undefined) return io.fail(`missing operand after '${left ?? "diff"}'`, 2);
  return new Differ(io, given).pair(left, right);
};

class Differ {
  readonly #io: Io;
  readonly #given: Options;
  constructor(io: Io, given: Options) {
    this.#io = io;
    this.#given = given;
  }
  async pair(left: string, right: string, header = ""): Promise<number> {
    const io = this.#io;
    const kinds = [left, right].map((name) => (name === "-" || /^\/dev\/fd\//.test(name) ? "file" : lookup(io, name)?.kind ?? null));
    for (const [at, name] of [left, right].entries()) {
      if (kinds[at] === null && !(this.#given.has("N") && kinds[1 - at] !== null)) {
        await io.fail(`${name}: No such file or directory`, 2);
        return 2;
      }
    }
    if (kinds[0] === "directory" && kinds[1] === "directory") return this.#folders(left, right);
    if (kinds[0] === "directory") return this.pair(`${left.replace(/\/$/, "")}/${basename(right)}`, right);
    if (kinds[1] === "directory") return this.pair(left, `${right.replace(/\/$/, "")}/${basename(left)}`);
    const read = async (name: string, at: number): Promise<string> => (kinds[at] === null ? "" : io.text(io.open(name)));
    const [a, b] = [textOf(await read(left, 0)), textOf(await read(right, 1))];
    const [x, y] = [a, b].map(({ lines, ended }) => lines.map((line, at) => normalised(line, this.#given) + (!ended && at === lines.length - 1 ? "\0" : ""))) as [string[], string[]];
    let list = hunks(x, y);
    if (this.#given.has("B")) list = list.filter((hunk) => [...a.lines.slice(hunk.a, hunk.a + hunk.aCount), ...b.lines.slice(hunk.b, hunk.b + hunk.bCount)].some((line) => line.trim() !== ""));
    if (this.#given.has("y")) {
      this.#columns(a, b, list);
      return list.length === 0 ? 0 : 1;
    }
    if (list.length === 0) {
      if (this.#given.has("s")) io.out(`Files ${left} and ${right} are identical\n`);
      return 0;
    }
    if (this.#given.has("q")) io.out(`Files ${left} and ${right} differ\n`);
    else {
      io.out(header);
      const context = this.#given.has("U") ? Number(this.#given.value("U")) : this.#given.has("C") ? Number(this.#given.value("C")) : Number(this.#given.value("u") || this.#given.value("c") || 3);
      if (this.#given.has("u", "U")) this.#unified(left, right, a, b, list, context);
      else if (this.#given.has("c", "C")) this.#context(left, right, a, b, list, context);
      else this.#normal(a, b, list);
    }
    await io.flush();
    return 1;
  }

  async #folders(left: string, right: string): Promise<number> {
    const io = this.#io;
    const [a, b] = [io.fs.readdir(io.path(left)), io.fs.readdir(io.path(right))];
    let status = 0;
    const [from, to] = [left.replace(/\/$/, ""), right.replace(/\/$/, "")];
    for (const name of [...new Set([...a, ...b])].sort(bytewise)) {
      const alone = !a.includes(name) ? to : !b.includes(name) ? from : null;
      if (alone !== null && !this.#given.has("N")) {
        io.out(`Only in ${alone}: ${name}\n`);
        status = Math.max(status, 1);
        continue;
      }
      const folders = [lookup(io, `${from}/${name}`)?.kind === "directory", lookup(io, `${to}/${name}`)?.kind === "directory"];
      if (folders[0] && folders[1] && !this.#given.has("r")) {
        io.out(`Common subdirectories: ${from}/${name} and ${to}/${name}\n`);
        continue;
      }
      const flags = this.#given.given.filter(([flag]) => flag !== "q" && flag !== "color").map(([flag, value]) => (flag.length === 1 ? `-${flag}${value === "" ? "" : ` ${value}`}` : `--${flag}`)).join(" ");
      status = Math.max(status, await this.pair(`${from}/${name}`, `${to}/${name}`, `diff${flags === "" ? "" : ` ${flags}`} ${from}/${name} ${to}/${name}\n`));
    }
    return status;
  }

  #line(mark: string, text: Text, at: number): void {
    this.#io.out(`${mark}${text.lines[at]}\n${!text.ended && at === text.lines.length - 1 ? "\\ No newline at end of file\n" : ""}`);
  }
  #normal(a: Text, b: Text, list: Hunk[]): void {
    const range = (from: number, count: number): string => (count === 0 ? String(from) : count === 1 ? String(from + 1) : `${from + 1},${from + count}`);
    for (const hunk of list) {
      this.#io.out(`${range(hunk.a, hunk.aCount)}${hunk.aCount === 0 ? "a" : hunk.bCount === 0 ? "d" : "c"}${range(hunk.b, hunk.bCount)}\n`);
      for (let at = hunk.a; at < hunk.a + hunk.aCount; at += 1) this.#line("< ", a, at);
      if (hunk.aCount > 0 && hunk.bCount > 0) this.#io.out("---\n");
      for (let at = hunk.b; at < hunk.b + hunk.bCount; at += 1) this.#line("> ", b, at);
    }
  }
  #stamp(name: string, label: string | undefined): string {
    if (label !== undefined) return label;
    const stat = lookup(this.#io, name);
    return `${name}\t${strftime("%Y-%m-%d %H:%M:%S.%N %z", stat?.mtimeMs ?? Date.now(), this.#io.env.get("TZ"))}`;
  }
  /** Hunks whose contexts touch are shown as one. */
  #groups(list: Hunk[], context: number): Hunk[][] {
    const groups: Hunk[][] = [];
    for (const hunk of list) {
      const last = groups.at(-1)?.at(-1);
      if (last !== undefined && hunk.a - (last.a + last.aCount) <= 2 * context) groups.at(-1)!.push(hunk);
      else groups.push([hunk]);
    }
    return groups;
  }
  #unified(left: string, right: string, a: Text, b: Text, list: Hunk[], context: number): void {
    const labels = this.#given.values("label");
    this.#io.out(`--- ${this.#stamp(left, labels[0])}\n+++ ${this.#stamp(right, labels[1])}\n`);
    const range = (from: number, count: number): string => (count === 1 ? String(from + 1) : `${count === 0 ? from : from + 1},${count}`);
    for (const group of this.#groups(list, context)) {
      const [first, last] = [group[0]!, group.at(-1)!];
      const before = Math.min(context, first.a);
      const after = Math.min(context, a.lines.length - (last.a + last.aCount));
      const [fromA, fromB] = [first.a - before, first.b - before];
      this.#io.out(`@@ -${range(fromA, last.a + last.aCount + after - fromA)} +${range(fromB, last.b + last.bCount + after - fromB)} @@\n`);
      let at = fromA;
      for (const hunk of group) {
        for (; at < hunk.a; at += 1) this.#line(" ", a, at);
        for (; at < hunk.a + hunk.aCount; at += 1) this.#line("-", a, at);
        for (let to = hunk.b; to < hunk.b + hunk.bCount; to += 1) this.#line("+", b, to);
      }
      for (const end = at + after; at < end; at += 1) this.#line(" ", a, at);
    }
  }
  #context(left: string, right: string, a: Text, b: Text, list: Hunk[], context: number): void {
    const labels = this.#given.values("label");
    this.#io.out(`*** ${this.#stamp(left, labels[0])}\n--- ${this.#stamp(right, labels[1])}\n`);
    for (const group of this.#groups(list, context)) {
      const [first, last] = [group[0]!, group.at(-1)!];
      const side = (text: Text, pick: (hunk: Hunk) => [number, number], changed: (hunk: Hunk) => string, mark: [string, string], shows: boolean): void => {
        const [start] = pick(first);
        const [endAt, endCount] = pick(last);
        const from = Math.max(0, start - context);
        const to = Math.min(text.lines.length, endAt + endCount + context);
        this.#io.out(`${mark[0]} ${to - from === 0 ? from : to - from === 1 ? to : `${from + 1},${to}`} ${mark[1]}\n`);
        if (!shows) return;
        let at = from;
        for (const hunk of group) {
          const [begin, count] = pick(hunk);
          for (; at < begin; at += 1) this.#line("  ", text, at);
          for (; at < begin + count; at += 1) this.#line(`${changed(hunk)} `, text, at);
        }
        for (; at < to; at += 1) this.#line("  ", text, at);
      };
      this.#io.out("***************\n");
      side(a, (hunk) => [hunk.a, hunk.aCount], (hunk) => (hunk.bCount > 0 ? "!" : "-"), ["***", "****"], group.some(({ aCount }) => aCount > 0));
      side(b, (hunk) => [hunk.b, hunk.bCount], (hunk) => (hunk.aCount > 0 ? "!" : "+"), ["---", "----"], group.some(({ bCount }) => bCount > 0));
    }
  }
  #columns(a: Text, b: Text, list: Hunk[]): void {
    const width = Number(this.#given.value("W") ?? 130);
    const half = Math.max(1, Math.floor((width - 3) / 2));
    // GNU sets columns at tab stops.
    const offset = Math.floor((width + 8 + 1) / 16) * 8 > 0 ? Math.max(half + 3 - ((half + 3) % 8), 0) || half + 3 : half + 3;
    const wide = Math.min(half, offset - 3 > 0 ? offset - 3 : half);
    const row = (left: string, mark: string, right: string): void => {
      const shown = left.slice(0, wide);
      let text = shown;
      let at = shown.length;
      const goal = mark === " " && right === "" ? 0 : mark === " " ? offset : wide + 1;
      const pad = (to: number): void => {
        while (at < to) {
          const tab = (Math.floor(at / 8) + 1) * 8;
          if (tab <= to) {
            text += "\t";
            at = tab;
          } else {
            text += " ".repeat(to - at);
            at = to;
          }
        }
      };
      pad(goal);
      if (mark !== " ") {
        text += mark;
        at += 1;
        if (right !== "" || mark === "|" || mark === ">") pad(offset);
      }
      this.#io.out(`${text}${right.slice(0, wide)}\n`);
    };
    let [x, y] = [0, 0];
    for (const hunk of [...list, { a: a.lines.length, aCount: 0, b: b.lines.length, bCount: 0 }]) {
      for (; x < hunk.a; x += 1, y += 1) if (!this.#given.has("suppress")) row(a.lines[x]!, " ", b.lines[y] ?? "");
      for (let at = 0; at < Math.max(hunk.aCount, hunk.bCount); at += 1) row(at < hunk.aCount ? a.lines[hunk.a + at]! : "", at >= hunk.bCount ? "<" : at >= hunk.aCount ? ">" : "|", at < hunk.bCount ? b.lines[hunk.b + at]! : "");
      x = hunk.a + hunk.aCount;
      y = hunk.b + hunk.bCount;
    }
  }
}

/** Applies unified diffs. */
const patch: Program = async (io) => {
  const given = await options(io, { short: "p:i:sRNfo:bd:", long: { "strip=": "p", "input=": "i", silent: "s", quiet: "s", reverse: "R", forward: "N", force: "f", "output=": "o", "dry-run": "dry", backup: "b" } });
  if (given === null) return 2;
  if (given.has("d")) return io.usage("d");
  const source = given.value("i") ?? given.operands[1];
  const lines = (await io.text(source === undefined ? io.stdin() : io.open(source))).split("\n");
  let at = 0;
  let failed = 0;
  const stripped = (name: string): string => {
    const bare = name.split("\t")[0]!.trim();
    return given.has("p") ? bare.split("/").slice(Number(given.value("p"))).join("/") : basename(bare);
  };
  let any = false;
  while (at < lines.length) {
    if (!lines[at]!.startsWith("--- ") || !lines[at + 1]?.startsWith("+++ ")) {
      at += 1;
      continue;
    }
    any = true;
    const [from, to] = [lines[at]!.slice(4), lines[at + 1]!.slice(4)];
    at += 2;
    const reverse = given.has("R");
    const name = given.operands[0] ?? (to.startsWith("/dev/null") ? stripped(from) : stripped(to));
    const exists = lookup(io, name) !== null;
    const content = exists ? textOf(await io.text(io.open(name))) : { lines: [], ended: true };
    if (!given.has("s")) io.out(`patching file ${name}\n`);
    let shift = 0;
    for (let number = 1; at < lines.length; number += 1) {
      const head = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(lines[at]!);
      if (head === null) break;
      at += 1;
      const [old, made]: [string[], string[]] = [[], []];
      let [oldLeft, newLeft] = [Number(head[2] ?? 1), Number(head[4] ?? 1)];
      while (at < lines.length && (oldLeft > 0 || newLeft > 0 || lines[at]!.startsWith("\\"))) {
        const line = lines[at]!;
        at += 1;
        const text = line.slice(1);
        if (line.startsWith("\\")) {
          if (newLeft === 0) content.ended = false;
          continue;
        }
        if (line.startsWith("-") || line.startsWith(" ") || line === "") {
          old.push(text);
          oldLeft -= 1;
        }
        if (line.startsWith("+") || line.startsWith(" ") || line === "") {
          made.push(text);
          newLeft -= 1;
        }
      }
      const [search, put] = reverse ? [made, old] : [old, made];
      const wanted = Math.max(0, Number(reverse ? head[3] : head[1]) - (search.length === 0 ? 0 : 1)) + shift;
      const fits = (place: number): boolean => place >= 0 && search.every((line, offset) => content.lines[place + offset] === line);
      let place = -1;
      for (let distance = 0; distance <= content.lines.length + 1 && place < 0; distance += 1) place = fits(wanted + distance) ? wanted + distance : fits(wanted - distance) ? wanted - distance : -1;
      if (place < 0) {
        failed += 1;
        io.out(`Hunk #${number} FAILED at ${head[1]}.\n`);
        continue;
      }
      if (place !== wanted && !given.has("s")) io.out(`Hunk #${number} succeeded at ${place + 1} (offset ${place - wanted} line${Math.abs(place - wanted) === 1 ? "" : "s"}).\n`);
      content.lines.splice(place, search.length, ...put);
      shift += put.length - search.length;
    }
    if (given.has("dry")) continue;
    if (given.has("b") && exists) io.fs.open(io.path(`${name}.orig`), { create: true, truncate: true }).write(0, await io.bytes(io.open(name)));
    if (to.startsWith("/dev/null") && content.lines.length === 0) io.fs.unlink(io.path(name));
    else io.fs.open(io.path(given.value("o") ?? name), { create: true, truncate: true }).write(0, encode(content.lines.length === 0 ? "" : content.lines.join("\n") + (content.ended ? "\n" : "")));
  }
  if (!any) return io.fail("**** Only garbage was found in the patch input.", 2);
  if (failed > 0) io.out(`${failed} hunk${failed > 1 ? "s" : ""} FAILED\n`);
  return failed > 0 ? 1 : io.status;
};
export const diffs: Record<string, Program> = { diff, patch };
