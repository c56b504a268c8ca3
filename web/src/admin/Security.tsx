/** Security events: filtered by severity, kind, rule and actor, and followed to what was found. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ago, count, dateTime } from '../ui/format';
import { useLive, usePaged } from '../ui/live';
import { Facts, PageHead, Search, Select, Status } from '../ui/page';
import { Dialog } from '../ui/parts';
import { useSettled } from '../ui/settled';
import { List, Loaded, Table } from '../ui/table';
import { adminApi } from './api';
import { asked, SessionLink, UserLink } from './links';
import { newsOf } from './news';
import type { SecurityEvent } from './types';

const LIVE_MS = 5_000;
const NEWS = newsOf('security');
export const kindName = (kind: string): string => kind.replaceAll('_', ' ');

export function Security(): JSX.Element {
  const [severity, setSeverity] = useState(asked('severity'));
  const [kind, setKind] = useState(asked('kind'));
  const [rule, setRule] = useState(asked('rule'));
  const [user, setUser] = useState(asked('userId'));
  const [open, setOpen] = useState<SecurityEvent | null>(null);
  const rules = useLive(adminApi.alertRules, '');
  const filter = useSettled(JSON.stringify({ severity, kind, rule: rule.trim(), userId: user.trim() }));
  const live = usePaged((before) => adminApi.events(JSON.parse(filter), before), filter, LIVE_MS, NEWS);
  return (
    <>
      <PageHead title="Security events">Failed sign-ins, refusals, findings of scans and document faults. Alike ones in quick succession are one line with a count.</PageHead>
      <div class="filters">
        <Select label="Severity" hidden value={severity} onChange={setSeverity} options={[['', 'Any severity'], ['error', 'error'], ['warning', 'warning'], ['info', 'info']]} />
        <Select label="Kind" hidden value={kind} onChange={setKind} options={[['', 'Any kind'], ...(rules.data?.kinds ?? []).map((each) => [each, kindName(each)] as const)]} />
        <Search label="Rule of a scan" value={rule} onInput={setRule} />
        <Search label="User id" value={user} onInput={setUser} />
      </div>
      <Loaded live={live} what="security events">
        {(page) => (
          <List
            label="Security events" rows={page.items} id={(event) => String(event.id)} more={live.more} empty={{ icon: 'shield', title: 'No event matches' }}
            columns={[
              {
                title: 'Kind', key: true,
                cell: (event) => <button type="button" class="text-button" onClick={() => setOpen(event)}>{kindName(event.kind)}</button>,
              },
              { title: 'Severity', cell: (event) => <Status of={event.severity} /> },
              { title: 'Count', figure: true, cell: (event) => count(event.count) },
              { title: 'Actor', cell: (event) => (event.actorId === null ? '–' : <UserLink id={event.actorId} />) },
              { title: 'Subject', cell: (event) => <span class="clip" title={event.subject}>{event.subject || '–'}</span> },
              { title: 'From', cell: (event) => event.origin || '–' },
              { title: 'When', cell: (event) => <span title={event.at}>{ago(event.at)}</span> },
            ]}
          />
        )}
      </Loaded>
      {open === null ? null : <EventDetails event={open} onClose={() => setOpen(null)} />}
    </>
  );
}

function EventDetails({ event, onClose }: { event: SecurityEvent; onClose: () => void }): JSX.Element {
  const run = typeof event.detail['run'] === 'string' ? event.detail['run'] : null;
  const isSession = /^[0-9a-z]{8,}$/i.test(event.subject) && event.subject !== run && (event.kind === 'scan_finding' || event.kind.startsWith('document') || 'verb' in event.detail);
  return (
    <Dialog title={`${kindName(event.kind)} (${event.severity})`} onClose={onClose} wide>
      <Facts
        of={[
          ['When', dateTime(event.at)],
          ['Count', count(event.count)],
          ['Actor', event.actorId === null ? 'nobody signed in' : <UserLink id={event.actorId} />],
          ['From', event.origin || '–'],
          ['Subject', isSession ? <SessionLink id={event.subject} /> : <code>{event.subject || '–'}</code>],
          ['Node', event.nodeId],
          ...Object.entries(event.detail).map(([name, value]) => [name, <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>] as const),
        ]}
      />
      {run === null ? null : <Findings run={run} />}
    </Dialog>
  );
}

function Findings({ run }: { run: string }): JSX.Element {
  const live = useLive(() => adminApi.findings(run), run);
  return (
    <>
      <h3>What was found before run {run}</h3>
      <Loaded live={live} what="findings">
        {(findings) => (findings.length === 0 ? <p class="muted">Its findings are not kept any more.</p> : (
          <Table
            label="Findings" rows={findings} id={(finding) => `${finding.ruleId}:${finding.file}:${finding.line}`}
            columns={[
              { title: 'Rule', key: true, cell: (finding) => <code>{finding.ruleId}</code> },
              { title: 'Severity', cell: (finding) => <Status of={finding.severity} /> },
              { title: 'Where', cell: (finding) => `${finding.file}:${finding.line}` },
              { title: 'What', long: true, cell: (finding) => finding.message },
            ]}
          />
        ))}
      </Loaded>
    </>
  );
}
