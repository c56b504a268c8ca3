/** The session's past: a timeline with authors, what changed, names, and the way back, which is a change like any other. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import type { Session } from '../model/session';
import { differences, type FileThen, type Step, stepsOf, type Version } from '../model/versions';
import { ago } from '../ui/format';
import { Icon } from '../ui/icons';
import { Confirm, Empty, IconButton, Modal, Spinner } from '../ui/parts';
import { attempt, toast } from '../ui/toast';
import { Differences } from './Differences';
import { FilmView } from './Film';

type Compare = 'before' | 'now' | 'film';
type Timeline = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; list: Version[]; next: number | null };
type Shown = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; version: number; then: FileThen[]; before: FileThen[] };

export function Versions({ session, onClose }: { session: Session; onClose: () => void }): JSX.Element {
  const { id } = session.info.value;
  const [timeline, setTimeline] = useState<Timeline>({ kind: 'loading' });
  const [chosen, setChosen] = useState<number | null>(null);
  const [compare, setCompare] = useState<Compare>('before');
  const [undoing, setUndoing] = useState<string | null>(null);
  const [restoring, setRestoring] = useState(false);
  const load = async (before: number | null = null): Promise<void> => {
    try {
      const page = await api.versions(id, before);
      setTimeline((now) => {
        const list = before === null || now.kind !== 'ready' ? page.items : [...now.list, ...page.items];
        return { kind: 'ready', list, next: page.nextBefore };
      });
      if (before === null) setChosen((now) => (now !== null && page.items.some(({ version }) => version === now) ? now : (page.items[0]?.version ?? null)));
    } catch (error) {
      if (before === null) setTimeline({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
      else throw error;
    }
  };
  useEffect(() => void load(), [id]);
  const steps = useMemo(() => (timeline.kind === 'ready' ? stepsOf(timeline.list) : []), [timeline]);
  const step = steps.find(({ version }) => version === chosen) ?? null;
  const restore = async (): Promise<void> => {
    if (chosen === null) return;
    if (!(await attempt(() => api.restoreVersion(id, chosen)))) return;
    toast(`Version ${chosen} is back. Nothing is lost: the versions since are still in the history.`);
    onClose();
  };
  const undo = async (): Promise<void> => {
    if (undoing === null) return;
    const done: unknown[] = [];
    if (!(await attempt(async () => void done.push(...(await api.undo(id, undoing)).files)))) return;
    toast(done.length === 0 ? 'There was nothing left to undo.' : `The changes by ${authors(session, [undoing])} are undone.`);
    setUndoing(null);
    await load();
  };
  return (
    <Modal label="History of versions" class="versions" onClose={onClose}>
      <header class="versions-head">
        <h2 tabIndex={-1} autofocus>History</h2>
        <span class="grow" />
        {session.mayEdit.value ? <NameForm sessionId={id} onNamed={() => void load()} /> : null}
        <IconButton icon="close" label="Close" onClick={onClose} />
      </header>
      {timeline.kind === 'loading' ? <div class="versions-state"><Spinner label="Loading the history" /></div> : null}
      {timeline.kind === 'failed' ? (
        <div class="versions-state">
          <Empty icon="alert" title="The history could not be loaded" action={<button type="button" class="button" onClick={() => void load()}>Try again</button>}>{timeline.message}</Empty>
        </div>
      ) : null}
      {timeline.kind === 'ready' && steps.length === 0 ? <div class="versions-state"><Empty icon="versions" title="Nothing has changed yet" /></div> : null}
      {timeline.kind === 'ready' && steps.length > 0 ? (
        <div class="versions-panes">
          <div class="timeline">
            <Slider steps={steps} chosen={chosen} onChoose={setChosen} />
            <StepList session={session} steps={steps} chosen={chosen} onChoose={setChosen} />
            {timeline.next === null ? null : (
              <button type="button" class="button button-small timeline-more" onClick={() => void attempt(() => load(timeline.next))}>Earlier versions</button>
            )}
          </div>
          <section class="version-shown" aria-label={`Version ${chosen ?? ''}`}>
            <div class="version-bar">
              <div class="segmented" role="group" aria-label="What to show">
                <button type="button" aria-pressed={compare === 'before'} onClick={() => setCompare('before')}>What changed</button>
                <button type="button" aria-pressed={compare === 'now'} onClick={() => setCompare('now')}>Since then</button>
                <button type="button" aria-pressed={compare === 'film'} data-testid="film-open" onClick={() => setCompare('film')}>Play</button>
              </div>
              <span class="grow" />
              {session.mayEdit.value && step?.actorIds.length === 1 ? (
                <button type="button" class="button" data-testid="undo-author" onClick={() => setUndoing(step.actorIds[0] ?? null)}>
                  Undo all changes by {authors(session, step.actorIds)}
                </button>
              ) : null}
              {session.mayEdit.value ? (
                <button type="button" class="button button-primary" data-testid="restore" disabled={chosen === null || chosen === steps[0]?.version} onClick={() => setRestoring(true)}>
                  <Icon name="history" /> Restore v{chosen}
                </button>
              ) : null}
            </div>
            {compare === 'film' ? <FilmView session={session} from={timeline.list.at(-1)?.version ?? 0} nameOf={(actorId) => authors(session, [actorId])} /> : null}
            {step === null || compare === 'film' ? null : <Changes key={`${step.version}-${step.first}`} session={session} step={step} compare={compare} />}
          </section>
        </div>
      ) : null}
      {undoing !== null ? (
        <Confirm
          title={`Undo all changes by ${authors(session, [undoing])}?`} action="Undo" harmless onYes={undo} onClose={() => setUndoing(null)}
          text="What they typed goes, what they deleted comes back, and everything that others wrote stays. That is a new change: the history keeps it all."
        />
      ) : null}
      {restoring ? (
        <Confirm
          title={`Bring back version ${chosen}?`} action="Restore" harmless onYes={restore} onClose={() => setRestoring(false)}
          text="The files become what they were then, for everybody here. That is a new change: everything since stays in the history."
        />
      ) : null}
    </Modal>
  );
}

function NameForm({ sessionId, onNamed }: { sessionId: string; onNamed: () => void }): JSX.Element {
  const [name, setName] = useState('');
  const save = (): void => void attempt(async () => {
    const { version } = await api.nameVersion(sessionId, name.trim());
    toast(`Version ${version} is named “${name.trim()}”`);
    setName('');
    onNamed();
  });
  return (
    <form class="version-name" onSubmit={(event) => (event.preventDefault(), name.trim() !== '' && save())}>
      <input value={name} maxLength={200} placeholder="Name the present version" aria-label="Name for the present version" onInput={(event) => setName(event.currentTarget.value)} />
      <button type="submit" class="button" disabled={name.trim() === ''}>Save</button>
    </form>
  );
}

interface ChoiceProps {
  steps: Step[];
  chosen: number | null;
  onChoose: (version: number) => void;
}

/** The same choice as the list, for going through time in one move; the newest is on the right. */
function Slider({ steps, chosen, onChoose }: ChoiceProps): JSX.Element {
  const at = Math.max(0, steps.findIndex(({ version }) => version === chosen));
  const step = steps[at];
  return (
    <input
      class="timeline-slider" type="range" min={0} max={steps.length - 1} value={steps.length - 1 - at} disabled={steps.length < 2} aria-label="Version"
      aria-valuetext={step === undefined ? '' : `Version ${step.version}, ${ago(step.createdAt)}`} data-testid="timeline-slider"
      onInput={(event) => {
        const next = steps[steps.length - 1 - Number(event.currentTarget.value)];
        if (next !== undefined) onChoose(next.version);
      }}
    />
  );
}

function StepList({ session, steps, chosen, onChoose }: ChoiceProps & { session: Session }): JSX.Element {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  return (
    <ol class="timeline-list" ref={list}>
      {steps.map((step) => (
        <li key={step.version}>
          <button type="button" class="timeline-step" data-testid="version" aria-current={step.version === chosen ? 'true' : undefined} onClick={() => onChoose(step.version)}>
            <span class="timeline-title">{step.name ?? authors(session, step.actorIds)}</span>
            <span class="faint">v{step.version}</span>
            <span class="timeline-when">{step.name === null ? '' : `${authors(session, step.actorIds)} · `}<time dateTime={step.createdAt} title={new Date(step.createdAt).toLocaleString()}>{ago(step.createdAt)}</time></span>
            {step.name === null ? null : <span class="tag tag-named">named</span>}
          </button>
        </li>
      ))}
    </ol>
  );
}

function authors(session: Session, ids: readonly string[]): string {
  const members = session.document.members.value;
  const names = ids.map((id) => (id === session.me.user.id ? 'You' : (members.find((member) => member.id === id)?.name ?? /^agent:(.+)@/.exec(id)?.[1] ?? id)));
  if (names.length === 0) return 'Unknown';
  return names.length <= 2 ? names.join(' and ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

/** The files that differ and the difference in the chosen one. */
function Changes({ session, step, compare }: { session: Session; step: Step; compare: Exclude<Compare, 'film'> }): JSX.Element {
  const { id } = session.info.value;
  const [shown, setShown] = useState<Shown>({ kind: 'loading' });
  const [attempts, setAttempts] = useState(0);
  useEffect(() => {
    let left = false;
    setShown({ kind: 'loading' });
    Promise.all([filesAt(id, step.version), step.first > 1 ? filesAt(id, step.first - 1) : []]).then(
      ([then, before]) => !left && setShown({ kind: 'ready', version: step.version, then, before }),
      (error: unknown) => !left && setShown({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      left = true;
    };
  }, [id, step.version, step.first, attempts]);
  const files = session.document.files.value;
  const found = useMemo(() => {
    if (shown.kind !== 'ready') return [];
    const now = files.map(({ id: each, name, language, text }) => ({ id: each, name, language, content: text.toString() }));
    return compare === 'before' ? differences(shown.before, shown.then) : differences(shown.then, now);
  }, [shown, compare, files]);
  if (shown.kind === 'loading') return <div class="versions-state"><Spinner label={`Loading version ${step.version}`} /></div>;
  if (shown.kind === 'failed') {
    const again = <button type="button" class="button" onClick={() => setAttempts(attempts + 1)}>Try again</button>;
    return <div class="versions-state"><Empty icon="alert" title="This version could not be loaded" action={again}>{shown.message}</Empty></div>;
  }
  return <Differences found={found} none={compare === 'now' ? 'The files are the same now' : 'No file is different'} />;
}

const KEPT_VERSIONS_MAX = 40;
const kept = new Map<string, Promise<FileThen[]>>();

/** The files of a version; what was cannot change, so going back and forth asks once. */
function filesAt(sessionId: string, version: number): Promise<FileThen[]> {
  const key = `${sessionId}/${version}`;
  let files = kept.get(key);
  if (files === undefined) {
    files = api.version(sessionId, version).then((answer) => answer.files);
    kept.set(key, files);
    files.catch(() => kept.delete(key));
    const oldest = kept.keys().next().value;
    if (kept.size > KEPT_VERSIONS_MAX && oldest !== undefined) kept.delete(oldest);
  }
  return files;
}
