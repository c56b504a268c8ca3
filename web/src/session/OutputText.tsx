/**
 * The scrolling text of a run. Chunks are drawn once, and the browser lays out only those in view
 * (content-visibility), so large outputs stay cheap while selecting, copying and finding work as everywhere.
 */
import { type ComponentChildren, Component, type JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Style } from '../model/ansi';
import type { Block, Chunk, Span } from '../model/output';
import type { Run } from '../model/run';
import type { Session } from '../model/session';
import { Icon } from '../ui/icons';
import { Display } from './Display';
import { OutputSearch } from './OutputSearch';
import { Located } from './RunEnd';
import { CommentOnSelection, marked, newlines, NO_MARKS, OutputMark, type OutputMarks, sameMarks } from './OutputComments';

const LINE_PX = 20;
const NEAR_END_PX = 40;

interface Props {
  session: Session;
  run: Run;
  wrap: boolean;
  searching: boolean;
  onSearched: () => void;
  children: ComponentChildren;
}

export function OutputText({ session, run, wrap, searching, onSearched, children }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const lastTop = useRef(0);
  const toEnd = (): void => {
    if (box.current === null) return;
    box.current.scrollTop = box.current.scrollHeight;
    lastTop.current = box.current.scrollTop;
  };
  useLayoutEffect(() => {
    if (following) toEnd();
  });
  useLayoutEffect(() => {
    // What grows after drawing (images, wrapped lines coming into view) must not leave the end behind.
    const inner = box.current?.firstElementChild;
    if (inner == null || !following) return;
    const observer = new ResizeObserver(toEnd);
    observer.observe(inner);
    return () => observer.disconnect();
  }, [following]);
  const scrolled = (): void => {
    const element = box.current;
    if (element === null) return;
    const nearEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
    // Only going up lets go of the end: output that grows below is no reason to stop following it.
    const up = element.scrollTop < lastTop.current - 1;
    lastTop.current = element.scrollTop;
    setFollowing(nearEnd || (following && !up));
  };
  const { output } = run;
  const marks = session.talk.onOutput(run.id);
  let next = output.droppedLines + 1;
  return (
    <>
    {searching ? <OutputSearch run={run} box={box} onFound={() => setFollowing(false)} onClose={onSearched} /> : null}
    <div class="output-frame">
      <div class={wrap ? 'output' : 'output output-nowrap'} data-testid="output" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label="Output text">
        <div class="output-inner">
          {output.droppedLines > 0 ? <p class="output-none">{output.droppedLines.toLocaleString('en')} earlier lines are not shown.</p> : null}
          {output.chunks.map((chunk) => {
            const first = next;
            next += chunk.lines;
            const here = marks.size === 0 ? NO_MARKS : new Map([...marks].filter(([line]) => line >= first && line <= next));
            return <ChunkView key={chunk.id} session={session} chunk={chunk} revision={chunk.revision} first={first} marks={here} />;
          })}
          {children}
        </div>
      </div>
      <CommentOnSelection session={session} run={run} box={box} />
      {following ? null : (
        <button type="button" class="button button-small to-end" onClick={() => (setFollowing(true), toEnd())}>
          <Icon name="down" size={13} /> Latest
        </button>
      )}
    </div>
    </>
  );
}

interface ChunkProps {
  session: Session;
  chunk: Chunk;
  revision: number;
  /** The number of its first line, from 1. */
  first: number;
  marks: OutputMarks;
}

/** A chunk is drawn again only when it changed; it is mutable, so its revision is what is compared. */
class ChunkView extends Component<ChunkProps> {
  override shouldComponentUpdate(next: ChunkProps): boolean {
    return next.revision !== this.props.revision || !sameMarks(next.marks, this.props.marks);
  }

  override render({ session, chunk, first, marks }: ChunkProps): JSX.Element {
    let line = first;
    return (
      <div class="chunk" data-chunk={chunk.id} style={{ containIntrinsicSize: `auto ${Math.max(1, chunk.lines) * LINE_PX}px` }}>
        {chunk.blocks.map((block, index) => {
          const from = line;
          line += block.kind === 'display' ? 1 : block.spans.reduce((sum, span) => sum + newlines(span.text), 0);
          return <BlockView key={index} session={session} block={block} line={from} marks={marks} />;
        })}
      </div>
    );
  }
}

const TROUBLE = new Set<string>(['error', 'stderr', 'warn']); // where places in files are looked for

function BlockView({ session, block, line, marks }: { session: Session; block: Block; line: number; marks: OutputMarks }): JSX.Element {
  if (block.kind === 'display') return <Display mime={block.mime} />;
  const last = block.spans.length - 1;
  const text = (span: Span, index: number): string => (index === last ? span.text.replace(/\n$/, '') : span.text);
  return (
    <div class={`block block-${block.kind}`} data-line={line}>
      {marks.size === 0
        ? block.spans.map((span, index) => <SpanView key={index} session={session} span={span} text={text(span, index)} own={span.kind === block.kind} />)
        : marked(block.spans.map((span, index) => ({ span, text: text(span, index) })), line, marks).map((piece, index) =>
            piece.mark === null ? (
              <SpanView key={index} session={session} span={piece.span} text={piece.text} own={piece.span.kind === block.kind} />
            ) : (
              <OutputMark key={index} line={piece.line} mark={piece.mark} show={(id) => session.talk.show(id)} />
            ))}
    </div>
  );
}

function SpanView({ session, span, text, own }: { session: Session; span: Span; text: string; own: boolean }): JSX.Element {
  const shown = TROUBLE.has(span.kind) ? <Located session={session} text={text} /> : text;
  if (span.style === null && own) return <>{shown}</>;
  const { className, style } = looks(span.style);
  return <span class={own ? className : `block-${span.kind} ${className}`} style={style}>{shown}</span>;
}

function looks(style: Style | null): { className: string; style: Record<string, string> } {
  if (style === null) return { className: '', style: {} };
  const names: string[] = [];
  const inline: Record<string, string> = {};
  const [fg, bg] = style.inverse ? [style.bg ?? 'back', style.fg ?? 'front'] : [style.fg, style.bg];
  for (const [value, kind] of [[fg, 'fg'], [bg, 'bg']] as const) {
    if (value === undefined) continue;
    if (value.startsWith('rgb(')) inline[kind === 'fg' ? 'color' : 'backgroundColor'] = value;
    else names.push(`ansi-${kind}-${value}`);
  }
  for (const flag of ['bold', 'dim', 'italic', 'underline', 'strike'] as const) if (style[flag]) names.push(`ansi-${flag}`);
  return { className: names.join(' '), style: inline };
}
