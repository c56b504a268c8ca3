import { expect, it } from 'vitest';
import { changesOf, Playback, type PlaybackStep, stretches } from '../src/model/playback';

const step = (version: number, edits: PlaybackStep['edits'], more: Partial<PlaybackStep> = {}): PlaybackStep => ({
  version, at: '2026-01-01T00:00:00Z', actorId: 'ada', fileId: 'a', name: 'a.py', language: 'python', deleted: false, edits, ...more,
});

it('goes to any step from any other, over files that come and go', () => {
  const letters = Array.from({ length: 450 }, (_, index) => step(index + 1, [{ start: index, end: index, text: String.fromCharCode(97 + (index % 26)) }]));
  const steps = [...letters, step(451, [{ start: 0, end: 450, text: '😀b' }]), step(452, [{ start: 1, end: 2, text: 'c' }]), step(453, [], { deleted: true })];
  const film = new Playback(steps);
  const text = (): string | undefined => film.files.get('a')?.text;
  film.go(3);
  expect(text()).toBe('abc');
  film.go(452);
  expect(text()).toBe('😀c');
  film.go(401);
  expect(text()).toHaveLength(401);
  film.go(2);
  expect(text()).toBe('ab');
  film.go(9999);
  expect([film.at, text()]).toEqual([453, undefined]);
  film.go(0);
  expect([film.step, film.files.size]).toEqual([null, 0]);
});

it('edits count code points, the editor counts units', () => {
  expect(changesOf('😀😀x', [{ start: 2, end: 3, text: 'y' }, { start: 0, end: 1, text: '' }])).toEqual([
    { from: 0, to: 2, insert: '' },
    { from: 4, to: 5, insert: 'y' },
  ]);
});

it('tells who was at work when', () => {
  const steps = [step(1, []), step(2, []), step(3, [], { actorId: 'bo' }), step(4, [])];
  expect(stretches(steps)).toEqual([{ actorId: 'ada', from: 0, to: 50 }, { actorId: 'bo', from: 50, to: 75 }, { actorId: 'ada', from: 75, to: 100 }]);
  expect(stretches(steps, 2)).toHaveLength(2);
  expect(stretches([])).toEqual([]);
});
