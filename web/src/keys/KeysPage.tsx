/** One's own API keys: made for a program or an agent, shown once, and revoked. */
import '../styles/pages.css';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { moneyProblem } from '../admin/limits';
import { api, type NewKey } from '../api';
import type { Me } from '../types';
import { CopyButton } from '../ui/CopyButton';
import { useLive } from '../ui/live';
import { Field, PageHead, Section, Select } from '../ui/page';
import { Loaded } from '../ui/table';
import { attempt } from '../ui/toast';
import { TopBar } from '../ui/TopBar';
import { KeyList } from './KeyList';

const LIVE_MS = 15_000;
const DAY_MS = 86_400_000;
const PURPOSES = [['edit,run', 'edit and run'], ['run', 'run only'], ['propose,run', 'propose and run'], ['', 'everything that I may']] as const;
const LIFETIMES = [['30', '30 days'], ['90', '90 days'], ['365', 'a year'], ['0', 'until revoked']] as const;

export function KeysPage({ me }: { me: Me }): JSX.Element {
  const live = useLive(() => api.keys(), '', LIVE_MS);
  return (
    <div class="admin">
      <TopBar me={me} title="API keys" />
      <main class="admin-main admin-alone">
        <PageHead title="API keys">Programs and agents come in by a key, and act for you. Revoke a key that you do not know.</PageHead>
        <Section title="New key"><NewKeyForm onMade={live.reload} /></Section>
        <Section title="Your keys">
          <Loaded live={live} what="keys">
            {(keys) => <KeyList keys={keys} empty="You have no keys" onRevoke={(key) => api.revokeKey(key.id)} onRevoked={live.reload} />}
          </Loaded>
        </Section>
      </main>
    </div>
  );
}

const BLANK = { name: '', agent: '', scopes: 'edit,run', days: '90', budget: '' };

function NewKeyForm({ onMade }: { onMade: () => Promise<void> }): JSX.Element {
  const [fields, setFields] = useState(BLANK);
  const [token, setToken] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const set = (name: keyof typeof BLANK) => (value: string): void => setFields({ ...fields, [name]: value });
  const budget = fields.budget.trim();
  const error = budget === '' ? undefined : (moneyProblem(budget) ?? undefined);
  const make = async (): Promise<void> => {
    setBusy(true);
    await attempt(async () => {
      setToken((await api.makeKey(bodyOf(fields))).token);
      setFields(BLANK);
      await onMade();
    });
    setBusy(false);
  };
  return (
    <form class="form" onSubmit={(event) => (event.preventDefault(), void make())}>
      <div class="field-grid">
        <Field label="Name" value={fields.name} onInput={set('name')} hint="for yourself, to know it by" />
        <Field label="Agent" value={fields.agent} onInput={set('agent')} hint="blank: it acts under your own name" />
        <Select label="May" value={fields.scopes} options={PURPOSES} onChange={set('scopes')} />
        <Select label="For" value={fields.days} options={LIFETIMES} onChange={set('days')} />
        <Field label="Budget a month" unit="$" value={fields.budget} onInput={set('budget')} error={error} hint="blank: as your account" />
      </div>
      <div class="form-foot">
        <button type="submit" class="button button-primary" disabled={busy || error !== undefined}>Make a key</button>
      </div>
      {token === null ? null : (
        <div class="copy-row" role="status">
          <input readOnly value={token} aria-label="The new key" data-testid="new-key" onFocus={(event) => event.currentTarget.select()} />
          <CopyButton text={token} />
          <p class="hint link-once">Copy it now: it is not shown again. Whoever has it acts for you.</p>
        </div>
      )}
    </form>
  );
}

function bodyOf({ name, agent, scopes, days, budget }: typeof BLANK): NewKey {
  return {
    name: name.trim(),
    agent: agent.trim() === '' ? null : agent.trim(),
    scopes: scopes === '' ? [] : scopes.split(','),
    expiresAt: days === '0' ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString(),
    budget: budget.trim() === '' ? null : Number(budget),
  };
}
