/**
 * Numbers what a program says and sends it on: into the response, and, when the host asks, synchronously to the process's stdout.
 * The only place that numbers frames. It uses nothing that user code can patch, and after the last frame it is silent.
 */
import type { Level, Stream } from "../wire.js";
import { decode, encode, nativeLog, queueMicrotask, slice, stringify, subarray, whenSettled, toWellFormed, uncurryThis } from "./primordials.js";
import { SMALL_FRAME_BYTES } from "../limits.js";

const ECHO_MARK = "\u001e";
const write = uncurryThis(WritableStreamDefaultWriter.prototype.write as (bytes: Uint8Array) => Promise<void>);
const close = uncurryThis(WritableStreamDefaultWriter.prototype.close);
// A program may make the promise machinery throw; a frame that is under way must not notice.
const ignore = (): void => undefined;

export class Outbox {
  #n = 0;
  #spent = 0;
  #cutStdout = 0;
  #cutStderr = 0;
  #pending = "";
  #flushing = false;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #echo: boolean;
  readonly #outputBytesMax: number;
  ended = false;

  constructor(writer: WritableStreamDefaultWriter<Uint8Array>, echo: boolean, outputBytesMax: number) {
    this.#writer = writer;
    this.#echo = echo;
    this.#outputBytesMax = outputBytesMax;
  }

  output(stream: Stream, text: string, level?: Level): void {
    if (this.ended || text === "") return;
    const room = this.#outputBytesMax - this.#spent;
    let kept = toWellFormed(text);
    // A UTF-16 unit takes three bytes at most: most texts need no exact count to be known to fit.
    const bytes = kept.length * 3 <= room && kept.length < 256 ? kept.length : encode(kept).length;
    this.#spent += bytes;
    if (bytes > room) kept = room > 0 ? cutText(kept, room) : "";
    const levelled = level === undefined ? "" : `,"level":"${level}"`;
    if (kept !== "") this.#send(`"output","stream":"${stream}"${levelled},"text":${stringify(kept)}`);
    if (bytes > room) this.#cut(stream, room > 0 ? bytes - room : bytes);
  }

  display(mimeJson: string): void {
    if (!this.#afford(mimeJson.length)) return;
    this.#send(`"display","mime":${mimeJson}`);
  }

  input(prompt: string): void {
    if (!this.#afford(0)) return;
    this.#send(`"input","prompt":${stringify(toWellFormed(prompt))}`);
  }

  /** A piece of what is kept for the next run. */
  state(base64: string): void {
    this.#send(`"state","base64":"${base64}"`, false);
  }

  /** The last word. All arguments are JSON text. */
  finish(exitCode: number, resultJson: string | undefined, errorJson: string | undefined, artifactsJson: string, keptJson?: string): void {
    if (this.ended) return;
    if (this.#cutStdout > 0) this.#send(`"truncated","stream":"stdout","bytes":${this.#cutStdout}`);
    if (this.#cutStderr > 0) this.#send(`"truncated","stream":"stderr","bytes":${this.#cutStderr}`);
    const result = resultJson === undefined ? "" : `,"result":${resultJson}`;
    const error = errorJson === undefined ? "" : `,"error":${errorJson}`;
    const kept = keptJson === undefined ? "" : `,"kept":${keptJson}`;
    this.#send(`"finished","exitCode":${exitCode}${result}${error},"artifacts":${artifactsJson}${kept}`);
    this.ended = true;
    this.#flush();
    try {
      whenSettled(close(this.#writer), ignore, ignore);
    } catch {}
  }

  #afford(bytes: number): boolean {
    if (this.ended) return false;
    const whole = bytes + SMALL_FRAME_BYTES;
    if (this.#spent + whole > this.#outputBytesMax) {
      this.#cut("stdout", whole);
      return false;
    }
    this.#spent += whole;
    return true;
  }

  /** Told once when it begins; the sum is told at the end. */
  #cut(stream: Stream, bytes: number): void {
    const before = stream === "stdout" ? this.#cutStdout : this.#cutStderr;
    if (before === 0) this.#send(`"truncated","stream":"${stream}","bytes":${bytes}`);
    if (stream === "stdout") this.#cutStdout += bytes;
    else this.#cutStderr += bytes;
  }

  #send(body: string, echoed = this.#echo): void {
    this.#n += 1;
    const line = `{"n":${this.#n},"type":${body}}`;
    if (echoed) {
      try {
        nativeLog(ECHO_MARK + line);
      } catch {}
    }
    this.#pending += `${line}\n`;
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#pending === "") return;
    const bytes = encode(this.#pending);
    this.#pending = "";
    try {
      whenSettled(write(this.#writer, bytes), ignore, ignore);
    } catch {}
  }
}

/** The longest beginning of a text that takes no more than so many bytes and ends with a whole character. */
function cutText(text: string, bytesMax: number): string {
  const bytes = encode(text.length > bytesMax ? slice(text, 0, bytesMax) : text);
  // biome-ignore lint/complexity/useMathMinMax: Math.min can be patched
  let end = bytes.length < bytesMax ? bytes.length : bytesMax;
  while (end > 0 && end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  // A pair of surrogates cut in two has become a replacement character: it goes as well.
  return toWellFormed(decode(subarray(bytes, 0, end)));
}
