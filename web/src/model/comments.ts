/**
 * What is said about lines, as the shared document has it (docs/comments.md): read as threads, written as entries.
 * Anything may stand in a shared map, so every entry is checked; who wrote one is in its key, which the server sees to.
 */
import { type Signal, signal } from '@preact/signals';
import * as Y from 'yjs';

export const TEXT_CHARS_MAX = 4_000;
const COMMENTS_MAX = 1_000;
const QUOTE_CHARS_MAX = 400;
const RETURNED_LINES_MAX = 30;
const RETURNED_CHARS_MIN = 8;
const ID = /^[A-Za-z0-9_-]{1,64}$/;

export type Kind = 'human' | 'agent' | 'guest' | 'system';

export interface Author {
  id: string;
  name: string;
  kind: Kind;
}

export interface Comment {
  id: string;
  author: Author;
  text: string;
  at: number;
  edited: number | null;
}

interface Place {
  item: { client: number; clock: number };
  assoc: 0;
}

/** What a thread is about. */
export type Subject =
  | { kind: 'file'; fileId: string; quote: string; start: Place | null; end: Place | null }
  | { kind: 'output'; executionId: string; line: number; quote: string };

export interface Thread {
  id: string;
  subject: Subject | null;
  resolved: boolean;
  resolvedBy: string | null;
  comments: Comment[];
}

type Entry = Record<string, unknown>;

const isEntry = (value: unknown): value is Entry => value !== null && typeof value === 'object' && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** The threads that some entries make up, oldest first. */
export function threadsOf(entries: Iterable<[string, unknown]>): Thread[] {
  const threads = new Map<string, Thread>();
  const states = new Map<string, Entry>();
  for (const [key, value] of entries) {
    if (!isEntry(value)) continue;
    const slash = key.indexOf('/');
    if (slash < 0) {
      states.set(key, value);
      continue;
    }
    const [id, threadId] = [key.slice(0, slash), text(value['thread'])];
    if (!ID.test(id) || !ID.test(threadId) || typeof value['text'] !== 'string') continue;
    const thread = threads.get(threadId) ?? { id: threadId, subject: null, resolved: false, resolvedBy: null, comments: [] };
    threads.set(threadId, thread);
    if (id === threadId) thread.subject = subjectOf(value['on']);
    if (value['gone'] === true) continue;
    const kind = value['kind'];
    thread.comments.push({
      id,
      author: { id: key.slice(slash + 1), name: text(value['name']) || key.slice(slash + 1), kind: kind === 'agent' || kind === 'guest' || kind === 'system' ? kind : 'human' },
      text: value['text'].slice(0, TEXT_CHARS_MAX),
      at: number(value['at']) ?? 0,
      edited: number(value['edited']),
    });
  }
  const found = [...threads.values()].filter(({ comments }) => comments.length > 0);
  for (const thread of found) {
    thread.comments.sort((a, b) => Number(b.id === thread.id) - Number(a.id === thread.id) || a.at - b.at || (a.id < b.id ? -1 : 1));
    const state = states.get(thread.id);
    thread.resolved = state?.['resolved'] === true;
    thread.resolvedBy = thread.resolved ? text(state?.['name']) || null : null;
  }
  return found.sort((a, b) => (a.comments[0]?.at ?? 0) - (b.comments[0]?.at ?? 0) || (a.id < b.id ? -1 : 1));
}

function subjectOf(value: unknown): Subject | null {
  if (!isEntry(value)) return null;
  const quote = text(value['quote']).slice(0, QUOTE_CHARS_MAX);
  if (typeof value['file'] === 'string') {
    return { kind: 'file', fileId: value['file'], quote, start: placeOf(value['start']), end: placeOf(value['end']) };
  }
  const line = number(value['line']);
  return typeof value['execution'] === 'string' && line !== null ? { kind: 'output', executionId: value['execution'], line, quote } : null;
}

function placeOf(value: unknown): Place | null {
  const item = isEntry(value) ? value['item'] : null;
  if (!isEntry(item)) return null;
  const [client, clock] = [number(item['client']), number(item['clock'])];
  return client === null || clock === null ? null : { item: { client, clock }, assoc: 0 };
}

/** The stretch of a file's text that a new thread on a line (offsets of its beginning and end) is about. */
export function subjectAt(fileId: string, ytext: Y.Text, from: number, to: number, quote: string): Subject {
  const last = Math.max(to - 1, from); // an empty line is its line break
  const place = (at: number): Place | null =>
    at < ytext.length ? placeOf(Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(ytext, at, 0))) : null;
  const [start, end] = [place(from), place(last)];
  return { kind: 'file', fileId, quote: quote.slice(0, QUOTE_CHARS_MAX), start: end && start, end: start && end };
}

/** Where in a text a thread stands now; null when nothing is left of it. */
export function locate(subject: Subject & { kind: 'file' }, ytext: Y.Text): number | null {
  const doc = ytext.doc;
  if (doc === null) return null;
  if (subject.start === null || subject.end === null) return ytext.length;
  const [start, end] = [indexOf(subject.start, ytext, doc), indexOf(subject.end, ytext, doc)];
  if (start === null || end === null) return null;
  return start < end ? start : returned(ytext.toString(), start, subject.quote);
}

/**
 * A line whose characters are gone may be back: an undo types it anew, just before the place of what was deleted, with
 * what stood around it. Near by any line with its words is it, farther off only one that hardly stands there twice.
 */
function returned(content: string, at: number, quote: string): number | null {
  if (quote === '') return content[at] === '\n' ? at : null;
  let from = lineStart(content, at);
  for (let above = 0; above <= RETURNED_LINES_MAX; above++) {
    const next = content.indexOf('\n', from);
    const line = content.slice(from, next < 0 ? undefined : next);
    const near = above <= 1 || quote.trim().length >= RETURNED_CHARS_MIN;
    if (near && line.slice(0, QUOTE_CHARS_MAX) === quote) return from;
    if (from === 0) return null;
    from = lineStart(content, from - 1);
  }
  return null;
}

const lineStart = (content: string, at: number): number => (at <= 0 ? 0 : content.lastIndexOf('\n', at - 1) + 1);

function indexOf(place: Place, ytext: Y.Text, doc: Y.Doc): number | null {
  try {
    const found = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(place), doc);
    return found !== null && found.type === ytext ? found.index : null;
  } catch {
    return null; // somebody else's malformed place
  }
}

/** The comments of one session. Writing needs the right to edit; the server refuses what a view lets through by mistake. */
export class Comments {
  readonly threads: Signal<Thread[]> = signal([]);
  private readonly map: Y.Map<unknown>;
  private readonly changed = (): void => {
    this.threads.value = threadsOf(this.map.entries());
  };

  constructor(
    private readonly doc: Y.Doc,
    private readonly author: () => Author,
  ) {
    this.map = doc.getMap('comments');
    this.map.observe(this.changed);
    this.changed();
  }

  get full(): boolean {
    return this.map.size >= COMMENTS_MAX;
  }

  start(subject: Subject, words: string): string {
    const id = newId();
    const { quote } = subject;
    const on = subject.kind === 'output'
      ? { execution: subject.executionId, line: subject.line, quote }
      : { file: subject.fileId, quote, ...(subject.start && subject.end ? { start: subject.start, end: subject.end } : {}) };
    this.say(id, id, words, { on });
    return id;
  }

  reply(threadId: string, words: string): void {
    this.say(newId(), threadId, words);
  }

  rephrase(comment: Comment, words: string): void {
    const [key, entry] = this.own(comment);
    if (entry !== null && words !== comment.text) this.map.set(key, { ...entry, text: words, edited: Date.now() });
  }

  /** Takes one's own comment away; the place of a thread stays as long as somebody answers in it. */
  withdraw(thread: Thread, comment: Comment): void {
    const [key, entry] = this.own(comment);
    if (entry === null) return;
    this.doc.transact(() => {
      if (comment.id === thread.id && thread.comments.length > 1) this.map.set(key, { ...entry, text: '', gone: true });
      else this.map.delete(key);
      if (thread.comments.length === 1) this.map.delete(thread.id);
    });
  }

  settle(threadId: string, resolved: boolean): void {
    const { id, name } = this.author();
    this.map.set(threadId, { resolved, by: id, name, at: Date.now() });
  }

  destroy(): void {
    this.map.unobserve(this.changed);
  }

  private say(id: string, threadId: string, words: string, more: Entry = {}): void {
    const { id: author, name, kind } = this.author();
    this.map.set(`${id}/${author}`, { thread: threadId, text: words.slice(0, TEXT_CHARS_MAX), at: Date.now(), name, kind, ...more });
  }

  private own(comment: Comment): [string, Entry | null] {
    const key = `${comment.id}/${comment.author.id}`;
    const entry = this.map.get(key);
    return [key, comment.author.id === this.author().id && isEntry(entry) ? entry : null];
  }
}

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, '0')).join('');
}
