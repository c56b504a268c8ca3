/** What a run is given: limits, tier and input, remembered per session on this device; and what it may cost at most. */

const MB = 2 ** 20;
const STDIN_CHARS_MAX = 200_000;

export interface RunOptions {
  timeoutMs: number;
  memoryMb: number;
  /** Null: the cheapest tier that covers the limits. */
  tier: string | null;
  /** Null: the program asks whoever is here. */
  stdin: string | null;
  /** The run goes on where the last one of its language stopped, and the next one where this one stops. */
  keepEnvironment: boolean;
}

export const DEFAULT_OPTIONS: RunOptions = { timeoutMs: 5_000, memoryMb: 50, tier: null, stdin: null, keepEnvironment: false };

export interface Tier {
  name: string;
  pricePerSecond: number;
  pricePerMb: number;
  maxTimeMs: number;
  maxMemoryBytes: number;
}

export type Estimate = { kind: 'cost'; tier: string; dollars: number } | { kind: 'refused'; reason: string };

const withinLimits = (tier: Tier, options: RunOptions): boolean =>
  options.timeoutMs <= tier.maxTimeMs && options.memoryMb * MB <= tier.maxMemoryBytes;

export const byPrice = (tiers: readonly Tier[]): Tier[] =>
  [...tiers].sort((a, b) => a.pricePerSecond - b.pricePerSecond || a.pricePerMb - b.pricePerMb);

/** The tiers that an account of tier `ceiling` may use, cheapest first. */
export function affordable(tiers: readonly Tier[], ceiling: string): Tier[] {
  const ladder = byPrice(tiers);
  return ladder.slice(0, ladder.findIndex((tier) => tier.name === ceiling) + 1);
}

/** The most that a run with these options can cost: all of its time and all of its memory. */
export function estimate(tiers: readonly Tier[], ceiling: string, options: RunOptions): Estimate {
  const usable = affordable(tiers, ceiling);
  const named = options.tier === null ? null : usable.find((tier) => tier.name === options.tier);
  if (named === undefined) return { kind: 'refused', reason: `Your account’s tier is ${ceiling}; ${options.tier} is above it.` };
  const tier = named ?? usable.find((each) => withinLimits(each, options));
  if (tier === undefined || !withinLimits(tier, options)) {
    const limit = tier ?? usable.at(-1);
    if (limit === undefined) return { kind: 'refused', reason: 'Your account may not run programs.' };
    return { kind: 'refused', reason: `The tier ${limit.name} allows ${limit.maxTimeMs / 1000} s and ${limit.maxMemoryBytes / MB} MB.` };
  }
  const dollars = (options.timeoutMs / 1000) * tier.pricePerSecond + options.memoryMb * tier.pricePerMb;
  return { kind: 'cost', tier: tier.name, dollars: Math.ceil(dollars * 1e6 - 1e-6) / 1e6 };
}

/** The fields of an `execute` message; what is as the server would have it anyway is left out. */
export function requestOf(options: RunOptions): Record<string, unknown> {
  return {
    ...(options.timeoutMs === DEFAULT_OPTIONS.timeoutMs ? {} : { timeout: options.timeoutMs }),
    ...(options.memoryMb === DEFAULT_OPTIONS.memoryMb ? {} : { memoryLimit: options.memoryMb * MB }),
    ...(options.tier === null ? {} : { tier: options.tier }),
    ...(options.stdin === null ? {} : { stdin: options.stdin }),
    ...(options.keepEnvironment ? { persistEnvironment: true } : {}),
  };
}

export const isDefault = (options: RunOptions): boolean => Object.keys(requestOf(options)).length === 0;

const key = (sessionId: string): string => `collab:run-options:${sessionId}`;

export function storedOptions(sessionId: string): RunOptions {
  try {
    return parseOptions(localStorage.getItem(key(sessionId)));
  } catch {
    return DEFAULT_OPTIONS; // storage may be switched off
  }
}

export function storeOptions(sessionId: string, options: RunOptions): void {
  try {
    if (isDefault(options)) localStorage.removeItem(key(sessionId));
    else localStorage.setItem(key(sessionId), JSON.stringify(options));
  } catch {
    return;
  }
}

/** Options from storage: every field is checked, what does not fit is the default. */
export function parseOptions(text: string | null): RunOptions {
  let raw: Partial<Record<keyof RunOptions, unknown>> | null;
  try {
    raw = JSON.parse(text ?? 'null') as typeof raw;
  } catch {
    return DEFAULT_OPTIONS;
  }
  if (raw === null || typeof raw !== 'object') return DEFAULT_OPTIONS;
  const whole = (value: unknown, fallback: number): number => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 ? value : fallback);
  return {
    timeoutMs: whole(raw.timeoutMs, DEFAULT_OPTIONS.timeoutMs),
    memoryMb: whole(raw.memoryMb, DEFAULT_OPTIONS.memoryMb),
    tier: typeof raw.tier === 'string' && raw.tier !== '' ? raw.tier : null,
    stdin: typeof raw.stdin === 'string' ? raw.stdin.slice(0, STDIN_CHARS_MAX) : null,
    keepEnvironment: raw.keepEnvironment === true,
  };
}
