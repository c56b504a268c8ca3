import { describe, expect, it } from 'vitest';
import type { ExecutionEvent } from '../src/generated/events';
import { segments } from '../src/model/locations';
import { nameProblem, shownName } from '../src/model/filenames';
import { Run } from '../src/model/run';
import { statusLine } from '../src/model/status';

const output = (seq: number, text: string): ExecutionEvent => ({ type: 'execution.output', executionId: 'e', seq, stream: 'stdout', text });
const finished: ExecutionEvent = {
  type: 'execution.finished', executionId: 'e', status: 'completed', exitCode: 0, result: null, artifacts: [],
  metrics: { executionTime: 1, memoryUsage: 2, computeUnits: 3, cost: 0.00001 },
};
const run = (): Run => new Run('e', (task) => task());

describe('a run', () => {
  it('applies each output once and in order, however it arrives', () => {
    const it_ = run();
    for (const event of [output(1, 'a'), output(3, 'c'), output(1, 'a'), output(2, 'b'), output(3, 'c'), output(4, 'd')]) it_.apply(event);
    expect(it_.output.text()).toBe('abcd');
    expect(it_.gap).toBe(false);
  });

  it('knows that output is missing, and says so when the server did not keep it', () => {
    const it_ = run();
    it_.apply(output(1, 'a\n'));
    it_.apply(output(5, 'e\n'));
    expect(it_.gap).toBe(true);
    it_.settleGap();
    expect(it_.output.text()).toBe('a\n… some output was not kept …\ne\n');
  });

  it('tells a null result from none', () => {
    const withNull = run();
    withNull.apply(finished);
    expect(withNull.result).toEqual({ value: null });
    const without = run();
    const { result: _gone, ...rest } = finished as Extract<ExecutionEvent, { type: 'execution.finished' }>;
    without.apply(rest as ExecutionEvent);
    expect(without.result).toBeNull();
  });

  it('cannot be reopened by a late start or by an old row of the history', () => {
    const it_ = run();
    it_.apply(finished);
    it_.apply({ type: 'execution.started', executionId: 'e', actor: { id: 'u', name: 'U' }, language: 'javascript', entry: 'main.js', tier: 'basic', version: 1, startedAt: '2026-01-01T00:00:00.000Z' });
    it_.describe({ executionId: 'e', status: 'running' });
    expect(it_.status).toBe('completed');
  });

  it('waits for input until it prints again or ends', () => {
    const it_ = run();
    it_.apply({ type: 'execution.input', executionId: 'e', prompt: '> ' });
    expect(it_.prompt).toBe('> ');
    it_.apply(finished);
    expect(it_.prompt).toBeNull();
  });
});

describe('places in error text', () => {
  const names = new Set(['main.js', 'lib/a.py']);
  it('link to files of the session only', () => {
    const found = segments('at f (main.js:3:7)\n at x (node:internal.js:1:1) /etc/passwd.txt:3', names);
    expect(found.filter((part) => typeof part !== 'string')).toEqual([{ text: 'main.js:3:7', file: 'main.js', line: 3, column: 7 }]);
  });
  it('are found in Python tracebacks and below a working folder', () => {
    const found = segments('  File "/tmp/session/lib/a.py", line 12, in f', names);
    expect(found[1]).toMatchObject({ file: 'lib/a.py', line: 12 });
  });
});

describe('file names', () => {
  it('that leave the session, hide or collide are refused', () => {
    for (const name of ['', '/a', '../a', 'a//b', 'a/./b', 'a\u0000', 'a\u202eb', '__proto__', 'a\\b', ' a']) {
      expect(nameProblem(name, []), JSON.stringify(name)).not.toBeNull();
    }
    expect(nameProblem('a.js', ['a.js'])).not.toBeNull();
    expect(nameProblem('src/ünï.js', ['a.js'])).toBeNull();
  });
  it('that came anyway are shown with their hidden characters visible', () => {
    expect(shownName('a\u202ecod.js')).toBe('a\\u202ecod.js');
  });
});

describe('the status line', () => {
  it('is never good without a confirmed save on a live connection', () => {
    const saved = { kind: 'saved', version: 3 } as const;
    expect(statusLine({ kind: 'connected' }, saved, true, true).tone).toBe('good');
    for (const connection of [{ kind: 'connecting' }, { kind: 'reconnecting' }, { kind: 'closed', code: 4401, reason: '' }] as const) {
      expect(statusLine(connection, saved, true, true).tone).not.toBe('good');
    }
    for (const save of [{ kind: 'unknown' }, { kind: 'saving' }, { kind: 'failed', message: '' }, { kind: 'refused', message: '' }] as const) {
      expect(statusLine({ kind: 'connected' }, save, true, true).tone).not.toBe('good');
    }
    // The socket may seem open for long after the network has gone.
    expect(statusLine({ kind: 'connected' }, { kind: 'saving' }, false, true)).toMatchObject({ tone: 'warn', label: 'Offline · unsaved edits kept' });
  });
});
