/** A pipe between two processes. */
import { concat } from "./bytes.js";
import { FileError } from "./files.js";
import { type Process, SIGNALS } from "./process.js";
import { PIPE_BYTES_MAX, READ_BYTES_MAX, Stream } from "./streams.js";

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
