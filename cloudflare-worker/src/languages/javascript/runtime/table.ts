/** Draws console.table as Node does. Pure: data in, text out. */

const INDEX = "(index)";
const VALUES = "Values";

const isComposite = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Terminals show CJK and most emoji two cells wide. */
function width(text: string): number {
  let cells = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    cells += (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) || (code >= 0x1f300 && code <= 0x1faff) ? 2 : 1;
  }
  return cells;
}

function entriesOf(data: object): { index: string; entries: [unknown, unknown][] } {
  if (data instanceof Map) return { index: "(iteration index)", entries: [...data].map(([key, value], at) => [at, { Key: key, [VALUES]: value }]) };
  if (data instanceof Set) return { index: "(iteration index)", entries: [...data].map((value, at) => [at, value]) };
  return { index: INDEX, entries: Object.entries(data) };
}

/** Null when the data has no rows to show. */
export function table(data: unknown, columns: readonly string[] | undefined, show: (value: unknown) => string): string | null {
  if (!isComposite(data)) return null;
  const { index, entries } = entriesOf(data);
  const names: string[] = columns === undefined ? [] : [...columns];
  let valued = false;
  const rows = entries.map(([key, row]) => {
    const cells = new Map<string, string>();
    if (isComposite(row)) {
      for (const name of columns ?? Object.keys(row)) {
        if (columns === undefined && !names.includes(name)) names.push(name);
        if (Object.hasOwn(row, name)) cells.set(name, show((row as Record<string, unknown>)[name]));
      }
    } else {
      valued = true;
      cells.set("\0value", show(row));
    }
    return { key: String(key), cells };
  });
  const keys = valued ? [...names, "\0value"] : names;
  const head = [index, ...keys.map((name) => (name === "\0value" ? VALUES : name))];
  const body = rows.map((row) => [row.key, ...keys.map((name) => row.cells.get(name) ?? "")]);
  const widths = head.map((title, at) => Math.max(width(title), ...body.map((row) => width(row[at] ?? ""))) + 2);
  const line = (cells: string[]) => `│${cells.map((cell, at) => ` ${cell}${" ".repeat((widths[at] ?? 0) - 1 - width(cell))}`).join("│")}│`;
  const rule = (left: string, middle: string, right: string) => left + widths.map((cells) => "─".repeat(cells)).join(middle) + right;
  return [rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...body.map(line), rule("└", "┴", "┘")].join("\n");
}
