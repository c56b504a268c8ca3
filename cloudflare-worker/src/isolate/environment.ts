/**
 * What an isolate keeps for the next run, as one run of bytes: which build it belongs to, files that no session file says, and a body of the interpreter's own.
 * The host stores it unread. Here it is untrusted as well: what cannot be read, or is another build's, is not used.
 */
import { STATE_PIECE_BYTES } from "../limits.js";
import { type Environment as Order, type Kept, nameFault, type Run } from "../wire.js";
import { sameBytes, sha256 } from "./digest.js";

export const ANOTHER_BUILD = "environment: it was kept by another version of the interpreter and begins anew\n";
const HEAD_AT = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

type Files = ReadonlyMap<string, Uint8Array>;
/** `of`: the digest of the session's file that was changed; without one the program made the file. */
interface KeptFile {
  name: string;
  size: number;
  of?: string;
}
interface Head {
  build: string;
  meta: unknown;
  files: KeptFile[];
}
type Base64 = { toBase64(): string };
const bytesOf = (base64: string): Uint8Array => (Uint8Array as unknown as { fromBase64(text: string): Uint8Array }).fromBase64(base64);

/** The session's files as bytes. */
export function contents(run: Run): Map<string, Uint8Array> {
  return new Map(run.files.map((file) => [file.name, "content" in file ? encoder.encode(file.content) : bytesOf(file.base64)]));
}

export class Environment {
  readonly #order: Order;
  readonly #build: string;
  readonly #files: { file: KeptFile; bytes: Uint8Array }[] = [];
  /** What the interpreter said of itself, and what it needs to go on; null when it begins anew. */
  readonly resumed: { meta: unknown; body: Uint8Array } | null = null;
  /** For the program's stderr, when there was something and it cannot be used. */
  readonly notice: string = "";

  constructor(order: Order, build: string) {
    this.#order = order;
    this.#build = build;
    if (order.state === undefined) return;
    try {
      const bytes = bytesOf(order.state);
      const headBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      const head = JSON.parse(decoder.decode(bytes.subarray(HEAD_AT, HEAD_AT + headBytes))) as Head;
      if (head.build !== build) {
        this.notice = ANOTHER_BUILD;
        return;
      }
      let at = HEAD_AT + headBytes;
      for (const { name, size, of } of head.files) {
        if (nameFault(name) !== null) throw new RangeError("a kept file has no proper name");
        this.#files.push({ file: { name, size, ...(of === undefined ? {} : { of }) }, bytes: bytes.slice(at, at + size) });
        at += size;
      }
      this.resumed = { meta: head.meta, body: bytes.subarray(at) };
    } catch {
      this.notice = "environment: what was kept cannot be read and begins anew\n";
      this.#files = [];
    }
  }

  /** The session's files as the last run left them; a file that was edited since is what the session says. */
  files(session: Files): Map<string, Uint8Array> {
    const all = new Map(session);
    for (const { file, bytes } of this.#files) {
      const edited = session.get(file.name);
      if (edited === undefined ? file.of === undefined : file.of === sha256(edited)) all.set(file.name, bytes);
    }
    return all;
  }

  /** Pieces for the wire; or, as a text, why this cannot be kept. */
  keep(meta: unknown, body: Uint8Array, session: Files, after: Files): { pieces: string[]; files: Kept["files"] } | string {
    const files: KeptFile[] = [];
    const parts: Uint8Array[] = [];
    for (const [name, bytes] of after) {
      const given = session.get(name);
      if (nameFault(name) !== null || (given !== undefined && sameBytes(given, bytes))) continue;
      files.push({ name, size: bytes.length, ...(given === undefined ? {} : { of: sha256(given) }) });
      parts.push(bytes);
    }
    if (files.length > this.#order.filesMax) return `it has ${files.length} files, more than the ${this.#order.filesMax} that are kept`;
    const head = encoder.encode(JSON.stringify({ build: this.#build, meta, files } satisfies Head));
    const size = HEAD_AT + head.length + parts.reduce((sum, part) => sum + part.length, 0) + body.length;
    if (size > this.#order.bytesMax) return `it takes ${size} bytes, more than the ${this.#order.bytesMax} that are kept`;
    const all = new Uint8Array(size);
    new DataView(all.buffer).setUint32(0, head.length, true);
    let at = HEAD_AT;
    for (const part of [head, ...parts, body]) {
      all.set(part, at);
      at += part.length;
    }
    const pieces: string[] = [];
    for (let from = 0; from < size; from += STATE_PIECE_BYTES) pieces.push((all.subarray(from, from + STATE_PIECE_BYTES) as unknown as Base64).toBase64());
    return { pieces, files: files.map(({ name, size: bytes }) => ({ name, size: bytes })) };
  }

  tooLarge(): string {
    return `it takes more than the ${this.#order.bytesMax} bytes that are kept`;
  }

  get bytesMax(): number {
    return this.#order.bytesMax;
  }
}

export const notKept = (why: string): string => `environment: not kept: ${why}; the next run begins from the state before this one\n`;
