/** The wasm machine that Ruby runs on: WASI over an in-memory file system, streams that may wait, calls by name. It knows no Ruby. */
import { type Directory, Fd, File, Inode, PreopenDirectory, WASI, WASIProcExit, wasi as definitions } from "@bjorn3/browser_wasi_shim";

export { Directory, File, PreopenDirectory } from "@bjorn3/browser_wasi_shim";

const PAGE_BYTES = 65536;
const BOOT_TIME_NS = 1_700_000_000_000_000_000n;
const CLOCK = 0;
const SUBSCRIPTION_FLAGS_AT = 40;
const SUBSCRIPTION_TIMEOUT_AT = 24;
const ABSOLUTE = 1;
const NO_SPACE = 51;
/** Where programs open their line to the gateway; network.rb knows it, too. */
const LINE = { folder: "/gateway", file: "line" };
const SUCCESS = 0;
const NEITHER_FILE_NOR_TERMINAL = 0;

export interface Streams {
  write(fd: number, bytes: Uint8Array): void | Promise<void>;
  read(lengthMax: number): Uint8Array | Promise<Uint8Array>;
}

declare global {
  namespace WebAssembly {
    const Suspending: new (wait: (...given: never[]) => unknown) => ImportValue;
    function promising(call: unknown): (...given: unknown[]) => Promise<number>;
  }
}

/** The place of a standard stream; reading and writing happen below. */
class Stream extends Fd {
  override fd_fdstat_get() {
    const fdstat = new definitions.Fdstat(NEITHER_FILE_NOR_TERMINAL, 0);
    fdstat.fs_rights_base = BigInt(definitions.RIGHTS_FD_WRITE | definitions.RIGHTS_FD_READ);
    return { ret: SUCCESS, fdstat };
  }
  override fd_filestat_get() {
    return { ret: SUCCESS, filestat: new definitions.Filestat(0n, NEITHER_FILE_NOR_TERMINAL, 0n) };
  }
}

/** The line to the gateway, opened. */
class OpenLine extends Stream {}

class LineFile extends Inode {
  override path_open() {
    return { ret: SUCCESS, fd_obj: new OpenLine() };
  }
  override stat() {
    return new definitions.Filestat(this.ino, NEITHER_FILE_NOR_TERMINAL, 0n);
  }
}

export class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

export class Machine {
  readonly exports: Record<string, WebAssembly.ExportValue>;
  readonly root: PreopenDirectory;
  fileBytesMax = Number.POSITIVE_INFINITY;
  /** Until it has booted, time stands still and nothing is left to chance: a build has the same memory in every process. */
  booting = true;
  streams: Streams = { write: () => undefined, read: () => new Uint8Array(0) };
  /** What a program asks of the network, and is answered. */
  line: { write(bytes: Uint8Array): boolean; read: Streams["read"] } = { write: () => false, read: () => new Uint8Array(0) };
  readonly #values: unknown[] = [0];

  constructor(module: WebAssembly.Module, env: string[], folders: PreopenDirectory[]) {
    this.root = folders[0] as PreopenDirectory;
    const shim = new WASI([], env, [new Stream(), new Stream(), new Stream(), ...folders, new PreopenDirectory(LINE.folder, new Map([[LINE.file, new LineFile()]]))]);
    const imports: Record<string, Record<string, unknown>> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      imports[from] ??= {};
      const known = (shim.wasiImport as Record<string, unknown>)[name];
      // The bridge to JavaScript is not built: whoever finds its end gets nothing.
      imports[from][name] = from === "wasi_snapshot_preview1" ? known : () => { throw new Error("the bridge to JavaScript is not available here"); };
    }
    const values = this.#values;
    imports.canonical_abi = {
      ...imports.canonical_abi,
      "resource_drop_js-abi-value": () => undefined,
      "resource_new_rb-abi-value": (value: unknown) => values.push(value) - 1,
      "resource_get_rb-abi-value": (index: number) => values[index],
    };
    const wasi = imports.wasi_snapshot_preview1 as Record<string, (...given: never[]) => unknown>;
    const { fd_read, fd_write, fd_pwrite, poll_oneoff, random_get, clock_time_get } = wasi as Record<string, (...given: unknown[]) => number>;
    const call = (original: unknown, ...given: unknown[]) => (original as (...given: unknown[]) => number)(...given);
    Object.assign(wasi, {
      random_get: (at: number, length: number) => {
        if (!this.booting) return call(random_get, at, length);
        new Uint8Array(this.memory.buffer, at, length).fill(1);
        return SUCCESS;
      },
      clock_time_get: (clock: number, precision: bigint, at: number) => {
        if (!this.booting) return call(clock_time_get, clock, precision, at);
        this.view().setBigUint64(at, BOOT_TIME_NS, true);
        return SUCCESS;
      },
      fd_read: new WebAssembly.Suspending((fd: number, vectors: number, count: number, read: number) => {
        if (fd === 0) return this.#read(this.streams, vectors, count, read);
        return shim.fds[fd] instanceof OpenLine ? this.#read(this.line, vectors, count, read) : call(fd_read, fd, vectors, count, read);
      }),
      fd_write: new WebAssembly.Suspending((fd: number, vectors: number, count: number, written: number) => {
        if (fd === 1 || fd === 2) return this.#write((bytes) => this.streams.write(fd, bytes), vectors, count, written);
        if (shim.fds[fd] instanceof OpenLine) return this.#write((bytes) => this.line.write(bytes), vectors, count, written);
        return this.#fits(shim.fds[fd], vectors, count) ? call(fd_write, fd, vectors, count, written) : NO_SPACE;
      }),
      fd_pwrite: (fd: number, vectors: number, count: number, offset: bigint, written: number) => (Number(offset) > this.fileBytesMax ? NO_SPACE : call(fd_pwrite, fd, vectors, count, offset, written)),
      poll_oneoff: new WebAssembly.Suspending((into: number, out: number, count: number, events: number) => this.#poll(into, out, count, events, () => call(poll_oneoff, into, out, count, events))),
      // Files have no times here; setting them is no error.
      path_filestat_set_times: () => SUCCESS,
      fd_filestat_set_times: () => SUCCESS,
      fd_filestat_set_size: ((original) => (fd: number, size: bigint) => (Number(size) > this.fileBytesMax ? NO_SPACE : call(original, fd, size)))(wasi.fd_filestat_set_size),
    });
    const instance = new WebAssembly.Instance(module, imports as WebAssembly.Imports);
    this.exports = instance.exports;
    (shim as unknown as { inst: WebAssembly.Instance }).inst = instance;
  }

  get memory(): WebAssembly.Memory {
    return this.exports.memory as WebAssembly.Memory;
  }

  limitMemory(bytes: number): void {
    (this.exports.memory_pages_max as WebAssembly.Global).value = Math.floor(bytes / PAGE_BYTES);
  }

  async call(name: string, ...given: number[]): Promise<number> {
    try {
      return await WebAssembly.promising(this.exports[name])(...given);
    } catch (error) {
      if (error instanceof WASIProcExit) throw new Exit(error.code);
      throw error;
    }
  }

  /** Puts bytes where the program reads them. */
  place(bytes: Uint8Array, align = 1): number {
    const pointer = (this.exports.cabi_realloc as (...given: number[]) => number)(0, 0, align, bytes.length);
    new Uint8Array(this.memory.buffer).set(bytes, pointer);
    return pointer;
  }

  view(): DataView {
    return new DataView(this.memory.buffer);
  }

  *#vectors(vectors: number, count: number): Generator<[pointer: number, length: number]> {
    const view = this.view();
    for (let at = 0; at < count; at += 1) yield [view.getUint32(vectors + 8 * at, true), view.getUint32(vectors + 8 * at + 4, true)];
  }

  #read(from: Pick<Streams, "read">, vectors: number, count: number, read: number): number | Promise<number> {
    const [pointer, length] = [...this.#vectors(vectors, count)].find(([, size]) => size > 0) ?? [0, 0];
    const take = (bytes: Uint8Array): number => {
      new Uint8Array(this.memory.buffer).set(bytes, pointer);
      this.view().setUint32(read, bytes.length, true);
      return SUCCESS;
    };
    const bytes = from.read(length);
    return bytes instanceof Promise ? bytes.then(take) : take(bytes);
  }

  #write(to: (bytes: Uint8Array) => unknown, vectors: number, count: number, written: number): number | Promise<number> {
    const parts = [...this.#vectors(vectors, count)].map(([pointer, length]) => new Uint8Array(this.memory.buffer.slice(pointer, pointer + length)));
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const all = new Uint8Array(size);
    let at = 0;
    for (const part of parts) { all.set(part, at); at += part.length; }
    this.view().setUint32(written, size, true);
    const done = to(all);
    if (done === false) return NO_SPACE;
    return done instanceof Promise ? done.then(() => SUCCESS) : SUCCESS;
  }

  #fits(fd: unknown, vectors: number, count: number): boolean {
    const { file_pos: position = 0n, file } = fd as { file_pos?: bigint; file?: File };
    const size = [...this.#vectors(vectors, count)].reduce((sum, [, length]) => sum + length, 0);
    return Math.max(Number(position), file?.data.length ?? 0) + size <= this.fileBytesMax;
  }

  /** Sleeping is waiting, not turning in circles. */
  #poll(into: number, out: number, count: number, events: number, original: () => number): number | Promise<number> {
    const view = this.view();
    if (count !== 1 || view.getUint8(into + 8) !== CLOCK) return original();
    const timeout = view.getBigUint64(into + SUBSCRIPTION_TIMEOUT_AT, true);
    const absolute = (view.getUint16(into + SUBSCRIPTION_FLAGS_AT, true) & ABSOLUTE) !== 0;
    const realtime = view.getUint32(into + 16, true) === 0;
    const now = realtime ? BigInt(Date.now()) * 1_000_000n : BigInt(Math.round(performance.now() * 1e6));
    const wait = Number(absolute ? timeout - now : timeout) / 1e6;
    return new Promise((resolve) => {
      setTimeout(() => {
        const later = this.view();
        later.setBigUint64(out, later.getBigUint64(into, true), true);
        later.setUint16(out + 8, 0, true);
        later.setUint8(out + 10, CLOCK);
        later.setUint32(events, 1, true);
        resolve(SUCCESS);
      }, Math.max(0, wait));
    });
  }
}

/** All files below a folder, by their paths. */
export function filesIn(folder: Directory, prefix = "", into = new Map<string, Uint8Array>(), depth = 0): Map<string, Uint8Array> {
  if (depth > 32) return into;
  for (const [name, inode] of folder.contents) {
    if (inode instanceof File) into.set(prefix + name, inode.data);
    else if ("contents" in inode) filesIn(inode as Directory, `${prefix}${name}/`, into, depth + 1);
  }
  return into;
}
