/** Formatting as one small change: only what differs is written, so that others' cursors and edits stay where they are. */
import { diff } from '@codemirror/merge';
import { ChangeSet, type ChangeSpec } from '@codemirror/state';
import { formatted } from './formatters';

const LINES_IN_MESSAGE = 1;

/** The changes from a text to its formatted self, relative to that text; null when there is nothing to do. */
export async function formattingOf(language: string, text: string, tabSize: number): Promise<ChangeSet | null> {
  const after = await formatted(language, text, { tabSize });
  if (after === text) return null;
  const changes = diff(text, after).map(({ fromA, toA, fromB, toB }): ChangeSpec => ({ from: fromA, to: toA, insert: after.slice(fromB, toB) }));
  return ChangeSet.of(changes, text.length);
}

/** A formatter's complaint in one line: it draws the code below it. */
export function complaint(error: unknown): Error {
  const text = error instanceof Error ? error.message : String(error);
  return new Error(`It cannot be formatted: ${text.split('\n').slice(0, LINES_IN_MESSAGE).join(' ')}`);
}
