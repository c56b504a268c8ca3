/**
 * The machine that a shell and its programs run on: files, devices, process table, clock, limits. One per run.
 * It knows no syntax; programs are given to it by name.
 */
import { concat, decode, encode } from "./bytes.js";
import { LimitFault, MemoryFault } from "./faults.js";
import { type Content, FileError, type FileSystem, faultOf, resolve } from "./files.js";
import { type Descriptors, FileStream, FullStream, NullStream, SourceStream, type Stream } from "./streams.js";
import { Process } from "./process.js";

export interface Limits {
  /** At the same time. */
  processesMax: number;
  /** Shell functions, sources and evals inside each other. */
  callDepthMax: number;
  /** One value, one captured output, one program's own text. */
  textBytesMax: number;
}
export const LIMITS: Limits = { processesMax: 512, callDepthMax: 4000, textBytesMax: 64 * 1024 * 1024 };
const STEPS_PER_TURN = 400;
const OUT_CHARS_MAX = 16_384;

export { LimitFault, MemoryFault };

export type Program = (io: Io) => number | Promise<number>;
/** Answers a request that `curl` makes, a redirect as itself. It decides what may be reached: what may not, and what fails, is a FetchFault, also while the answer is read. */
export type Fetcher = (request: Request) => Promise<Response>;
export interface FetchFault extends Error {
  /** `network_denied`, `network_limit` (an allowance is used up) or `network_failed`. */
  code: string;
  host: string;
}

/** What a program may ask of the shell that started it: to run another one. */
export interface Launcher {
  run(args: string[], how?: { env?: Map<string, string>; fds?: Descriptors; cwd?: string; timeoutMs?: number; signal?: number; background?: boolean }): Promise<number>;
}

export class Machine {
  readonly fs: FileSystem;
  readonly programs: ReadonlyMap<string, Program>;
  readonly limits: Limits;
  readonly processes = new Map<number, Process>();
  /** Why a program may not be used, with its exit code, or null. */
  readonly refusal: (name: string) => { message: string; status: number } | null;
  readonly fetcher: Fetcher | null;
  readonly startedMs = Date.now();
  umask = 0o022;
  fault: LimitFault | null = null;
  #pid = 1000;
  #steps = 0;

  constructor(given: { fs: FileSystem; programs: ReadonlyMap<string, Program>; limits?: Partial<Limits>; refusal?: (name: string) => { message: string; status: number } | null; fetcher?: Fetcher | null }) {
    this.fs = given.fs;
    this.programs = given.programs;
    this.limits = { ...LIMITS, ...given.limits };
    this.refusal = given.refusal ?? (() => null);
    this.fetcher = given.fetcher ?? null;
  }

  start(parent: Process | null, name: string): Process {
    if (this.processes.size >= this.limits.processesMax) this.stop(new LimitFault(`fork: Resource temporarily unavailable: more than ${this.limits.processesMax} processes at once`));
    this.#pid += 1;
    const process = new Process(this.#pid, parent, name);
    this.processes.set(process.pid, process);
    return process;
  }
  end(process: Process, status: number): void {
    process.ended = true;
    process.status = status;
    process.parent?.children.delete(process);
    this.processes.delete(process.pid);
    if (this.processes.size === 0 || this.fault !== null) this.#empty?.();
  }
  /** When nothing runs any more, or nothing may. */
  idle(): Promise<void> {
    return new Promise((done) => {
      this.#empty = done;
      if (this.processes.size === 0 || this.fault !== null) done();
    });
  }
  #empty: (() => void) | null = null;
  /** Nothing runs on after this. */
  stop(fault: LimitFault): never {
    this.halt(fault);
    throw this.fault;
  }
  halt(fault: LimitFault): void {
    this.fault ??= fault;
    for (const process of this.processes.values()) {
      process.ignored.clear();
      process.signal(9);
    }
    this.#empty?.();
  }

  /** Called once per command: now and then the event loop gets its turn, so that output leaves and signals arrive. */
  step(): Promise<void> | null {
    this.#steps += 1;
    if (this.#steps % STEPS_PER_TURN !== 0) return null;
    return new Promise((done) => { setTimeout(done, 0); });
  }

  /** Opens what a path names, devices included. `fds` are those that /dev/fd means. */
  open(path: string, mode: "read" | "write" | "append" | "both" | "exclusive", fds?: Descriptors): Stream {
    if (path.startsWith("/dev/")) {
      const device = this.#device(path, fds);
      if (device !== null) return device;
    }
    if (mode === "read") {
      if (this.fs.stat(path).kind === "directory") throw new FileError("EISDIR");
      return new FileStream(this.fs.open(path, {}));
    }
    const content: Content = this.fs.open(path, { create: true, truncate: mode === "write" || mode === "exclusive", exclusive: mode === "exclusive", mode: 0o666 & ~this.umask });
    return new FileStream(content, { append: mode === "append", readable: mode === "both", writable: true });
  }

  #device(path: string, fds?: Descriptors): Stream | null {
    const fd = path === "/dev/stdin" ? 0 : path === "/dev/stdout" ? 1 : path === "/dev/stderr" ? 2 : /^\/dev\/fd\/\d+$/.test(path) ? Number(path.slice(8)) : null;
    if (fd !== null) {
      const stream = fds?.get(fd);
      if (stream === undefined) throw new FileError("ENOENT");
      return stream.hold();
    }
    switch (path) {
      case "/dev/null": return new NullStream();
      case "/dev/zero": return new SourceStream(() => undefined);
      case "/dev/urandom":
      case "/dev/random": return new SourceStream((chunk) => { crypto.getRandomValues(chunk); });
      case "/dev/full": return new FullStream();
      case "/dev/tty": return fds?.get(0)?.terminal === true ? fds.get(0)!.hold() : null;
      default: return null;
    }
  }
}

export const isDevice = (path: string): boolean => /^\/dev\/(null|zero|urandom|random|full|tty|stdin|stdout|stderr|fd\/\d+)$/.test(path);

/** A program's view of its surroundings, with the reading and writing that every program does. */
export class Io {
  readonly name: string;
  readonly args: string[];
  readonly machine: Machine;
  readonly process: Process;
  readonly fds: Descriptors;
  readonly env: Map<string, string>;
  readonly cwd: string;
  readonly launcher: Launcher;
  #out = "";
  status = 0;

  constructor(given: { name: string; args: string[]; machine: Machine; process: Process; fds: Descriptors; env: Map<string, string>; cwd: string; launcher: Launcher }) {
    this.name = given.name;
    this.args = given.args;
    this.machine = given.machine;
    this.process = given.process;
    this.fds = given.fds;
    this.env = given.env;
    this.cwd = given.cwd;
    this.launcher = given.launcher;
  }
  get fs(): FileSystem {
    return this.machine.fs;
  }
  path(name: string): string {
    return name === "" ? "" : resolve(this.cwd, name) + (name.endsWith("/") && name !== "/" ? "/" : "");
  }

  /** Takes text to be written; true says that it is time to `flush`. */
  out(text: string): boolean {
    this.#out += text;
    return this.#out.length >= OUT_CHARS_MAX;
  }
  async flush(): Promise<void> {
    if (this.#out === "") return;
    const text = this.#out;
    this.#out = "";
    await this.write(encode(text));
  }
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#out !== "") await this.flush();
    const stream = this.fds.get(1);
    if (stream === undefined) throw new FileError("EBADF");
    await stream.write(this.process, bytes);
  }
  async err(text: string): Promise<void> {
    await this.flush();
    await this.fds.get(2)?.write(this.process, encode(text));
  }
  /** Says what went wrong, and remembers it in the exit code. */
  async fail(message: string, status = 1): Promise<number> {
    await this.err(`${this.name}: ${message}\n`);
    this.status = Math.max(this.status, status);
    return status;
  }
  /** The answer to an option that is not known here: never a silent difference. */
  async usage(option: string, status = 2): Promise<number> {
    const long = option.startsWith("--");
    return this.fail(long ? `unrecognized option '${option}'` : `invalid option -- '${option.replace(/^-/, "")}'`, status);
  }

  stdin(): Stream {
    const stream = this.fds.get(0);
    if (stream === undefined) throw new FileError("EBADF");
    return stream.hold();
  }
  /** `-` and nothing are the standard input. */
  open(name: string): Stream {
    return name === "-" || name === "" ? this.stdin() : this.machine.open(this.path(name), "read", this.fds);
  }
  async *chunks(stream: Stream): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = stream.read(this.process);
        let chunk: Uint8Array | null;
        if (next instanceof Promise) {
          await this.flush();
          chunk = await next;
        } else chunk = next;
        if (chunk === null) return;
        yield chunk;
      }
    } finally {
      stream.release();
    }
  }
  async bytes(stream: Stream): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.chunks(stream)) {
      parts.push(chunk);
      size += chunk.length;
      if (size > this.machine.limits.textBytesMax) throw new MemoryFault(`${this.name}: input of more than ${this.machine.limits.textBytesMax} bytes`);
    }
    return parts.length === 0 ? new Uint8Array(0) : concat(parts);
  }
  async text(stream: Stream): Promise<string> {
    return decode(await this.bytes(stream));
  }
  /** Lines without their newline; whether the last one had one is `ended`. */
  async *lines(stream: Stream, delimiter = "\n"): AsyncGenerator<string> {
    const reader = new LineSource(stream, delimiter);
    try {
      for (;;) {
        const now = reader.take();
        if (now !== undefined) {
          if (now === null) return;
          yield now;
          continue;
        }
        await this.flush();
        await reader.fill(this.process);
      }
    } finally {
      this.lastEnded = reader.ended;
      reader.rest();
      stream.release();
    }
  }
  /** Whether the last line that was read ended in its delimiter. */
  lastEnded = true;

  /** Opens each named file, or the standard input when there is none; complains about those that cannot be read. */
  async *inputs(names: readonly string[]): AsyncGenerator<{ name: string; stream: Stream }> {
    for (const name of names.length === 0 ? ["-"] : names) {
      let stream: Stream;
      try {
        stream = this.open(name);
      } catch (error) {
        await this.fail(`${name}: ${faultOf(error)}`);
        continue;
      }
      yield { name, stream };
    }
  }
  async allLines(names: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for await (const { stream } of this.inputs(names)) {
      const text = await this.text(stream);
      if (text === "") continue;
      const lines = text.split("\n");
      this.lastEnded = lines.at(-1) === "";
      if (this.lastEnded) lines.pop();
      for (const line of lines) found.push(line);
    }
    return found;
  }
}

/** Takes lines from a stream and leaves in it what was not taken. */
export class LineSource {
  readonly #stream: Stream;
  readonly #delimiter: number;
  #parts: Uint8Array[] = [];
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #over = false;
  ended = true;

  constructor(stream: Stream, delimiter = "\n") {
    this.#stream = stream;
    this.#delimiter = delimiter === "" ? 0 : encode(delimiter)[0]!;
  }
  /** The next line, null at the end, undefined when more has to be read first. */
  take(): string | null | undefined {
    const end = this.#chunk.indexOf(this.#delimiter, this.#at);
    if (end >= 0) {
      const piece = this.#chunk.subarray(this.#at, end);
      this.#at = end + 1;
      this.ended = true;
      return this.#joined(piece);
    }
    if (this.#at < this.#chunk.length) this.#parts.push(this.#chunk.subarray(this.#at));
    this.#chunk = new Uint8Array(0);
    this.#at = 0;
    if (!this.#over) return undefined;
    if (this.#parts.length === 0) return null;
    this.ended = false;
    return this.#joined(new Uint8Array(0));
  }
  #joined(piece: Uint8Array): string {
    if (this.#parts.length === 0) return decode(piece);
    const line = decode(concat([...this.#parts, piece]));
    this.#parts = [];
    return line;
  }
  async fill(process: Process): Promise<void> {
    const next = this.#stream.read(process);
    const chunk = next instanceof Promise ? await next : next;
    if (chunk === null) this.#over = true;
    else this.#chunk = chunk;
  }
  /** Gives the rest back. */
  rest(): void {
    const left = this.#chunk.subarray(this.#at);
    const all = this.#parts.length > 0 ? concat([...this.#parts, left]) : left;
    if (all.length > 0) this.#stream.unread(all);
    this.#parts = [];
    this.#chunk = new Uint8Array(0);
    this.#at = 0;
  }
}
