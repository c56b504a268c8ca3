/** Numbers and times as people read them. */

const UNITS = ['B', 'KB', 'MB', 'GB'];

export function bytes(value: number): string {
  let unit = 0;
  let size = value;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Dollars with as many places as a small amount needs. */
export function money(dollars: number): string {
  if (dollars === 0) return '$0';
  return `$${dollars.toFixed(dollars < 0.01 ? 6 : 4).replace(/0+$/, '').replace(/\.$/, '')}`;
}

/** Integer micro-dollars, exact: never rounded, at least two places. */
export function exactMoney(micro: number): string {
  const whole = Math.round(Math.abs(micro));
  const places = String(whole % 1_000_000).padStart(6, '0').replace(/0{1,4}$/, '');
  return `${micro < 0 ? '−' : ''}$${count(Math.floor(whole / 1_000_000))}.${places}`;
}

/** Dollars as REST gives them, as the integer of micro-dollars that they are. */
export const micro = (dollars: number): number => Math.round(dollars * 1e6);

export const count = (value: number): string => value.toLocaleString('en');

/** So many of something: “1 run”, “2 runs”. */
export const some = (value: number, thing: string): string => `${count(value)} ${thing}${value === 1 ? '' : 's'}`;

/** A share of a whole, 0 where there is nothing. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '0 %';
  const share = (100 * part) / whole;
  return `${share > 0 && share < 10 ? share.toFixed(1) : Math.round(share)} %`;
}

export function dateTime(time: string): string {
  return new Date(time).toLocaleString('en-GB', { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

const relativeOf = (style: 'long' | 'narrow'): Intl.RelativeTimeFormat => new Intl.RelativeTimeFormat('en', { numeric: 'auto', style });
const relatives = { long: relativeOf('long'), narrow: relativeOf('narrow') };

export function ago(time: number | string, now: number = Date.now(), style: 'long' | 'narrow' = 'long'): string {
  const relative = relatives[style];
  const seconds = (new Date(time).getTime() - now) / 1000;
  if (!Number.isFinite(seconds)) return '';
  const size = Math.abs(seconds);
  if (size < 45) return 'just now';
  if (size < 2700) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 72_000) return relative.format(Math.round(seconds / 3600), 'hour');
  if (size < 2_600_000) return relative.format(Math.round(seconds / 86_400), 'day');
  return new Date(time).toLocaleDateString('en', { year: 'numeric', month: 'short', day: 'numeric' });
}
