/** The panel of comments as the page shares it: what is open, what is being written, which thread is looked at. */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { Comments, locate, type Subject, subjectAt, type Thread } from './comments';
import type { SessionDocument, SessionFile } from './document';
import type { User } from '../types';

/** A thread as the panel lists it: with the place where it stands now. */
export interface Placed {
  thread: Thread;
  file: SessionFile | null;
  /** An offset in the file; null when the line is gone. */
  at: number | null;
}

export class Discussion {
  readonly comments: Comments;
  readonly open = signal(false);
  /** What a new thread is to be about. */
  readonly draft = signal<Subject | null>(null);
  /** The thread that was asked for, to be brought into view and given the focus. */
  readonly shown = signal<string | null>(null);
  readonly openCount: ReadonlySignal<number>;
  private kind: 'human' | 'agent' | 'guest' | 'system' = 'human';

  constructor(
    private readonly document: SessionDocument,
    private readonly user: User,
  ) {
    this.comments = new Comments(document.doc, () => ({ id: user.id, name: user.name, kind: this.kind }));
    this.openCount = computed(() => this.comments.threads.value.filter(({ resolved }) => !resolved).length);
  }

  /** As what the server knows this person. */
  speakAs(kind: unknown): void {
    if (kind === 'human' || kind === 'agent' || kind === 'guest' || kind === 'system') this.kind = kind;
  }

  mine(authorId: string): boolean {
    return authorId === this.user.id;
  }

  begin(subject: Subject): void {
    this.draft.value = subject;
    this.open.value = true;
  }

  beginAt(file: SessionFile, from: number, to: number): void {
    const text = file.text.toString();
    this.begin(subjectAt(file.id, file.text, from, to, text.slice(from, to)));
  }

  show(threadId: string): void {
    this.draft.value = null;
    this.open.value = true;
    this.shown.value = threadId;
  }

  close(): void {
    this.open.value = false;
    this.draft.value = null;
    this.shown.value = null;
  }

  /** The threads with their places; those of one file in the order of its text, after them what was said first. */
  placed(first: string | null): Placed[] {
    const all = this.comments.threads.value.map((thread): Placed => {
      const { subject } = thread;
      const file = subject?.kind === 'file' ? (this.document.file(subject.fileId) ?? null) : null;
      return { thread, file, at: file === null || subject?.kind !== 'file' ? null : locate(subject, file.text) };
    });
    const here = all.filter(({ file, at }) => file?.id === first && at !== null).sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
    return [...here, ...all.filter((one) => !here.includes(one))];
  }

  /** Where what is to be talked about stands now. */
  placeOf(subject: Subject & { kind: 'file' }): number | null {
    const file = this.document.file(subject.fileId);
    return file === undefined ? null : locate(subject, file.text);
  }

  /** What the editor shows beside the lines of a file: the open threads. */
  marks(file: SessionFile): { at: number; threadId: string; count: number }[] {
    return this.comments.threads.value.flatMap(({ id, subject, resolved, comments }) => {
      if (resolved || subject?.kind !== 'file' || subject.fileId !== file.id) return [];
      const at = locate(subject, file.text);
      return at === null ? [] : [{ at, threadId: id, count: comments.length }];
    });
  }

  /** The open threads on a run's output, by line (from 1). */
  onOutput(executionId: string): Map<number, { threadId: string; count: number }> {
    const lines = new Map<number, { threadId: string; count: number }>();
    for (const { id, subject, resolved, comments } of this.comments.threads.value) {
      if (resolved || subject?.kind !== 'output' || subject.executionId !== executionId) continue;
      const known = lines.get(subject.line);
      lines.set(subject.line, { threadId: known?.threadId ?? id, count: comments.length + (known?.count ?? 0) });
    }
    return lines;
  }

  destroy(): void {
    this.comments.destroy();
  }
}
