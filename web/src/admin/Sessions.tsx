/** Everybody's sessions: found by name, id or owner, and by what they were put into. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { shownName } from '../model/filenames';
import { ago, bytes, count } from '../ui/format';
import { usePaged } from '../ui/live';
import { PageHead, Search, Segmented, Status } from '../ui/page';
import { useSettled } from '../ui/settled';
import { List, Loaded } from '../ui/table';
import { adminApi } from './api';
import { asked, SessionLink, UserLink } from './links';
import { newsOf } from './news';

const STATES = [
  { id: '', label: 'All' },
  { id: 'readOnly', label: 'Read-only' },
  { id: 'closed', label: 'Closed' },
  { id: 'archived', label: 'Archived' },
  { id: 'quarantined', label: 'Quarantined' },
  { id: 'deleted', label: 'Deleted' },
] as const;
export const STATE_NAMES: Record<string, string> = { open: 'open', readOnly: 'read-only', closed: 'closed', deleted: 'deleted' };
const LIVE_MS = 5_000;
const NEWS = newsOf('sessions', 'audit');

export function Sessions(): JSX.Element {
  const [state, setState] = useState<(typeof STATES)[number]['id']>('');
  const [query, setQuery] = useState(asked('q'));
  const q = useSettled(query.trim());
  const live = usePaged((cursor) => adminApi.sessions(q, state, cursor), `${q} ${state}`, LIVE_MS, NEWS);
  return (
    <>
      <PageHead title="Sessions" />
      <div class="filters">
        <Segmented label="Which sessions" options={STATES} value={state} onChange={setState} />
        <Search label="Name, id or owner" value={query} onInput={setQuery} />
      </div>
      <Loaded live={live} what="sessions">
        {(page) => (
          <List
            label="Sessions" rows={page.items} id={(session) => session.id} more={live.more}
            empty={{ icon: 'files', title: q === '' && state === '' ? 'There are no sessions yet' : 'No session matches' }}
            columns={[
              { title: 'Name', key: true, cell: (session) => <SessionLink id={session.id} name={shownName(session.name)} /> },
              { title: 'State', cell: (session) => <Status of={session.quarantined ? 'error' : session.state} text={[STATE_NAMES[session.state], session.quarantined ? 'quarantined' : '', session.archived ? 'archived' : '', session.isPublic ? 'public' : ''].filter((word) => word !== '').join(', ')} /> },
              { title: 'Owner', cell: (session) => <UserLink id={session.ownerId} /> },
              { title: 'Members', figure: true, cell: (session) => count(session.members) },
              { title: 'Open here', figure: true, cell: (session) => count(session.connectionsHere) },
              { title: 'Size', figure: true, cell: (session) => bytes(session.sizeBytes) },
              { title: 'Version', figure: true, cell: (session) => count(session.version) },
              { title: 'Active', cell: (session) => <span title={session.lastActivityAt}>{ago(session.lastActivityAt)}</span> },
            ]}
          />
        )}
      </Loaded>
    </>
  );
}
