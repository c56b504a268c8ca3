/** Orders of texts that several programs know: by bytes, and by the numbers inside. */
import { encode } from "../bytes.js";

/** Names with numbers inside, as `sort -V` and `ls -v` order them. */
export function versions(a: string, b: string): number {
  const left = a.match(/\d+|[^\d]+/g) ?? [];
  const right = b.match(/\d+|[^\d]+/g) ?? [];
  const rank = (char: string | undefined): number => (char === undefined ? 0 : char === "~" ? -1 : /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256);
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [x = "", y = ""] = [left[at], right[at]];
    if (/^\d/.test(x) && /^\d/.test(y)) {
      const difference = BigInt(x) - BigInt(y);
      if (difference !== 0n) return difference < 0n ? -1 : 1;
      continue;
    }
    for (let place = 0; place < Math.max(x.length, y.length); place += 1) {
      const [p, q] = [/\d/.test(x[place] ?? "") ? undefined : x[place], /\d/.test(y[place] ?? "") ? undefined : y[place]];
      if (rank(p) !== rank(q)) return rank(p) - rank(q);
    }
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** As `LC_ALL=C` orders: by bytes. */
export function bytewise(a: string, b: string): number {
  if (a === b) return 0;
  // UTF-16 order is UTF-8 order but for characters beyond U+FFFF.
  if (!/[\ud800-\udfff]/.test(a) && !/[\ud800-\udfff]/.test(b)) return a < b ? -1 : 1;
  const [x, y] = [encode(a), encode(b)];
  for (let at = 0; at < Math.min(x.length, y.length); at += 1) if (x[at] !== y[at]) return x[at]! - y[at]!;
  return x.length - y.length;
}

/** At random. */
export function shuffle<T>(list: T[]): void {
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = Math.floor((crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32) * (at + 1));
    [list[at], list[other]] = [list[other]!, list[at]!];
  }
}
