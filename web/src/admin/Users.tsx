/** The accounts, found by id or name. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ago, count, exactMoney, micro } from '../ui/format';
import { usePaged } from '../ui/live';
import { PageHead, Search, Status } from '../ui/page';
import { useSettled } from '../ui/settled';
import { List, Loaded } from '../ui/table';
import { adminApi } from './api';
import { asked, UserLink } from './links';
import { newsOf } from './news';
import type { Account } from './types';

const LIVE_MS = 10_000;
const NEWS = newsOf('audit');

export function Users(): JSX.Element {
  const [query, setQuery] = useState(asked('q'));
  const [guests, setGuests] = useState(false);
  const q = useSettled(query.trim());
  const live = usePaged((cursor) => adminApi.users(q, guests, cursor), `${q} ${guests}`, LIVE_MS, NEWS);
  return (
    <>
      <PageHead title="Users" />
      <div class="filters">
        <label class="check"><input type="checkbox" checked={guests} onChange={(event) => setGuests(event.currentTarget.checked)} /> Guests too</label>
        <Search label="Id or name" value={query} onInput={setQuery} />
      </div>
      <Loaded live={live} what="users">
        {(page) => (
          <List
            label="Users" rows={page.items} id={(user) => user.id} more={live.more} empty={{ icon: 'users', title: 'No account matches' }}
            columns={[
              { title: 'Id', key: true, cell: (user) => <UserLink id={user.id} /> },
              { title: 'Name', cell: (user) => user.name || '–' },
              { title: 'Tier', cell: (user) => user.tier },
              { title: 'Standing', cell: (user) => <Standing user={user} /> },
              { title: 'Keys', figure: true, cell: (user) => count(user.tokens) },
              { title: 'Sessions', figure: true, cell: (user) => count(user.sessions) },
              { title: 'This month', figure: true, cell: (user) => exactMoney(micro(user.costThisMonth)) },
              { title: 'Since', cell: (user) => <span title={user.createdAt}>{ago(user.createdAt)}</span> },
            ]}
          />
        )}
      </Loaded>
    </>
  );
}

export function Standing({ user }: { user: Account }): JSX.Element {
  if (user.suspended) return <Status of="suspended" />;
  if (user.admin) return <Status of="admin" />;
  return <Status of="open" text={Object.keys(user.limits).length > 0 ? 'own limits' : 'as its tier'} />;
}
