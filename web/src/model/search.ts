/** Finding text in the output of a run: places in its chunks, found again only where something changed. Pure. */
import type { Chunk } from './output';

export const MATCHES_MAX = 2_000;

export interface Match {
  chunk: number;
  block: number;
  /** In the text of the block. */
  from: number;
  to: number;
}

export class OutputSearch {
  private readonly known = new Map<number, { revision: number; matches: Match[] }>();
  private readonly pattern: RegExp | null;

  constructor(readonly query: string) {
    this.pattern = query === '' ? null : new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'giu');
  }

  /** The matches in their order, at most MATCHES_MAX of them, the first ones. */
  in(chunks: readonly Chunk[]): Match[] {
    const found: Match[] = [];
    if (this.pattern === null) return found;
    for (const chunk of chunks) {
      let known = this.known.get(chunk.id);
      if (known?.revision !== chunk.revision) {
        known = { revision: chunk.revision, matches: this.inChunk(chunk) };
        this.known.set(chunk.id, known);
      }
      for (const match of known.matches) {
        if (found.length === MATCHES_MAX) return found;
        found.push(match);
      }
    }
    return found;
  }

  private inChunk(chunk: Chunk): Match[] {
    const found: Match[] = [];
    chunk.blocks.forEach((block, index) => {
      if (block.kind === 'display' || this.pattern === null) return;
      const text = block.spans.map((span) => span.text).join('');
      for (const match of text.matchAll(this.pattern)) {
        if (found.length === MATCHES_MAX) return;
        found.push({ chunk: chunk.id, block: index, from: match.index, to: match.index + match[0].length });
      }
    });
    return found;
  }
}
