/** The runs of the session, newest first; choosing one shows its output. */
import type { JSX } from 'preact';
import type { Run } from '../model/run';
import type { Session } from '../model/session';
import { ago, duration, money } from '../ui/format';
import { Spinner } from '../ui/parts';

export function History({ session, onClose }: { session: Session; onClose: () => void }): JSX.Element {
  const { runs } = session;
  const list = runs.list.value;
  return (
    <div class="history" role="region" aria-label="Run history">
      {runs.historyFailed.value ? (
        <p class="history-note">The history could not be loaded. <button type="button" class="place" onClick={() => void runs.refresh()}>Try again</button></p>
      ) : null}
      {list.length === 0 && !runs.historyFailed.value ? <p class="history-note">No runs yet.</p> : null}
      <ul>
        {list.map((run) => (
          <li key={run.id}><Row run={run} shown={runs.shownId.value === run.id} onClick={() => (runs.show(run.id), onClose())} /></li>
        ))}
      </ul>
    </div>
  );
}

function Row({ run, shown, onClick }: { run: Run; shown: boolean; onClick: () => void }): JSX.Element {
  void run.revision.value; // subscribes to the run's progress
  return (
    <button type="button" class="history-row" aria-current={shown ? 'true' : undefined} data-testid="history-row" onClick={onClick}>
      <span class={`run-state run-${run.status}`}>{run.over ? <span class="dot" aria-hidden="true" /> : <Spinner />} {run.status}</span>
      <span class="history-entry">{run.entry || run.id}</span>
      <span class="history-who">{run.actor?.name ?? ''}{run.version === null ? '' : ` · v${run.version}`}</span>
      <span class="faint">{run.metrics === null ? '' : `${duration(run.metrics.executionTime)} · ${money(run.metrics.cost)}`}</span>
      <span class="faint">{run.startedAt === null ? '' : ago(run.startedAt, Date.now(), 'narrow')}</span>
    </button>
  );
}
