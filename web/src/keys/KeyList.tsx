/** The keys of an account, one's own or, for admins, somebody's; each can be revoked after a question. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Key } from '../types';
import { dateTime, exactMoney, micro, some } from '../ui/format';
import { Confirm } from '../ui/parts';
import { List } from '../ui/table';
import { attempt, toast } from '../ui/toast';

interface Props {
  keys: readonly Key[];
  empty: string;
  /** Whose they are, where they are not one's own. */
  owner?: string;
  onRevoke: (key: Key) => Promise<unknown>;
  onRevoked: () => Promise<void>;
}

const named = (key: Key): string => key.name || `${key.prefix}…`;

function limitsOf({ budget, runsPerMinute, concurrentRuns }: Key): string[] {
  const limits = [
    budget === null ? '' : `${exactMoney(micro(budget))} a month`,
    runsPerMinute === null ? '' : `${some(runsPerMinute, 'run')} a minute`,
    concurrentRuns === null ? '' : `${concurrentRuns} at once`,
  ].filter((limit) => limit !== '');
  return limits.length === 0 ? ['–'] : limits;
}

export function KeyList({ keys, empty, owner, onRevoke, onRevoked }: Props): JSX.Element {
  const [revoking, setRevoking] = useState<Key | null>(null);
  return (
    <>
      <List
        label="Keys" rows={keys} id={(key) => key.id} empty={{ icon: 'key', title: empty }}
        columns={[
          { title: 'Name', key: true, cell: (key) => key.name || '–' },
          { title: 'Begins with', cell: (key) => <code>{key.prefix}…</code> },
          { title: 'For', cell: (key) => key.scopes.join(', ') || 'everything' },
          { title: 'Agent', cell: (key) => key.agent ?? '–' },
          { title: 'Made', cell: (key) => dateTime(key.createdAt) },
          { title: 'Ends', cell: (key) => (key.expiresAt === null ? 'never' : dateTime(key.expiresAt)) },
          { title: 'Limits', cell: (key) => limitsOf(key).map((limit) => <div key={limit}>{limit}</div>) },
          { title: 'Revoke', bare: true, cell: (key) => <button type="button" class="button button-small" aria-label={`Revoke ${named(key)}`} onClick={() => setRevoking(key)}>Revoke</button> },
        ]}
      />
      {revoking === null ? null : (
        <Confirm
          title={`Revoke the key “${named(revoking)}”${owner === undefined ? '' : ` of ${owner}`}?`} action="Revoke key" onClose={() => setRevoking(null)}
          text="Whoever uses it is refused at once; its open connections and runs end within a second. A key that was revoked cannot be brought back."
          onYes={async () => {
            if (await attempt(() => onRevoke(revoking))) toast(`Revoked “${named(revoking)}”`);
            await onRevoked();
          }}
        />
      )}
    </>
  );
}
