/** Finding a command by a few letters of it, as in any editor. Pure. */

export interface Command {
  id: string;
  label: string;
  group: string;
  keys?: string;
  run: () => void;
}

/** Higher is better; null when the letters do not occur in this order. Beginnings of words and runs of letters count more. */
function score(query: string, label: string): number | null {
  const wanted = query.toLowerCase().replace(/\s+/g, '');
  const text = label.toLowerCase();
  if (wanted === '') return 0;
  const whole = text.indexOf(query.toLowerCase().trim());
  if (whole >= 0) return 1000 - whole - (whole > 0 && /\w/.test(text[whole - 1] ?? '') ? 200 : 0) - text.length / 100;
  let total = 0;
  let at = 0;
  for (const letter of wanted) {
    const found = text.indexOf(letter, at);
    if (found < 0) return null;
    if (found === at && at > 0) total += 6;
    if (found === 0 || !/[\p{L}\p{N}]/u.test(text[found - 1] ?? '')) total += 10;
    at = found + 1;
  }
  return total - text.length / 100;
}

/** The commands that match, best first; an empty query keeps their order. */
export function matching(query: string, commands: readonly Command[]): Command[] {
  return commands
    .map((command) => ({ command, value: score(query, command.label) }))
    .filter((entry): entry is { command: Command; value: number } => entry.value !== null)
    .sort((a, b) => b.value - a.value)
    .map(({ command }) => command);
}
