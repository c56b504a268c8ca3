/** The pure parts behind run options, history, uploads and the palette. */
import { describe, expect, it } from 'vitest';
import { type Command, matching } from '../src/model/commands';
import { affordable, DEFAULT_OPTIONS, estimate, isDefault, parseOptions, requestOf, type Tier } from '../src/model/options';
import { freeName, readUploads } from '../src/model/upload';
import { differences, stepsOf, type Version } from '../src/model/versions';

const MB = 2 ** 20;
const TIERS: Tier[] = [
  { name: 'premium', pricePerSecond: 0.001, pricePerMb: 0.0001, maxTimeMs: 60_000, maxMemoryBytes: 512 * MB },
  { name: 'basic', pricePerSecond: 0.0001, pricePerMb: 0.00001, maxTimeMs: 10_000, maxMemoryBytes: 128 * MB },
  { name: 'standard', pricePerSecond: 0.0005, pricePerMb: 0.00005, maxTimeMs: 30_000, maxMemoryBytes: 256 * MB },
];

describe('run options', () => {
  it('cost at most all of their time and memory on the cheapest tier that covers them', () => {
    expect(estimate(TIERS, 'premium', DEFAULT_OPTIONS)).toEqual({ kind: 'cost', tier: 'basic', dollars: 0.001 });
    expect(estimate(TIERS, 'premium', { ...DEFAULT_OPTIONS, memoryMb: 200, timeoutMs: 20_000 })).toEqual({ kind: 'cost', tier: 'standard', dollars: 0.02 });
    expect(estimate(TIERS, 'premium', { ...DEFAULT_OPTIONS, tier: 'premium' })).toEqual({ kind: 'cost', tier: 'premium', dollars: 0.01 });
  });

  it('are refused above the account’s tier, and the estimate is never below the price', () => {
    expect(affordable(TIERS, 'standard').map(({ name }) => name)).toEqual(['basic', 'standard']);
    expect(estimate(TIERS, 'basic', { ...DEFAULT_OPTIONS, timeoutMs: 10_001 }).kind).toBe('refused');
    expect(estimate(TIERS, 'basic', { ...DEFAULT_OPTIONS, tier: 'standard' }).kind).toBe('refused');
    expect(estimate(TIERS, 'nothing', DEFAULT_OPTIONS).kind).toBe('refused');
    expect(estimate(TIERS, 'basic', { ...DEFAULT_OPTIONS, timeoutMs: 1, memoryMb: 1 })).toMatchObject({ dollars: 0.000011 });
  });

  it('say only what differs from the server’s own choice, and survive storage of any content', () => {
    expect(requestOf(DEFAULT_OPTIONS)).toEqual({});
    const options = { timeoutMs: 9_000, memoryMb: 64, tier: 'basic', stdin: 'a\n', keepEnvironment: true };
    expect(requestOf(options)).toEqual({ timeout: 9_000, memoryLimit: 64 * MB, tier: 'basic', stdin: 'a\n', persistEnvironment: true });
    expect(parseOptions(JSON.stringify(options))).toEqual(options);
    for (const text of [null, '', '{', 'null', '3', '{"timeoutMs":-1,"memoryMb":"x","tier":7,"stdin":[]}', '{"timeoutMs":1e400}']) {
      expect(isDefault(parseOptions(text))).toBe(true);
    }
  });
});

describe('history', () => {
  const at = (version: number, second: number, actorIds: string[], name: string | null = null): Version =>
    ({ version, createdAt: new Date(1_700_000_000_000 + second * 1000).toISOString(), actorIds, name });

  it('gathers what the same people did in one go, and keeps a named version apart', () => {
    const steps = stepsOf([at(7, 400, ['ada']), at(6, 200, ['ada']), at(5, 190, ['ada']), at(4, 180, ['ada'], 'good'), at(3, 170, ['ada']), at(2, 160, ['bob', 'ada']), at(1, 150, ['ada', 'bob'])]);
    expect(steps.map(({ version, first, name }) => [version, first, name])).toEqual([[7, 7, null], [6, 5, null], [4, 3, 'good'], [2, 1, null]]);
    expect(stepsOf([])).toEqual([]);
  });

  it('tells added, removed, changed and renamed files apart', () => {
    const file = (id: string, name: string, content: string) => ({ id, name, content, language: 'text' });
    const found = differences([file('1', 'same', 'x'), file('2', 'old', 'x'), file('3', 'gone', 'g'), file('4', 'edit', 'a')],
      [file('1', 'same', 'x'), file('2', 'new', 'x'), file('4', 'edit', 'b'), file('5', 'fresh', 'f')]);
    expect(found.map(({ name, change, wasNamed }) => [name, change, wasNamed])).toEqual([
      ['edit', 'changed', 'edit'], ['fresh', 'added', 'fresh'], ['gone', 'removed', 'gone'], ['new', 'renamed', 'old'],
    ]);
  });
});

describe('uploads', () => {
  it('take text under free names and say why the rest stays out', async () => {
    const blob = (content: BlobPart): Blob => new Blob([content]);
    const { texts, problems } = await readUploads(
      [
        { name: 'a.js', file: blob('one\r\ntwo') }, { name: 'a.js', file: blob('\ufeffx') }, { name: 'bad.bin', file: blob(new Uint8Array([0xff, 0xfe, 0])) },
        { name: '../up', file: blob('') }, { name: 'nul', file: blob('a\0b') }, { name: 'big', file: { size: 2 ** 30 } as Blob },
      ],
      ['a.js'],
    );
    expect(texts).toEqual([{ name: 'a 2.js', content: 'one\ntwo' }, { name: 'a 3.js', content: 'x' }]);
    expect(problems).toHaveLength(4);
  });

  it('find a free name before the ending of the last part', () => {
    const taken = new Set(['v1.2/readme', 'x.tar.gz', '.env']);
    expect(freeName('v1.2/readme', taken)).toBe('v1.2/readme 2');
    expect(freeName('x.tar.gz', taken)).toBe('x.tar 2.gz');
    expect(freeName('.env', taken)).toBe('.env 2');
    expect(freeName('free', taken)).toBe('free');
  });
});

describe('the palette', () => {
  const commands = ['New file…', 'Find and replace', 'Run main.py', 'main.py', 'Show earlier runs'].map((label): Command => ({ id: label, label, group: '', run: () => undefined }));
  const first = (query: string): string | undefined => matching(query, commands)[0]?.label;

  it('finds by whole words first, then by beginnings of words, and nothing where letters are missing', () => {
    expect(first('main')).toBe('main.py');
    expect(first('run')).toBe('Run main.py');
    expect(first('nf')).toBe('New file…');
    expect(first('far')).toBe('Find and replace');
    expect(first('zzz')).toBeUndefined();
    expect(matching('', commands)).toHaveLength(5);
  });
});
