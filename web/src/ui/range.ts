/** A range of time: one of the usual ones or given by dates, and its steps filled up where nothing happened. */
const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export type Preset = '24h' | '7d' | '30d' | '90d' | 'custom';
export const PRESETS: readonly { id: Preset; label: string; ms: number }[] = [
  { id: '24h', label: '24 h', ms: DAY_MS },
  { id: '7d', label: '7 days', ms: 7 * DAY_MS },
  { id: '30d', label: '30 days', ms: 30 * DAY_MS },
  { id: '90d', label: '90 days', ms: 90 * DAY_MS },
  { id: 'custom', label: 'Dates', ms: 0 },
];

export interface Range {
  preset: Preset;
  /** Days in UTC, the last one included; used by `custom`. */
  from: string;
  to: string;
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export const rangeOf = (preset: Preset, now = Date.now()): Range => ({ preset, from: dayOf(now - 29 * DAY_MS), to: dayOf(now) });

/** [from, to) in milliseconds; null when the dates make no sense yet. */
export function boundsOf(range: Range, now = Date.now()): { from: number; to: number } | null {
  if (range.preset !== 'custom') {
    const ms = PRESETS.find((preset) => preset.id === range.preset)?.ms ?? DAY_MS;
    return { from: now - ms, to: now };
  }
  const from = Date.parse(`${range.from}T00:00:00Z`);
  const to = Date.parse(`${range.to}T00:00:00Z`) + DAY_MS;
  return Number.isFinite(from) && Number.isFinite(to) && from < to ? { from, to } : null;
}

/** A value for each step of [from, to), nothing where nothing happened: seconds and values, as a chart takes them. */
export function filled(points: readonly { at: string; value: number }[], from: number, to: number, step: 'hour' | 'day'): [number[], number[]] {
  const size = step === 'hour' ? HOUR_MS : DAY_MS;
  const known = new Map(points.map(({ at, value }) => [Date.parse(at), value]));
  const xs: number[] = [];
  const ys: number[] = [];
  for (let at = from - (from % size); at < to; at += size) {
    xs.push(at / 1000);
    ys.push(known.get(at) ?? 0);
  }
  return [xs, ys];
}
