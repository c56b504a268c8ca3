/** The sessions that there are, page by page; which of them and with which words is asked of the server. */
import type { JSX, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, type Scope } from '../api';
import type { Me, SessionInfo } from '../types';
import { Icon } from '../ui/icons';
import { Empty } from '../ui/parts';
import { attempt } from '../ui/toast';
import { SessionCard } from './SessionCard';

interface Shelf {
  id: string;
  scope: Scope;
  archived: boolean;
  label: string;
  empty: string;
}

const SHELVES: [Shelf, ...Shelf[]] = [
  { id: 'mine', scope: 'mine', archived: false, label: 'My sessions', empty: 'Pick a language above and start typing. Others join by link.' },
  { id: 'shared', scope: 'shared', archived: false, label: 'Shared', empty: 'Sessions that others invite you to appear here.' },
  { id: 'public', scope: 'public', archived: false, label: 'Public', empty: 'Nobody has made a session public yet.' },
  { id: 'archived', scope: 'mine', archived: true, label: 'Archive', empty: 'Sessions that you put away stay as they are, and are listed here.' },
];
const TYPING_MS = 180; // a pause after which what was typed is searched for

type Listing = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; items: SessionInfo[]; next: string | null };

interface ListProps {
  me: Me;
  /** Another number loads the list anew. */
  changes: number;
  search: RefObject<HTMLInputElement | null>;
  onDelete: (session: SessionInfo) => void;
  onRename: (session: SessionInfo) => void;
  onFork: (session: SessionInfo) => void;
  onArchive: (session: SessionInfo) => void;
}

export function SessionList(props: ListProps): JSX.Element {
  const [shelf, setShelf] = useState<Shelf>(SHELVES[0]);
  const [query, setQuery] = useState('');
  const [asked, setAsked] = useState('');
  const [listing, setListing] = useState<Listing>({ kind: 'loading' });
  const [attempts, setAttempts] = useState(0);
  const newest = useRef(0); // an answer that comes late is not taken for a newer one
  useEffect(() => {
    const timer = setTimeout(() => setAsked(query.trim()), query.trim() === '' ? 0 : TYPING_MS);
    return () => clearTimeout(timer);
  }, [query]);
  useEffect(() => setListing({ kind: 'loading' }), [shelf]);
  useEffect(() => {
    const mine = ++newest.current;
    api.sessions(shelf.scope, { query: asked, archived: shelf.archived }).then(
      ({ items, nextCursor }) => mine === newest.current && setListing({ kind: 'ready', items, next: nextCursor }),
      (error: unknown) => mine === newest.current && setListing({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
    );
  }, [shelf, asked, props.changes, attempts]);
  const more = (cursor: string): void => void attempt(async () => {
    const mine = newest.current;
    const page = await api.sessions(shelf.scope, { query: asked, archived: shelf.archived, cursor });
    if (mine !== newest.current) return;
    setListing((now) => (now.kind === 'ready' ? { kind: 'ready', items: [...now.items, ...page.items], next: page.nextCursor } : now));
  });
  return (
    <section aria-label="Sessions">
      <div class="list-head">
        <div class="segmented" role="group" aria-label="Which sessions">
          {SHELVES.map((each) => (
            <button key={each.id} type="button" aria-pressed={shelf.id === each.id} onClick={() => setShelf(each)}>{each.label}</button>
          ))}
        </div>
        <label class="search-field">
          <Icon name="search" />
          <input
            ref={props.search} type="search" placeholder="Search names and files  /" aria-label="Search sessions" data-testid="session-search" value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
        </label>
      </div>
      <Cards {...props} listing={listing} query={asked} emptyText={shelf.empty} onRetry={() => setAttempts(attempts + 1)} onMore={more} />
    </section>
  );
}

interface CardsProps extends ListProps {
  listing: Listing;
  query: string;
  emptyText: string;
  onRetry: () => void;
  onMore: (cursor: string) => void;
}

function Cards(props: CardsProps): JSX.Element {
  const { listing } = props;
  if (listing.kind === 'loading') {
    return <div class="session-grid" role="status" aria-label="Loading sessions">{[0, 1, 2].map((i) => <div key={i} class="session-card skeleton" />)}</div>;
  }
  if (listing.kind === 'failed') {
    const retry = <button type="button" class="button" onClick={props.onRetry}>Try again</button>;
    return <Empty icon="alert" title="The sessions could not be loaded" action={retry}>{listing.message}</Empty>;
  }
  if (listing.items.length === 0 && props.query !== '') return <Empty icon="search" title="Nothing found">No session matches “{props.query}”.</Empty>;
  if (listing.items.length === 0) return <Empty icon="terminal" title="No sessions here yet">{props.emptyText}</Empty>;
  return (
    <>
      <ul class="session-grid">
        {listing.items.map((session) => (
          <SessionCard
            key={session.id} session={session} me={props.me} onDelete={props.onDelete} onFork={props.onFork} onRename={props.onRename} onArchive={props.onArchive}
          />
        ))}
      </ul>
      {listing.next === null ? null : (
        <button type="button" class="button more" onClick={() => props.onMore(listing.next ?? '')}>Load more</button>
      )}
    </>
  );
}
