/**
 * The isolate's main module for JavaScript and TypeScript: builds the program's world, runs the entry, reports.
 * It is loaded anew for each program, has no bindings and serves one request.
 */
import sheet from "collab-program.json";
import { contents, Environment, notKept } from "../../isolate/environment.js";
import { Input } from "../../isolate/input.js";
import { Outbox } from "../../isolate/outbox.js";
import { serialize } from "../../isolate/result.js";
import { LineReader } from "../../lines.js";
import { REQUEST_LINE_BYTES_MAX } from "../../limits.js";
import type { Json, Run } from "../../wire.js";
import { BUILD } from "./build.js";
import { functionSource } from "./context.js";
import { type ProgramSheet, SESSION_PREFIX, SHELL_MODULE } from "./program.js";
import { Builtins, type Own } from "./runtime/builtins.js";
import { createChildProcess } from "./runtime/childprocess.js";
import { consoleConstructor, createConsole, utilModule } from "./runtime/console.js";
import { installStackCleaner, printThrownWith } from "./runtime/errors.js";
import { Files } from "./runtime/files.js";
import { furnish } from "./runtime/globals.js";
import { finishKept, KeptNames } from "./runtime/kept.js";
import { Lifecycle } from "./runtime/lifecycle.js";
import { Linker } from "./runtime/linker.js";
import { type ParseConfig, parseArgs, wordedAssert, wordedFiles } from "./runtime/mended.js";
import { Network } from "./runtime/network.js";
import { createProcess } from "./runtime/process.js";
import { createReadline } from "./runtime/readline.js";
import { type Engine, Shell } from "./runtime/shell.js";
import { Stdin } from "./runtime/stdin.js";
import { createTimers } from "./runtime/timers.js";

const program = sheet as ProgramSheet;

/** V8 takes no white space and no quotes in a source's name. */
const labelOf = (name: string): string => encodeURI(name).replaceAll("'", "%27");
// biome-ignore lint/security/noGlobalEval: the runtime allows it while the isolate starts and never again; each text is one function expression
const evaluate = globalThis.eval;

/** Compiled now, because later the runtime compiles no text; nothing of it runs yet. What does not compile throws when it is used. */
function compile(code: string, label: string): () => unknown {
  try {
    const compiled: unknown = evaluate(`${code}\n//# sourceURL=${SESSION_PREFIX}${label}`);
    return () => compiled;
  } catch (error) {
    return () => { throw error; };
  }
}
const scripts = new Map(program.scripts.map(([name, code]) => [name, compile(code, labelOf(name))]));
const context = program.contextCode === null ? null : compile(program.contextCode, "context");

async function start(run: Run, lines: LineReader, outbox: Outbox): Promise<void> {
  let files: Files | null = null;
  const life = new Lifecycle(outbox, () => files?.artifacts(run.artifactBytesMax) ?? "[]");
  globalThis.addEventListener("unhandledrejection", (event) => life.fail(event.reason, "unhandledRejection", event.promise));
  // The types of Workers do not know this event; the runtime sends it for what a native callback throws.
  (globalThis as unknown as EventTarget).addEventListener("error", (event) => life.fail((event as ErrorEvent).error));
  const input = new Input(run.stdin, run.interactive);
  const stdin = new Stdin(input, outbox, life);
  const shifts = new Map(program.files.map(([name, file]) => [name, "shift" in file ? file.shift : 0]));
  const nameOf = new Map(program.scripts.map(([name]) => [labelOf(name), name]));
  installStackCleaner((file) => shifts.get(file), (label) => nameOf.get(label) ?? label);
  printThrownWith((value) => utilModule().inspect(value));

  const timers = createTimers(life);
  const own: Own = new Map();
  const network = new Network(run, life);
  const builtins = new Builtins(run, own, network);
  const console = createConsole((stream, level, text) => outbox.output(stream, text, level));
  console.Console = consoleConstructor();
  const { process, hooks } = createProcess({
    outbox, life, stdin, entry: program.entry, argv: run.argv, env: run.env, filed: program.filed, memoryLimitBytes: run.memoryLimitBytes,
    builtin: (name) => builtins.load(name)?.value, denied: (name) => builtins.denied(name),
  });
  life.hooks = hooks;
  const session = contents(run);
  const environment = run.environment === undefined || program.environment === null ? null : new Environment(run.environment, BUILD);
  const before = environment?.files(session) ?? session;
  if (program.filed) files = new Files(before);
  const kept = files;
  let readline: ReturnType<typeof createReadline> | undefined;
  const lineReading = () => (readline ??= createReadline(stdin));
  let fs: Record<string, unknown> | undefined;
  const fileSystem = () => (fs ??= wordedFiles((kept as Files).facade(stdin, (stream, text) => outbox.output(stream, text))));
  for (const [name, make] of Object.entries({
    console: () => console, process: () => process, timers: () => timers, "timers/promises": () => timers.promises,
    readline: () => lineReading().callbacks, "readline/promises": () => lineReading().promises, fs: fileSystem, "fs/promises": () => fileSystem().promises,
    assert: () => wordedAssert(false), "assert/strict": () => wordedAssert(true),
    util: () => ({ ...utilModule(), parseArgs: (config: ParseConfig = {}) => parseArgs(config.args ?? run.argv, config) }),
  })) own.set(name, make);
  // Loaded before the program: later nothing could wait for it.
  const engine = program.shell ? ((await import(SHELL_MODULE)) as { default: Engine }).default : null;
  if (engine !== null) {
    const env = () => process.env as Record<string, unknown>;
    own.set("child_process", () => createChildProcess({ shell: new Shell(engine), life, memoryBytesMax: run.memoryLimitBytes, env, write: (stream, text) => outbox.output(stream, text) }));
  }
  const linker = new Linker(program, builtins);
  if (environment !== null && program.environment !== null) {
    outbox.output("stderr", environment.notice);
    const say = (text: string) => outbox.output("stderr", text);
    const names = new KeptNames(program.environment, { nameOf: (value) => linker.nameOf(value), load: (name) => linker.required(name) }, say);
    linker.environment = names;
    const { inspect } = utilModule();
    life.keep = () => finishKept(names, environment, { session, after: kept?.all() ?? before }, (value) => inspect(value, SHOWN), say, (piece) => outbox.state(piece), notKept);
  }
  await linker.load(async (name) => {
    const script = scripts.get(name);
    return script === undefined ? ((await import(SESSION_PREFIX + name)) as { default: unknown }).default : script();
  });
  furnish({ console, process, timers, life, network, ask: (prompt) => stdin.ask(prompt), display: (data) => outbox.display(mimeBundle(data)) });
  if (run.interactive) void input.follow(lines);
  await life.main(async () => {
    const functions = context === null ? [] : linker.contextFunctions(context());
    defineContext(run.context, functions);
    // Not `return linker.run()`: only `await` is safe from a patched `then`.
    return await linker.run();
  });
  await life.done;
}

/** Context values become global variables; function sources in them, compiled, take their places. */
function defineContext(context: { [name: string]: Json }, functions: unknown[]): void {
  let next = 0;
  const revive = (value: Json): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (functionSource(value) !== null) return functions[next++];
    if (Array.isArray(value)) return value.map(revive);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revive(item)]));
  };
  for (const [name, value] of Object.entries(context)) {
    Object.defineProperty(globalThis, name, { value: revive(value), writable: true, configurable: true, enumerable: true });
  }
}

const MIME = /^[a-z]+\/[a-z0-9.+-]+$/;

/** `display({ "text/html": "…" })` is shown as what it says; anything else as text. */
function mimeBundle(data: unknown): string {
  const names = typeof data === "object" && data !== null ? Object.keys(data) : [];
  if (names.length > 0 && names.every((name) => MIME.test(name))) {
    const { json } = serialize(data);
    if (json !== undefined) return json;
  }
  return JSON.stringify({ "text/plain": typeof data === "string" ? data.toWellFormed() : utilModule().inspect(data) });
}

const SHOWN = { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 10, maxStringLength: 100, compact: 3 };

let used = false;

export default {
  async fetch(request: Request, _env: unknown, ctx: { waitUntil(promise: Promise<unknown>): void }): Promise<Response> {
    if (used || request.body === null) return new Response(null, { status: 409 });
    used = true;
    const lines = new LineReader(request.body);
    const run = JSON.parse((await lines.next(REQUEST_LINE_BYTES_MAX)) ?? "") as Run;
    const { readable, writable } = new IdentityTransformStream();
    const outbox = new Outbox(writable.getWriter(), request.headers.get("x-echo-frames") === "1", run.outputBytesMax);
    ctx.waitUntil(start(run, lines, outbox).catch((error: unknown) => {
      const message = `the harness failed: ${error}`;
      outbox.finish(1, undefined, JSON.stringify({ type: "HarnessError", message, stack: message }), "[]");
    }));
    return new Response(readable);
  },
};
