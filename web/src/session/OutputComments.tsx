/** Comments in the output: the marks on its lines (drawn by CSS, so that search and copy see the text alone), and the way to begin one on what is selected. */
import type { JSX, RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Span } from '../model/output';
import type { Run } from '../model/run';
import type { Session } from '../model/session';
import { Icon } from '../ui/icons';

export interface Mark {
  threadId: string;
  count: number;
}

export type OutputMarks = ReadonlyMap<number, Mark>;
export const NO_MARKS: OutputMarks = new Map();

export const sameMarks = (a: OutputMarks, b: OutputMarks): boolean =>
  a === b || (a.size === b.size && [...a].every(([line, { threadId, count }]) => b.get(line)?.threadId === threadId && b.get(line)?.count === count));

export function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

type Piece = { mark: null; span: Span; text: string } | { mark: Mark; line: number };

/** The spans of a block that begins with a line, cut where a mark belongs before a line. */
export function marked(spans: readonly { span: Span; text: string }[], first: number, marks: OutputMarks): Piece[] {
  const pieces: Piece[] = [];
  let line = first;
  let atStart = true;
  for (const { span, text } of spans) {
    for (const part of text.split(/(?<=\n)/)) {
      const mark = atStart ? marks.get(line) : undefined;
      if (mark !== undefined) pieces.push({ mark, line });
      const before = pieces.at(-1);
      if (before !== undefined && before.mark === null && before.span === span) before.text += part;
      else pieces.push({ mark: null, span, text: part });
      atStart = part.endsWith('\n');
      if (atStart) line += 1;
    }
  }
  return pieces;
}

export function OutputMark({ line, mark, show }: { line: number; mark: Mark; show: (threadId: string) => void }): JSX.Element {
  const label = `${mark.count === 1 ? 'One comment' : `${mark.count} comments`} on line ${line}`;
  return <button type="button" class="output-mark" data-testid="output-mark" aria-label={label} title={label} data-count={mark.count} onClick={() => show(mark.threadId)} />;
}

/** The line (from 1) in which a selection within the output begins. */
function selectedLine(box: HTMLElement): number | null {
  const selection = getSelection();
  if (selection === null || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  const start = range.startContainer;
  const block = (start instanceof Element ? start : start.parentElement)?.closest<HTMLElement>('.block[data-line]');
  if (block == null || !box.contains(block)) return null;
  const before = range.cloneRange();
  before.setStart(block, 0);
  before.setEnd(start, range.startOffset);
  return Number(block.dataset['line']) + newlines(before.toString());
}

export function CommentOnSelection({ session, run, box }: { session: Session; run: Run; box: RefObject<HTMLElement | null> }): JSX.Element | null {
  const [line, setLine] = useState<number | null>(null);
  useEffect(() => {
    const look = (): void => setLine(box.current === null ? null : selectedLine(box.current));
    document.addEventListener('selectionchange', look);
    return () => document.removeEventListener('selectionchange', look);
  }, []);
  if (line === null || !session.mayEdit.value) return null;
  const begin = (): void => session.talk.begin({ kind: 'output', executionId: run.id, line, quote: run.output.line(line) });
  return (
    <button type="button" class="button button-small comment-selection" data-testid="comment-output" onMouseDown={(event) => event.preventDefault()} onClick={begin}>
      <Icon name="comment" size={13} /> Comment on line {line}
    </button>
  );
}
