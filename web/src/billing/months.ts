/** Calendar months in UTC, as the ledger counts them, and what one will come to. */
const DAY_MS = 86_400_000;

export interface MonthNow {
  startMs: number;
  endMs: number;
}

/** The calendar month of a moment, in UTC. */
export function monthOf(now: number): MonthNow {
  const then = new Date(now);
  return { startMs: Date.UTC(then.getUTCFullYear(), then.getUTCMonth(), 1), endMs: Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 1) };
}

/** What the month comes to if it goes on as it went so far, in the unit of `spent`. The first day counts as a whole one, so that one early run is not taken for a month of them. */
export function forecast(spent: number, now: number): number {
  const { startMs, endMs } = monthOf(now);
  const elapsedMs = Math.max(DAY_MS, now - startMs);
  return Math.round(spent + (spent / elapsedMs) * Math.max(0, endMs - startMs - elapsedMs));
}

/** The month before the one of a moment, in UTC. */
export const lastMonth = (now: number): string => {
  const then = new Date(now);
  return new Date(Date.UTC(then.getUTCFullYear(), then.getUTCMonth() - 1, 1)).toISOString().slice(0, 7);
};
