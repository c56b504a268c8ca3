/** The Python isolate: boots from the snapshot, runs one program, answers with its frames.
 * It has no bindings and no network but the gateway, and it never serves a second program. */

import snapshot from "./snapshot.bin";
import { ANOTHER_BUILD, contents, Environment, notKept } from "../../../isolate/environment.js";
import type { Json, Kept, ProgramError, Run, Stream } from "../../../wire.js";
import { COUNTERPARTS } from "../modules.js";
import { boot, type Interpreter, ROOT } from "./boot.js";
import { facts, rest, sessionDigest, wake } from "./memory.js";
import { REQUEST_LINE_BYTES_MAX } from "../../../limits.js";
import { LineReader } from "../../../lines.js";
import { imageId } from "./facts.js";
import { artifacts, filesNow, populate } from "./files.js";
import { commands } from "./commands.js";
import { offer, request as asking } from "./network.js";
import { Frames } from "./frames.js";
import { Stdin } from "./stdin.js";

const EXIT_CRASHED = 134;
const MESSAGE_CHARS_MAX = 2000;
const DUMP_CHARS_MAX = 20_000;
const DUMP_LINES_MAX = 40;
const HEARTBEAT_MS = 250;
// What remains for describing a MemoryError after the program has used all of its own memory.
const REPORT_BYTES = 4 * 1024 * 1024;
const OVERHEAD_BYTES = 8 * 1024 * 1024;
const FILE_BYTES_MAX = 256 * 1024 * 1024;

const log = console.log.bind(console);
let booting: Promise<Interpreter> | null = null;
let used = false;

const interpreter = () => {
  booting ??= boot(snapshot);
  return booting;
};

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/warm" || pathname === "/boot") {
      const booted = await interpreter();
      if (pathname === "/warm") await rehearse(booted);
      return new Response(null, { status: 204 });
    }
    if (used || request.body === null) return new Response(null, { status: 409 });
    used = true;
    const lines = new LineReader(request.body);
    const wire = JSON.parse((await lines.next(REQUEST_LINE_BYTES_MAX)) ?? "") as Run;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    let sent: Promise<unknown> = Promise.resolve();
    const echo = request.headers.get("x-echo-frames") === "1";
    const write = (bytes: Uint8Array) => {
      sent = writer.write(bytes).catch(() => {});
    };
    const frames = new Frames(write, echo ? log : null, wire.outputBytesMax);
    run(wire, frames, new Stdin(lines), echo, () => sent)
      .catch((error: unknown) => {
        frames.send({ type: "finished", exitCode: EXIT_CRASHED, error: crash(error), artifacts: [] });
      })
      .finally(() => writer.close().catch(() => {}));
    return new Response(readable, { headers: { "content-type": "application/x-ndjson" } });
  },
};

/** Runs the harness once without a program: code that has run before runs faster. */
async function rehearse({ api, pyodide }: Interpreter): Promise<void> {
  const swallow = { write: (bytes: Uint8Array) => bytes.length };
  pyodide.setStdout(swallow);
  pyodide.setStderr(swallow);
  const practice = api.runPythonInternal("import _session.program; _session.program.rehearse");
  await practice.callPromising({ pause: async () => undefined });
}

interface Answer {
  exitCode: number;
  result?: Json;
  error?: ProgramError;
  /** There when the interpreter came to rest, so that its memory can be kept. */
  variables?: Kept["variables"];
}

async function run(wire: Run, frames: Frames, stdin: Stdin, echoed: boolean, sent: () => Promise<unknown>): Promise<void> {
  const python = await interpreter();
  const { module, api, pyodide, limits } = python;
  const dump = catchDump(api);
  const stream = (name: Stream) => ({
    write(bytes: Uint8Array): number {
      if (!dump.take(bytes)) frames.output(name, bytes);
      return bytes.length;
    },
  });
  pyodide.setStdin({ stdin: () => null });
  pyodide.setStdout(stream("stdout"));
  pyodide.setStderr(stream("stderr"));
  const session = contents(wire);
  const environment = wire.environment === undefined ? null : new Environment(wire.environment, imageId);
  if (environment !== null && environment.notice !== "") frames.output("stderr", new TextEncoder().encode(environment.notice));
  const before = environment === null ? session : environment.files(session);
  populate(python, before);
  offer(api.config.jsglobals, wire);
  // The host measures the whole process: what the run needs outside the heap comes off what the heap may have.
  const heapBytes = module._sbrk(0);
  const holeBytes = python.image?.holeBytes(heapBytes) ?? 0;
  const programBytesMax = Math.max(module.HEAP8.length, heapBytes + wire.memoryLimitBytes - OVERHEAD_BYTES - holeBytes);
  limits.heapBytesMax = programBytesMax;
  const woken = environment?.resumed ? wake(python, environment.resumed) : null;
  if (environment?.resumed && woken === null) frames.output("stderr", new TextEncoder().encode(ANOTHER_BUILD));
  limits.fileBytesMax = Math.min(wire.memoryLimitBytes, FILE_BYTES_MAX);
  const main = api.runPythonInternal("import _session.program; _session.program.main");
  const bridge = {
    display: (mime: string) => frames.display(JSON.parse(mime)),
    input: (prompt: string) => {
      frames.input(prompt);
      return stdin.read();
    },
    request: asking(wire),
    command: (await commands(python, wire)) ?? undefined,
    pause: async () => {
      await sent();
      await new Promise((resume) => setTimeout(resume, 0));
    },
    // A program can find this object: calling it again must not lift the limit again.
    relax: () => {
      limits.heapBytesMax = programBytesMax + REPORT_BYTES;
    },
  };
  const spec = {
    entry: wire.entry,
    argv: wire.argv,
    env: wire.env,
    names: wire.files.map((file) => file.name),
    stdin: wire.stdin,
    interactive: wire.interactive,
    echoed,
    context: wire.context,
    allowedModules: wire.allowedModules,
    tier: wire.tier,
    tierOfModule: wire.tierOfModule,
    keep: environment !== null,
    resumed: woken !== null,
    edited: woken !== null && woken.session !== sessionDigest(session),
  };
  // Waiting for something that never comes is the program's right until its deadline; the runtime would call it hung.
  const heartbeat = setInterval(() => {}, HEARTBEAT_MS);
  let said: Answer;
  try {
    said = JSON.parse(await main.callPromising(bridge, JSON.stringify(spec), JSON.stringify(COUNTERPARTS)));
  } catch (error) {
    said = ended(error, dump.text());
  } finally {
    clearInterval(heartbeat);
  }
  const { variables, ...outcome } = said;
  const after = filesNow(python);
  const changed = await artifacts(before, after, wire.artifactBytesMax);
  let kept: Kept | null = null;
  if (environment !== null && variables !== undefined && said.exitCode === 0) {
    const difference = rest(python, environment.bytesMax);
    const made = difference === null ? environment.tooLarge() : environment.keep({ ...facts(python), session: sessionDigest(session) }, difference, session, after);
    if (typeof made === "string") frames.output("stderr", new TextEncoder().encode(notKept(made)));
    else {
      for (const base64 of made.pieces) frames.send({ type: "state", base64 });
      kept = { variables, files: made.files };
    }
  }
  frames.close();
  frames.send({ type: "finished", ...outcome, artifacts: changed, ...(kept === null ? {} : { kept }) });
}

/** When the interpreter dies, Pyodide writes a traceback in pieces to the program's own streams: that is kept for the error instead. */
function catchDump(api: Interpreter["api"]): { take(bytes: Uint8Array): boolean; text(): string } {
  const fatal = api.fatal_error;
  const decoder = new TextDecoder();
  let dumped: string | null = null;
  api.fatal_error = (error: unknown) => {
    dumped ??= "";
    return fatal(error);
  };
  return {
    take(bytes) {
      if (dumped === null) return false;
      if (dumped.length < DUMP_CHARS_MAX) dumped += decoder.decode(bytes);
      return true;
    },
    text: () => dumped ?? "",
  };
}

/** The interpreter itself stopped: os._exit(), abort(), a trap in the wasm, an overflow of the stack. */
function ended(error: unknown, dump: string): Answer {
  const status = (error as { status?: unknown })?.status;
  if (typeof status === "number") return { exitCode: status & 0xff };
  const crashed = crash(error);
  const frames = dump.split("\n").filter((line) => line.startsWith("  File ") && !/"(<session |\/lib\/python\d+\.zip\/_?pyodide)/.test(line));
  const lines = frames.map((line) => line.replace(`"${ROOT}/`, '"'));
  if (lines.length > 0) {
    const shown = lines.length > DUMP_LINES_MAX ? [...lines.slice(0, DUMP_LINES_MAX), "  ..."] : lines;
    crashed.stack = ["Stack (most recent call first):", ...shown, crashed.stack].join("\n");
    const own = /^ {2}File "([^"]+)", line (\d+)/.exec(lines.find((line) => !line.startsWith('  File "/')) ?? "");
    if (own?.[1] !== undefined) Object.assign(crashed, { file: own[1], line: Number(own[2]) });
  }
  return { exitCode: EXIT_CRASHED, error: crashed };
}

function crash(error: unknown): ProgramError {
  const { name, message: said } = (error ?? {}) as Partial<Error>;
  const text = `${name ?? "Error"}: ${said ?? String(error)}`.slice(0, MESSAGE_CHARS_MAX);
  const overflow = /call stack size exceeded/.test(text);
  const type = overflow ? "RecursionError" : "InterpreterCrash";
  const message = overflow ? "the interpreter's own stack overflowed" : text;
  return { type, message, stack: `${type}: ${message}` };
}
