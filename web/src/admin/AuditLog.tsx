/** Who did what, and whether the chain of the records is whole. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { count, dateTime } from '../ui/format';
import { Icon } from '../ui/icons';
import { usePaged } from '../ui/live';
import { Facts, PageHead, Search } from '../ui/page';
import { Dialog } from '../ui/parts';
import { useSettled } from '../ui/settled';
import { List, Loaded } from '../ui/table';
import { attempt } from '../ui/toast';
import { adminApi } from './api';
import { asked, UserLink } from './links';
import { newsOf } from './news';
import type { Act, Verdict } from './types';

const NEWS = newsOf('audit');

export function AuditLog(): JSX.Element {
  const [user, setUser] = useState(asked('userId'));
  const [action, setAction] = useState(asked('action'));
  const [subject, setSubject] = useState(asked('subject'));
  const [verdict, setVerdict] = useState<Verdict | 'busy' | null>(null);
  const [open, setOpen] = useState<Act | null>(null);
  const filter = useSettled(JSON.stringify({ userId: user.trim(), action: action.trim(), subject: subject.trim() }));
  const live = usePaged((before) => adminApi.audit(JSON.parse(filter), before), filter, 10_000, NEWS);
  const verify = async (): Promise<void> => {
    setVerdict('busy');
    if (!(await attempt(async () => setVerdict(await adminApi.verifyAudit())))) setVerdict(null);
  };
  return (
    <>
      <PageHead
        title="Audit log"
        actions={<button type="button" class="button" disabled={verdict === 'busy'} onClick={() => void verify()}><Icon name="shield" /> {verdict === 'busy' ? 'Verifying …' : 'Verify chain'}</button>}
      >
        Each record holds the hash of the one before it: what is changed or missing is found.
      </PageHead>
      {verdict === null || verdict === 'busy' ? null : <Judged verdict={verdict} />}
      <div class="filters">
        <Search label="Done by" value={user} onInput={setUser} />
        <Search label="Act, like tier.changed" value={action} onInput={setAction} />
        <Search label="Done to" value={subject} onInput={setSubject} />
      </div>
      <Loaded live={live} what="audit">
        {(page) => (
          <List
            label="Audit log" rows={page.items} id={(act) => String(act.id)} more={live.more} empty={{ icon: 'book', title: 'No act matches' }}
            columns={[
              { title: 'Act', key: true, cell: (act) => <button type="button" class="text-button" onClick={() => setOpen(act)}>{act.action}</button> },
              { title: 'By', cell: (act) => <UserLink id={act.actorId} /> },
              { title: 'To', cell: (act) => <span class="clip" title={act.subject}>{act.subject}</span> },
              { title: 'From', cell: (act) => act.origin || '–' },
              { title: 'At', cell: (act) => dateTime(act.at) },
              { title: 'No.', figure: true, cell: (act) => count(act.id) },
            ]}
          />
        )}
      </Loaded>
      {open === null ? null : (
        <Dialog title={`${open.action} (no. ${count(open.id)})`} onClose={() => setOpen(null)} wide>
          <Facts of={[['By', open.actorId], ['To', <code>{open.subject}</code>], ['From', open.origin || '–'], ['At', dateTime(open.at)], ['Hash', <code>{open.hash}</code>]]} />
          <pre class="json">{JSON.stringify(open.detail, null, 2)}</pre>
        </Dialog>
      )}
    </>
  );
}

function Judged({ verdict }: { verdict: Verdict }): JSX.Element {
  if (!verdict.ok) {
    return (
      <p class="notice notice-bad" role="alert">
        <Icon name="alert" /> <span>The chain is broken at record {verdict.brokenId}: {verdict.reason}. Keep the database as it is and compare it with a backup.</span>
      </p>
    );
  }
  return (
    <p class="notice notice-good" role="status">
      <Icon name="check" /> <span>The chain of {count(verdict.rows)} records is whole. Its end is <code>{verdict.head}</code>; noted down elsewhere, it proves that nothing before it was changed.</span>
    </p>
  );
}
