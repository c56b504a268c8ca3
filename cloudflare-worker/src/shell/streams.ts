/**
 * What a file descriptor stands for (files, captures, the terminal), and a process's table of them.
 * No shell syntax and no command is known here.
 */
import { concat, EMPTY } from "./bytes.js";
import { MemoryFault } from "./faults.js";
import { type Content, FileError } from "./files.js";
import type { Process } from "./process.js";

export const PIPE_BYTES_MAX = 65_536;
export const READ_BYTES_MAX = 65_536;

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
