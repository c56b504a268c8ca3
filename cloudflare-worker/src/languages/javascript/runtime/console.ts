/** A console like Node's, writing through a function: same text, no colours. It knows neither frames nor limits. */
import type { Level, Stream } from "../../../wire.js";
import { type Builtin, native } from "./native.js";
import { table } from "./table.js";

let util: Builtin | null = null;
/** Loaded when first needed: most small programs print plain strings. */
export function utilModule(): Builtin {
  util ??= native.getBuiltinModule("node:util") as Builtin;
  return util;
}

function plain(value: unknown): string | undefined {
  switch (typeof value) {
    case "string": return value;
    case "number": return Object.is(value, -0) ? "-0" : String(value);
    case "boolean": case "undefined": return String(value);
    default: return value === null ? "null" : undefined;
  }
}

export function format(args: readonly unknown[]): string {
  let out = "";
  for (let at = 0; at < args.length; at += 1) {
    const text = plain(args[at]);
    if (text === undefined || (at === 0 && args.length > 1 && typeof args[0] === "string" && text.includes("%"))) {
      try {
        return utilModule().formatWithOptions({ colors: false }, ...args);
      } catch (error) {
        return `[not printable: ${error instanceof Error ? error.message : "?"}]`;
      }
    }
    out += at === 0 ? text : ` ${text}`;
  }
  return out;
}

export type ConsoleWrite = (stream: Stream, level: Level, text: string) => void;

export function createConsole(write: ConsoleWrite): Record<string, unknown> {
  let indent = "";
  const counts = new Map<string, number>();
  const timers = new Map<string, number>();
  const emit = (stream: Stream, level: Level, text: string) => {
    write(stream, level, `${indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`)}\n`);
  };
  const elapsed = (label: string): string | null => {
    const start = timers.get(label);
    if (start === undefined) {
      emit("stderr", "warn", `Warning: No such label '${label}' for console.time()`);
      return null;
    }
    const ms = performance.now() - start;
    return ms >= 1000 ? `${label}: ${(ms / 1000).toFixed(3)}s` : `${label}: ${Number(ms.toFixed(3))}ms`;
  };
  const methods = {
    log(...args: unknown[]) { emit("stdout", "log", format(args)); },
    info(...args: unknown[]) { emit("stdout", "info", format(args)); },
    debug(...args: unknown[]) { emit("stdout", "debug", format(args)); },
    warn(...args: unknown[]) { emit("stderr", "warn", format(args)); },
    error(...args: unknown[]) { emit("stderr", "error", format(args)); },
    trace(...args: unknown[]) {
      const { stack } = new Error();
      const frames = (stack ?? "").split("\n").slice(1).join("\n");
      emit("stderr", "trace", `Trace${args.length > 0 ? `: ${format(args)}` : ""}${frames === "" ? "" : `\n${frames}`}`);
    },
    dir(value: unknown, options?: object) { emit("stdout", "log", utilModule().inspect(value, { customInspect: false, ...options, colors: false })); },
    dirxml(...args: unknown[]) { emit("stdout", "log", format(args)); },
    table(data: unknown, columns?: string[]) {
      const text = table(data, columns, (value) => utilModule().inspect(value, { depth: 0, maxArrayLength: 3, breakLength: Number.POSITIVE_INFINITY }));
      emit("stdout", "log", text ?? format([data]));
    },
    group(...args: unknown[]) {
      if (args.length > 0) emit("stdout", "log", format(args));
      indent += "  ";
    },
    groupEnd() { indent = indent.slice(0, -2); },
    count(label: unknown = "default") {
      const name = `${label}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      emit("stdout", "log", `${name}: ${counts.get(name)}`);
    },
    countReset(label: unknown = "default") { counts.delete(`${label}`); },
    time(label: unknown = "default") { timers.set(`${label}`, performance.now()); },
    timeLog(label: unknown = "default", ...args: unknown[]) {
      const text = elapsed(`${label}`);
      if (text !== null) emit("stdout", "log", args.length > 0 ? `${text} ${format(args)}` : text);
    },
    timeEnd(label: unknown = "default") {
      const text = elapsed(`${label}`);
      timers.delete(`${label}`);
      if (text !== null) emit("stdout", "log", text);
    },
    assert(condition: unknown, ...args: unknown[]) {
      if (condition) return;
      if (typeof args[0] === "string") args[0] = `Assertion failed: ${args[0]}`;
      else args.unshift("Assertion failed");
      emit("stderr", "warn", format(args));
    },
    profile() {}, profileEnd() {}, timeStamp() {},
  };
  Object.defineProperty(methods, Symbol.toStringTag, { value: "console", configurable: true });
  return Object.assign(methods, { groupCollapsed: methods.group });
}

type Writable = { write(text: string): unknown };

/** `new console.Console({ stdout, stderr })` over any writable. */
export function consoleConstructor(): unknown {
  return function Console(first: Writable | { stdout: Writable; stderr?: Writable }, second?: Writable): unknown {
    const stdout = "stdout" in first ? first.stdout : first;
    const stderr = ("stdout" in first ? first.stderr : second) ?? stdout;
    return createConsole((stream, _level, text) => { (stream === "stdout" ? stdout : stderr).write(text); });
  };
}
