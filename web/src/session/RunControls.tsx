/** Run and stop, and which file to begin with. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { languageById } from '../model/languages';
import { isDefault } from '../model/options';
import { CURRENT_FILE, type Session } from '../model/session';
import { Icon } from '../ui/icons';
import { MOD } from '../ui/keys';
import { lazy } from '../ui/lazy';
import { Spinner } from '../ui/parts';
import { attempt } from '../ui/toast';

const SHORTCUT = `${MOD}↵`;
const RunOptions = lazy<{ session: Session; onClose: () => void }>(() => import('./RunOptions').then((module) => module.RunOptions), <Spinner label="Loading" />);

export function RunControls({ session }: { session: Session }): JSX.Element {
  const { runs } = session;
  const [stopping, setStopping] = useState<string | null>(null);
  const run = runs.shown.value;
  void run?.revision.value; // subscribes to the run's progress
  const files = session.document.files.value;
  const entry = session.entry.value;
  const connected = session.document.connection.value.kind === 'connected';
  const live = run !== null && !run.over;
  const why = !session.mayRun.value
    ? 'You may watch this session, not run it'
    : session.executionsOff.value !== null ? session.executionsOff.value
    : !connected ? 'Not connected to the server' : entry === null ? 'There is no file to run' : null;
  const stop = async (): Promise<void> => {
    if (run === null) return;
    setStopping(run.id);
    if (!(await attempt(() => runs.cancel(run)))) setStopping(null);
  };
  return (
    <div class="run-controls">
      <label class="entry">
        <span class="visually-hidden">File to run</span>
        <select
          value={session.entryId.value} disabled={why !== null} title="The file to run"
          onChange={(event) => (session.entryId.value = event.currentTarget.value)}
        >
          <option value={CURRENT_FILE}>{entry === null || session.entryId.value !== CURRENT_FILE ? 'Current file' : entry.name}</option>
          <optgroup label="Always run">
            {files.filter((file) => languageById(file.language).runs).map((file) => <option key={file.id} value={file.id}>{file.name}</option>)}
          </optgroup>
        </select>
        <Icon name="chevron" size={14} />
      </label>
      {session.mayRun.value ? <Options session={session} /> : null}
      {live && session.mayRun.value ? (
        <button type="button" class="button button-stop" data-testid="stop" disabled={stopping === run.id || !connected} onClick={() => void stop()}>
          <Icon name="stop" size={14} /> {stopping === run.id ? 'Stopping…' : 'Stop'}
        </button>
      ) : (
        <button
          type="button" class="button button-run" data-testid="run" disabled={why !== null || runs.starting.value}
          title={why ?? `Run ${entry?.name ?? ''} (${SHORTCUT})`} aria-keyshortcuts="Control+Enter Meta+Enter" onClick={() => session.run()}
        >
          {runs.starting.value ? <Spinner /> : <Icon name="play" size={14} />} Run
          <kbd>{SHORTCUT}</kbd>
        </button>
      )}
    </div>
  );
}

const POPOVER_GAP_PX = 6;

/** The button that opens the options, in a popover under it. */
function Options({ session }: { session: Session }): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  const popover = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  useEffect(() => session.granting('options', () => popover.current?.showPopover()), [session]);
  const toggled = (event: { newState: string }): void => {
    const place = button.current?.getBoundingClientRect();
    if (event.newState === 'open' && place !== undefined && popover.current !== null) {
      popover.current.style.top = `${Math.round(place.bottom) + POPOVER_GAP_PX}px`;
      popover.current.style.right = `${Math.max(12, innerWidth - place.right - 60)}px`;
    }
    setOpen(event.newState === 'open');
  };
  const changed = !isDefault(session.options.value);
  const label = changed ? 'Run options (changed)' : 'Run options';
  return (
    <>
      <button
        type="button" ref={button} class={changed ? 'icon-button options-button options-changed' : 'icon-button options-button'} popovertarget="run-options"
        aria-label={label} title={label} aria-expanded={open} data-testid="run-options"
      >
        <Icon name="sliders" />
      </button>
      <div id="run-options" popover="auto" class="run-options" ref={popover} role="dialog" aria-label="Run options" onBeforeToggle={toggled}>
        {open ? <RunOptions session={session} onClose={() => popover.current?.hidePopover()} /> : null}
      </div>
    </>
  );
}
