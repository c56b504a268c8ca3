/** What is said about lines: entries to threads, and places that stay with their characters. */
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { Comments, locate, type Subject, subjectAt, threadsOf } from '../src/model/comments';
import { Output } from '../src/model/output';
import { marked } from '../src/session/OutputComments';

const ANN = { id: 'ann', name: 'Ann', kind: 'human' as const };

function texts(content: string): { here: Y.Text; there: Y.Text; sync: () => void } {
  const [a, b] = [new Y.Doc(), new Y.Doc()];
  const sync = (): void => {
    Y.applyUpdate(b, Y.encodeStateAsUpdate(a, Y.encodeStateVector(b)));
    Y.applyUpdate(a, Y.encodeStateAsUpdate(b, Y.encodeStateVector(a)));
  };
  a.getText('t').insert(0, content);
  sync();
  return { here: a.getText('t'), there: b.getText('t'), sync };
}

type FileSubject = Subject & { kind: 'file' };
const onLine = (text: Y.Text, from: number, to: number): FileSubject => subjectAt('f', text, from, to, text.toString().slice(from, to)) as FileSubject;

describe('the place of a thread', () => {
  it('stays with its line while others type, and is lost with the last of its characters', () => {
    const { here, there, sync } = texts('one\ntwo\n\nfour');
    const [two, empty] = [onLine(here, 4, 7), onLine(here, 8, 8)];
    there.insert(0, 'zero\n');
    there.insert(10, '!');
    sync();
    expect(here.toString()).toBe('zero\none\nt!wo\n\nfour');
    expect([locate(two, here), locate(empty, here)]).toEqual([9, 14]);
    there.delete(9, 2);
    sync();
    expect(locate(two, here)).toBe(9);
    there.delete(9, 2);
    sync();
    expect([locate(two, here), locate(empty, here)]).toEqual([null, 10]);
    expect(two.quote).toBe('two');
  });

  it('is found again when an undo types the line anew, also by those who did not undo', () => {
    const { here, there, sync } = texts('one\ntwo\n');
    const two = onLine(here, 4, 7);
    const undo = new Y.UndoManager(there, { captureTimeout: 0 });
    there.delete(4, 4);
    sync();
    expect(locate(two, here)).toBeNull();
    undo.undo();
    sync();
    expect([locate(two, here), locate(two, there)]).toEqual([4, 4]);
    const one = onLine(here, 0, 3);
    there.delete(0, there.length);
    undo.undo();
    sync();
    expect([locate(one, here), locate(one, there)]).toEqual([0, 0]);
  });

  it('at the end of a text, in another text or of no client is no reason to fail', () => {
    const { here } = texts('one\n');
    expect(locate(onLine(here, 4, 4), here)).toBe(4);
    const place = { item: { client: 99, clock: 5 }, assoc: 0 as const };
    expect(locate({ kind: 'file', fileId: 'f', quote: 'x', start: place, end: place }, here)).toBeNull();
    expect(locate(onLine(here, 0, 3), texts('one\n').here)).toBeNull();
  });
});

describe('comments', () => {
  it('are said, answered, rephrased, settled and withdrawn, and one changes only one’s own', () => {
    const doc = new Y.Doc();
    const ann = new Comments(doc, () => ANN);
    const bot = new Comments(doc, () => ({ id: 'bot/1', name: 'Bot', kind: 'agent' }));
    const id = ann.start({ kind: 'output', executionId: 'e', line: 3, quote: 'NaN' }, 'why?');
    bot.reply(id, 'because');
    const [first, answer] = ann.threads.value[0]?.comments ?? [];
    if (first === undefined || answer === undefined) throw new Error('the thread is not there');
    expect([answer.author, answer.text]).toEqual([{ id: 'bot/1', name: 'Bot', kind: 'agent' }, 'because']);
    ann.rephrase(answer, 'mine');
    bot.rephrase(answer, '0/0');
    ann.settle(id, true);
    expect(ann.threads.value).toMatchObject([{ id, resolved: true, resolvedBy: 'Ann', subject: { line: 3 }, comments: [{ text: 'why?' }, { text: '0/0' }] }]);
    ann.withdraw(ann.threads.value[0] as never, first);
    expect(ann.threads.value).toMatchObject([{ id, subject: { line: 3 }, comments: [{ text: '0/0' }] }]);
    bot.withdraw(bot.threads.value[0] as never, answer);
    expect(bot.threads.value).toEqual([]);
  });

  it('are read from entries of any shape', () => {
    const said = { thread: 't', text: 'x', at: 1, name: 7, kind: 'root', on: { file: 'f', quote: 9, start: { item: { client: 'x' } }, end: null } };
    const odd: [string, unknown][] = [['t', 'x'], ['t/', null], ['a b/ann', said], ['x/ann', { ...said, thread: '<b>' }], ['y/ann', { ...said, text: {} }], ['z/ann', []]];
    expect(threadsOf(odd)).toEqual([]);
    expect(threadsOf([...odd, ['t/ann', said]])).toMatchObject([
      { subject: { fileId: 'f', quote: '', start: null }, resolved: false, comments: [{ author: { id: 'ann', name: 'ann', kind: 'human' }, at: 1 }] },
    ]);
  });
});

describe('lines of an output', () => {
  it('keep their numbers across chunks, colours and kinds', () => {
    const output = new Output();
    output.write('one\n\u001b[31mtwo\u001b[0m and\n', 'log');
    output.write('oops\n', 'stderr');
    for (let line = 4; line <= 500; line++) output.write(`line ${line}\n`, 'log');
    output.write('last', 'log');
    expect([1, 2, 3, 4, 250, 500, 501, 502].map((line) => output.line(line))).toEqual(['one', 'two and', 'oops', 'line 4', 'line 250', 'line 500', 'last', '']);
    expect(output.lastLine).toBe(501);
    expect(output.chunks.length).toBeGreaterThan(1);
  });

  it('are marked where they begin, whatever spans they are made of', () => {
    const span = (text: string) => ({ span: { text, style: null, kind: 'log' as const }, text });
    const pieces = marked([span('a\nb'), span('c\nd\n'), span('e')], 7, new Map([[8, { threadId: 't', count: 2 }], [10, { threadId: 'u', count: 1 }]]));
    expect(pieces.map((piece) => (piece.mark === null ? piece.text : piece.line))).toEqual(['a\n', 8, 'b', 'c\nd\n', 10, 'e']);
  });
});
