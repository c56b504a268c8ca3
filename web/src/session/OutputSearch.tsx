/** Finding in the output: a field, a count, forwards and back. What is found is painted without touching the drawn text. */
import type { JSX, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Match, MATCHES_MAX, OutputSearch as Search } from '../model/search';
import type { Run } from '../model/run';
import { Icon } from '../ui/icons';
import { IconButton } from '../ui/parts';

const ALL = 'output-found';
const CURRENT = 'output-found-current';
const SETTLE_FRAMES = 6;
const STREAMING_MS = 150; // while output comes, it is looked through this often at most

interface Props {
  run: Run;
  box: RefObject<HTMLDivElement | null>;
  /** Another place than the end is looked at from now on. */
  onFound: () => void;
  onClose: () => void;
}

export function OutputSearch({ run, box, onFound, onClose }: Props): JSX.Element {
  const revision = run.revision.value;
  const [query, setQuery] = useState('');
  const [matches, setMatches] = useState<Match[]>([]);
  const [at, setAt] = useState(0);
  const search = useRef(new Search(''));
  const field = useRef<HTMLInputElement>(null);
  // Before anything is painted: what is typed from now on is for the field.
  useLayoutEffect(() => {
    field.current?.focus();
    return paintNothing;
  }, []);
  useEffect(() => {
    const fresh = search.current.query !== query;
    if (fresh) search.current = new Search(query);
    const timer = setTimeout(() => {
      setMatches(search.current.in(run.output.chunks));
      if (fresh) setAt(0);
    }, fresh ? 0 : STREAMING_MS);
    return () => clearTimeout(timer);
  }, [run, query, revision]);
  const current = matches[Math.min(at, matches.length - 1)];
  useEffect(() => {
    if (box.current !== null) paint(box.current, matches, current);
  }, [matches, current]);
  const show = (match: Match | undefined): void => {
    const range = match === undefined || box.current === null ? null : rangeOf(box.current, match);
    if (range === null || box.current === null) return;
    onFound();
    range.startContainer.parentElement?.scrollIntoView({ block: 'nearest' });
    bringIntoView(box.current, range, SETTLE_FRAMES);
  };
  const step = (by: number): void => {
    if (matches.length === 0) return;
    const next = (at + by + matches.length) % matches.length;
    setAt(next);
    show(matches[next]);
  };
  useEffect(() => show(matches[0]), [matches[0]?.chunk, matches[0]?.block, matches[0]?.from, query]);
  const count = query === '' ? '' : matches.length === 0 ? 'Nothing found' : `${Math.min(at, matches.length - 1) + 1} of ${matches.length}${matches.length === MATCHES_MAX ? '+' : ''}`;
  return (
    <div class="output-search" role="search" aria-label="Find in the output">
      <Icon name="search" size={14} />
      <input
        ref={field} type="text" placeholder="Find in the output" aria-label="Find in the output" data-testid="output-search" spellcheck={false} value={query}
        onInput={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
          else if (event.key === 'Escape') onClose();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span class="output-search-count" role="status" data-testid="output-search-count">{count}</span>
      <IconButton icon="up" label="Previous" size={15} disabled={matches.length === 0} onClick={() => step(-1)} />
      <IconButton icon="chevron" label="Next" size={15} disabled={matches.length === 0} onClick={() => step(1)} />
      <IconButton icon="close" label="Close" size={15} onClick={onClose} />
    </div>
  );
}

/** What comes into view is measured only then, and may push the place out again: so it is looked at for some frames. */
function bringIntoView(box: HTMLElement, range: Range, frames: number): void {
  const place = range.getBoundingClientRect();
  const frame = box.getBoundingClientRect();
  if (place.top < frame.top || place.bottom > frame.bottom) box.scrollTop += place.top - frame.top - frame.height / 2;
  if (place.left < frame.left || place.right > frame.right) box.scrollLeft += place.left - frame.left - frame.width / 2;
  if (frames > 0) requestAnimationFrame(() => bringIntoView(box, range, frames - 1));
}

function paint(box: HTMLElement, matches: readonly Match[], current: Match | undefined): void {
  if (!('highlights' in CSS)) return; // then the place is shown, and not coloured
  const all = new Highlight();
  for (const match of matches) {
    const range = match === current ? null : rangeOf(box, match);
    if (range !== null) all.add(range);
  }
  const range = current === undefined ? null : rangeOf(box, current);
  CSS.highlights.set(ALL, all);
  CSS.highlights.set(CURRENT, range === null ? new Highlight() : new Highlight(range));
}

function paintNothing(): void {
  if (!('highlights' in CSS)) return;
  CSS.highlights.delete(ALL);
  CSS.highlights.delete(CURRENT);
}

/** Where a match stands on the page. */
function rangeOf(box: HTMLElement, match: Match): Range | null {
  const block = box.querySelector(`[data-chunk="${match.chunk}"]`)?.children[match.block];
  if (block === undefined) return null;
  const range = document.createRange();
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  let before = 0;
  let started = false;
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const length = (node as Text).length;
    if (!started && match.from < before + length) {
      range.setStart(node, match.from - before);
      started = true;
    }
    if (started && match.to <= before + length) {
      range.setEnd(node, match.to - before);
      return range;
    }
    before += length;
  }
  return null;
}
