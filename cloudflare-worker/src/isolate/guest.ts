/**
 * The main module's frame of an isolate that runs an interpreter: one request, one program, its streams, its files, its last word.
 * The interpreter itself is given; a program in it is data to JavaScript and reaches nothing of this.
 */
import { ARTIFACTS_COUNT_MAX, REQUEST_LINE_BYTES_MAX } from "../limits.js";
import { LineReader } from "../lines.js";
import { type Artifact, type Kept, nameFault, type ProgramError, type Run, type Stream } from "../wire.js";
import { contents, Environment, notKept } from "./environment.js";
import { base64, sameBytes, sha256 } from "./digest.js";
import { Input } from "./input.js";
import { Outbox } from "./outbox.js";
import { serialize } from "./result.js";

const EXIT_CRASHED = 134;
const OUTPUT_CHARS_MAX = 64 * 1024;

/** How a program ended. `files` are all files of its folder by name, when it could have changed any. */
export interface Ending {
  exitCode: number;
  /** Left out when the program has no value; otherwise anything that JSON can say. */
  result?: unknown;
  error?: ProgramError;
  files?: ReadonlyMap<string, Uint8Array>;
  /** What the next run begins from; asked for when this one completed and its environment is kept. Null when it is too large. */
  rest?(bytesMax: number): Rest | null;
}

/** `meta` is plain data, `body` whatever the interpreter goes on with, `variables` what people see of it. */
export interface Rest {
  meta?: unknown;
  body: Uint8Array;
  variables: Kept["variables"];
}

export interface Guest<Runtime> {
  /** Names everything that a kept state depends on: it is used by the same build alone. Left out, nothing can be kept. */
  build?(runtime: Runtime): string | Promise<string>;
  /** Everything that can be done before the program is known. */
  boot(): Runtime | Promise<Runtime>;
  /** A fault of the program is an ending; an exception is a crash of the interpreter. */
  run(runtime: Runtime, run: Run, world: World): Promise<Ending>;
}

/** What a program has besides its interpreter: streams, displays, and somebody who may be asked. */
export class World {
  readonly #outbox: Outbox;
  readonly #input: Input;
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  /** Echoed output leaves at once; otherwise it needs a turn of the event loop. */
  readonly echoed: boolean;
  /** The files of its folder: the session's, as an environment that is kept has them. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What an earlier run left; null when this one begins anew. */
  readonly resumed: Environment["resumed"];
  /** Whether this run leaves something. */
  readonly keeps: boolean;

  constructor(outbox: Outbox, input: Input, echoed: boolean, session: ReadonlyMap<string, Uint8Array>, environment: Environment | null) {
    this.#outbox = outbox;
    this.#input = input;
    this.echoed = echoed;
    this.files = environment?.files(session) ?? session;
    this.resumed = environment?.resumed ?? null;
    this.keeps = environment !== null;
    if (environment !== null) this.text("stderr", environment.notice);
  }

  get interactive(): boolean {
    return this.#input.interactive;
  }

  text(stream: Stream, text: string): void {
    for (let at = 0; at < text.length; ) {
      let end = Math.min(text.length, at + OUTPUT_CHARS_MAX);
      const last = text.charCodeAt(end - 1);
      if (end < text.length && last >= 0xd800 && last <= 0xdbff) end -= 1;
      this.#outbox.output(stream, text.slice(at, end));
      at = end;
    }
  }

  bytes(stream: Stream, bytes: Uint8Array): void {
    this.text(stream, this.#decoders[stream].decode(bytes, { stream: true }));
  }

  /** What is left of a character that was cut off. */
  close(): void {
    for (const stream of ["stdout", "stderr"] as const) this.text(stream, this.#decoders[stream].decode());
  }

  display(mime: Record<string, string>): void {
    this.#outbox.display(JSON.stringify(mime));
  }

  /** All that has been given so far; null at the end; undefined when more may come. */
  taken(): string | null | undefined {
    return this.#input.take();
  }

  /** Gives back what was taken and not used. */
  unread(text: string): void {
    if (text !== "") this.#input.unread(text);
  }

  /** The next text that is typed, or null at the end. The `input` frame is sent only when the program really waits. */
  read(prompt = ""): Promise<string | null> {
    return this.#next(prompt, () => this.#input.take());
  }

  /** The next line without its newline, or null at the end. */
  line(prompt = ""): Promise<string | null> {
    return this.#next(prompt, () => this.#input.takeLine());
  }

  #next(prompt: string, take: () => string | null | undefined): Promise<string | null> {
    const given = take();
    if (given !== undefined) return Promise.resolve(given);
    this.#outbox.input(prompt);
    return new Promise((resolve) => {
      const look = (): void => {
        const next = take();
        if (next === undefined) this.#input.wait(look);
        else resolve(next);
      };
      this.#input.wait(look);
    });
  }
}

/** Lets everything that is under way leave. */
export const turn = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 0); });

export function artifacts(before: ReadonlyMap<string, Uint8Array>, after: ReadonlyMap<string, Uint8Array>, bytesMax: number): Artifact[] {
  const found: Artifact[] = [];
  let room = bytesMax;
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const old = before.get(name);
    const bytes = after.get(name);
    if (found.length >= ARTIFACTS_COUNT_MAX) break;
    if (bytes === undefined && old !== undefined) found.push({ name, change: "deleted", size: old.length, digest: sha256(old) });
    if (bytes === undefined || nameFault(name) !== null || (old !== undefined && sameBytes(old, bytes))) continue;
    const artifact: Artifact = { name, change: old === undefined ? "created" : "changed", size: bytes.length, digest: sha256(bytes) };
    if (bytes.length <= room) {
      room -= bytes.length;
      artifact.base64 = base64(bytes);
    }
    found.push(artifact);
  }
  return found;
}

function crash(error: unknown): ProgramError {
  const message = (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 2000);
  const type = /memory|allocation failed/i.test(message) ? "MemoryError" : /call stack/i.test(message) ? "StackOverflow" : "InterpreterCrash";
  return { type, message, stack: `${type}: ${message}` };
}

function keep(environment: Environment, ending: Ending, session: ReadonlyMap<string, Uint8Array>, world: World, outbox: Outbox): Kept | null {
  const rest = ending.rest?.(environment.bytesMax) ?? null;
  const made = rest === null ? environment.tooLarge() : environment.keep(rest.meta ?? null, rest.body, session, ending.files ?? world.files);
  if (rest === null || typeof made === "string") {
    world.text("stderr", notKept(made as string));
    return null;
  }
  for (const piece of made.pieces) outbox.state(piece);
  return { variables: rest.variables, files: made.files };
}

export function serve<Runtime>(guest: Guest<Runtime>): { fetch(request: Request): Promise<Response> } {
  let booting: Promise<Runtime> | null = null;
  let used = false;
  const booted = (): Promise<Runtime> => (booting ??= Promise.resolve(guest.boot()));

  async function conduct(run: Run, input: Input, outbox: Outbox, echoed: boolean): Promise<void> {
    const session = contents(run);
    const runtime = await booted();
    const environment = run.environment !== undefined && guest.build !== undefined ? new Environment(run.environment, await guest.build(runtime)) : null;
    const world = new World(outbox, input, echoed, session, environment);
    let ending: Ending;
    let kept: Kept | null = null;
    try {
      ending = await guest.run(runtime, run, world);
      if (environment !== null && ending.exitCode === 0 && ending.error === undefined) kept = keep(environment, ending, session, world, outbox);
    } catch (error) {
      ending = { exitCode: EXIT_CRASHED, error: crash(error) };
    }
    world.close();
    let result: string | undefined;
    if (ending.result !== undefined) {
      const { json, fault } = serialize(ending.result);
      result = json;
      if (fault !== undefined) world.text("stderr", `${fault}; it was left out\n`);
    }
    const changed = ending.files === undefined ? [] : artifacts(world.files, ending.files, run.artifactBytesMax);
    const keeping = kept === null ? undefined : JSON.stringify(kept);
    outbox.finish(ending.exitCode & 0xff, result, ending.error === undefined ? undefined : JSON.stringify(ending.error), JSON.stringify(changed), keeping);
  }

  return {
    async fetch(request: Request): Promise<Response> {
      if (new URL(request.url).pathname === "/warm") {
        await booted();
        return new Response(null, { status: 204 });
      }
      if (used || request.body === null) return new Response(null, { status: 409 });
      used = true;
      const lines = new LineReader(request.body);
      const run = JSON.parse((await lines.next(REQUEST_LINE_BYTES_MAX)) ?? "") as Run;
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const echoed = request.headers.get("x-echo-frames") === "1";
      const outbox = new Outbox(writable.getWriter(), echoed, run.outputBytesMax);
      const input = new Input(run.stdin, run.interactive);
      if (run.interactive) void input.follow(lines);
      void conduct(run, input, outbox, echoed).catch((error: unknown) => outbox.finish(EXIT_CRASHED, undefined, JSON.stringify(crash(error)), "[]"));
      return new Response(readable);
    },
  };
}
