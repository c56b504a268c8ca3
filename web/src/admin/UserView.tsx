/** One account as an admin sees it: tier, rights, limits of its own, keys, invoices; and what can be done with it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { api, download } from '../api';
import { MonthList } from '../billing/MonthList';
import { KeyList } from '../keys/KeyList';
import type { Me } from '../types';
import { dateTime, exactMoney, micro } from '../ui/format';
import { type Live, useLive } from '../ui/live';
import { Facts, Link, PageHead, Section, Select } from '../ui/page';
import { Confirm } from '../ui/parts';
import { Loaded } from '../ui/table';
import { attempt, toast } from '../ui/toast';
import { adminApi, type UserChange } from './api';
import { LimitsForm } from './LimitsForm';
import { toPage } from './links';
import type { Account } from './types';
import { Standing } from './Users';
import { newsOf } from './news';

const LIVE_MS = 10_000;
const NEWS = newsOf('audit');

interface Question {
  title: string;
  text: string;
  action: string;
  change: UserChange;
  done: string;
}

export function UserView({ id, me }: { id: string; me: Me }): JSX.Element {
  const live = useLive(() => adminApi.user(id), id, LIVE_MS, NEWS);
  return <Loaded live={live} what="user">{(user) => <Shown user={user} own={user.id === me.user.id} live={live} />}</Loaded>;
}

function Shown({ user, own, live }: { user: Account; own: boolean; live: Live<Account> }): JSX.Element {
  const [question, setQuestion] = useState<Question | null>(null);
  const tiers = useLive(adminApi.tiers, '');
  const change = async (wanted: UserChange, done: string): Promise<void> => {
    if (await attempt(() => adminApi.changeUser(user.id, wanted))) toast(`${user.id} ${done}`);
    await live.reload();
  };
  const suspend: Question = user.suspended
    ? { title: `Let ${user.id} in again?`, text: 'Keys and sign-ins of the account hold again.', action: 'Let in again', change: { suspended: false }, done: 'may come in again' }
    : { title: `Suspend ${user.id}?`, text: 'Keys, open sessions and runs of the account end within a second, on every node, until you let it in again.', action: 'Suspend', change: { suspended: true }, done: 'is suspended' };
  const admin: Question = user.admin
    ? { title: `Take the admin right from ${user.id}?`, text: 'These pages are closed to the account at once.', action: 'Take it away', change: { admin: false }, done: 'is no admin any more' }
    : { title: `Make ${user.id} an admin?`, text: 'The account sees and changes everything that these pages hold.', action: 'Make admin', change: { admin: true }, done: 'is an admin now' };
  return (
    <>
      <PageHead
        title={user.id} back={{ to: '/admin/users', label: 'Users' }}
        actions={own ? undefined : (
          <>
            <button type="button" class="button" onClick={() => setQuestion(admin)}>{user.admin ? 'Take admin right' : 'Make admin'}</button>
            <button type="button" class={user.suspended ? 'button' : 'button button-danger'} onClick={() => setQuestion(suspend)}>{suspend.action}</button>
          </>
        )}
      >
        {user.name} <Standing user={user} /> {own ? 'This is you: another admin can suspend this account or take its right.' : ''}
      </PageHead>
      <Section title="Account">
        <Facts
          of={[
            ['This month', exactMoney(micro(user.costThisMonth))],
            ['Own budget a month', user.budget === null ? 'none' : exactMoney(micro(user.budget))],
            ['Since', dateTime(user.createdAt)],
            ['Runs', <Link class="in-link" to={toPage('runs', { userId: user.id })}>of this user</Link>],
            ['Sessions', <Link class="in-link" to={toPage('sessions', { q: user.id })}>{user.sessions} owned</Link>],
            ['Security', <Link class="in-link" to={toPage('security', { userId: user.id })}>events of this user</Link>],
            ['On record', <Link class="in-link" to={toPage('audit', { userId: user.id })}>acts of this user</Link>],
          ]}
        />
        <div class="inline-form">
          <Select label="Tier" value={user.tier} options={(tiers.data ?? [{ name: user.tier }]).map(({ name }) => [name, name])} onChange={(tier) => void change({ tier }, `is in tier ${tier} now`)} />
          <p class="hint">Holds at once, on open sessions too.</p>
        </div>
      </Section>
      <Section title="Limits of its own"><LimitsForm limits={user.limits} onSave={(limits) => change({ limits }, 'has the limits as set')} /></Section>
      <Keys user={user} />
      <Section title="Invoices"><Months userId={user.id} /></Section>
      {question === null ? null : (
        <Confirm title={question.title} text={question.text} action={question.action} harmless={question.change.suspended === false} onClose={() => setQuestion(null)} onYes={() => change(question.change, question.done)} />
      )}
    </>
  );
}

function Keys({ user }: { user: Account }): JSX.Element {
  const live = useLive(() => adminApi.keys(user.id), user.id, LIVE_MS, NEWS);
  return (
    <Section title="Keys">
      <Loaded live={live} what="keys">
        {(keys) => <KeyList keys={keys} empty="This account has no keys" owner={user.id} onRevoke={(key) => adminApi.revokeKey(user.id, key.id)} onRevoked={live.reload} />}
      </Loaded>
    </Section>
  );
}

function Months({ userId }: { userId: string }): JSX.Element {
  const live = useLive(() => api.invoices(userId), userId);
  return (
    <Loaded live={live} what="invoices">
      {(months) => <MonthList months={months} onDownload={(id, accept, name) => void attempt(() => download(api.invoiceUrl(id, userId), accept, name))} />}
    </Loaded>
  );
}
