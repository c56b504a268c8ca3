/** Turns a byte stream into lines of text, never holding more than the caller's limit. Knows nothing of what a line means. */

// Taken before any program runs: what a program reads keeps its run alive, what we read of its input does not.
const { read } = ReadableStreamDefaultReader.prototype;

export class LineTooLong extends Error {}

export class LineReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #parts: Uint8Array[] = [];
  #held = 0;
  #rest: Uint8Array | null = null;
  #ended = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** The next line without its newline; null at the end. A last line without a newline counts. */
  async next(bytesMax: number): Promise<string | null> {
    for (;;) {
      const chunk = this.#rest;
      if (chunk !== null) {
        const newline = chunk.indexOf(10);
        if (newline >= 0) {
          this.#rest = newline + 1 < chunk.length ? chunk.subarray(newline + 1) : null;
          return this.#take(chunk.subarray(0, newline), bytesMax);
        }
        this.#rest = null;
        this.#parts.push(chunk);
        this.#held += chunk.length;
        if (this.#held > bytesMax) throw new LineTooLong(`a line longer than ${bytesMax} bytes`);
      }
      if (this.#ended) return this.#held > 0 ? this.#take(new Uint8Array(0), bytesMax) : null;
      const { value, done } = await (Reflect.apply(read, this.#reader, []) as Promise<ReadableStreamReadResult<Uint8Array>>);
      if (done) this.#ended = true;
      else if (value.length > 0) this.#rest = value;
    }
  }

  /** All whole lines that have come, at least one; null at the end. For many short lines this saves a wait for each. */
  async batch(bytesMax: number): Promise<string[] | null> {
    const first = await this.next(bytesMax);
    if (first === null) return null;
    const rest = this.#rest;
    const last = rest === null ? -1 : rest.lastIndexOf(10);
    if (rest === null || last < 0) return [first];
    this.#rest = last + 1 < rest.length ? rest.subarray(last + 1) : null;
    const lines = this.#decoder.decode(rest.subarray(0, last)).split("\n");
    lines.unshift(first);
    return lines;
  }

  async cancel(): Promise<void> {
    this.#ended = true;
    await this.#reader.cancel().catch(() => undefined);
  }

  #take(last: Uint8Array, bytesMax: number): string {
    if (this.#held + last.length > bytesMax) throw new LineTooLong(`a line longer than ${bytesMax} bytes`);
    if (this.#held === 0) return this.#decoder.decode(last);
    const whole = new Uint8Array(this.#held + last.length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    whole.set(last, at);
    this.#parts = [];
    this.#held = 0;
    return this.#decoder.decode(whole);
  }
}
