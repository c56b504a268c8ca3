/** Alerts and the rules that raise them: so many security events of a kind within so long. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ago, count, dateTime } from '../ui/format';
import { Icon } from '../ui/icons';
import { useLive } from '../ui/live';
import { Field, Link, PageHead, Section, Segmented, Select, Status } from '../ui/page';
import { Confirm, Dialog } from '../ui/parts';
import { List, Loaded } from '../ui/table';
import { attempt, toast } from '../ui/toast';
import { adminApi } from './api';
import { toPage } from './links';
import { kindName } from './Security';
import { newsOf } from './news';
import type { Alert, AlertRule, AlertRuleBody } from './types';

const NEWS = newsOf('alerts', 'audit');

const WHICH = [{ id: 'open', label: 'Open' }, { id: 'all', label: 'All' }] as const;
const NEW: AlertRuleBody = { kind: 'login_failed', threshold: 20, windowS: 60, quietS: 600, enabled: true };
const seconds = (value: number): string => (value % 3600 === 0 ? `${value / 3600} h` : value % 60 === 0 ? `${value / 60} min` : `${value} s`);

export function Alerts(): JSX.Element {
  const [which, setWhich] = useState<'open' | 'all'>('open');
  const live = useLive(() => adminApi.alerts(which === 'open'), which, 5_000, NEWS);
  const acknowledge = async (alert: Alert): Promise<void> => {
    if (await attempt(() => adminApi.acknowledge(alert.id))) toast(`Acknowledged ${kindName(alert.kind)}`);
    await live.reload();
  };
  return (
    <>
      <PageHead title="Alerts">An alert is raised when a rule’s events come too often, and is told to webhooks. Acknowledging says that you have seen it.</PageHead>
      <div class="filters"><Segmented label="Which alerts" options={WHICH} value={which} onChange={setWhich} /></div>
      <Loaded live={live} what="alerts">
        {(alerts) => (
          <List
            label="Alerts" rows={alerts} id={(alert) => alert.id} empty={{ icon: 'bell', title: which === 'open' ? 'No alert is open' : 'There was no alert yet' }}
            columns={[
              { title: 'Kind', key: true, cell: (alert) => <Link class="in-link" to={toPage('security', { kind: alert.kind })}>{kindName(alert.kind)}</Link> },
              { title: 'Events', figure: true, cell: (alert) => `${count(alert.count)} in ${seconds(alert.windowS)}` },
              { title: 'Allowed', figure: true, cell: (alert) => `< ${count(alert.threshold)}` },
              { title: 'When', cell: (alert) => <span title={alert.at}>{ago(alert.at)}</span> },
              {
                title: 'Seen', cell: (alert) => (alert.acknowledgedBy === null
                  ? <button type="button" class="button button-small" onClick={() => void acknowledge(alert)} aria-label={`Acknowledge ${kindName(alert.kind)}`}>Acknowledge</button>
                  : <span title={alert.acknowledgedAt === null ? '' : dateTime(alert.acknowledgedAt)}>by {alert.acknowledgedBy}</span>),
              },
            ]}
          />
        )}
      </Loaded>
      <Rules />
    </>
  );
}

function Rules(): JSX.Element {
  const live = useLive(adminApi.alertRules, '', 10_000, NEWS);
  const [editing, setEditing] = useState<{ id: string | null; rule: AlertRuleBody } | null>(null);
  const [removing, setRemoving] = useState<AlertRule | null>(null);
  const add = <button type="button" class="button" onClick={() => setEditing({ id: null, rule: NEW })}><Icon name="plus" /> New rule</button>;
  return (
    <Section title="Rules" actions={add}>
      <Loaded live={live} what="rules">
        {({ items }) => (
          <List
            label="Alert rules" rows={items} id={(rule) => rule.id} empty={{ icon: 'bell', title: 'There are no rules', text: 'Without one no alert is ever raised.' }}
            columns={[
              { title: 'Kind', key: true, cell: (rule) => kindName(rule.kind) },
              { title: 'Raised at', figure: true, cell: (rule) => `${count(rule.threshold)} in ${seconds(rule.windowS)}` },
              { title: 'Then quiet for', figure: true, cell: (rule) => seconds(rule.quietS) },
              { title: 'State', cell: (rule) => <Status of={rule.enabled ? 'ok' : 'open'} text={rule.enabled ? 'on' : 'off'} /> },
              {
                title: 'Change', bare: true, cell: (rule) => (
                  <span class="row-actions">
                    <button type="button" class="button button-small" aria-label={`Change the rule on ${kindName(rule.kind)}`} onClick={() => setEditing({ id: rule.id, rule })}>Change</button>
                    <button type="button" class="button button-small" aria-label={`Remove the rule on ${kindName(rule.kind)}`} onClick={() => setRemoving(rule)}>Remove</button>
                  </span>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      {editing === null ? null : <RuleForm {...editing} kinds={live.data?.kinds ?? [editing.rule.kind]} onClose={() => setEditing(null)} onDone={live.reload} />}
      {removing === null ? null : (
        <Confirm
          title={`Remove the rule on “${kindName(removing.kind)}”?`} text="No alert is raised by it any more. Alerts that it raised stay." action="Remove rule" onClose={() => setRemoving(null)}
          onYes={async () => {
            if (await attempt(() => adminApi.removeAlertRule(removing.id))) toast('Removed the rule');
            await live.reload();
          }}
        />
      )}
    </Section>
  );
}

function RuleForm({ id, rule, kinds, onClose, onDone }: { id: string | null; rule: AlertRuleBody; kinds: readonly string[]; onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [kind, setKind] = useState(rule.kind);
  const [enabled, setEnabled] = useState(rule.enabled);
  const [numbers, setNumbers] = useState({ threshold: String(rule.threshold), windowS: String(rule.windowS), quietS: String(rule.quietS) });
  const problem = (name: keyof typeof numbers, most: number): string | undefined => {
    const value = Number(numbers[name]);
    return Number.isInteger(value) && value >= 1 && value <= most ? undefined : `a whole number from 1 to ${count(most)}`;
  };
  const errors = { threshold: problem('threshold', 1_000_000), windowS: problem('windowS', 86_400), quietS: problem('quietS', 86_400) };
  const valid = Object.values(errors).every((error) => error === undefined);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const body: AlertRuleBody = { kind, enabled, threshold: Number(numbers.threshold), windowS: Number(numbers.windowS), quietS: Number(numbers.quietS) };
    if (!(await attempt(() => (id === null ? adminApi.addAlertRule(body) : adminApi.putAlertRule(id, body))))) return;
    toast('Saved the rule');
    onClose();
    await onDone();
  };
  const field = (name: keyof typeof numbers, label: string, unit?: string): JSX.Element => (
    <Field label={label} type="number" value={numbers[name]} error={errors[name]} onInput={(value) => setNumbers({ ...numbers, [name]: value })} {...(unit === undefined ? {} : { unit })} />
  );
  return (
    <Dialog title={id === null ? 'New rule' : 'Change rule'} onClose={onClose}>
      <form class="form" onSubmit={(event) => void save(event)}>
        <Select label="Events of the kind" value={kind} onChange={setKind} options={kinds.map((each) => [each, kindName(each)])} />
        {field('threshold', 'Raise an alert at', 'events')}
        {field('windowS', 'Within', 's')}
        {field('quietS', 'Then none for', 's')}
        <label class="switch-row">
          <span>Rule is on</span>
          <input type="checkbox" role="switch" checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />
        </label>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button button-primary" disabled={!valid}>Save rule</button>
        </div>
      </form>
    </Dialog>
  );
}
