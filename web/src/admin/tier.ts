/** A tier as the fields of a form, and back; what is wrong is told by field, before the server is asked. */
import { exactMoney, micro } from '../ui/format';
import { moneyProblem } from './limits';
import type { Tier, TierBody } from './types';

const MB = 2 ** 20;

export interface TierFields {
  pricePerSecond: string;
  pricePerMb: string;
  seconds: string;
  memoryMb: string;
  modules: string;
  runsPerMinute: string;
  concurrentRuns: string;
  computeUnitsPerMonth: string;
  moneyPerMonth: string;
}

export type TierField = keyof TierFields;

/** The server's names of what it may refuse, by field. */
export const FIELD_OF: Record<string, TierField> = {
  pricePerSecond: 'pricePerSecond', pricePerMb: 'pricePerMb', maxTimeMs: 'seconds', maxMemoryBytes: 'memoryMb', modules: 'modules',
  'limits.runsPerMinute': 'runsPerMinute', 'limits.concurrentRuns': 'concurrentRuns', 'limits.computeUnitsPerMonth': 'computeUnitsPerMonth', 'limits.moneyPerMonth': 'moneyPerMonth',
};

/** Without the exponent that JavaScript writes small numbers with. */
const plain = (dollars: number): string => exactMoney(micro(dollars)).replace(/[$,]/g, '').replace(/\.?0+$/, '') || '0';

export function fieldsOfTier(tier: Tier): TierFields {
  return {
    pricePerSecond: plain(tier.pricePerSecond),
    pricePerMb: plain(tier.pricePerMb),
    seconds: String(tier.maxTimeMs / 1000),
    memoryMb: String(tier.maxMemoryBytes / MB),
    modules: tier.modules.join(', '),
    runsPerMinute: String(tier.limits.runsPerMinute),
    concurrentRuns: String(tier.limits.concurrentRuns),
    computeUnitsPerMonth: tier.limits.computeUnitsPerMonth === null ? '' : String(tier.limits.computeUnitsPerMonth),
    moneyPerMonth: tier.limits.moneyPerMonth === null ? '' : plain(tier.limits.moneyPerMonth),
  };
}

export function bodyOf(fields: TierFields): { body: TierBody; errors: Partial<Record<TierField, string>> } {
  const errors: Partial<Record<TierField, string>> = {};
  const number = (name: TierField, least: number, most: number, whole: boolean): number => {
    const value = fields[name].trim() === '' ? NaN : Number(fields[name]);
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) errors[name] = `${whole ? 'a whole number' : 'a number'} from ${least.toLocaleString('en')} to ${most.toLocaleString('en')}`;
    return value;
  };
  const dollars = (name: TierField): number => {
    const problem = moneyProblem(fields[name]);
    if (problem !== null) errors[name] = problem;
    return Number(fields[name]);
  };
  const body: TierBody = {
    pricePerSecond: dollars('pricePerSecond'),
    pricePerMb: dollars('pricePerMb'),
    maxTimeMs: Math.round(number('seconds', 0.1, 3600, false) * 1000),
    maxMemoryBytes: number('memoryMb', 16, 65_536, true) * MB,
    modules: fields.modules.split(/[\s,]+/).filter((name) => name !== ''),
    limits: {
      runsPerMinute: number('runsPerMinute', 1, 100_000, true),
      concurrentRuns: number('concurrentRuns', 1, 1000, true),
      computeUnitsPerMonth: fields.computeUnitsPerMonth.trim() === '' ? null : number('computeUnitsPerMonth', 0, 10 ** 12, true),
      moneyPerMonth: fields.moneyPerMonth.trim() === '' ? null : dollars('moneyPerMonth'),
    },
  };
  return { body, errors };
}

/** What differs between two sets of fields. */
export const changedFields = (a: TierFields, b: TierFields): TierField[] => (Object.keys(a) as TierField[]).filter((name) => a[name] !== b[name]);
