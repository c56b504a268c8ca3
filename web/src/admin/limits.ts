/** An account's own limits as the fields of a form, and back: blank is “as the tier has it”, “none” is no limit. */
import type { Overrides } from './types';

export interface LimitFields {
  runsPerMinute: string;
  concurrentRuns: string;
  computeUnitsPerMonth: string;
  moneyPerMonth: string;
  pricePercent: string;
}

export type LimitName = keyof LimitFields;
const WHOLE: Record<Exclude<LimitName, 'moneyPerMonth'>, [number, number]> = {
  runsPerMinute: [1, 100_000],
  concurrentRuns: [1, 1000],
  computeUnitsPerMonth: [0, 10 ** 12],
  pricePercent: [0, 1000],
};
const UNLIMITABLE: ReadonlySet<LimitName> = new Set(['computeUnitsPerMonth', 'moneyPerMonth']);

export function fieldsOf(limits: Overrides): LimitFields {
  const text = (value: number | null | undefined): string => (value === undefined ? '' : value === null ? 'none' : String(Number(value)));
  return {
    runsPerMinute: text(limits.runsPerMinute),
    concurrentRuns: text(limits.concurrentRuns),
    computeUnitsPerMonth: text(limits.computeUnitsPerMonth),
    moneyPerMonth: text(limits.moneyPerMonth),
    pricePercent: text(limits.pricePercent),
  };
}

/** The limits, or what is wrong with which field. */
export function limitsOf(fields: LimitFields): { limits: Overrides; errors: Partial<Record<LimitName, string>> } {
  const limits: Partial<Record<LimitName, number | null>> = {};
  const errors: Partial<Record<LimitName, string>> = {};
  for (const name of Object.keys(fields) as LimitName[]) {
    const text = fields[name].trim().toLowerCase();
    if (text === '') continue;
    if (text === 'none' && UNLIMITABLE.has(name)) limits[name] = null;
    else {
      const value = Number(text);
      const problem = name === 'moneyPerMonth' ? moneyProblem(text) : wholeProblem(value, WHOLE[name]);
      if (problem === null) limits[name] = value;
      else errors[name] = UNLIMITABLE.has(name) ? `${problem}, or “none”` : problem;
    }
  }
  return { limits: limits as Overrides, errors };
}

const wholeProblem = (value: number, [least, most]: [number, number]): string | null =>
  Number.isInteger(value) && value >= least && value <= most ? null : `a whole number from ${least} to ${most.toLocaleString('en')}`;

/** Dollars that are whole micro-dollars; null when they are. */
export const moneyProblem = (text: string): string | null => (/^\d{1,9}(\.\d{1,6})?$/.test(text.trim()) ? null : 'dollars with at most six places');
