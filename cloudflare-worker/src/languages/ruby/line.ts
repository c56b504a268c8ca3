/**
 * A Ruby program's line to the gateway: what it writes to one file is a request, what it then reads there is the answer.
 * Reading waits, so that Ruby does; network.rb is the other end.
 */
import { exchange } from "../../isolate/network.js";
import { EGRESS_HEADER_BYTES_MAX, EGRESS_OUT_BYTES_MAX } from "../../limits.js";
import type { Run } from "../../wire.js";

const ASKED_BYTES_MAX = EGRESS_OUT_BYTES_MAX + 2 * EGRESS_HEADER_BYTES_MAX;
const SIZE_BYTES = 4;
const NOTHING: Uint8Array = new Uint8Array(0);
const encoder = new TextEncoder();
// Headers are bytes to Ruby.
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

export class Line {
  readonly #exchange: ReturnType<typeof exchange>;
  #asked = NOTHING;
  #answer = NOTHING;

  constructor(run: Run) {
    this.#exchange = exchange(run);
  }

  /** False when it is more than any request may have; what was written is forgotten then. */
  write(bytes: Uint8Array): boolean {
    const fits = this.#asked.length + bytes.length <= ASKED_BYTES_MAX;
    this.#asked = fits ? joined([this.#asked, bytes]) : NOTHING;
    return fits;
  }

  read(lengthMax: number): Uint8Array | Promise<Uint8Array> {
    if (this.#answer.length > 0) return this.#part(lengthMax);
    const asked = unpacked(this.#asked);
    this.#asked = NOTHING;
    return asked === null ? NOTHING : this.#ask(asked, lengthMax);
  }

  async #ask([method, url, body, ...fields]: Uint8Array[], lengthMax: number): Promise<Uint8Array> {
    const texts = fields.map(textOf);
    const headers = texts.flatMap((name, at) => (at % 2 === 0 ? [[name, texts[at + 1] ?? ""] as [string, string]] : []));
    const answer = await this.#exchange(textOf(method), textOf(url), headers, body ?? NOTHING);
    this.#answer = "error" in answer
      ? packed([NOTHING, ...[answer.error.code, answer.error.host, answer.error.message].map((text) => encoder.encode(text))])
      : packed([encoder.encode(String(answer.status)), latin1(answer.reason), answer.body, ...answer.headers.flat().map(latin1)]);
    return this.#part(lengthMax);
  }

  #part(lengthMax: number): Uint8Array {
    const part = this.#answer.subarray(0, lengthMax);
    this.#answer = this.#answer.subarray(part.length);
    return part;
  }
}

const textOf = (bytes: Uint8Array | undefined): string => Array.from(bytes ?? NOTHING, (byte) => String.fromCharCode(byte)).join("");

function joined(parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
}

/** How many parts, the size of each, and their bytes; sizes as network.rb's pack("N") has them. */
function packed(parts: Uint8Array[]): Uint8Array {
  const head = new Uint8Array(SIZE_BYTES * (parts.length + 1));
  const view = new DataView(head.buffer);
  [parts.length, ...parts.map((part) => part.length)].forEach((size, at) => { view.setUint32(SIZE_BYTES * at, size); });
  return joined([head, ...parts]);
}

/** Null when it is not whole. */
function unpacked(bytes: Uint8Array): Uint8Array[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sizeAt = (at: number): number | null => (SIZE_BYTES * (at + 1) <= bytes.length ? view.getUint32(SIZE_BYTES * at) : null);
  const parts: Uint8Array[] = [];
  let from = SIZE_BYTES * ((sizeAt(0) ?? 0) + 1);
  for (let at = 1; at <= (sizeAt(0) ?? 0); at += 1) {
    const size = sizeAt(at);
    if (size === null || from + size > bytes.length) return null;
    parts.push(bytes.subarray(from, from + size));
    from += size;
  }
  return parts.length === 0 ? null : parts;
}
