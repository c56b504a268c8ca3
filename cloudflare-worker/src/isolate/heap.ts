/**
 * What a linear memory differs in from the memory it began with, and the way back: how an interpreter at rest is kept and woken.
 * It knows no interpreter. Layout: 32-bit words, for each stretch that differs its distance from the last one, its length, its words.
 */
const PAGE_BYTES = 4096;
const PAGE_WORDS = PAGE_BYTES / 4;
/** Two words of equal memory cost as much as a new stretch. */
const GAP_WORDS_MAX = 2;
const BLOCK_PAGES = 64;
const ZEROS = new Uint8Array(BLOCK_PAGES * PAGE_BYTES);
const NOTHING = new Int32Array(ZEROS.buffer);

/** A memory without its empty pages. */
export class Image {
  readonly heapBytes: number;
  readonly #runs: readonly (readonly [page: number, count: number])[];
  readonly #pages: Uint8Array;

  constructor(heapBytes: number, runs: readonly (readonly [page: number, count: number])[], pages: Uint8Array) {
    this.heapBytes = heapBytes;
    this.#runs = runs;
    this.#pages = pages;
  }

  /** Memory below an address that is part of the heap but has never been touched: the first use of it makes the process grow. */
  holeBytes(endBytes: number): number {
    return Math.max(0, endBytes - this.#pages.length);
  }

  static of(heap: Uint8Array): Image {
    const runs: [page: number, count: number][] = [];
    let count = 0;
    const visit = (page: number, size: number): void => {
      if (empty(heap, page, size)) return;
      if (size > 1) {
        visit(page, size >> 1);
        visit(page + (size >> 1), size - (size >> 1));
        return;
      }
      const last = runs.at(-1);
      if (last !== undefined && last[0] + last[1] === page) last[1] += 1;
      else runs.push([page, 1]);
      count += 1;
    };
    for (let page = 0, end = heap.length / PAGE_BYTES; page < end; page += BLOCK_PAGES) visit(page, Math.min(BLOCK_PAGES, end - page));
    const pages = new Uint8Array(count * PAGE_BYTES);
    let to = 0;
    for (const [page, size] of runs) {
      pages.set(heap.subarray(page * PAGE_BYTES, (page + size) * PAGE_BYTES), to);
      to += size * PAGE_BYTES;
    }
    return new Image(heap.length, runs, pages);
  }

  async digest(): Promise<string> {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", this.#pages as Uint8Array<ArrayBuffer>));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** Pages that the image leaves out are zero: below `end` they have to be made so, above it they still are. */
  restore(heap: Uint8Array, end = heap.length): void {
    let at = 0;
    let page = 0;
    for (const [first, count] of [...this.#runs, [Math.ceil(heap.length / PAGE_BYTES), 0] as const]) {
      const gapEnd = Math.min(first * PAGE_BYTES, end);
      for (let at = page, end = Math.ceil(gapEnd / PAGE_BYTES); at < end; at += BLOCK_PAGES) {
        const size = Math.min(BLOCK_PAGES, end - at);
        // Writing is what makes a page take memory; most of these were never touched.
        if (!empty(heap, at, size)) pages(heap, at, size).fill(0);
      }
      heap.set(this.#pages.subarray(at, at + count * PAGE_BYTES), first * PAGE_BYTES);
      at += count * PAGE_BYTES;
      page = first + count;
    }
  }

  /** Null when it would take more than so many bytes. */
  difference(heap: Uint8Array, bytesMax: number): Uint8Array<ArrayBuffer> | null {
    const out = new Stretches(new Int32Array(heap.buffer, heap.byteOffset, heap.length >> 2), bytesMax >> 2);
    const kept = new Int32Array(this.#pages.buffer, this.#pages.byteOffset, this.#pages.length >> 2);
    const end = Math.floor(heap.length / PAGE_BYTES);
    let page = 0;
    let keptPage = 0;
    for (const [first, count] of [...this.#runs, [end, 0] as const]) {
      for (; page < first; ) {
        const size = Math.min(BLOCK_PAGES, first - page);
        if (!compare(heap, page, ZEROS, 0, size, out, NOTHING)) return null;
        page += size;
      }
      for (; page < first + count; ) {
        const size = Math.min(BLOCK_PAGES, first + count - page);
        if (!compare(heap, page, this.#pages, keptPage, size, out, kept)) return null;
        page += size;
        keptPage += size;
      }
    }
    return out.finish();
  }
}

type Same = (a: Uint8Array, b: Uint8Array) => boolean;
// Native, and so at once as fast as a loop here is only after it has been compiled.
const same: Same = (a, b) => (crypto.subtle as unknown as { timingSafeEqual: Same }).timingSafeEqual(a, b);
const pages = (bytes: Uint8Array, page: number, count: number) => bytes.subarray(page * PAGE_BYTES, (page + count) * PAGE_BYTES);

const empty = (heap: Uint8Array, page: number, count: number) => same(pages(heap, page, count), pages(ZEROS, 0, count));

/** The end of the last page that has something in it. */
export function touchedEnd(heap: Uint8Array): number {
  let end = Math.floor(heap.length / PAGE_BYTES);
  while (end > 0 && empty(heap, Math.max(0, end - BLOCK_PAGES), Math.min(end, BLOCK_PAGES))) end -= Math.min(end, BLOCK_PAGES);
  while (end > 0 && empty(heap, end - 1, 1)) end -= 1;
  return end * PAGE_BYTES;
}

function compare(heap: Uint8Array, page: number, base: Uint8Array, basePage: number, count: number, out: Stretches, baseWords: Int32Array): boolean {
  if (same(pages(heap, page, count), pages(base, basePage, count))) return true;
  if (count === 1) return out.compare(page * PAGE_WORDS, baseWords, basePage * PAGE_WORDS);
  const half = count >> 1;
  return compare(heap, page, base, basePage, half, out, baseWords) && compare(heap, page + half, base, basePage + half, count - half, out, baseWords);
}

class Stretches {
  #out = new Int32Array(65536);
  #size = 0;
  #from = -1;
  #last = -1;
  #told = 0;
  readonly #words: Int32Array;
  readonly #wordsMax: number;

  constructor(words: Int32Array, wordsMax: number) {
    this.#words = words;
    this.#wordsMax = wordsMax;
  }

  compare(start: number, base: Int32Array, baseStart: number): boolean {
    const words = this.#words;
    const shift = baseStart - start;
    for (let at = start, end = start + PAGE_WORDS; at < end; at += 1) {
      if (words[at] === base[at + shift]) continue;
      if (this.#last < 0 || at - this.#last > GAP_WORDS_MAX + 1) {
        if (!this.#close()) return false;
        this.#from = at;
      }
      this.#last = at;
    }
    return true;
  }

  #close(): boolean {
    if (this.#last < 0) return true;
    const count = this.#last + 1 - this.#from;
    const size = this.#size + 2 + count;
    if (size > this.#wordsMax) return false;
    if (size > this.#out.length) {
      const larger = new Int32Array(Math.max(size, 2 * this.#out.length));
      larger.set(this.#out.subarray(0, this.#size));
      this.#out = larger;
    }
    this.#out[this.#size] = this.#from - this.#told;
    this.#out[this.#size + 1] = count;
    this.#out.set(this.#words.subarray(this.#from, this.#from + count), this.#size + 2);
    this.#size = size;
    this.#told = this.#from + count;
    return true;
  }

  finish(): Uint8Array<ArrayBuffer> | null {
    return this.#close() ? new Uint8Array(this.#out.buffer, 0, 4 * this.#size) : null;
  }
}

/** Writes a difference over the memory it was taken against. Throws when it cannot be one. */
export function apply(difference: Uint8Array, heap: Uint8Array): void {
  const from = new Int32Array(difference.slice().buffer);
  const words = new Int32Array(heap.buffer, heap.byteOffset, heap.length >> 2);
  let to = 0;
  for (let at = 0; at < from.length; ) {
    to += from[at] as number;
    const count = from[at + 1] as number;
    if (count <= 0 || to < 0 || to + count > words.length || at + 2 + count > from.length) throw new RangeError("the kept memory does not fit");
    words.set(from.subarray(at + 2, at + 2 + count), to);
    to += count;
    at += 2 + count;
  }
}
