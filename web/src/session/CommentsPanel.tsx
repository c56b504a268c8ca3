/** What is said about lines: open and settled threads beside the editor, to read, answer, settle and begin. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Comment, type Subject, TEXT_CHARS_MAX, type Thread } from '../model/comments';
import { color } from '../model/colors';
import type { Placed } from '../model/discussion';
import { shownName } from '../model/filenames';
import type { Session } from '../model/session';
import { ago } from '../ui/format';
import { MOD } from '../ui/keys';
import { Avatar, Empty, IconButton } from '../ui/parts';
import { attempt, toastError } from '../ui/toast';

const PAUSE_MS = 400;

export function CommentsPanel({ session, onClose }: { session: Session; onClose: () => void }): JSX.Element {
  const { talk } = session;
  const [settled, setSettled] = useState(false);
  useMovingLines(session);
  const all = talk.placed(session.activeId.value);
  const shown = all.filter(({ thread }) => thread.resolved === settled);
  const asked = talk.shown.value;
  useEffect(() => {
    const wanted = all.find(({ thread }) => thread.id === asked);
    if (wanted !== undefined) setSettled(wanted.thread.resolved);
  }, [asked]);
  const draft = talk.draft.value;
  const counts = { open: all.filter(({ thread }) => !thread.resolved).length, settled: all.filter(({ thread }) => thread.resolved).length };
  return (
    <aside
      class="comments" aria-label="Comments" data-testid="comments"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return;
        event.preventDefault();
        onClose();
      }}
    >
      <div class="pane-head">
        <h2>Comments</h2>
        <span class="grow" />
        <IconButton icon="close" label="Close comments" onClick={onClose} />
      </div>
      <div class="comments-tabs segmented" role="group" aria-label="Which comments">
        <button type="button" aria-pressed={!settled} onClick={() => setSettled(false)}>Open ({counts.open})</button>
        <button type="button" aria-pressed={settled} onClick={() => setSettled(true)}>Resolved ({counts.settled})</button>
      </div>
      <div class="comments-list">
        {draft === null || !session.mayEdit.value ? null : <Draft key={draft.kind === 'output' ? draft.executionId : JSON.stringify(draft)} session={session} subject={draft} />}
        {shown.map((placed) => <ThreadCard key={placed.thread.id} session={session} placed={placed} />)}
        {shown.length === 0 && draft === null ? <Nothing session={session} settled={settled} /> : null}
      </div>
    </aside>
  );
}

/** Lines move while people type: places are looked up again when they pause. */
function useMovingLines(session: Session): void {
  const [, redraw] = useState(0);
  useEffect(() => {
    const { doc } = session.document;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const moved = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => redraw((count) => count + 1), PAUSE_MS);
    };
    doc.on('update', moved);
    return () => {
      clearTimeout(timer);
      doc.off('update', moved);
    };
  }, [session]);
}

function Nothing({ session, settled }: { session: Session; settled: boolean }): JSX.Element {
  if (settled) return <Empty icon="comment" title="Nothing is resolved yet" />;
  return (
    <Empty icon="comment" title="No open comments">
      {session.mayEdit.value ? <>Point beside a line number, or press <kbd>{MOD}</kbd> <kbd>Alt</kbd> <kbd>M</kbd> on a line.</> : 'What people say about lines stands here.'}
    </Empty>
  );
}

function where(session: Session, subject: Subject | null, at: number | null): { label: string; go: (() => void) | null } {
  if (subject === null) return { label: 'The place is not known', go: null };
  if (subject.kind === 'output') {
    const run = session.runs.list.value.find(({ id }) => id === subject.executionId);
    const show = run === undefined ? null : (): void => session.runs.show(run.id);
    return { label: `Output of ${run === undefined ? 'an earlier run' : shownName(run.entry) || 'a run'}, line ${subject.line}`, go: show };
  }
  const file = session.document.file(subject.fileId);
  if (file === undefined) return { label: 'A file that is deleted', go: null };
  if (at === null) return { label: `${shownName(file.name)}, a line that is gone`, go: () => session.open(file.id) };
  const line = lineAt(file.text.toString(), at);
  return { label: `${shownName(file.name)}, line ${line}`, go: () => session.goTo(file.name, line, null) };
}

function lineAt(text: string, at: number): number {
  let line = 1;
  for (let found = text.indexOf('\n'); found >= 0 && found < at; found = text.indexOf('\n', found + 1)) line += 1;
  return line;
}

function ThreadCard({ session, placed: { thread, at } }: { session: Session; placed: Placed }): JSX.Element {
  const { talk } = session;
  const card = useRef<HTMLElement>(null);
  const [answer, setAnswer] = useState('');
  const mayEdit = session.mayEdit.value;
  const place = where(session, thread.subject, at);
  const asked = talk.shown.value === thread.id;
  useEffect(() => {
    if (!asked) return;
    card.current?.scrollIntoView({ block: 'nearest' });
    card.current?.focus();
    talk.shown.value = null;
  }, [asked]);
  const reply = (): void => {
    if (answer.trim() === '' || isFull(session)) return;
    talk.comments.reply(thread.id, answer.trim());
    setAnswer('');
  };
  const orphaned = thread.subject?.kind === 'file' && at === null;
  return (
    <article class={thread.resolved ? 'thread thread-resolved' : 'thread'} ref={card} tabIndex={-1} aria-label={`Thread on ${place.label}`} data-testid="thread">
      <header class="thread-head">
        {place.go === null ? <span class="thread-place">{place.label}</span> : <button type="button" class="place thread-place" onClick={place.go}>{place.label}</button>}
        {orphaned ? <span class="tag" title="Nothing is left of the line that this is about">line gone</span> : null}
        <span class="grow" />
        {mayEdit ? (
          <button type="button" class="button button-small" data-testid="settle" onClick={() => talk.comments.settle(thread.id, !thread.resolved)}>
            {thread.resolved ? 'Reopen' : 'Resolve'}
          </button>
        ) : null}
      </header>
      {thread.subject === null || thread.subject.quote.trim() === '' ? null : <blockquote class="thread-quote">{thread.subject.quote.trim()}</blockquote>}
      <ol class="thread-comments">
        {thread.comments.map((comment) => <li key={comment.id}><CommentView session={session} thread={thread} comment={comment} /></li>)}
      </ol>
      {thread.resolved ? <p class="faint thread-note">Resolved{thread.resolvedBy === null ? '' : ` by ${thread.resolvedBy}`}</p> : null}
      {mayEdit && !thread.resolved ? (
        <Words label="Answer" action="Answer" value={answer} onInput={setAnswer} onSend={reply} />
      ) : null}
    </article>
  );
}

function CommentView({ session, thread, comment }: { session: Session; thread: Thread; comment: Comment }): JSX.Element {
  const { talk } = session;
  const [words, setWords] = useState<string | null>(null);
  const member = session.document.members.value.find(({ id }) => id === comment.author.id);
  const mine = talk.mine(comment.author.id);
  const mayEdit = session.mayEdit.value;
  const mayDelete = mayEdit && (mine || session.role.value === 'owner');
  const save = (): void => {
    if (words !== null && words.trim() !== '') talk.comments.rephrase(comment, words.trim());
    setWords(null);
  };
  // Another's words are taken away by the server, which knows who owns the session.
  const remove = (): void => {
    if (mine) talk.comments.withdraw(thread, comment);
    else void attempt(() => session.lane.request({ type: 'comment.delete', commentId: comment.id }));
  };
  return (
    <div class="comment" data-testid="comment">
      <div class="comment-head">
        <Avatar name={comment.author.name} color={color(member?.color)} agent={comment.author.kind === 'agent'} />
        <b class="comment-author">{comment.author.name}</b>
        {comment.author.kind === 'agent' ? <span class="tag">agent</span> : comment.author.kind === 'guest' ? <span class="tag">guest</span> : null}
        <time class="faint" dateTime={isoOf(comment.at)} title={isoOf(comment.at)}>{ago(comment.at)}{comment.edited === null ? '' : ' · edited'}</time>
        <span class="grow" />
        {mine && mayEdit ? <IconButton icon="pencil" label="Edit comment" onClick={() => setWords(comment.text)} /> : null}
        {mayDelete ? <IconButton icon="trash" label={mine ? 'Delete comment' : `Delete comment of ${comment.author.name}`} onClick={remove} /> : null}
      </div>
      {words === null ? <p class="comment-text">{comment.text}</p> : <Words label="Edit comment" action="Save" value={words} onInput={setWords} onSend={save} onCancel={() => setWords(null)} focus />}
    </div>
  );
}

function isoOf(at: number): string {
  return Math.abs(at) < 8.64e15 ? new Date(at).toISOString() : '';
}

function isFull(session: Session): boolean {
  if (session.talk.comments.full) toastError(new Error('This session has as many comments as it can keep. Delete some that are settled.'));
  return session.talk.comments.full;
}

function Draft({ session, subject }: { session: Session; subject: Subject }): JSX.Element {
  const { talk } = session;
  const [words, setWords] = useState('');
  const send = (): void => {
    if (words.trim() === '' || isFull(session)) return;
    const id = talk.comments.start(subject, words.trim());
    talk.draft.value = null;
    talk.shown.value = id;
  };
  const at = subject.kind === 'file' ? talk.placeOf(subject) : null;
  return (
    <div class="thread thread-draft" data-testid="comment-draft">
      <div class="thread-head"><span class="thread-place">{where(session, subject, at).label}</span></div>
      {subject.kind === 'output' ? <OutputLine session={session} subject={subject} /> : null}
      {subject.quote.trim() === '' ? null : <blockquote class="thread-quote">{subject.quote.trim()}</blockquote>}
      <Words label="New comment" action="Comment" value={words} onInput={setWords} onSend={send} onCancel={() => (talk.draft.value = null)} focus />
    </div>
  );
}

/** Which line of an output: by number for whoever has no pointer, with the words that stand there. */
function OutputLine({ session, subject }: { session: Session; subject: Subject & { kind: 'output' } }): JSX.Element {
  const run = session.runs.list.value.find(({ id }) => id === subject.executionId);
  const choose = (line: number): void => {
    if (Number.isInteger(line) && line > 0) session.talk.draft.value = { ...subject, line, quote: run?.output.line(line) ?? '' };
  };
  return (
    <label class="output-line">
      Line <input type="number" min={1} max={Math.max(1, run?.output.lastLine ?? 1)} value={subject.line} data-testid="output-line" onInput={(event) => choose(event.currentTarget.valueAsNumber)} />
    </label>
  );
}

interface WordsProps {
  label: string;
  action: string;
  value: string;
  onInput: (value: string) => void;
  onSend: () => void;
  onCancel?: () => void;
  focus?: boolean;
}

/** A field that sends on Ctrl+Enter; Escape leaves it. */
function Words({ label, action, value, onInput, onSend, onCancel, focus = false }: WordsProps): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  // Before anything is painted: what is typed from now on belongs here, not in the code.
  useLayoutEffect(() => {
    if (focus) field.current?.focus();
  }, []);
  return (
    <form class="words" onSubmit={(event) => (event.preventDefault(), onSend())}>
      <textarea
        ref={field} class="textarea" rows={value === '' && !focus ? 1 : 3} aria-label={label} placeholder={label} value={value} maxLength={TEXT_CHARS_MAX} data-testid="words"
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onSend();
          else if (event.key === 'Escape' && onCancel !== undefined) onCancel();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      {value.trim() === '' && onCancel === undefined ? null : (
        <div class="words-actions">
          <button type="submit" class="button button-small button-primary" disabled={value.trim() === ''}>{action}</button>
          {onCancel === undefined ? null : <button type="button" class="button button-small" onClick={onCancel}>Cancel</button>}
        </div>
      )}
    </form>
  );
}
