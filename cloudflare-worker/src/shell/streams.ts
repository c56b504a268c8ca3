/**
 * What a file descriptor stands for (files, pipes, captures, the terminal) and the process that may be stopped while it waits for one.
 * No shell syntax and no command is known here.
 */
import { concat, EMPTY } from "./bytes.js";
import { MemoryFault } from "./faults.js";
import { type Content, FileError } from "./files.js";

const PIPE_BYTES_MAX = 65_536;
const READ_BYTES_MAX = 65_536;
export const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1, INT: 2, QUIT: 3, ILL: 4, TRAP: 5, ABRT: 6, BUS: 7, FPE: 8, KILL: 9, USR1: 10, SEGV: 11, USR2: 12, PIPE: 13, ALRM: 14, TERM: 15, STKFLT: 16, CHLD: 17, CONT: 18, STOP: 19, TSTP: 20, TTIN: 21, TTOU: 22, URG: 23,
  XCPU: 24, XFSZ: 25, VTALRM: 26, PROF: 27, WINCH: 28, IO: 29, PWR: 30, SYS: 31,
};
const HARMLESS = new Set([17, 18, 23, 28]);

/** Unwinds a process that a signal ended. */
export class Killed extends Error {
  readonly signal: number;
  constructor(signal: number) {
    super(`signal ${signal}`);
    this.signal = signal;
  }
}

/** A line of execution that can be signalled. Its children die with it only when they are told. */
export class Process {
  readonly pid: number;
  readonly parent: Process | null;
  name: string;
  killed: number | null = null;
  ended = false;
  detached = false;
  status = 0;
  readonly children = new Set<Process>();
  /** Signals that a trap takes, and those that came and wait for it. */
  readonly caught = new Set<number>();
  readonly ignored = new Set<number>();
  pending: number[] = [];
  readonly #blocked = new Set<{ stop(): void; nudge?: (() => void) | undefined }>();

  constructor(pid: number, parent: Process | null, name: string) {
    this.pid = pid;
    this.parent = parent;
    this.name = name;
    parent?.children.add(this);
  }

  signal(signal: number): void {
    if (this.ended || signal === 0 || this.ignored.has(signal)) return;
    if (this.caught.has(signal) && signal !== 9) {
      this.pending.push(signal);
      for (const waiting of [...this.#blocked]) waiting.nudge?.();
      return;
    }
    if (HARMLESS.has(signal)) return;
    this.killed = signal;
    // Who waits for a child takes it along; what was sent to the background lives on.
    for (const child of this.children) if (!child.detached) child.signal(signal);
    for (const waiting of [...this.#blocked]) waiting.stop();
  }

  check(): void {
    if (this.killed !== null) throw new Killed(this.killed);
  }

  /** Waits for something that calls back; a signal that ends the process ends the waiting. `nudged` says what a trapped signal makes of it. */
  block<T>(start: (done: (value: T) => void) => (() => void) | undefined, nudged?: () => T): Promise<T> {
    this.check();
    return new Promise<T>((resolve, reject) => {
      let cancel: (() => void) | undefined;
      const finish = (): void => {
        this.#blocked.delete(entry);
      };
      const entry = {
        stop: () => {
          finish();
          cancel?.();
          reject(new Killed(this.killed!));
        },
        nudge: nudged === undefined ? undefined : () => {
          finish();
          cancel?.();
          resolve(nudged());
        },
      };
      this.#blocked.add(entry);
      cancel = start((value) => {
        finish();
        resolve(value);
      });
    });
  }

  sleep(ms: number, interruptible = false): Promise<void> {
    return this.block<void>((done) => {
      const timer = setTimeout(done, ms);
      return () => clearTimeout(timer);
    }, interruptible ? () => undefined : undefined);
  }
}

/** An open file description, shared by everyone who has a descriptor of it. */
export abstract class Stream {
  #holders = 1;
  hold(): this {
    this.#holders += 1;
    return this;
  }
  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.closed();
  }
  get holders(): number {
    return this.#holders;
  }
  protected closed(): void {}
  /** The next bytes, or null at the end. */
  read(_process: Process, _max?: number): Uint8Array | null | Promise<Uint8Array | null> {
    throw new FileError("EBADF");
  }
  /** Gives bytes back that were read and not used. */
  unread(_bytes: Uint8Array): void {
    throw new FileError("EBADF");
  }
  write(_process: Process, _bytes: Uint8Array): void | Promise<void> {
    throw new FileError("EBADF");
  }
  /** True for what a person may sit at. */
  get terminal(): boolean {
    return false;
  }
  /** True when what is read could also be read again: a file. */
  get seekable(): boolean {
    return false;
  }
}

export class NullStream extends Stream {
  override read(): null {
    return null;
  }
  override unread(): void {}
  override write(): void {}
}

/** Endless zeros or random bytes. */
export class SourceStream extends Stream {
  readonly #fill: (chunk: Uint8Array) => void;
  constructor(fill: (chunk: Uint8Array) => void) {
    super();
    this.#fill = fill;
  }
  override read(_process: Process, max = 4096): Uint8Array {
    const chunk = new Uint8Array(Math.min(max, READ_BYTES_MAX));
    this.#fill(chunk);
    return chunk;
  }
  override unread(): void {}
  override write(): void {}
}

export class FullStream extends NullStream {
  override write(): void {
    throw new FileError("ENOSPC");
  }
}

export class FileStream extends Stream {
  readonly #content: Content;
  readonly #append: boolean;
  readonly #readable: boolean;
  readonly #writable: boolean;
  #position = 0;
  constructor(content: Content, { append = false, readable = true, writable = false } = {}) {
    super();
    this.#content = content;
    this.#append = append;
    this.#readable = readable;
    this.#writable = writable;
  }
  override read(_process: Process, max = READ_BYTES_MAX): Uint8Array | null {
    if (!this.#readable) throw new FileError("EBADF");
    const bytes = this.#content.read(this.#position, max);
    if (bytes.length === 0) return null;
    this.#position += bytes.length;
    return bytes.slice();
  }
  override unread(bytes: Uint8Array): void {
    this.#position -= bytes.length;
  }
  override write(_process: Process, bytes: Uint8Array): void {
    if (!this.#writable) throw new FileError("EBADF");
    if (this.#append) this.#position = this.#content.size();
    this.#content.write(this.#position, bytes);
    this.#position += bytes.length;
  }
  override get seekable(): boolean {
    return true;
  }
}

/** Bytes that are there already: a here-document. */
export class BytesStream extends Stream {
  #bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }
  override read(_process: Process, max = READ_BYTES_MAX): Uint8Array | null {
    if (this.#bytes.length === 0) return null;
    const chunk = this.#bytes.subarray(0, max);
    this.#bytes = this.#bytes.subarray(chunk.length);
    return chunk;
  }
  override unread(bytes: Uint8Array): void {
    this.#bytes = concat([bytes, this.#bytes]);
  }
  override get seekable(): boolean {
    return true;
  }
}

/** Collects what is written; `closing` is called when nobody can write any more. */
export class Capture extends Stream {
  readonly #parts: Uint8Array[] = [];
  readonly #bytesMax: number;
  #size = 0;
  closing: (() => void) | null = null;
  constructor(bytesMax = Number.POSITIVE_INFINITY) {
    super();
    this.#bytesMax = bytesMax;
  }
  override write(_process: Process, bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#size > this.#bytesMax) throw new MemoryFault(`output of more than ${this.#bytesMax} bytes in one substitution: the run's memory is used up`);
    this.#parts.push(bytes);
  }
  get bytes(): Uint8Array {
    return this.#parts.length === 0 ? EMPTY : concat(this.#parts);
  }
  protected override closed(): void {
    this.closing?.();
  }
}

/** Hands everything on at once: where output leaves the shell. */
export class OutStream extends Stream {
  readonly #give: (bytes: Uint8Array) => void;
  readonly #terminal: boolean;
  constructor(give: (bytes: Uint8Array) => void, terminal = false) {
    super();
    this.#give = give;
    this.#terminal = terminal;
  }
  override write(_process: Process, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#give(bytes);
  }
  override get terminal(): boolean {
    return this.#terminal;
  }
}

/** Where input comes into the shell: `next` gives the next bytes, or null at the end, and is told what is being asked. */
export class InStream extends Stream {
  readonly #next: (prompt: string) => Uint8Array | null | Promise<Uint8Array | null>;
  readonly #terminal: boolean;
  #kept: Uint8Array[] = [];
  #over = false;
  /** What the next waiting is for. */
  prompt = "";
  constructor(next: (prompt: string) => Uint8Array | null | Promise<Uint8Array | null>, terminal = false) {
    super();
    this.#next = next;
    this.#terminal = terminal;
  }
  override read(process: Process, max = READ_BYTES_MAX): Uint8Array | null | Promise<Uint8Array | null> {
    const kept = this.#kept.pop();
    if (kept !== undefined) return this.#part(kept, max);
    if (this.#over) return null;
    const { prompt } = this;
    this.prompt = "";
    const next = this.#next(prompt);
    // Whoever gives the input may have promises of another kind.
    if (next === null || !("then" in next)) return this.#took(next, max);
    return process.block<Uint8Array | null>((done) => {
      let wanted = true;
      void next.then((bytes) => {
        if (wanted) done(this.#took(bytes, max));
        else if (bytes !== null) this.#kept.unshift(bytes);
        else this.#over = true;
      });
      return () => { wanted = false; };
    });
  }
  #took(bytes: Uint8Array | null, max: number): Uint8Array | null {
    if (bytes === null) this.#over = true;
    return bytes === null ? null : this.#part(bytes, max);
  }
  #part(bytes: Uint8Array, max: number): Uint8Array {
    if (bytes.length > max) this.#kept.push(bytes.subarray(max));
    return bytes.subarray(0, max);
  }
  override unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#kept.push(bytes);
  }
  override get terminal(): boolean {
    return this.#terminal;
  }
}

class PipeBuffer {
  chunks: Uint8Array[] = [];
  size = 0;
  readers = true;
  writers = true;
  readonly waiting = new Set<() => void>();
  wake(): void {
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const callback of woken) callback();
  }
  until(process: Process): Promise<void> {
    return process.block<void>((done) => {
      this.waiting.add(done);
      return () => this.waiting.delete(done);
    });
  }
}

class PipeReader extends Stream {
  readonly #buffer: PipeBuffer;
  constructor(buffer: PipeBuffer) {
    super();
    this.#buffer = buffer;
  }
  override read(process: Process, max = READ_BYTES_MAX): Uint8Array | null | Promise<Uint8Array | null> {
    const buffer = this.#buffer;
    if (buffer.size > 0) return this.#take(max);
    if (!buffer.writers) return null;
    return (async () => {
      while (buffer.size === 0 && buffer.writers) await buffer.until(process);
      return buffer.size > 0 ? this.#take(max) : null;
    })();
  }
  #take(max: number): Uint8Array {
    const buffer = this.#buffer;
    let bytes = buffer.chunks.length === 1 || buffer.chunks[0]!.length >= max ? buffer.chunks.shift()! : concat(buffer.chunks.splice(0));
    if (bytes.length > max) {
      buffer.chunks.unshift(bytes.subarray(max));
      bytes = bytes.subarray(0, max);
    }
    buffer.size -= bytes.length;
    buffer.wake();
    return bytes;
  }
  override unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#buffer.chunks.unshift(bytes);
    this.#buffer.size += bytes.length;
  }
  protected override closed(): void {
    this.#buffer.readers = false;
    this.#buffer.chunks = [];
    this.#buffer.wake();
  }
}

class PipeWriter extends Stream {
  readonly #buffer: PipeBuffer;
  constructor(buffer: PipeBuffer) {
    super();
    this.#buffer = buffer;
  }
  override write(process: Process, bytes: Uint8Array): void | Promise<void> {
    const buffer = this.#buffer;
    if (bytes.length === 0) return;
    if (!buffer.readers) return this.#broken(process);
    if (buffer.size < PIPE_BYTES_MAX) return this.#put(bytes);
    return (async () => {
      while (buffer.size >= PIPE_BYTES_MAX && buffer.readers) await buffer.until(process);
      if (!buffer.readers) this.#broken(process);
      this.#put(bytes);
    })();
  }
  #put(bytes: Uint8Array): void {
    this.#buffer.chunks.push(bytes);
    this.#buffer.size += bytes.length;
    this.#buffer.wake();
  }
  /** Nobody reads: the writer gets SIGPIPE. */
  #broken(process: Process): void {
    process.signal(SIGNALS.PIPE!);
    process.check();
    throw new FileError("EPIPE");
  }
  protected override closed(): void {
    this.#buffer.writers = false;
    this.#buffer.wake();
  }
}

export function pipe(): { reader: Stream; writer: Stream } {
  const buffer = new PipeBuffer();
  return { reader: new PipeReader(buffer), writer: new PipeWriter(buffer) };
}

/** A process's descriptors. */
export class Descriptors {
  readonly #table = new Map<number, Stream>();

  get(fd: number): Stream | undefined {
    return this.#table.get(fd);
  }
  /** Takes the stream over; what was there is closed. */
  set(fd: number, stream: Stream): void {
    const old = this.#table.get(fd);
    this.#table.set(fd, stream);
    old?.release();
  }
  close(fd: number): void {
    this.#table.get(fd)?.release();
    this.#table.delete(fd);
  }
  fork(): Descriptors {
    const copy = new Descriptors();
    for (const [fd, stream] of this.#table) copy.#table.set(fd, stream.hold());
    return copy;
  }
  closeAll(): void {
    for (const stream of this.#table.values()) stream.release();
    this.#table.clear();
  }
  /** The first free number from 10 on, as bash gives them to {name}. */
  free(): number {
    let fd = 10;
    while (this.#table.has(fd)) fd += 1;
    return fd;
  }
  numbers(): number[] {
    return [...this.#table.keys()].sort((a, b) => a - b);
  }
}
