/** Builtins that read and write text: echo, printf, read, mapfile. */
import { decode, encode } from "../bytes.js";
import { strftime } from "../dates.js";
import { type Conversion, conversions, formatReal, formatText, formatWhole, padded } from "../format.js";
import { LineSource } from "../machine.js";
import { backslashQuoted } from "../quoting.js";
import type { Shell } from "../shell.js";
import { InStream, type Stream } from "../streams.js";
import { rejoined } from "../escapes.js";
import type { Builtin } from "./index.js";

/** The escapes of `echo -e`, `%b` and of printf's own format. `\c` ends all output. */
export function escapes(text: string, format = false): { text: string; stop: boolean } {
  let stop = false;
  if (!text.includes("\\")) return { text, stop };
  const simple: Record<string, string> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", e: "\x1b", E: "\x1b", f: "\f", v: "\v", "\\": "\\", ...(format ? { '"': '"', "'": "'", "?": "?" } : {}) };
  let made = "";
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== "\\" || at === text.length - 1) {
      made += text[at];
      continue;
    }
    const rest = text.slice(at + 1, at + 12);
    const match = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|0?([0-7]{1,3}))/.exec(rest);
    const octal = format ? /^([0-7]{1,3})/.exec(rest) : /^0([0-7]{0,3})/.exec(rest) ?? /^([1-7][0-7]{0,2})/.exec(rest);
    if (octal !== null && (format || rest.startsWith("0"))) {
      const byte = Number.parseInt(octal[1] || "0", 8) & 0xff;
      made += byte < 0x80 ? String.fromCharCode(byte) : String.fromCharCode(0xdc00 | byte);
      at += octal[0].length;
    } else if (match !== null && match[4] === undefined) {
      if (match[1] !== undefined) {
        const byte = Number.parseInt(match[1], 16);
        made += byte < 0x80 ? String.fromCharCode(byte) : String.fromCharCode(0xdc00 | byte);
      } else made += String.fromCodePoint(Math.min(Number.parseInt((match[2] ?? match[3])!, 16), 0x10ffff));
      at += match[0].length;
    } else if (rest[0] === "c") {
      stop = true;
      break;
    } else {
      made += simple[rest[0]!] ?? `\\${rest[0]}`;
      at += 1;
    }
  }
  return { text: made.isWellFormed() ? made : rejoined(made), stop };
}

export const echo: Builtin = (shell, args) => {
  let newline = true;
  let interpret = shell.shopts.has("xpg_echo");
  let at = 0;
  for (; at < args.length && /^-[neE]+$/.test(args[at]!); at += 1) {
    for (const flag of args[at]!.slice(1)) {
      if (flag === "n") newline = false;
      else interpret = flag === "e";
    }
  }
  let text = (at === 0 ? args : args.slice(at)).join(" ");
  if (interpret) {
    const made = escapes(text);
    text = made.text;
    if (made.stop) newline = false;
  }
  if (newline) text += "\n";
  if (text === "") return 0;
  const written = shell.out(text);
  return written instanceof Promise ? written.then(() => (shell.fds.get(1) === undefined ? 1 : 0)) : shell.fds.get(1) === undefined ? 1 : 0;
};

/** Bash counts bytes where C does. */
function bytewise(text: string, { flags, width, precision }: Conversion): string {
  if (width === null && precision === null) return text;
  const bytes = encode(text);
  const kept = precision === null || precision >= bytes.length ? text : decode(bytes.subarray(0, precision));
  const missing = (width ?? 0) - Math.min(bytes.length, precision ?? bytes.length);
  return missing <= 0 ? kept : flags.includes("-") ? kept + " ".repeat(missing) : " ".repeat(missing) + kept;
}

/** What a format makes of arguments; faults are said by `complain`. */
export function printed(format: string, args: string[], complain: (message: string) => void, tz?: string): { text: string } {
  let text = "";
  let at = 0;
  let stop = false;
  const whole = (raw: string): bigint => {
    if (/^["']/.test(raw)) return BigInt(raw.codePointAt(1) ?? 0);
    const given = raw.trim();
    if (given === "") return 0n;
    const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/.exec(given);
    if (match === null) {
      complain(`${raw}: invalid number`);
      return 0n;
    }
    if (match[0].length < given.length) complain(`${raw}: invalid ${/^[+-]?0[0-7]*[89]/.test(given) ? "octal " : ""}number`);
    const value = BigInt(/^0[0-7]+$/.test(match[2]!) ? `0o${match[2]!.slice(1)}` : match[2]!) * (match[1] === "-" ? -1n : 1n);
    const most = 2n ** 63n - 1n;
    if (value > most && value < 2n ** 64n) return value;
    if (value > most || value < -(most + 1n)) {
      complain(`warning: ${raw}: Numerical result out of range`);
      return value > 0n ? most : -(most + 1n);
    }
    return value;
  };
  const real = (raw: string): number => {
    if (/^["']/.test(raw)) return raw.codePointAt(1) ?? 0;
    const given = raw.trim();
    if (given === "") return 0;
    const special = /^([+-]?)(inf|infinity|nan)$/i.exec(given);
    if (special !== null) return (special[1] === "-" ? -1 : 1) * (special[2]!.toLowerCase() === "nan" ? Number.NaN : Number.POSITIVE_INFINITY);
    const match = /^[+-]?(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/.exec(given);
    if (match === null || match[0].length < given.length) complain(`${raw}: invalid number`);
    return match === null ? 0 : Number(match[0]);
  };
  const cooked = escapes(format, true);
  do {
    const before = at;
    const next = (): string => args[at++] ?? "";
    for (const conversion of conversions(cooked.text, () => Number(whole(next())))) {
      text += conversion.before;
      const { kind } = conversion;
      if (kind === "") break;
      if (kind === "%") text += "%";
      else if (kind === "bad") {
        complain(`\`${conversion.flags}': missing format character`);
        return { text };
      } else if (kind === "s") text += bytewise(next(), conversion);
      else if (kind === "c") text += padded([...next()][0] ?? "", conversion.width, conversion.flags);
      else if (kind === "b") {
        const made = escapes(next());
        text += formatText(made.text, conversion);
        if (made.stop) stop = true;
      } else if (kind === "q") text += formatText(backslashQuoted(next()), conversion);
      else if ("diuxXo".includes(kind)) text += formatWhole(whole(next()), conversion);
      else if ("fFeEgGaA".includes(kind)) {
        const given = next();
        text += formatReal(real(given), conversion, given);
      }
      else if (kind.endsWith(")T")) {
        const given = at < args.length ? next() : "-1";
        const seconds = given === "-1" || given === "-2" || given === "" ? Math.floor(Date.now() / 1000) : Number(whole(given));
        text += formatText(strftime(kind.slice(1, -2) || "%X", seconds * 1000, tz), conversion);
      } else {
        complain(`\`${kind}': invalid format character`);
        return { text };
      }
      if (stop) return { text };
    }
    if (at === before) break;
  } while (at < args.length && !cooked.stop);
  return { text: text.isWellFormed() ? text : rejoined(text) };
}

export const printf: Builtin = async (shell, given) => {
  let args = given;
  let variable: string | null = null;
  if (args[0] === "-v") {
    variable = args[1] ?? "";
    args = args.slice(2);
  }
  if (args[0] === "--") args = args.slice(1);
  else if (args[0] !== undefined && /^-[^-]/.test(args[0]) && args[0].length === 2 && !args[0].includes("%")) return shell.complain(`printf: ${args[0]}: invalid option`, 2);
  if (args.length === 0) return shell.complain("printf: usage: printf [-v var] format [arguments]", 2);
  const faults: string[] = [];
  const { text } = printed(args[0]!, args.slice(1), (message) => faults.push(message), shell.value("TZ"));
  if (variable !== null) {
    const element = shell.element(variable);
    if (element === null) return shell.complain(`printf: \`${variable}': not a valid identifier`, 2);
    shell.assign(element.name, element.index, text);
  } else if (text !== "") {
    if (shell.fds.get(1) === undefined) return shell.complain("printf: write error: Bad file descriptor");
    await shell.out(text);
  }
  for (const fault of faults) await shell.error(`printf: ${fault}`);
  return faults.length > 0 ? 1 : 0;
};

/** Reads a line byte by byte where it matters: what is not taken stays in the stream. */
async function readLine(shell: Shell, stream: Stream, { delimiter = "\n", raw = true, chars = null as number | null, exactly = false } = {}): Promise<{ text: string; ended: boolean; escaped: Set<number> }> {
  const end = delimiter === "" ? 0 : encode(delimiter)[0]!;
  const bytes: number[] = [];
  const escaped = new Set<number>();
  let quoting = false;
  let taken = 0;
  for (;;) {
    if (chars !== null && taken >= chars) break;
    const next = stream.read(shell.process);
    const chunk = next instanceof Promise ? await next : next;
    if (chunk === null) return { text: decode(Uint8Array.from(bytes)), ended: false, escaped };
    let at = 0;
    if (raw && chars === null) {
      const found = chunk.indexOf(end);
      const part = found < 0 ? chunk : chunk.subarray(0, found);
      if (bytes.length === 0 && found >= 0) {
        stream.unread(chunk.subarray(found + 1));
        return { text: decode(part), ended: true, escaped };
      }
      for (const byte of part) bytes.push(byte);
      if (found < 0) continue;
      stream.unread(chunk.subarray(found + 1));
      return { text: decode(Uint8Array.from(bytes)), ended: true, escaped };
    }
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at]!;
      if (quoting) {
        quoting = false;
        if (byte === 10) continue;
        escaped.add(bytes.length);
      } else if (byte === 92 && !raw) {
        quoting = true;
        continue;
      } else if (byte === end && !exactly) {
        stream.unread(chunk.subarray(at + 1));
        return { text: decode(Uint8Array.from(bytes)), ended: true, escaped };
      }
      bytes.push(byte);
      if (chars !== null && (byte & 0xc0) !== 0x80) taken += 1;
      if (chars !== null && taken >= chars && !((chunk[at + 1] ?? 0) >= 0x80 && (chunk[at + 1]! & 0xc0) === 0x80)) {
        stream.unread(chunk.subarray(at + 1));
        return { text: decode(Uint8Array.from(bytes)), ended: true, escaped };
      }
    }
  }
  return { text: decode(Uint8Array.from(bytes)), ended: true, escaped };
}

/** Splits a line as `read` does, for a number of names: the last one gets the rest. */
function fields(line: string, ifs: string, names: number, escaped: Set<number>): string[] {
  const isBlank = (at: number): boolean => " \t\n".includes(line[at]!) && ifs.includes(line[at]!) && !escaped.has(at);
  const isDelimiter = (at: number): boolean => ifs.includes(line[at]!) && !escaped.has(at);
  const found: string[] = [];
  let at = 0;
  while (at < line.length && isBlank(at)) at += 1;
  while (at < line.length) {
    if (found.length === names - 1) {
      let end = line.length;
      while (end > at && isBlank(end - 1)) end -= 1;
      // A single delimiter at the end of the last field is not part of it.
      let inner = at;
      while (inner < end && !isDelimiter(inner)) inner += 1;
      if (inner < end && !isBlank(inner)) {
        let after = inner + 1;
        while (after < end && isBlank(after)) after += 1;
        if (after === end) end = inner;
      }
      found.push(line.slice(at, end));
      return found;
    }
    const start = at;
    while (at < line.length && !isDelimiter(at)) at += 1;
    found.push(line.slice(start, at));
    while (at < line.length && isBlank(at)) at += 1;
    if (at < line.length && isDelimiter(at) && !isBlank(at)) {
      at += 1;
      while (at < line.length && isBlank(at)) at += 1;
    }
  }
  return found;
}

export const read: Builtin = async (shell, given) => {
  const args = [...given];
  let raw = false;
  let array: string | null = null;
  let delimiter = "\n";
  let chars: number | null = null;
  let exactly = false;
  let prompt = "";
  let timeout: number | null = null;
  let fd = 0;
  while (args[0] !== undefined && /^-./.test(args[0])) {
    const option = args.shift()!;
    if (option === "--") break;
    for (let at = 1; at < option.length; at += 1) {
      const flag = option[at]!;
      if (flag === "r") raw = true;
      else if (flag === "s" || flag === "e") continue;
      else if ("adnNptui".includes(flag)) {
        const value = option.slice(at + 1) || args.shift();
        if (value === undefined && flag !== "d") return shell.complain(`read: -${flag}: option requires an argument`, 2);
        if (flag === "a") array = value!;
        else if (flag === "d") delimiter = value ?? "";
        else if (flag === "n" || flag === "N") {
          chars = Number(value);
          exactly = flag === "N";
        } else if (flag === "p") prompt = value!;
        else if (flag === "t") timeout = Number(value);
        else if (flag === "u") fd = Number(value);
        break;
      } else return shell.complain(`read: -${flag}: invalid option`, 2);
    }
  }
  for (const name of args) if (shell.element(name) === null) return shell.complain(`read: \`${name}': not a valid identifier`);
  const stream = shell.fds.get(fd);
  if (stream === undefined) return shell.complain(`read: ${fd}: invalid file descriptor: Bad file descriptor`);
  if (stream instanceof InStream) stream.prompt = prompt;
  const reading = readLine(shell, stream, { delimiter, raw, chars, exactly });
  let got: Awaited<typeof reading>;
  if (timeout !== null && timeout > 0) {
    const outcome = await Promise.race([reading, new Promise<null>((done) => { setTimeout(() => done(null), timeout * 1000); })]);
    if (outcome === null) return 142;
    got = outcome;
  } else got = await reading;
  const line = got.text.replaceAll("\0", "");
  if (array !== null) shell.setList(array, fields(line, shell.parameters.ifs, Number.POSITIVE_INFINITY, got.escaped));
  else if (args.length === 0) shell.assign("REPLY", null, line);
  else {
    const values = exactly ? [line] : args.length === 1 && shell.parameters.ifs === "" ? [line] : fields(line, shell.parameters.ifs, args.length, got.escaped);
    args.forEach((name, at) => {
      const element = shell.element(name)!;
      shell.assign(element.name, element.index, values[at] ?? "");
    });
  }
  return got.ended ? 0 : 1;
};
export async function promptedLine(shell: Shell, prompt: string): Promise<string | null> {
  const stream = shell.fds.get(0);
  if (stream === undefined) return null;
  if (stream instanceof InStream && stream.terminal) stream.prompt = prompt;
  else await shell.write(2, prompt);
  const got = await readLine(shell, stream, { raw: false });
  return got.text === "" && !got.ended ? null : got.text;
}

export const mapfile: Builtin = async (shell, given, called) => {
  const args = [...given];
  let trim = false;
  let delimiter = "\n";
  let count = Number.POSITIVE_INFINITY;
  let skip = 0;
  let origin: number | null = null;
  let fd = 0;
  let callback: string | null = null;
  let quantum = 5000;
  while (args[0] !== undefined && /^-./.test(args[0])) {
    const option = args.shift()!;
    if (option === "--") break;
    for (let at = 1; at < option.length; at += 1) {
      const flag = option[at]!;
      if (flag === "t") trim = true;
      else if ("dnOsuCc".includes(flag)) {
        const value = option.slice(at + 1) || args.shift() || "";
        if (flag === "d") delimiter = value;
        else if (flag === "n") count = Number(value) || Number.POSITIVE_INFINITY;
        else if (flag === "O") origin = Number(value);
        else if (flag === "s") skip = Number(value);
        else if (flag === "u") fd = Number(value);
        else if (flag === "C") callback = value;
        else quantum = Number(value);
        break;
      } else return shell.complain(`${called}: -${flag}: invalid option`, 2);
    }
  }
  const name = args[0] ?? "MAPFILE";
  const stream = shell.fds.get(fd);
  if (stream === undefined) return shell.complain(`${called}: ${fd}: invalid file descriptor: Bad file descriptor`);
  const source = new LineSource(stream, delimiter);
  const list: string[] = origin === null ? [] : [...(shell.parameters.variable(name)?.list ?? [])];
  let at = origin ?? 0;
  for (let number = 0; at - (origin ?? 0) < count; ) {
    const line = source.take();
    if (line === undefined) {
      await source.fill(shell.process);
      continue;
    }
    if (line === null) break;
    number += 1;
    if (number <= skip) continue;
    const text = trim || !source.ended ? line : `${line}${delimiter}`;
    if (callback !== null && (number - skip) % quantum === 0) {
      shell.setList(name, list);
      await shell.interpreter.source(`${callback} ${at} ${backslashQuoted(text)}`, shell.line);
    }
    list[at] = text;
    at += 1;
  }
  source.rest();
  shell.setList(name, list);
  return 0;
};
