/** Numbers what a run says and sends it on both lanes: the response, and synchronously the process's own output.
 * Frames leave in order; output beyond the limit is counted, not sent. */

import type { Json } from "../../../generated/events.js";
import { PROMPT_CHARS_MAX, SMALL_FRAME_BYTES } from "../../../limits.js";
import type { Said, Stream } from "../../../wire.js";

const RECORD_SEPARATOR = "\u001e";
const FRAME_CHARS_MAX = 64 * 1024;

export class Frames {
  private n = 0;
  private spent = 0;
  private waiting: string[] = [];
  private finished = false;
  private cut: Record<Stream, number | null> = { stdout: null, stderr: null };
  private readonly encoder = new TextEncoder();
  private readonly decoders = { stdout: new TextDecoder("utf-8"), stderr: new TextDecoder("utf-8") };

  constructor(
    private readonly write: (bytes: Uint8Array) => void,
    private readonly echo: ((line: string) => void) | null,
    private readonly outputBytesMax: number,
  ) {}

  send(frame: Said): void {
    if (this.finished) return;
    this.finished = frame.type === "finished";
    this.n += 1;
    const line = JSON.stringify({ n: this.n, ...frame });
    // State is large and of no use to anybody when the answer itself does not arrive.
    if (frame.type !== "state") this.echo?.(RECORD_SEPARATOR + line);
    // One write a turn: a chunk in the stream's queue costs far more memory than the line in it.
    if (this.waiting.length === 0) queueMicrotask(() => this.flush());
    this.waiting.push(line, "\n");
  }

  private flush(): void {
    const text = this.waiting.join("");
    this.waiting = [];
    if (text !== "") this.write(this.encoder.encode(text));
  }

  /** A display, unless the run's allowance is used up: then it is dropped like output. */
  display(mime: Record<string, Json>): void {
    const size = SMALL_FRAME_BYTES + JSON.stringify(mime).length;
    if (this.spend(size) < size) this.drop("stdout", size);
    else this.send({ type: "display", mime });
  }

  input(prompt: string): void {
    if (this.spend(SMALL_FRAME_BYTES) === SMALL_FRAME_BYTES) this.send({ type: "input", prompt: prompt.slice(0, PROMPT_CHARS_MAX) });
  }

  output(stream: Stream, bytes: Uint8Array): void {
    const room = this.spend(bytes.length);
    const kept = bytes.length <= room ? bytes : bytes.subarray(0, room);
    this.text(stream, this.decoders[stream].decode(kept, { stream: true }));
    if (kept.length < bytes.length) this.drop(stream, bytes.length - kept.length);
  }

  private spend(bytes: number): number {
    const room = Math.max(0, Math.min(bytes, this.outputBytesMax - this.spent));
    this.spent += bytes;
    return room;
  }

  /** The first cut is said at once; what was dropped after it is said at the end, so that the two add up. */
  private drop(stream: Stream, bytes: number): void {
    if (this.cut[stream] === null) this.send({ type: "truncated", stream, bytes });
    this.cut[stream] = (this.cut[stream] ?? -bytes) + bytes;
  }

  /** What is left of a cut-off character, and how much was dropped since the first cut. */
  close(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      this.text(stream, this.decoders[stream].decode());
      const bytes = this.cut[stream] ?? 0;
      if (bytes > 0) this.send({ type: "truncated", stream, bytes });
    }
  }

  private text(stream: Stream, text: string): void {
    for (let at = 0; at < text.length; ) {
      let end = Math.min(text.length, at + FRAME_CHARS_MAX);
      const last = text.charCodeAt(end - 1);
      if (end < text.length && last >= 0xd800 && last <= 0xdbff) end -= 1;
      this.send({ type: "output", stream, text: text.slice(at, end) });
      at = end;
    }
  }
}
