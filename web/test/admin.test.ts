import { describe, expect, it } from 'vitest';
import { withQuery } from '../src/admin/api';
import { fieldsOf, limitsOf, moneyProblem } from '../src/admin/limits';
import { bodyOf, changedFields, fieldsOfTier } from '../src/admin/tier';
import type { Tier } from '../src/admin/types';
import { forecast, lastMonth, monthOf } from '../src/billing/months';
import { exactMoney, micro, percent } from '../src/ui/format';
import { boundsOf, filled, rangeOf } from '../src/ui/range';

const DAY = 86_400_000;
const basic: Tier = {
  name: 'basic', version: 3, pricePerSecond: 0.0001, pricePerMb: 0.00001, maxTimeMs: 10_000, maxMemoryBytes: 128 * 2 ** 20, modules: ['path', 'util'],
  limits: { runsPerMinute: 60, concurrentRuns: 4, computeUnitsPerMonth: 1_000_000, moneyPerMonth: null },
};

describe('money', () => {
  it('is shown to the micro-dollar, never rounded', () => {
    expect([0, 1, 100, 1_000_000, 1_234_567_891, -74_000].map(exactMoney)).toEqual(['$0.00', '$0.000001', '$0.0001', '$1.00', '$1,234.567891', '−$0.074']);
  });

  it('comes back from the decimals of REST as the integer that it was', () => {
    for (const value of [1, 7, 99, 123_457, 1_000_001, 3 * 10 ** 12 + 1]) expect(micro(value / 1e6)).toBe(value);
  });

  it('is typed with at most six places', () => {
    expect(['0', '12', '0.000001', '9.5'].map(moneyProblem)).toEqual([null, null, null, null]);
    for (const wrong of ['', '-1', '0.0000001', '1e3', '1,5', 'NaN']) expect(moneyProblem(wrong)).not.toBeNull();
  });
});

describe('a tier’s form', () => {
  it('gives back the tier that it was filled with', () => {
    const { body, errors } = bodyOf(fieldsOfTier(basic));
    expect(errors).toEqual({});
    const { name: _name, version: _version, ...same } = basic;
    expect(body).toEqual(same);
    expect(fieldsOfTier(basic).pricePerMb).toBe('0.00001');
    expect(fieldsOfTier({ ...basic, pricePerMb: 10 }).pricePerMb).toBe('10');
  });

  it('says what is wrong with which field', () => {
    const { errors } = bodyOf({ ...fieldsOfTier(basic), pricePerSecond: '-1', seconds: '0', memoryMb: '1.5', runsPerMinute: '', moneyPerMonth: 'much' });
    expect(Object.keys(errors).sort()).toEqual(['memoryMb', 'moneyPerMonth', 'pricePerSecond', 'runsPerMinute', 'seconds']);
  });

  it('knows what differs from another version', () => {
    expect(changedFields(fieldsOfTier(basic), fieldsOfTier({ ...basic, maxTimeMs: 20_000, modules: ['path'] }))).toEqual(['seconds', 'modules']);
  });
});

describe('an account’s own limits', () => {
  it('tell “as the tier”, “none” and a number apart', () => {
    const limits = { runsPerMinute: 10, moneyPerMonth: null, computeUnitsPerMonth: 0 };
    expect(limitsOf(fieldsOf(limits))).toEqual({ limits, errors: {} });
    expect(limitsOf(fieldsOf({}))).toEqual({ limits: {}, errors: {} });
  });

  it('refuse what the server would refuse', () => {
    const { errors } = limitsOf({ runsPerMinute: 'none', concurrentRuns: '0', computeUnitsPerMonth: '1.5', moneyPerMonth: '0.0000001', pricePercent: '1001' });
    expect(Object.keys(errors).sort()).toEqual(['computeUnitsPerMonth', 'concurrentRuns', 'moneyPerMonth', 'pricePercent', 'runsPerMinute']);
  });
});

describe('a range of time', () => {
  it('holds the days that were named, the last one whole', () => {
    const day = boundsOf({ preset: 'custom', from: '2026-02-28', to: '2026-03-01' });
    expect(day).toEqual({ from: Date.UTC(2026, 1, 28), to: Date.UTC(2026, 2, 2) });
    expect(boundsOf({ preset: 'custom', from: '2026-03-02', to: '2026-03-01' })).toBeNull();
    expect(boundsOf({ preset: 'custom', from: '', to: '2026-03-01' })).toBeNull();
    expect(boundsOf(rangeOf('24h', DAY * 3), DAY * 3)).toEqual({ from: DAY * 2, to: DAY * 3 });
  });

  it('has a value for each step, also where nothing happened', () => {
    const [xs, ys] = filled([{ at: '1970-01-02T00:00:00.000Z', value: 7 }], 5, 3 * DAY, 'day');
    expect(xs).toEqual([0, 86_400, 172_800]);
    expect(ys).toEqual([0, 7, 0]);
    expect(filled([], 0, DAY, 'hour')[0]).toHaveLength(24);
  });
});

describe('a forecast', () => {
  it('is the month at the pace so far', () => {
    const start = Date.UTC(2026, 10, 1);
    expect(monthOf(start + 5 * DAY)).toEqual({ startMs: start, endMs: Date.UTC(2026, 11, 1) });
    expect(forecast(1_000_000, start + 15 * DAY)).toBe(2_000_000);
    expect(forecast(1_000_000, start + 30 * DAY - 1)).toBe(1_000_000);
  });

  it('does not take one early run for a month of them', () => {
    expect(forecast(1_000, Date.UTC(2026, 10, 1) + 60_000)).toBe(30_000);
  });
});

it('filters that are empty are left out of an address, the others are spelled safely', () => {
  expect(withQuery('/x', { a: '', b: null, c: false, d: 'a&b', e: 0 })).toBe('/x?d=a%26b&e=0');
  expect(withQuery('/x', {})).toBe('/x');
});

it('the month before is last year’s December in January', () => {
  expect(lastMonth(Date.UTC(2026, 0, 31, 23))).toBe('2025-12');
  expect([percent(0, 0), percent(1, 3), percent(1, 20)]).toEqual(['0 %', '33 %', '5.0 %']);
});
