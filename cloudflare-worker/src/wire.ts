/**
 * The words spoken between the host and this Worker, and the one place where a request line becomes a value.
 * Never here: what a program's isolate says; that is judged in relay.ts.
 */
import type { BinaryFile, Environment, Frame, Json, RunError, TextFile, WireRequest } from "./generated/events.js";
import * as limits from "./limits.js";

export type { Artifact, Environment, Json, Kept } from "./generated/events.js";

export type Stream = "stdout" | "stderr";
export type Level = "log" | "info" | "warn" | "error" | "debug" | "trace";
export const LEVELS: readonly Level[] = ["log", "info", "warn", "error", "debug", "trace"];

export type SessionFile = TextFile | BinaryFile;
/** One run as the host orders it. */
export type Run = WireRequest;
export type ProgramError = RunError;
export type { Frame };
type Unnumbered<F> = F extends unknown ? Omit<F, "n"> : never;
/** A frame before it has its number. */
export type Said = Unnumbered<Frame>;

export type RefusalCode = "unauthorized" | "invalid" | "too_large" | "unsupported_language" | "not_found";
const STATUS: Record<RefusalCode, number> = { unauthorized: 401, invalid: 422, too_large: 413, unsupported_language: 422, not_found: 404 };

/** A request that is refused before anything ran. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly status: number;

  constructor(code: RefusalCode, message: string, status = STATUS[code]) {
    super(message);
    this.code = code;
    this.status = status;
  }

  response(): Response {
    return Response.json({ code: this.code, message: this.message }, { status: this.status });
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const invalid = (field: string, why: string): Refusal => new Refusal("invalid", `${field}: ${why}`);
const tooLarge = (field: string, why: string): Refusal => new Refusal("too_large", `${field}: ${why}`);

function text(source: Record<string, unknown>, field: string, charsMax: number): string {
  const value = source[field];
  if (typeof value !== "string") throw invalid(field, "must be a string");
  if (value.length > charsMax) throw tooLarge(field, `longer than ${charsMax} characters`);
  return value;
}

function whole(source: Record<string, unknown>, field: string, max: number): number {
  const value = source[field];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw invalid(field, "must be a whole number, not negative");
  if (value > max) throw tooLarge(field, `more than ${max}`);
  return value;
}

function texts(source: Record<string, unknown>, field: string, countMax: number, charsMax: number): string[] {
  const value = source[field] ?? [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) throw invalid(field, "must be a list of strings");
  if (value.length > countMax) throw tooLarge(field, `more than ${countMax} entries`);
  if ((value as string[]).reduce((sum, item) => sum + item.length, 0) > charsMax) throw tooLarge(field, `longer than ${charsMax} characters`);
  return value as string[];
}

/** Why a file name is not acceptable, or null. Relative POSIX paths only, nothing that climbs or hides. */
export function nameFault(name: string): string | null {
  if (name === "" || name.length > limits.FILE_NAME_CHARS_MAX) return "has no acceptable length";
  if (/[\u0000-\u001f\u007f\\\u2028\u2029]/.test(name) || !name.isWellFormed()) return "contains a character that is not allowed";
  const parts = name.split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".." || part === "__proto__")) return "is not a plain relative path";
  return null;
}

function files(source: Record<string, unknown>): SessionFile[] {
  const value = source.files;
  if (!Array.isArray(value)) throw invalid("files", "must be a list");
  if (value.length > limits.FILES_COUNT_MAX) throw tooLarge("files", `more than ${limits.FILES_COUNT_MAX} files`);
  const seen = new Set<string>();
  let size = 0;
  return value.map((item: unknown, index): SessionFile => {
    if (!isObject(item) || typeof item.name !== "string") throw invalid(`files[${index}]`, "must have a name");
    const { name } = item;
    const fault = nameFault(name);
    if (fault !== null) throw invalid(`files[${index}].name`, fault);
    if (seen.has(name)) throw invalid(`files[${index}].name`, "is there twice");
    seen.add(name);
    const content = item.content ?? item.base64;
    if (typeof content !== "string") throw invalid(`files[${index}]`, "must have content or base64");
    size += content.length;
    if (size > limits.FILES_BYTES_MAX) throw tooLarge("files", `larger than ${limits.FILES_BYTES_MAX} bytes`);
    if (typeof item.content === "string") return { name, content };
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(content) || content.length % 4 !== 0) throw invalid(`files[${index}].base64`, "is not base64");
    return { name, base64: content };
  });
}

function hosts(source: Record<string, unknown>, field: string): string[] {
  return texts(source, field, limits.EGRESS_HOSTS_COUNT_MAX, limits.ARGV_CHARS_MAX).map((host) => host.toLowerCase());
}

/** Null, or left out, is no network. */
function egress(value: unknown): Pick<Run, "egress"> {
  if (value === null || value === undefined) return {};
  if (!isObject(value)) throw invalid("egress", "must be an object");
  const allow = value.allow === null || value.allow === undefined ? {} : { allow: hosts(value, "allow") };
  return { egress: { ...allow, deny: hosts(value, "deny") } };
}

function environment(value: unknown): Pick<Run, "environment"> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalid("environment", "must be an object");
  const kept: Environment = { bytesMax: whole(value, "bytesMax", limits.STATE_BYTES_MAX), filesMax: whole(value, "filesMax", limits.STATE_FILES_MAX) };
  if (value.state !== undefined) kept.state = text(value, "state", 4 * Math.ceil(limits.STATE_BYTES_MAX / 3));
  return { environment: kept };
}

function environmentVariables(source: Record<string, unknown>): Record<string, string> {
  const value = source.env ?? {};
  if (!isObject(value) || Object.entries(value).some(([name, text]) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || typeof text !== "string")) throw invalid("env", "must map names to texts");
  if (JSON.stringify(value).length > limits.ENV_CHARS_MAX) throw tooLarge("env", `longer than ${limits.ENV_CHARS_MAX} characters`);
  return value as Record<string, string>;
}

/** The first line of a request, checked field by field. Throws Refusal. */
export function parseRun(line: string): Run {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Refusal("invalid", "the first line is not JSON", 400);
  }
  if (!isObject(value)) throw new Refusal("invalid", "the first line is not an object", 400);
  const context = value.context ?? {};
  if (!isObject(context)) throw invalid("context", "must be an object");
  if (JSON.stringify(context).length > limits.CONTEXT_CHARS_MAX) throw tooLarge("context", `longer than ${limits.CONTEXT_CHARS_MAX} characters`);
  const tierOfModule = value.tierOfModule ?? {};
  if (!isObject(tierOfModule) || Object.values(tierOfModule).some((tier) => typeof tier !== "string")) throw invalid("tierOfModule", "must map names to names");
  const run: Run = {
    executionId: text(value, "executionId", 128),
    language: text(value, "language", 64),
    entry: text(value, "entry", limits.FILE_NAME_CHARS_MAX),
    files: files(value),
    env: environmentVariables(value),
    argv: texts(value, "argv", limits.ARGV_COUNT_MAX, limits.ARGV_CHARS_MAX),
    stdin: value.stdin === null || value.stdin === undefined ? null : text(value, "stdin", limits.STDIN_CHARS_MAX),
    interactive: value.interactive === true,
    context: context as { [name: string]: Json },
    timeoutMs: whole(value, "timeoutMs", limits.TIMEOUT_MS_MAX),
    memoryLimitBytes: whole(value, "memoryLimitBytes", limits.MEMORY_BYTES_MAX),
    allowedModules: texts(value, "allowedModules", limits.MODULES_COUNT_MAX, limits.ARGV_CHARS_MAX),
    tier: text(value, "tier", 64),
    tierOfModule: tierOfModule as { [module: string]: string },
    ...egress(value.egress),
    ...environment(value.environment),
    outputBytesMax: whole(value, "outputBytesMax", limits.OUTPUT_BYTES_MAX),
    artifactBytesMax: whole(value, "artifactBytesMax", limits.ARTIFACT_BYTES_MAX),
  };
  if (!run.files.some((file) => file.name === run.entry)) throw invalid("entry", "is not among the files");
  return run;
}

/** A later line of a request. Null when it is nothing we know: later hosts may say more. */
export function parseStdin(line: string): { data: string; eof: boolean } | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(value) || value.type !== "stdin") return null;
  return { data: typeof value.data === "string" ? value.data : "", eof: value.eof === true };
}
