/**
 * The output of one run as bounded chunks of styled text, ready to render: append-only but for carriage returns.
 * It decides nothing about looks and knows no transport; the oldest chunks go when a limit is reached.
 */
import { Ansi, type Style } from './ansi';

const CHUNK_LINES_MAX = 200;
const CHUNK_CHARS_MAX = 32_768;
export const OUTPUT_LINES_MAX = 50_000;
export const OUTPUT_CHARS_MAX = 6_000_000;

export type Kind = 'log' | 'info' | 'warn' | 'error' | 'debug' | 'trace' | 'stderr' | 'input' | 'notice';

export interface Span {
  text: string;
  style: Style | null;
  kind: Kind;
}

/** Lines of one kind, or one rich display. Blocks stand under each other; spans flow inside a block. */
export type Block = { kind: Kind; spans: Span[] } | { kind: 'display'; mime: Record<string, unknown> };

/** What the view renders and memoises: `revision` changes when anything inside does. */
export interface Chunk {
  id: number;
  revision: number;
  lines: number;
  chars: number;
  blocks: Block[];
}

export class Output {
  readonly chunks: Chunk[] = [];
  /** Rises with every change: a cheap thing for a view to compare. */
  revision = 0;
  lines = 0;
  chars = 0;
  droppedLines = 0;
  private nextChunk = 1;
  private atLineStart = true;
  private readonly ansi = { out: new Ansi(), err: new Ansi() };

  get empty(): boolean {
    return this.chunks.length === 0;
  }

  write(text: string, kind: Kind): void {
    const parser = kind === 'stderr' || kind === 'error' ? this.ansi.err : this.ansi.out;
    for (const piece of parser.parse(text)) {
      if (piece === 'return') this.rewindLine();
      else this.append(piece.text, piece.style, kind);
    }
    this.trim();
  }

  /** A line of our own between the program's lines. */
  notice(text: string): void {
    this.append(`${this.atLineStart ? '' : '\n'}${text}\n`, null, 'notice');
  }

  display(mime: Record<string, unknown>): void {
    const chunk = this.chunkFor(1);
    chunk.blocks.push({ kind: 'display', mime });
    this.atLineStart = true;
    this.grow(chunk, 1, 1);
    this.trim();
  }

  /** The plain text that is kept, as a person would copy it. */
  text(): string {
    const parts: string[] = [];
    for (const chunk of this.chunks) {
      for (const block of chunk.blocks) {
        if (block.kind === 'display') parts.push(`[${Object.keys(block.mime).join(', ')}]\n`);
        else for (const span of block.spans) parts.push(span.text);
      }
    }
    return parts.join('');
  }

  /** The number of the last line, from 1; lines that are not kept any more are counted. */
  get lastLine(): number {
    return this.droppedLines + this.lines + (this.atLineStart ? 0 : 1);
  }

  /** The plain text of a line (from 1), as far as it is kept. */
  line(number: number): string {
    let at = this.droppedLines + 1;
    for (const chunk of this.chunks) {
      if (number > at + chunk.lines) {
        at += chunk.lines;
        continue;
      }
      const text = chunk.blocks.map((block) => (block.kind === 'display' ? '\n' : block.spans.map((span) => span.text).join(''))).join('');
      const lines = text.split('\n');
      const found = lines[number - at];
      if (found !== undefined && (number < at + chunk.lines || found !== '')) return found;
      at += chunk.lines;
    }
    return '';
  }

  private append(text: string, style: Style | null, kind: Kind): void {
    let from = 0;
    while (from < text.length) {
      const chunk = this.chunkFor(text.length - from);
      let take = Math.min(text.length - from, Math.max(1, CHUNK_CHARS_MAX - chunk.chars));
      let lines = 0;
      for (let i = from; i < from + take; i++) {
        if (text.charCodeAt(i) === 10 && ++lines + chunk.lines >= CHUNK_LINES_MAX) take = i - from + 1;
      }
      const piece = text.slice(from, from + take);
      this.place(chunk, piece, style, kind);
      this.grow(chunk, lines, piece.length);
      this.atLineStart = piece.endsWith('\n');
      from += take;
    }
  }

  /** A new block begins only at the start of a line, so that a prompt and what follows it stay on one line. */
  private place(chunk: Chunk, text: string, style: Style | null, kind: Kind): void {
    let block = chunk.blocks.at(-1);
    if (block === undefined || block.kind === 'display' || (this.atLineStart && block.kind !== kind)) {
      block = { kind, spans: [] };
      chunk.blocks.push(block);
    }
    const last = block.spans.at(-1);
    if (last !== undefined && last.kind === kind && last.style === style) last.text += text;
    else block.spans.push({ text, style, kind });
  }

  /** A lone carriage return starts the line again, as progress bars expect. */
  private rewindLine(): void {
    const chunk = this.chunks.at(-1);
    const block = chunk?.blocks.at(-1);
    if (this.atLineStart || chunk === undefined || block === undefined || block.kind === 'display') return;
    let removed = 0;
    for (let span = block.spans.at(-1); span !== undefined; span = block.spans.at(-1)) {
      const keep = span.text.lastIndexOf('\n') + 1;
      removed += span.text.length - keep;
      span.text = span.text.slice(0, keep);
      if (keep > 0) break;
      block.spans.pop();
    }
    if (block.spans.length === 0) chunk.blocks.pop();
    this.grow(chunk, 0, -removed);
    this.atLineStart = true;
  }

  private chunkFor(chars: number): Chunk {
    const last = this.chunks.at(-1);
    const full = last === undefined || last.lines >= CHUNK_LINES_MAX || last.chars >= CHUNK_CHARS_MAX;
    // A big write at a line start gets a chunk of its own: what is already on the page is not drawn again.
    if (!full && !(this.atLineStart && chars > CHUNK_CHARS_MAX / 2 && last.chars > 0)) return last;
    const chunk: Chunk = { id: this.nextChunk++, revision: 0, lines: 0, chars: 0, blocks: [] };
    this.chunks.push(chunk);
    return chunk;
  }

  private grow(chunk: Chunk, lines: number, chars: number): void {
    chunk.lines += lines;
    chunk.chars += chars;
    chunk.revision += 1;
    this.lines += lines;
    this.chars += chars;
    this.revision += 1;
  }

  private trim(): void {
    while ((this.lines > OUTPUT_LINES_MAX || this.chars > OUTPUT_CHARS_MAX) && this.chunks.length > 1) {
      const gone = this.chunks.shift();
      if (gone === undefined) return;
      this.lines -= gone.lines;
      this.chars -= gone.chars;
      this.droppedLines += gone.lines;
    }
  }
}
