/** The past of the session played step by step: a slider with who was at work, play and pause, and what each step typed. */
import { Compartment, EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, lineNumbers } from '@codemirror/view';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api, ApiError } from '../api';
import { languageSupport } from '../editor/support';
import { editorTheme } from '../editor/theme';
import { shownName } from '../model/filenames';
import { type Change, changesOf, type FileAt, Playback, type PlaybackStep, stretches } from '../model/playback';
import type { Session } from '../model/session';
import { IconButton, Empty, Spinner } from '../ui/parts';

const STEP_MS = 90;
const SPEEDS = [1, 4, 16];
const STEPS_MAX = 20_000;

type Film = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; playback: Playback; cut: boolean };

export function FilmView({ session, from, nameOf }: { session: Session; from: number; nameOf: (actorId: string) => string }): JSX.Element {
  const { id } = session.info.value;
  const [film, setFilm] = useState<Film>({ kind: 'loading' });
  useEffect(() => {
    let left = false;
    load(id, from).then(
      ({ playback, cut }) => {
        if (left) return;
        playback.go(Infinity);
        setFilm({ kind: 'ready', playback, cut });
      },
      (error: unknown) => !left && setFilm({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      left = true;
    };
  }, [id, from]);
  if (film.kind === 'loading') return <div class="versions-state"><Spinner label="Loading what was typed" /></div>;
  if (film.kind === 'failed') return <div class="versions-state"><Empty icon="alert" title="The past could not be loaded">{film.message}</Empty></div>;
  if (film.playback.steps.length === 0) return <div class="versions-state"><Empty icon="versions" title="Nothing has been typed yet" /></div>;
  return <Player playback={film.playback} cut={film.cut} nameOf={nameOf} colourOf={(actorId) => colourOf(session, actorId)} />;
}

/** All steps there are, from the first that is kept. */
async function load(id: string, first: number): Promise<{ playback: Playback; cut: boolean }> {
  const steps: PlaybackStep[] = [];
  let at = 0;
  let start = new Map<string, FileAt>();
  let page: Awaited<ReturnType<typeof api.playback>>;
  try {
    page = await api.playback(id, 0);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 410 || first <= 0) throw error;
    // Older history was let go: it begins with the files of the oldest version that is kept.
    at = first;
    start = new Map((await api.version(id, at)).files.map(({ id: file, name, language, content }) => [file, { name, language, text: content }]));
    page = await api.playback(id, at);
  }
  for (;;) {
    steps.push(...page.steps);
    if (page.next === null) return { playback: new Playback(steps, start), cut: false };
    if (steps.length >= STEPS_MAX) return { playback: new Playback(steps, start), cut: true };
    page = await api.playback(id, page.next);
  }
}

function colourOf(session: Session, actorId: string): string {
  if (actorId === session.me.user.id) return session.me.user.color;
  const known = session.document.members.peek().find((member) => member.id === actorId);
  if (known !== undefined) return known.color;
  let hash = 0;
  for (const char of actorId) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) | 0;
  return `hsl(${Math.abs(hash) % 360} 55% 48%)`;
}

interface PlayerProps {
  playback: Playback;
  cut: boolean;
  nameOf: (actorId: string) => string;
  colourOf: (actorId: string) => string;
}

function Player({ playback, cut, nameOf, colourOf }: PlayerProps): JSX.Element {
  const total = playback.steps.length;
  const [at, setAt] = useState(total);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(SPEEDS[0] ?? 1);
  const strip = useMemo(() => {
    const stops = stretches(playback.steps).map(({ actorId, from, to }) => `${colourOf(actorId)} ${from}% ${to}%`);
    return `linear-gradient(to right, ${stops.join(', ')})`;
  }, [playback]);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => setAt((now) => {
      if (now < total) return now + 1;
      setPlaying(false);
      return now;
    }), STEP_MS / speed);
    return () => clearInterval(timer);
  }, [playing, speed, total]);
  const toggle = (): void => {
    if (!playing && at >= total) setAt(0);
    setPlaying(!playing);
  };
  const step = playback.steps[at - 1] ?? null;
  const said = step === null ? 'Before the first change' : `${nameOf(step.actorId)} in ${shownName(step.name)}, version ${step.version}`;
  return (
    <div class="film">
      <div class="film-bar">
        <IconButton icon={playing ? 'pause' : 'play'} label={playing ? 'Pause' : 'Play what was typed'} testid="play" onClick={toggle} />
        <div class="film-slider">
          <input
            type="range" min={0} max={total} value={at} aria-label="Step" aria-valuetext={`Step ${at} of ${total}: ${said}`} data-testid="film-slider"
            onInput={(event) => (setPlaying(false), setAt(Number(event.currentTarget.value)))}
          />
          <div class="film-strip" style={{ background: strip }} aria-hidden="true" />
        </div>
        <button type="button" class="button button-small" aria-label={`Speed: ${speed} times`} onClick={() => setSpeed(SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? 1)}>{speed}×</button>
      </div>
      <p class="film-said" data-testid="film-said">
        {step === null ? null : <span class="here" style={{ '--who': colourOf(step.actorId) }} />}
        <span>{said}</span>
        {step === null ? null : <time class="faint" dateTime={step.at}>{new Date(step.at).toLocaleString()}</time>}
        {cut ? <span class="faint">Only the first {total.toLocaleString('en')} steps are shown.</span> : null}
      </p>
      <Screen playback={playback} at={at} colour={step === null ? 'transparent' : colourOf(step.actorId)} />
    </div>
  );
}

const setTyped = StateEffect.define<{ from: number; to: number }[]>();
const typed = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setTyped)) return Decoration.set(effect.value.filter(({ from, to }) => to > from).map(({ from, to }) => mark.range(from, to)));
    }
    return marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});
const mark = Decoration.mark({ class: 'film-typed' });

/** The file of the step as it was after it. */
function Screen({ playback, at, colour }: { playback: Playback; at: number; colour: string }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const shown = useRef<{ view: EditorView; fileId: string; language: Compartment; languageId: string } | null>(null);
  useEffect(() => {
    if (host.current === null) return;
    const language = new Compartment();
    const view = new EditorView({
      parent: host.current,
      state: EditorState.create({
        extensions: [
          lineNumbers(), editorTheme, typed, language.of([]), EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'The file at this step', tabindex: '0', 'data-testid': 'film' }),
        ],
      }),
    });
    shown.current = { view, fileId: '', language, languageId: '' };
    return () => view.destroy();
  }, []);
  useEffect(() => {
    const now = shown.current;
    if (now === null) return;
    playback.go(at);
    const { step } = playback;
    const fileId = step?.fileId ?? '';
    const file = playback.files.get(fileId);
    const text = file?.text ?? '';
    const before = now.view.state.doc.toString();
    const changes = step === null || now.fileId !== fileId ? null : changesOf(before, step.edits);
    const next = changes !== null && afterChanges(before, changes) === text ? changes : [{ from: 0, to: before.length, insert: text }];
    const ranges = step === null || step.deleted ? [] : insertedBy(step);
    const units = changesToUnits(text, ranges);
    now.view.dispatch({
      changes: next,
      effects: [setTyped.of(units), ...(units[0] === undefined ? [] : [EditorView.scrollIntoView(units[0].from, { y: 'nearest', yMargin: 60 })])],
    });
    now.fileId = fileId;
    const languageId = file?.language ?? '';
    if (languageId === now.languageId) return;
    now.languageId = languageId;
    void languageSupport(languageId).catch(() => []).then((support) => {
      if (now.languageId === languageId && shown.current === now) now.view.dispatch({ effects: now.language.reconfigure(support) });
    });
  }, [playback, at]);
  return <div class="diff film-screen" ref={host} style={{ '--who': colour }} />;
}

function afterChanges(text: string, changes: readonly Change[]): string {
  let result = '';
  let done = 0;
  for (const { from, to, insert } of changes) {
    result += text.slice(done, from) + insert;
    done = to;
  }
  return result + text.slice(done);
}

/** Where the texts of a step stand after it, in code points. */
function insertedBy(step: PlaybackStep): { start: number; end: number }[] {
  let shift = 0;
  return [...step.edits].sort((a, b) => a.start - b.start || a.end - b.end).map(({ start, end, text }) => {
    const length = [...text].length;
    const range = { start: start + shift, end: start + shift + length };
    shift += length - (end - start);
    return range;
  });
}

const changesToUnits = (text: string, ranges: readonly { start: number; end: number }[]): { from: number; to: number }[] =>
  changesOf(text, ranges.map((range) => ({ ...range, text: '' }))).map(({ from, to }) => ({ from, to }));
