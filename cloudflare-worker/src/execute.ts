/**
 * One execution from the request's first line to the last frame: prepare, load, feed stdin, relay.
 * It keeps no state between runs, and it gives an isolate neither a binding nor the secret.
 */
import type { Host, Language, LoadedProgram, Program } from "./language.js";
import * as limits from "./limits.js";
import { LineReader, LineTooLong } from "./lines.js";
import { languageOf } from "./languages/index.js";
import { type Exports, makeDoor, outboundOf } from "./egress/door.js";
import { Breach, Relay } from "./relay.js";
import { type Frame, parseRun, parseStdin, Refusal, type Run, type Said } from "./wire.js";

export interface Env {
  SECRET?: string;
  LOADER: WorkerLoader;
  ECHO_FRAMES?: string;
  /** Set where the platform bounds every isolate, whatever a run asks for. */
  MEMORY_BYTES_MAX?: string;
  PYTHON?: LoadedProgram["isolate"];
  RUBY?: LoadedProgram["isolate"];
}

export function hostOf(env: Env, ctx: Context): Host {
  return { loader: env.LOADER, services: { python: env.PYTHON, ruby: env.RUBY }, door: () => makeDoor(ctx.exports) };
}
export interface Context {
  readonly exports: Exports;
  waitUntil(promise: Promise<unknown>): void;
}

export const COMPATIBILITY_DATE = "2026-01-01";
const COMPATIBILITY_FLAGS = ["nodejs_compat"];
const NDJSON = { "content-type": "application/x-ndjson", "cache-control": "no-store" };

const encoder = new TextEncoder();
const encode = (...values: unknown[]): Uint8Array => encoder.encode(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
type Send = (...frames: Frame[]) => Promise<void>;

function failed(type: string, message: string, exitCode = 1): Said {
  return { type: "finished", exitCode, error: { type, message, stack: `${type}: ${message}` }, artifacts: [] };
}

export async function execute(request: Request, env: Env, ctx: Context): Promise<Response> {
  if (request.body === null) throw new Refusal("invalid", "the request has no body", 400);
  const lines = new LineReader(request.body);
  let line: string | null;
  try {
    line = await lines.next(limits.REQUEST_LINE_BYTES_MAX);
  } catch (error) {
    if (error instanceof LineTooLong) throw new Refusal("too_large", `request: ${error.message}`);
    throw error;
  }
  const run = parseRun(line ?? "");
  const language = languageOf(run.language);
  if (language === undefined || (await language.available?.(hostOf(env, ctx))) === false) throw new Refusal("unsupported_language", `language "${run.language}" is not supported`);
  const { readable, writable } = new IdentityTransformStream();
  ctx.waitUntil(conduct(run, language, env, ctx, run.interactive ? lines : null, writable, env.ECHO_FRAMES === "1"));
  return new Response(readable, { headers: NDJSON });
}

/** Executes a language's warm program and forgets what it says. */
export async function rehearse(language: Language, env: Env, ctx: Context): Promise<void> {
  const { warmProgram } = language;
  if (warmProgram === undefined) return;
  const run: Run = {
    executionId: "warm", language: language.name, entry: warmProgram.entry, files: [{ name: warmProgram.entry, content: warmProgram.content }],
    argv: [], env: {}, stdin: null, interactive: false, context: {}, timeoutMs: limits.TIMEOUT_MS_MAX, memoryLimitBytes: 0, allowedModules: [], tier: "",
    tierOfModule: {}, outputBytesMax: 65536, artifactBytesMax: 0,
  };
  const { readable, writable } = new IdentityTransformStream();
  const [said] = await Promise.all([new Response(readable).text(), conduct(run, language, env, ctx, null, writable, false)]);
  if (!said.includes('"exitCode":0')) throw new Error(`the warm program of ${language.name} failed: ${said}`);
}

async function conduct(run: Run, language: Language, env: Env, ctx: Context, stdin: LineReader | null, sink: WritableStream<Uint8Array>, echo: boolean): Promise<void> {
  const writer = sink.getWriter();
  const relay = new Relay(run);
  const send: Send = (...frames) => writer.write(encode(...frames));
  const way = outboundOf(run, ctx.exports);
  try {
    const program = await language.prepare(run, hostOf(env, ctx));
    if (program.kind === "answer") for (const said of program.frames) await send(relay.say(said));
    else await relayIsolate(isolateOf(program, run, env, way.outbound), program.run ?? run, stdin, relay, send, echo);
    if (!relay.finished) await send(relay.say(failed("RuntimeError", "the program ended without a result")));
  } catch (error) {
    if (!relay.finished) await send(relay.say(lastWord(error))).catch(() => undefined);
  } finally {
    way.close();
    await writer.close().catch(() => undefined);
    await stdin?.cancel();
  }
}

class DeadlineError extends Error {}

function lastWord(error: unknown): Said {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof DeadlineError) return failed("TimeoutError", message, 124);
  if (error instanceof Breach || error instanceof LineTooLong) return failed("ProtocolError", `the program was ended: ${message}`);
  if (/cpu time|exceeded.*cpu/i.test(message)) return failed("TimeoutError", "the program used up its CPU time", 124);
  if (/memory/i.test(message)) return failed("MemoryError", "the program used up its memory", 137);
  return failed("RuntimeError", `the isolate failed: ${message}`);
}

type Fetching = { fetch(request: Request): Promise<Response> };

function isolateOf(program: Exclude<Program, { kind: "answer" }>, run: Run, env: Env, outbound: Fetcher | null): Fetching {
  if (program.kind === "loaded") return program.isolate;
  const worker = env.LOADER.load({
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: program.compatibilityFlags ?? COMPATIBILITY_FLAGS,
    mainModule: program.mainModule,
    modules: program.modules as WorkerLoaderWorkerCode["modules"],
    env: {},
    globalOutbound: outbound,
    limits: { cpuMs: Math.max(1, run.timeoutMs), subRequests: outbound === null ? 1 : limits.EGRESS_REQUESTS_MAX },
  } as WorkerLoaderWorkerCode);
  return worker.getEntrypoint() as unknown as Fetching;
}

async function relayIsolate(
  isolate: Fetching, told: Run, stdin: LineReader | null, relay: Relay, send: Send, echo: boolean,
): Promise<void> {
  const headers = echo ? { "x-echo-frames": "1" } : {};
  const feed = new IdentityTransformStream();
  const feeding = feedIsolate(feed.writable.getWriter(), told, stdin);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lines: LineReader | null = null;
  let late: DeadlineError | null = null;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = new DeadlineError(`the program did not end within ${told.timeoutMs} ms`);
      reject(late);
      void lines?.cancel();
    }, told.timeoutMs + limits.DEADLINE_GRACE_MS);
  });
  deadline.catch(() => undefined);
  try {
    const response = await Promise.race([isolate.fetch(new Request("http://run/", { method: "POST", headers, body: feed.readable })), deadline]);
    if (!response.ok || response.body === null) throw new Breach(`the isolate answered ${response.status}`);
    lines = new LineReader(response.body);
    while (!relay.finished) {
      const batch = await lines.batch(relay.lineBytesMax);
      if (late !== null) throw late;
      if (batch === null) return;
      const frames: Frame[] = [];
      try {
        for (const line of batch) frames.push(relay.receive(line));
      } finally {
        if (frames.length > 0) await send(...frames);
      }
    }
  } catch (error) {
    // Cancelling is how the deadline wakes a reader; what that throws is not the reason.
    throw late ?? error;
  } finally {
    if (timer !== undefined) clearTimeout(timer);
    await lines?.cancel();
    feeding.catch(() => undefined);
  }
}

/** The run as the first line, then the host's stdin lines, checked and rebuilt. Ends when the host's body ends. */
async function feedIsolate(writer: WritableStreamDefaultWriter<Uint8Array>, told: Run, stdin: LineReader | null): Promise<void> {
  try {
    await writer.write(encode(told));
    while (stdin !== null) {
      const line = await stdin.next(limits.STDIN_LINE_BYTES_MAX);
      if (line === null) break;
      const said = parseStdin(line);
      if (said !== null) await writer.write(encode({ type: "stdin", ...said }));
    }
    await writer.close();
  } catch {
    // The isolate is gone or the host sent nonsense: the program sees the end of its input, the relay tells the rest.
    await writer.close().catch(() => undefined);
  }
}
