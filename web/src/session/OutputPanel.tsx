/** The output side: the shown run with its state, its output, input, end and artifacts; and the history. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Run } from '../model/run';
import type { Session } from '../model/session';
import { copyText } from '../ui/clipboard';
import { ago, bytes, duration, money } from '../ui/format';
import { MOD, modHeld } from '../ui/keys';
import { lazy } from '../ui/lazy';
import { Empty, IconButton, Spinner } from '../ui/parts';
import { attempt, toast } from '../ui/toast';
import { History } from './History';
import { OutputText } from './OutputText';
import { Artifacts, RunError, RunRefusal, RunResult, saveAs } from './RunEnd';
import { StdinPrompt } from './StdinPrompt';

const AsItWas = lazy<{ run: Run; onClose: () => void }>(() => import('../versions/AsItWas').then((module) => module.AsItWas));
const Since = lazy<{ session: Session; run: Run; onClose: () => void }>(() => import('../versions/Since').then((module) => module.Since));

const WORDS: Record<Run['status'], string> = {
  queued: 'Waiting for a free place', running: 'Running', completed: 'Completed', failed: 'Failed', timeout: 'Out of time',
  memory: 'Out of memory', cancelled: 'Stopped', lost: 'Lost', refused: 'Not run',
};

export function OutputPanel({ session }: { session: Session }): JSX.Element {
  const { runs } = session;
  const run = runs.shown.value;
  void run?.revision.value; // subscribes to the run's progress
  const [historyOpen, setHistoryOpen] = useState(false);
  useEffect(() => session.granting('runs', () => setHistoryOpen(true)), [session]);
  const [wrap, setWrap] = useState(true);
  const [searching, setSearching] = useState(false);
  useEffect(() => session.granting('find-output', () => setSearching(true)), [session]);
  const copy = (): void => void attempt(async () => {
    await copyText(run?.output.text() ?? '');
    toast('Output copied');
  });
  return (
    <section
      class="output-pane" aria-label="Output"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && historyOpen) setHistoryOpen(false);
        if (!modHeld(event) || event.key.toLowerCase() !== 'f' || run === null || run.output.empty) return;
        event.preventDefault();
        setSearching(true);
      }}
    >
      <div class="pane-head">
        <h2>Output</h2>
        {run === null ? null : <RunState run={run} />}
        <span class="grow" />
        {run === null || run.output.empty ? null : (
          <>
            <IconButton icon="search" label={`Find in the output (${MOD}F)`} testid="find-output" pressed={searching} onClick={() => setSearching(!searching)} />
            <IconButton icon="wrap" label="Wrap long lines" pressed={wrap} onClick={() => setWrap(!wrap)} />
            <IconButton icon="copy" label="Copy output" onClick={copy} />
            <IconButton icon="download" label="Download output" onClick={() => saveAs(`${run.entry || 'output'}.txt`, new Blob([run.output.text()], { type: 'text/plain' }))} />
          </>
        )}
        <IconButton icon="history" label="Run history" testid="history" pressed={historyOpen} onClick={() => setHistoryOpen(!historyOpen)} />
      </div>
      {historyOpen ? <History session={session} onClose={() => setHistoryOpen(false)} /> : null}
      <Announcer run={run} />
      {run === null ? <NothingYet session={session} /> : <RunView key={run.id} session={session} run={run} wrap={wrap} searching={searching} onSearched={() => setSearching(false)} />}
    </section>
  );
}

function NothingYet({ session }: { session: Session }): JSX.Element {
  return (
    <div class="output" data-testid="output">
      <Empty icon="terminal" title="Nothing has run yet">
        {session.mayRun.value
          ? <>Press <b>Run</b> or <kbd>Ctrl</kbd> <kbd>↵</kbd>. Everybody here sees the output as it comes.</>
          : 'When somebody runs this session, you see the output as it comes.'}
      </Empty>
    </div>
  );
}

function RunState({ run }: { run: Run }): JSX.Element {
  return (
    <span class={`run-state run-${run.status}`} data-testid="run-status" data-status={run.status}>
      {run.over ? <span class="dot" aria-hidden="true" /> : <Spinner />}
      {run.prompt !== null ? 'Waiting for input' : WORDS[run.status]}
      {run.status === 'queued' && run.position !== null ? ` (${run.position})` : ''}
      {run.over || run.startedAt === null ? null : <Elapsed since={run.startedAt} />}
    </span>
  );
}

/** A running run's clock, by this device's time: the server's own figure comes with the end. */
function Elapsed({ since }: { since: number }): JSX.Element {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return <span class="faint">{(Math.max(0, now - since) / 1000).toFixed(1)} s</span>;
}

/** What a screen reader hears: beginnings and ends, not every line. */
function Announcer({ run }: { run: Run | null }): JSX.Element {
  const words = run === null ? '' : run.prompt !== null ? `The program asks: ${run.prompt}` : `${run.entry || 'Run'}: ${WORDS[run.status]}`;
  return <div class="visually-hidden" role="status" aria-live="polite">{words}</div>;
}

interface ViewProps {
  session: Session;
  run: Run;
  wrap: boolean;
  searching: boolean;
  onSearched: () => void;
}

function RunView({ session, run, wrap, searching, onSearched }: ViewProps): JSX.Element {
  void run.revision.value; // subscribes to the run's progress
  const { runs } = session;
  const [looking, setLooking] = useState<'since' | 'then' | null>(null);
  const who = run.actor === null ? '' : run.actor.id === session.me.user.id ? 'you' : run.actor.name;
  return (
    <>
      <div class="run-caption">
        <b>{run.entry || 'code'}</b>
        {who === '' ? null : <> by {who}</>}
        {run.startedAt === null ? null : <> · {ago(run.startedAt)}</>}
        {run.version === null ? null : <> · v{run.version}</>}
        {run.tier === '' ? null : <> · {run.tier}</>}
      </div>
      {run.over && run.version !== null && run.status !== 'refused' ? (
        <div class="run-actions">
          {session.mayRun.value ? <button type="button" class="place" data-testid="rerun" title="Run the files again as they were then" disabled={runs.starting.value} onClick={() => void runs.rerun(run)}>Run again</button> : null}
          <button type="button" class="place" data-testid="since" title="What changed in the files since this run" onClick={() => setLooking('since')}>Changes since</button>
          <button type="button" class="place" data-testid="as-it-ran" title="The files as this run had them" onClick={() => setLooking('then')}>Code as it was</button>
        </div>
      ) : null}
      {looking === 'since' ? <Since session={session} run={run} onClose={() => setLooking(null)} /> : null}
      {looking === 'then' ? <AsItWas run={run} onClose={() => setLooking(null)} /> : null}
      <OutputText session={session} run={run} wrap={wrap} searching={searching} onSearched={onSearched}>
        {run.refusal === null ? null : <RunRefusal session={session} refusal={run.refusal} />}
        {run.error === null ? null : <RunError session={session} error={run.error} />}
        {run.result === null ? null : <RunResult value={run.result.value} />}
        <Artifacts session={session} run={run} />
        {run.over && run.loaded && run.output.empty && run.error === null && run.result === null && run.refusal === null ? (
          <p class="output-none">The program printed nothing.</p>
        ) : null}
        {run.loaded || run.over ? null : <div class="output-none"><Spinner label="Loading output" /></div>}
      </OutputText>
      {run.prompt === null ? null : <StdinPrompt session={session} run={run} prompt={run.prompt} />}
      <Figures run={run} />
    </>
  );
}

function Figures({ run }: { run: Run }): JSX.Element | null {
  if (run.metrics === null || run.status === 'refused') return null;
  const { executionTime, memoryUsage, computeUnits, cost } = run.metrics;
  return (
    <dl class="figures" data-testid="figures">
      <div><dt>Time</dt><dd>{duration(executionTime)}</dd></div>
      <div><dt>Memory</dt><dd>{bytes(memoryUsage)}</dd></div>
      <div title={`${computeUnits} compute units`}><dt>Cost</dt><dd>{money(cost)}</dd></div>
      {run.exitCode === null ? null : <div><dt>Exit</dt><dd>{run.exitCode}</dd></div>}
    </dl>
  );
}
