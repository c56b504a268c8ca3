/** Home: one's own, shared and public sessions; create, search, import, fork, delete. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { api, type NewSession, type Scope } from '../api';
import { newSession, TEMPLATES } from '../model/templates';
import { languageById } from '../model/languages';
import { go } from '../router';
import type { Me, SessionInfo } from '../types';
import { Icon } from '../ui/icons';
import { Confirm, Empty, LanguageBadge } from '../ui/parts';
import { attempt, toast } from '../ui/toast';
import { TopBar } from '../ui/TopBar';
import { SessionCard } from './SessionCard';

const SCOPES: { id: Scope; label: string; empty: string }[] = [
  { id: 'mine', label: 'My sessions', empty: 'Pick a language above and start typing. Others join by link.' },
  { id: 'shared', label: 'Shared', empty: 'Sessions that others invite you to appear here.' },
  { id: 'public', label: 'Public', empty: 'Nobody has made a session public yet.' },
];

type Listing = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; items: SessionInfo[]; next: string | null };

export function Home({ me, onSignedOut }: { me: Me; onSignedOut: () => void }): JSX.Element {
  const [scope, setScope] = useState<Scope>('mine');
  const [listing, setListing] = useState<Listing>({ kind: 'loading' });
  const [query, setQuery] = useState('');
  const [busy, setBusy] = useState(false);
  const [deleting, setDeleting] = useState<SessionInfo | null>(null);
  const upload = useRef<HTMLInputElement>(null);

  const load = useCallback(async (wanted: Scope) => {
    setListing({ kind: 'loading' });
    try {
      const page = await api.sessions(wanted);
      setListing({ kind: 'ready', items: page.items, next: page.nextCursor });
    } catch (error) {
      setListing({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  }, []);
  useEffect(() => {
    document.title = 'Code sessions';
    void load(scope);
  }, [scope, load]);

  const more = async (cursor: string): Promise<void> => {
    const page = await api.sessions(scope, cursor);
    if (listing.kind === 'ready') setListing({ kind: 'ready', items: [...listing.items, ...page.items], next: page.nextCursor });
  };
  const enter = async (make: () => Promise<SessionInfo>): Promise<void> => {
    setBusy(true);
    await attempt(async () => go(`/s/${encodeURIComponent((await make()).id)}`));
    setBusy(false);
  };
  const create = (session: NewSession): Promise<void> => enter(() => api.createSession(session));
  const importZip = async (file: File): Promise<void> => {
    await enter(() => api.importSession(file, file.name.replace(/\.zip$/i, '')));
    if (upload.current !== null) upload.current.value = '';
  };
  const signOut = (): void => void attempt(async () => (await api.logout(), onSignedOut()));

  return (
    <div class="home">
      <TopBar me={me} onSignOut={signOut} />
      <main class="home-main">
        <section aria-labelledby="new-heading">
          <div class="section-head">
            <div>
              <h1 id="new-heading">Start something</h1>
              <p class="muted">A session is live from the first keystroke: share its address and edit and run together.</p>
            </div>
            <button type="button" class="button" disabled={busy} onClick={() => upload.current?.click()}>
              <Icon name="upload" /> Import zip
            </button>
            <input
              ref={upload} type="file" accept=".zip,application/zip" hidden aria-label="Zip file to import"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file !== undefined) void importZip(file);
              }}
            />
          </div>
          <div class="templates">
            {TEMPLATES.map((template) => (
              <button
                key={template.language} type="button" class="template" disabled={busy} data-testid="new-session"
                data-language={template.language} onClick={() => void create(newSession(template))}
              >
                <LanguageBadge language={template.language} />
                <span class="template-name">{languageById(template.language).label}</span>
                <span class="template-pitch">{template.pitch}</span>
              </button>
            ))}
          </div>
        </section>
        <section aria-label="Sessions">
          <div class="list-head">
            <div class="segmented" role="group" aria-label="Which sessions">
              {SCOPES.map(({ id, label }) => (
                <button key={id} type="button" aria-pressed={scope === id} onClick={() => setScope(id)}>{label}</button>
              ))}
            </div>
            <label class="search-field">
              <Icon name="search" />
              <input type="search" placeholder="Search" aria-label="Search sessions" value={query} onInput={(event) => setQuery(event.currentTarget.value)} />
            </label>
          </div>
          <Sessions
            listing={listing} query={query} me={me} emptyText={SCOPES.find(({ id }) => id === scope)?.empty ?? ''}
            onRetry={() => void load(scope)} onMore={(cursor) => void attempt(() => more(cursor))} onDelete={setDeleting}
            onFork={(session) => void enter(() => api.forkSession(session.id))}
          />
        </section>
      </main>
      {deleting === null ? null : (
        <Confirm
          title={`Delete “${deleting.name}”?`} action="Delete session" onClose={() => setDeleting(null)}
          text="Its files, runs and history will be gone for everybody in it. This cannot be undone."
          onYes={async () => {
            if (await attempt(() => api.deleteSession(deleting.id))) toast(`Deleted “${deleting.name}”`);
            await load(scope);
          }}
        />
      )}
    </div>
  );
}

interface SessionsProps {
  listing: Listing;
  query: string;
  me: Me;
  emptyText: string;
  onRetry: () => void;
  onMore: (cursor: string) => void;
  onDelete: (session: SessionInfo) => void;
  onFork: (session: SessionInfo) => void;
}

function Sessions(props: SessionsProps): JSX.Element {
  const { listing, me } = props;
  if (listing.kind === 'loading') {
    return <div class="session-grid" role="status" aria-label="Loading sessions">{[0, 1, 2].map((i) => <div key={i} class="session-card skeleton" />)}</div>;
  }
  if (listing.kind === 'failed') {
    const retry = <button type="button" class="button" onClick={props.onRetry}>Try again</button>;
    return <Empty icon="alert" title="The sessions could not be loaded" action={retry}>{listing.message}</Empty>;
  }
  const words = props.query.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const items = listing.items.filter((session) => {
    const text = [session.name, session.description, session.ownerId, ...(session.files ?? []).map((file) => file.name)].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
  if (listing.items.length === 0) return <Empty icon="terminal" title="No sessions here yet">{props.emptyText}</Empty>;
  if (items.length === 0) return <Empty icon="search" title="Nothing found">No session matches “{props.query}”.</Empty>;
  return (
    <>
      <ul class="session-grid">
        {items.map((session) => (
          <SessionCard key={session.id} session={session} me={me} onDelete={props.onDelete} onFork={props.onFork} />
        ))}
      </ul>
      {listing.next === null ? null : (
        <button type="button" class="button more" onClick={() => props.onMore(listing.next ?? '')}>Load more</button>
      )}
    </>
  );
}
