/** Programs about processes, environment and the machine: env, xargs, timeout, sleep, date, uname, id, ps and others. */
import { parseDate, strftime } from "../dates.js";
import type { Io, Program } from "../machine.js";
import { backslashQuoted } from "../quoting.js";
import { NullStream } from "../streams.js";
import { SIGNALS } from "../process.js";
import { expr } from "./expr.js";
import { lookup } from "./paths.js";
import { options } from "./options.js";

const ARGUMENTS_CHARS_MAX = 131_072;

/** `1.5`, `2m`, `1h`: milliseconds, or null. */
function duration(text: string): number | null {
  const match = /^(\d+\.?\d*|\.\d+|infinity)([smhd]?)$/.exec(text);
  return match === null ? null : (match[1] === "infinity" ? 2_000_000 : Number(match[1])) * { "": 1, s: 1, m: 60, h: 3600, d: 86400 }[match[2] as "s"]! * 1000;
}

const env: Program = async (io) => {
  const given = await options(io, { short: "+iu:0C:S:v", long: { "ignore-environment": "i", "unset=": "u", null: "0", "chdir=": "C", "split-string=": "S" }, status: 125 });
  if (given === null) return 125;
  const made = given.has("i") ? new Map<string, string>() : new Map(io.env);
  for (const name of given.values("u")) made.delete(name);
  const words = [...given.values("S").flatMap((text) => text.trim().split(/\s+/)), ...given.operands];
  if (words[0] === "-") {
    made.clear();
    words.shift();
  }
  while (words[0]?.includes("=") === true) {
    const word = words.shift()!;
    made.set(word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1));
  }
  if (words.length === 0) {
    for (const [name, value] of made) io.out(`${name}=${value}${given.has("0") ? "\0" : "\n"}`);
    return 0;
  }
  return io.launcher.run(words, { env: made, ...(given.has("C") ? { cwd: io.path(given.value("C")!) } : {}) });
};
const printenv: Program = (io) => {
  if (io.args.length === 0) for (const [name, value] of io.env) io.out(`${name}=${value}\n`);
  let status = 0;
  for (const name of io.args) {
    const value = io.env.get(name);
    if (value === undefined) status = 1;
    else io.out(`${value}\n`);
  }
  return status;
};

/** xargs's own quoting. */
function words(text: string): string[] | null {
  const found: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (char === "\\" && at + 1 < text.length) word = (word ?? "") + text[++at]!;
    else if (char === "'" || char === '"') {
      const end = text.indexOf(char, at + 1);
      const newline = text.indexOf("\n", at + 1);
      if (end < 0 || (newline >= 0 && newline < end)) return null;
      word = (word ?? "") + text.slice(at + 1, end);
      at = end;
    } else if (/\s/.test(char)) {
      if (word !== null) found.push(word);
      word = null;
    } else word = (word ?? "") + char;
  }
  if (word !== null) found.push(word);
  return found;
}
const xargs: Program = async (io) => {
  const given = await options(io, { short: "+0a:d:E:I:i::L:n:oP:prs:tx", long: { null: "0", "arg-file=": "a", "delimiter=": "d", "replace?": "i", "max-lines=": "L", "max-args=": "n", "max-procs=": "P", "no-run-if-empty": "r", "max-chars=": "s", verbose: "t", exit: "x", interactive: "p" } });
  if (given === null) return 1;
  if (given.has("p", "o")) return io.usage(given.last("p", "o")!);
  const source = given.value("a");
  const text = await io.text(source === undefined ? io.stdin() : io.open(source));
  const replace = given.has("I") ? given.value("I")! : given.has("i") ? given.value("i") || "{}" : null;
  let items: string[];
  const cut = given.has("0") ? "\0" : given.has("d") ? given.value("d")!.replace(/\\n/, "\n").replace(/\\t/, "\t").replace(/\\0/, "\0") : null;
  let lines = false;
  if (cut !== null) {
    items = text.split(cut);
    if (items.at(-1) === "") items.pop();
  } else if (replace !== null || given.has("L")) {
    lines = true;
    items = text.split("\n").map((line) => (replace === null ? line.trim() : line.replace(/^[ \t]+/, ""))).filter((line) => line !== "");
    if (replace !== null) items = items.map((line) => (/["'\\]/.test(line) ? (words(line)?.join(" ") ?? line) : line));
  } else {
    const found = words(text);
    if (found === null) return io.fail("unmatched single quote; by default quotes are special to xargs unless you use the -0 option");
    items = found;
  }
  const command = given.operands.length === 0 ? ["echo"] : given.operands;
  const batches: string[][] = [];
  if (replace !== null) for (const item of items) batches.push(command.map((word) => word.replaceAll(replace, item)));
  else {
    const most = given.has("n") ? Number(given.value("n")) : given.has("L") ? Number(given.value("L")) : Number.POSITIVE_INFINITY;
    if (!(most > 0)) return io.fail(`value ${given.value("n")} for -n option should be >= 1`);
    const room = Number(given.value("s") ?? ARGUMENTS_CHARS_MAX);
    let batch: string[] = [];
    let size = 0;
    for (const item of items) {
      if (batch.length >= most || (batch.length > 0 && size + item.length > room)) {
        batches.push(batch);
        batch = [];
        size = 0;
      }
      batch.push(item);
      size += item.length + 1;
    }
    if (batch.length > 0 || (items.length === 0 && !given.has("r"))) batches.push(batch);
    for (const [at, list] of batches.entries()) batches[at] = [...command, ...(lines ? list.flatMap((line) => words(line) ?? [line]) : list)];
  }
  let status = 0;
  let stop = false;
  const run = async (batch: string[]): Promise<void> => {
    if (given.has("t")) await io.err(`${batch.map((word) => (/^[\w./=:@%+-]+$/.test(word) ? word : backslashQuoted(word))).join(" ")}\n`);
    const fds = io.fds.fork();
    fds.set(0, new NullStream());
    const code = await io.launcher.run(batch, { fds });
    if (code === 255) {
      await io.fail(`${batch[0]}: exited with status 255; aborting`);
      status = 124;
      stop = true;
    } else if (code === 126 || code === 127) {
      status = code;
      stop = true;
    } else if (code >= 125 && code < 255 && code > 128) {
      status = 125;
      stop = true;
    } else if (code !== 0 && !stop) status = 123;
  };
  const parallel = given.has("P") ? Number(given.value("P")) || 64 : 1;
  const queue = [...batches];
  await Promise.all(Array.from({ length: Math.min(parallel, 64) }, async () => {
    for (let batch = queue.shift(); batch !== undefined && !stop; batch = queue.shift()) await run(batch);
  }));
  return status;
};

const timeout: Program = async (io) => {
  const given = await options(io, { short: "+s:k:v", long: { "signal=": "s", "kill-after=": "k", "preserve-status": "keep", foreground: "fore", verbose: "v" }, status: 125 });
  if (given === null) return 125;
  const [time, ...command] = given.operands;
  if (time === undefined || command.length === 0) return io.fail("missing operand", 125);
  const ms = duration(time);
  if (ms === null) return io.fail(`invalid time interval '${time}'`, 125);
  const name = given.value("s") ?? "TERM";
  const signal = /^\d+$/.test(name) ? Number(name) : SIGNALS[name.toUpperCase().replace(/^SIG/, "")];
  if (signal === undefined) return io.fail(`'${name}': invalid signal`, 125);
  const started = Date.now();
  let ended = false;
  const limit = ms === 0 ? {} : { timeoutMs: ms, signal };
  const status = await io.launcher.run(command, limit);
  ended = ms > 0 && status === 128 + signal && Date.now() - started >= ms - 5;
  return ended && !given.has("keep") ? (signal === 9 ? 137 : 124) : status;
};
const sleep: Program = async (io) => {
  if (io.args.length === 0) return io.fail("missing operand");
  let total = 0;
  for (const arg of io.args) {
    const ms = duration(arg);
    if (ms === null) return io.fail(`invalid time interval '${arg}'`);
    total += ms;
  }
  await io.process.sleep(total);
  return 0;
};
const passing = (skip: number): Program => async (io) => {
  const args = [...io.args];
  if (io.name === "nice" && args[0] === "-n") args.splice(0, 2);
  else if (io.name === "nice" && /^-\d+$/.test(args[0] ?? "")) args.shift();
  const rest = args.slice(skip);
  if (rest.length === 0) {
    if (io.name !== "nice") return io.fail("missing operand", 125);
    io.out("0\n");
    return 0;
  }
  return io.launcher.run(rest);
};

const date: Program = async (io) => {
  const given = await options(io, { short: "d:f:I::r:Rus:", long: { "date=": "d", "file=": "f", "iso-8601?": "I", "reference=": "r", "rfc-email": "R", "rfc-2822": "R", "rfc-3339=": "rfc", utc: "u", universal: "u", "set=": "s" }, status: 1 });
  if (given === null) return 1;
  if (given.has("s", "f")) return io.usage(given.last("s", "f")!);
  const tz = given.has("u") ? "UTC" : io.env.get("TZ");
  let when: number = Date.now();
  if (given.has("d")) {
    const parsed = parseDate(given.value("d")!, when, tz);
    if (parsed === null) return io.fail(`invalid date '${given.value("d")}'`);
    when = parsed;
  } else if (given.has("r")) {
    const stat = lookup(io, given.value("r")!);
    if (stat === null) return io.fail(`${given.value("r")}: No such file or directory`);
    when = stat.mtimeMs;
  }
  const [format, extra] = given.operands;
  if (extra !== undefined) return io.fail(`extra operand '${extra}'`);
  if (format !== undefined && !format.startsWith("+")) return io.fail(`invalid date '${format}'`);
  let chosen = format?.slice(1) ?? "%a %b %e %H:%M:%S %Z %Y";
  if (given.has("I")) chosen = { d: "%Y-%m-%d", h: "%Y-%m-%dT%H%:z", m: "%Y-%m-%dT%H:%M%:z", s: "%Y-%m-%dT%H:%M:%S%:z", n: "%Y-%m-%dT%H:%M:%S,%N%:z" }[given.value("I")![0] ?? "d"] ?? "%Y-%m-%d";
  if (given.has("R")) chosen = "%a, %d %b %Y %H:%M:%S %z";
  if (given.has("rfc")) chosen = given.value("rfc") === "date" ? "%Y-%m-%d" : "%Y-%m-%d %H:%M:%S%:z";
  io.out(`${strftime(chosen, when, tz)}\n`);
  return 0;
};

const cal: Program = (io) => {
  const numbers = io.args.filter((arg) => /^\d+$/.test(arg)).map(Number);
  const now = new Date();
  const [month, year] = numbers.length >= 2 ? [numbers[0]! - 1, numbers[1]!] : [now.getUTCMonth(), numbers[0] ?? now.getUTCFullYear()];
  const title = strftime("%B %Y", Date.UTC(year, month, 1));
  io.out(`${`${" ".repeat(Math.floor((20 - title.length) / 2))}${title}`.padEnd(20)}  \nSu Mo Tu We Th Fr Sa  \n`);
  const first = new Date(Date.UTC(year, month, 1)).getUTCDay();
  const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const cells = [...new Array<string>(first).fill("  "), ...Array.from({ length: days }, (_, at) => String(at + 1).padStart(2))];
  for (let at = 0; at < 42; at += 7) io.out(`${Array.from({ length: 7 }, (_, day) => cells[at + day] ?? "  ").join(" ")}  \n`);
  return 0;
};

const uname: Program = async (io) => {
  const given = await options(io, { short: "asnrvmpio", long: { all: "a", "kernel-name": "s", nodename: "n", "kernel-release": "r", machine: "m", "operating-system": "o" } });
  if (given === null) return 2;
  const facts: [string, string][] = [["s", "Linux"], ["n", "localhost"], ["r", "6.1.0"], ["v", "#1 SMP"], ["m", "x86_64"], ["o", "GNU/Linux"]];
  const shown = given.has("a") ? facts : facts.filter(([letter]) => given.has(letter) || (given.given.length === 0 && letter === "s"));
  io.out(`${shown.map(([, text]) => text).join(" ")}\n`);
  return 0;
};
const user = (io: Io): string => io.env.get("USER") ?? "user";
const id: Program = async (io) => {
  const given = await options(io, { short: "ugGnr", long: { user: "u", group: "g", groups: "G", name: "n" } });
  if (given === null) return 2;
  const single = given.last("u", "g", "G");
  io.out(single === undefined ? `uid=1000(${user(io)}) gid=1000(${user(io)}) groups=1000(${user(io)})\n` : `${given.has("n") ? user(io) : "1000"}\n`);
  return 0;
};
const ps: Program = (io) => {
  io.out("    PID TTY          TIME CMD\n");
  for (const process of io.machine.processes.values()) io.out(`${String(process.pid).padStart(7)} ?        00:00:00 ${process.name}\n`);
  return 0;
};
const pgrep: Program = (io) => {
  const pattern = io.args.filter((arg) => !arg.startsWith("-")).at(-1) ?? "";
  const found = [...io.machine.processes.values()].filter(({ name }) => name.includes(pattern) && name !== "");
  io.out(found.map(({ pid }) => `${pid}\n`).join(""));
  return found.length > 0 ? 0 : 1;
};

// --- expr, factor ---

const factor: Program = async (io) => {
  const list = io.args.length > 0 ? io.args : (await io.text(io.stdin())).split(/\s+/).filter((word) => word !== "");
  for (const word of list) {
    if (!/^\d+$/.test(word)) {
      await io.fail(`'${word}' is not a valid positive integer`);
      continue;
    }
    let rest = BigInt(word);
    const found: bigint[] = [];
    for (let by = 2n; by * by <= rest; by += by === 2n ? 1n : 2n) {
      while (rest % by === 0n) {
        found.push(by);
        rest /= by;
      }
      if (by > 10_000_000n) return io.fail(`'${word}' is too large to factor here`, 2);
    }
    if (rest > 1n) found.push(rest);
    io.out(`${word}:${found.map((prime) => ` ${prime}`).join("")}\n`);
  }
  return io.status;
};
const numfmt: Program = async (io) => {
  const given = await options(io, { short: "d:z", long: { "to=": "to", "from=": "from", "suffix=": "suffix", "format=": "format", "padding=": "pad", grouping: "group", "field=": "field", "round=": "round" } });
  if (given === null) return 2;
  if (given.has("format", "field", "round", "group", "d", "z")) return io.usage(given.last("format", "field", "round", "group", "d", "z")!.length > 1 ? `--${given.last("format", "field", "round", "group", "d", "z")}` : given.last("d", "z")!);
  const list = given.operands.length > 0 ? given.operands : await io.allLines([]);
  for (const text of list) {
    const match = /^\s*(-?[\d.]+)([KMGTPE]?)(i?)\s*$/.exec(text);
    if (match === null) return io.fail(`invalid number: '${text}'`, 2);
    const from = given.value("from");
    let value = Number(match[1]) * (match[2] === "" ? 1 : (from === "si" ? 1000 : 1024) ** ("KMGTPE".indexOf(match[2]!) + 1));
    const to = given.value("to");
    let shown: string;
    if (to === undefined || to === "none") shown = String(value);
    else {
      const base = to === "si" ? 1000 : 1024;
      let unit = -1;
      while (Math.abs(value) >= base) {
        value /= base;
        unit += 1;
      }
      shown = unit < 0 ? String(value) : `${value < 10 ? (Math.ceil(value * 10) / 10).toFixed(1) : Math.ceil(value)}${"KMGTPE"[unit]}${to === "iec-i" ? "i" : ""}`;
    }
    io.out(`${(shown + (given.value("suffix") ?? "")).padStart(Number(given.value("pad") ?? 0))}\n`);
  }
  return 0;
};
const tput: Program = (io) => {
  const known: Record<string, string> = { cols: "80\n", lines: "24\n", colors: "8\n" };
  io.out(known[io.args[0] ?? ""] ?? "");
  return 0;
};

/** A program that says one thing. */
const says = (text: (io: Io) => string): Program => (io) => {
  io.out(text(io));
  return 0;
};

export const system: Record<string, Program> = {
  env, printenv, xargs, timeout, sleep, date, cal, uname, id, ps, pgrep, expr, factor, numfmt, tput, nohup: passing(0), nice: passing(0), setsid: passing(0), stdbuf: passing(1),
  whoami: says((io) => `${user(io)}\n`), logname: says((io) => `${user(io)}\n`), groups: says((io) => `${user(io)}\n`), hostname: says(() => "localhost\n"), arch: says(() => "x86_64\n"), nproc: says(() => "1\n"),
  tty: (io) => {
    const terminal = io.fds.get(0)?.terminal === true;
    io.out(terminal ? "/dev/tty\n" : "not a tty\n");
    return terminal ? 0 : 1;
  },
  clear: () => 0, stty: () => 0, reset: () => 0,
  free: says(() => "               total        used        free\nMem:           65536           0       65536\n"), uptime: says(() => ` ${strftime("%H:%M:%S", Date.now())} up 0 min,  0 users,  load average: 0.00, 0.00, 0.00\n`),
};
