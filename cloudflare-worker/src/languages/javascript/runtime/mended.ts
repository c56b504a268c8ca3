/**
 * What Node says where the runtime says it differently or not at all: the wording of file and assertion errors, util.parseArgs.
 * It changes no behaviour that a program could already rely on, and it decides nothing about what is allowed.
 */
import { type Builtin, native } from "./native.js";

const TEXTS: Record<string, string> = {
  EACCES: "permission denied", EBADF: "bad file descriptor", EEXIST: "file already exists", EINVAL: "invalid argument", EISDIR: "illegal operation on a directory",
  EMFILE: "too many open files", ENOENT: "no such file or directory", ENOSPC: "no space left on device", ENOTDIR: "not a directory", ENOTEMPTY: "directory not empty", EPERM: "operation not permitted",
};
const NUMBERS: Record<string, number> = { EPERM: -1, ENOENT: -2, EBADF: -9, EACCES: -13, EEXIST: -17, ENOTDIR: -20, EISDIR: -21, EINVAL: -22, EMFILE: -24, ENOSPC: -28, ENOTEMPTY: -39 };
const SYSCALLS: Record<string, string> = {
  readFile: "open", writeFile: "open", appendFile: "open", truncate: "open", readdir: "scandir", copyFile: "copyfile", createReadStream: "open", createWriteStream: "open", exists: "access", opendir: "opendir", rm: "rm",
};
const TWO_PATHS = new Set(["copyFile", "rename", "link", "symlink", "cp"]);
type Call = (...args: unknown[]) => unknown;

/** Gives an error another message, in its stack as well. */
function reworded(error: Error, message: string, more: object = {}): Error {
  const { stack, message: before } = error;
  Object.defineProperty(error, "message", { value: message, writable: true, configurable: true, enumerable: false });
  if (typeof stack === "string") Object.defineProperty(error, "stack", { value: stack.replace(before, () => message), writable: true, configurable: true, enumerable: false });
  return Object.assign(error, more);
}

const pathText = (path: unknown): string => (path instanceof URL ? path.pathname : String(path));

function fileError(error: unknown, method: string, args: unknown[]): unknown {
  const { code } = (error ?? {}) as { code?: string };
  const text = code === undefined ? undefined : TEXTS[code];
  if (!(error instanceof Error) || code === undefined || text === undefined) return error;
  const isRead = code === "EISDIR" && method === "readFile";
  const syscall = isRead ? "read" : (SYSCALLS[method] ?? method.toLowerCase());
  const [path, dest] = args;
  const named = !isRead && (typeof path === "string" || path instanceof URL);
  const places = named ? ` '${pathText(path)}'${TWO_PATHS.has(method) ? ` -> '${pathText(dest)}'` : ""}` : "";
  const more: Record<string, unknown> = { errno: NUMBERS[code], code, syscall };
  if (named) more.path = pathText(path);
  if (named && TWO_PATHS.has(method)) more.dest = pathText(dest);
  return reworded(error, `${code}: ${text}, ${syscall}${places}`, more);
}

/** The file system's functions with errors as Node words them. */
export function wordedFiles(fs: Builtin): Builtin {
  const sync = (method: string, call: Call): Call => (...args) => {
    // The runtime lets a folder be made twice.
    const twice = method === "mkdir" && (args[1] as { recursive?: boolean } | undefined)?.recursive !== true && fs.existsSync(args[0]);
    try {
      if (twice) throw Object.assign(new Error("EEXIST"), { code: "EEXIST" });
      return call(...args);
    } catch (error) {
      throw fileError(error, method, args);
    }
  };
  const later = (method: string, call: Call): Call => (...args) => {
    const done = args.at(-1);
    if (typeof done !== "function") return call(...args);
    return call(...args.slice(0, -1), (error: unknown, ...values: unknown[]) => (done as Call)(error ? fileError(error, method, args) : error, ...values));
  };
  const promised = (method: string, call: Call): Call => async (...args) => {
    try {
      return await call(...args);
    } catch (error) {
      throw fileError(error, method, args);
    }
  };
  const worded: Builtin = { ...fs };
  for (const [name, call] of Object.entries(fs)) {
    if (typeof call !== "function" || /^[A-Z]|^create|^watch|^unwatch|^exists/.test(name)) continue;
    worded[name] = name.endsWith("Sync") ? sync(name.slice(0, -4), call as Call) : later(name, call as Call);
  }
  const { promises } = fs;
  worded.promises = Object.fromEntries(Object.entries(promises as object).map(([name, call]) => [name, typeof call === "function" ? promised(name, call as Call) : call]));
  return worded;
}

/** node:assert with the messages that Node makes of simple values. */
export function wordedAssert(strict: boolean): Builtin {
  const assert = native.getBuiltinModule(strict ? "node:assert/strict" : "node:assert") as Builtin;
  const { inspect } = native.getBuiltinModule("node:util") as Builtin;
  const simple = (...values: unknown[]) => values.every((value) => typeof value !== "object" || value === null) && values.map((value) => inspect(value)).join("").length <= 60;
  const wording: Record<string, (actual: unknown, expected: unknown) => string | null> = {
    strictEqual: (actual, expected) => (simple(actual, expected) ? `Expected values to be strictly equal:\n\n${inspect(actual)} !== ${inspect(expected)}\n` : null),
    notStrictEqual: (actual, expected) => (simple(actual) ? `Expected "actual" to be strictly unequal to: ${inspect(expected)}` : null),
    equal: (actual, expected) => (simple(actual, expected) ? `${inspect(actual)} == ${inspect(expected)}` : null),
    notEqual: (actual, expected) => (simple(actual, expected) ? `${inspect(actual)} != ${inspect(expected)}` : null),
    match: (actual, expected) => `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(actual)}\n`,
  };
  if (strict) Object.assign(wording, { equal: wording.strictEqual, notEqual: wording.notStrictEqual });
  const worded = ((...args: unknown[]) => (assert as unknown as Call)(...args)) as unknown as Builtin;
  Object.assign(worded, assert);
  for (const [name, word] of Object.entries(wording)) {
    worded[name] = (...args: unknown[]) => {
      try {
        return assert[name](...args);
      } catch (error) {
        const said = args[2] === undefined && (error as { code?: string } | null)?.code === "ERR_ASSERTION" ? word(args[0], args[1]) : null;
        throw said === null ? error : reworded(error as Error, said);
      }
    };
  }
  worded.strict = strict ? worded : wordedAssert(true);
  return worded;
}

interface Option { type: "string" | "boolean"; short?: string; multiple?: boolean; default?: unknown }
export interface ParseConfig { args?: string[]; options?: Record<string, Option>; strict?: boolean; allowPositionals?: boolean; allowNegative?: boolean }
interface Parsed { values: Record<string, unknown>; positionals: string[] }

const argumentError = (code: string, message: string) => Object.assign(new TypeError(message), { code });

/** util.parseArgs, without tokens. */
export function parseArgs(args: readonly string[], config: ParseConfig = {}): Parsed {
  const { options = {}, strict = true, allowPositionals = !strict, allowNegative = false } = config;
  const values: Record<string, unknown> = Object.create(null);
  const positionals: string[] = [];
  const store = (name: string, value: unknown) => {
    if (options[name]?.multiple) values[name] = [...((values[name] as unknown[]) ?? []), value];
    else values[name] = value;
  };
  const queue = [...args];
  const shown = (name: string) => (options[name]?.short ? `-${options[name].short}, --${name}` : `--${name}`);
  const take = (name: string, given: string, inline: string | undefined): void => {
    let option = options[name];
    if (option === undefined && allowNegative && name.startsWith("no-") && options[name.slice(3)]?.type === "boolean") { store(name.slice(3), false); return; }
    if (option === undefined) {
      if (strict) throw argumentError("ERR_PARSE_ARGS_UNKNOWN_OPTION", `Unknown option '${given}'.${allowPositionals ? ` To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "${given}"` : ""}`);
      option = { type: inline === undefined ? "boolean" : "string" };
    }
    if (option.type === "boolean") {
      if (inline !== undefined && strict) throw argumentError("ERR_PARSE_ARGS_INVALID_OPTION_VALUE", `Option '${shown(name)}' does not take an argument`);
      store(name, inline ?? true);
      return;
    }
    const value = inline ?? (queue[0] !== undefined && !(strict && /^-./.test(queue[0])) ? queue.shift() : undefined);
    if (value === undefined && strict) throw argumentError("ERR_PARSE_ARGS_INVALID_OPTION_VALUE", `Option '${shown(name)} <value>' argument missing`);
    store(name, value ?? true);
  };
  const byShort = (letter: string) => Object.keys(options).find((name) => options[name]?.short === letter) ?? letter;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (next === "--") {
      positionals.push(...queue.splice(0));
    } else if (next.startsWith("--")) {
      const equals = next.indexOf("=");
      take(equals < 0 ? next.slice(2) : next.slice(2, equals), equals < 0 ? next : next.slice(0, equals), equals < 0 ? undefined : next.slice(equals + 1));
    } else if (/^-./.test(next)) {
      const letters = next.slice(1);
      for (let at = 0; at < letters.length; at += 1) {
        const name = byShort(letters[at] as string);
        const rest = letters.slice(at + 1);
        if (options[name]?.type === "string" && rest !== "") { take(name, `-${letters[at]}`, rest); break; }
        take(name, `-${letters[at]}`, undefined);
      }
    } else {
      if (!allowPositionals) throw argumentError("ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL", `Unexpected argument '${next}'. This command does not take positional arguments`);
      positionals.push(next);
    }
  }
  for (const [name, option] of Object.entries(options)) if (option.default !== undefined && !(name in values)) values[name] = option.default;
  return { values, positionals };
}
