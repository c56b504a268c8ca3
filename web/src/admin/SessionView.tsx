/** One session as an admin sees it: who is in it, what is stored of it and ran in it, and what can be done with it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { shownName } from '../model/filenames';
import { ago, bytes, count, dateTime, exactMoney, micro } from '../ui/format';
import { Icon } from '../ui/icons';
import { type Live, useLive } from '../ui/live';
import { Facts, Field, Link, PageHead, Section, Status } from '../ui/page';
import { Confirm, Dialog } from '../ui/parts';
import { List, Loaded, Table } from '../ui/table';
import { attempt, toast } from '../ui/toast';
import { adminApi } from './api';
import { SessionLink, toPage, UserLink } from './links';
import { RunList } from './Runs';
import { STATE_NAMES } from './Sessions';
import { newsOf } from './news';
import type { KeptSession } from './types';

const LIVE_MS = 5_000;
const NEWS = newsOf('sessions', 'audit');
type Act = 'readOnly' | 'closed' | 'open' | 'archive' | 'unarchive' | 'disconnect' | 'restore' | 'repair' | 'delete';

const ACTS: Record<Act, { label: string; done: string; text: string; harmless?: boolean; work: (id: string) => Promise<unknown> }> = {
  readOnly: {
    label: 'Make read-only', done: 'is read-only now', work: (id) => adminApi.changeSession(id, { state: 'readOnly' }),
    text: 'Its members, the owner too, may watch it and neither change nor run anything until you open it again. Runs that go on in it are ended.',
  },
  closed: {
    label: 'Close', done: 'is closed', work: (id) => adminApi.changeSession(id, { state: 'closed' }),
    text: 'It is out of everybody’s reach until you open it again: whoever is in it is sent out, and its runs are ended. Files, history, secrets and environments are kept.',
  },
  open: {
    label: 'Open again', done: 'is open again', harmless: true, work: (id) => adminApi.changeSession(id, { state: 'open' }),
    text: 'Its members get back what their roles allow.',
  },
  archive: {
    label: 'Archive', done: 'is archived', harmless: true, work: (id) => adminApi.changeSession(id, { archived: true }),
    text: 'It is left out of its members’ lists; whoever has its address goes on as before. Its owner can take it out of the archive.',
  },
  unarchive: {
    label: 'Take out of archive', done: 'is out of the archive', harmless: true, work: (id) => adminApi.changeSession(id, { archived: false }),
    text: 'Its members see it in their lists again.',
  },
  disconnect: {
    label: 'Send everybody out', done: 'is empty for now', work: adminApi.disconnectSession,
    text: 'Open connections are closed and runs in it are ended. Whoever may come in may come back at once; editors connect again by themselves.',
  },
  restore: {
    label: 'Restore', done: 'is back', harmless: true, work: adminApi.restoreSession,
    text: 'It comes back with its files, history, members and links. Its secrets and kept environments are gone for good.',
  },
  repair: {
    label: 'Repair', done: 'is repaired', work: adminApi.repairSession,
    text: 'What cannot be applied is taken out of its log and kept aside; then it can be edited again.',
  },
  delete: {
    label: 'Delete', done: 'is deleted', work: adminApi.deleteSession,
    text: 'It is gone for everybody in it at once, with its secrets and kept environments. An admin can bring back its files and history.',
  },
};

function actsOf(session: KeptSession): Act[] {
  if (session.state === 'deleted') return ['restore'];
  const state: Act[] = session.state === 'open' ? ['readOnly', 'closed', 'disconnect'] : session.state === 'readOnly' ? ['open', 'closed', 'disconnect'] : ['open'];
  return [...state, session.archived ? 'unarchive' : 'archive', ...(session.quarantined ? ['repair' as const] : []), 'delete'];
}

export function SessionView({ id }: { id: string }): JSX.Element {
  const live = useLive(() => adminApi.session(id), id, LIVE_MS, NEWS);
  return <Loaded live={live} what="session">{(session) => <Kept session={session} live={live} />}</Loaded>;
}

function Kept({ session, live }: { session: KeptSession; live: Live<KeptSession> }): JSX.Element {
  const [act, setAct] = useState<Act | null>(null);
  const [handing, setHanding] = useState(false);
  const name = shownName(session.name);
  const chosen = act === null ? null : ACTS[act];
  return (
    <>
      <PageHead
        title={name} back={{ to: '/admin/sessions', label: 'Sessions' }}
        actions={
          <>
            {session.state === 'deleted' || session.branchOf !== null ? null : <button type="button" class="button" onClick={() => setHanding(true)}>Hand over</button>}
            {actsOf(session).map((each) => (
              <button key={each} type="button" class={each === 'delete' ? 'button button-danger' : 'button'} onClick={() => setAct(each)}>{ACTS[each].label}</button>
            ))}
          </>
        }
      >
        <Status of={session.state} text={STATE_NAMES[session.state] ?? session.state} />{' '}
        {session.archived ? <Status of="archived" /> : null}{' '}
        {session.quarantined ? <Status of="error" text="quarantined" /> : null} {session.description}
      </PageHead>
      <Section title="About it">
        <Facts
          of={[
            ['Id', <code>{session.id}</code>],
            ...(session.branchOf === null ? [] : [['Branch of', <SessionLink id={session.branchOf} />] as const]),
            ['Owner', <UserLink id={session.ownerId} />],
            ['Visibility', session.isPublic ? 'public' : 'members only'],
            ['Version', count(session.version)],
            ['Stored', bytes(session.sizeBytes)],
            ['Last activity', <span title={session.lastActivityAt}>{ago(session.lastActivityAt)}</span>],
            ['Made', dateTime(session.createdAt)],
            ['Ends', session.expiresAt === null ? 'never' : dateTime(session.expiresAt)],
            ...(session.deletedAt === null ? [] : [['Deleted', dateTime(session.deletedAt)] as const]),
            ['Billed runs', count(session.billedRuns)],
            ['Cost of all runs', exactMoney(session.costMicroDollars)],
            ['Budget a month', session.budget === null ? 'none' : exactMoney(micro(session.budget))],
            ['On record', <Link class="in-link" to={toPage('audit', { subject: session.id })}>acts on this session</Link>],
          ]}
        />
      </Section>
      <Section title={`Members (${session.members.length})`}>
        <Table
          label="Members" rows={session.members} id={(member) => member.userId}
          columns={[
            { title: 'User', key: true, cell: (member) => <UserLink id={member.userId} name={member.name || member.userId} /> },
            { title: 'Id', cell: (member) => <code>{member.userId}</code> },
            { title: 'Role', cell: (member) => member.role },
          ]}
        />
      </Section>
      <Section title="Last changes">
        <List
          label="Last changes" rows={session.versions} id={(each) => String(each.version)} empty={{ icon: 'versions', title: 'Nothing was written yet' }}
          columns={[
            { title: 'Version', key: true, cell: (each) => count(each.version) },
            { title: 'Name', cell: (each) => each.name ?? '–' },
            { title: 'By', cell: (each) => each.actorIds.map((id) => <UserLink key={id} id={id} />) },
            { title: 'When', cell: (each) => <span title={each.at}>{ago(each.at)}</span> },
          ]}
        />
      </Section>
      <Section title="Runs"><RunList state="recent" userId="" sessionId={session.id} /></Section>
      {act === null || chosen === null ? null : (
        <Confirm
          title={`${chosen.label}: “${name}”?`} action={chosen.label} text={chosen.text} harmless={chosen.harmless ?? false} onClose={() => setAct(null)}
          onYes={async () => {
            if (await attempt(() => chosen.work(session.id))) toast(`“${name}” ${chosen.done}`);
            await live.reload();
          }}
        />
      )}
      {handing ? <HandOver session={session} onClose={() => setHanding(false)} onDone={live.reload} /> : null}
    </>
  );
}

function HandOver({ session, onClose, onDone }: { session: KeptSession; onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [to, setTo] = useState('');
  const [error, setError] = useState<string>();
  const name = shownName(session.name);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await adminApi.changeSession(session.id, { ownerId: to.trim() });
      toast(`“${name}” belongs to ${to.trim()} now`);
      onClose();
      await onDone();
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem));
    }
  };
  return (
    <Dialog title={`Hand over “${name}”`} onClose={onClose}>
      <form class="form" onSubmit={(event) => void submit(event)}>
        <p class="muted">{session.ownerId} stays as an editor. Who owns a session is in charge of its members and its budget.</p>
        <Field label="Id of the new owner" value={to} onInput={setTo} error={error} required />
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button button-primary" disabled={to.trim() === ''}><Icon name="share" /> Hand over</button>
        </div>
      </form>
    </Dialog>
  );
}
