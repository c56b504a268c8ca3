/** Finds “file:line” in error text, so that it can be clicked. Only names of files of the session count. */

export type Segment = string | { text: string; file: string; line: number; column: number | null };

const LINE_CHARS_MAX = 2_000; // longer lines are not searched
const PATTERNS = [
  /(?<file>[\w@./+-]+\.\w+):(?<line>\d+)(?::(?<column>\d+))?/g,
  /File "(?<file>[^"\n]+)", line (?<line>\d+)/g,
];

export function segments(text: string, names: ReadonlySet<string>): Segment[] {
  const found: { from: number; to: number; file: string; line: number; column: number | null }[] = [];
  for (const pattern of PATTERNS) {
    if (text.length > LINE_CHARS_MAX * 20) break;
    for (const match of text.matchAll(pattern)) {
      const file = resolve(match.groups?.['file'] ?? '', names);
      if (file === null) continue;
      const column = match.groups?.['column'];
      found.push({
        from: match.index,
        to: match.index + match[0].length,
        file,
        line: Number(match.groups?.['line']),
        column: column === undefined ? null : Number(column),
      });
    }
  }
  found.sort((a, b) => a.from - b.from);
  const result: Segment[] = [];
  let at = 0;
  for (const { from, to, file, line, column } of found) {
    if (from < at) continue;
    if (from > at) result.push(text.slice(at, from));
    result.push({ text: text.slice(from, to), file, line, column });
    at = to;
  }
  if (at < text.length) result.push(text.slice(at));
  return result;
}

/** `/tmp/session/lib/a.js` and `./lib/a.js` mean `lib/a.js`. */
function resolve(path: string, names: ReadonlySet<string>): string | null {
  const parts = path.replace(/^\.\//, '').split('/');
  for (let i = 0; i < parts.length; i++) {
    const candidate = parts.slice(i).join('/');
    if (names.has(candidate)) return candidate;
  }
  return null;
}
