/** Everybody's runs: what runs and waits just now, and what ran; any of them can be stopped. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ago, bytes, duration, exactMoney, micro } from '../ui/format';
import { usePaged } from '../ui/live';
import { PageHead, Search, Segmented, Status } from '../ui/page';
import { Confirm, LanguageBadge } from '../ui/parts';
import { useSettled } from '../ui/settled';
import { List, Loaded } from '../ui/table';
import { attempt, toast } from '../ui/toast';
import { adminApi } from './api';
import { asked, SessionLink, UserLink } from './links';
import { newsOf } from './news';
import type { Run } from './types';

const STATES = [
  { id: 'running', label: 'Running' },
  { id: 'queued', label: 'Queued' },
  { id: 'recent', label: 'All' },
] as const;
type State = (typeof STATES)[number]['id'];
const LIVE_MS = 2_000;
const NEWS = newsOf('runs');

export function Runs(): JSX.Element {
  const [state, setState] = useState<State>(asked('state') === 'queued' ? 'queued' : asked('state') === 'running' ? 'running' : 'recent');
  const [user, setUser] = useState(asked('userId'));
  return (
    <>
      <PageHead title="Runs">What runs is stopped on whichever node it is, within a second.</PageHead>
      <div class="filters">
        <Segmented label="Which runs" options={STATES} value={state} onChange={setState} />
        <Search label="User id" value={user} onInput={setUser} />
      </div>
      <RunList state={state} userId={user.trim()} sessionId="" />
    </>
  );
}

/** Runs of everybody, of a user or in a session. */
export function RunList({ state, userId, sessionId }: { state: State; userId: string; sessionId: string }): JSX.Element {
  const user = useSettled(userId);
  const live = usePaged((cursor) => adminApi.runs(state, user, sessionId, cursor), `${state} ${user} ${sessionId}`, LIVE_MS, NEWS);
  const [stopping, setStopping] = useState<Run | null>(null);
  const stop = async (run: Run): Promise<void> => {
    await attempt(async () => toast((await adminApi.stopRun(run.id)).cancelled ? `Stopped ${run.entry}` : `${run.entry} was over already`));
    await live.reload();
  };
  return (
    <>
      <Loaded live={live} what="runs">
        {(page) => (
          <List
            label="Runs" rows={page.items} id={(run) => run.id} more={live.more}
            empty={{ icon: 'terminal', title: state === 'recent' ? 'Nothing has run yet' : `Nothing is ${state}`, text: 'This list keeps itself up to date.' }}
            columns={[
              { title: 'Program', key: true, cell: (run) => <span class="named"><LanguageBadge language={run.language} /> {run.entry}</span> },
              { title: 'Status', cell: (run) => <Status of={run.status} /> },
              { title: 'User', cell: (run) => <UserLink id={run.actor.id} name={run.actor.name || run.actor.id} /> },
              ...(sessionId !== '' ? [] : [{ title: 'Session', cell: (run: Run) => (run.sessionId === null ? '–' : <SessionLink id={run.sessionId} />) }]),
              { title: 'Tier', cell: (run) => run.tier },
              { title: 'Began', cell: (run) => <span title={run.createdAt}>{ago(run.createdAt)}</span> },
              { title: 'Time', figure: true, cell: (run) => duration(timeOf(run)) },
              { title: 'Memory', figure: true, cell: (run) => (run.metrics.memoryUsage === 0 ? '–' : bytes(run.metrics.memoryUsage)) },
              { title: 'Cost', figure: true, cell: (run) => exactMoney(micro(run.metrics.cost)) },
              { title: 'Node', cell: (run) => run.nodeId },
              {
                title: 'Stop', bare: true,
                cell: (run) => (run.finishedAt !== null || !['running', 'queued'].includes(run.status) ? null : (
                  <button type="button" class="button button-small" onClick={() => setStopping(run)} aria-label={`Stop ${run.entry} of ${run.actor.id}`}>Stop</button>
                )),
              },
            ]}
          />
        )}
      </Loaded>
      {stopping === null ? null : (
        <Confirm
          title={`Stop ${stopping.entry} of ${stopping.actor.name || stopping.actor.id}?`} action="Stop run" onClose={() => setStopping(null)} onYes={() => stop(stopping)}
          text={`It has run for ${duration(timeOf(stopping))}. Its process is killed; what it used until then is billed, and the act is on record.`}
        />
      )}
    </>
  );
}

const timeOf = (run: Run): number => (run.finishedAt === null && run.startedAt !== null ? Math.max(0, Date.now() - Date.parse(run.startedAt)) : run.metrics.executionTime);
