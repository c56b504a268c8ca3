/** Where findings of a scan stand in a text, in the units that an editor counts in. Pure. */
import type { Finding } from '../generated/events';

export interface Mark {
  from: number;
  to: number;
  severity: 'error' | 'warning' | 'info' | 'hint';
  source: string;
  message: string;
}

const SEVERITIES: Record<Finding['severity'], Mark['severity']> = {
  critical: 'error', high: 'error', medium: 'warning', low: 'info', info: 'hint',
};

/** Findings count lines and columns from 1, columns in code points; what lies beyond the text by now is left out. */
export function marksOf(text: string, findings: readonly Finding[]): Mark[] {
  const lines = text.split('\n');
  const starts: number[] = [];
  let start = 0;
  for (const line of lines) {
    starts.push(start);
    start += line.length + 1;
  }
  const offset = (line: number, column: number): number | null => {
    const content = lines[line - 1];
    const first = starts[line - 1];
    if (content === undefined || first === undefined) return null;
    return first + [...content].slice(0, column - 1).join('').length;
  };
  return findings.flatMap((finding) => {
    const from = offset(finding.line, finding.column);
    if (from === null) return [];
    const to = offset(finding.endLine ?? finding.line, finding.endColumn ?? finding.column) ?? from;
    const message = `${finding.message}. ${finding.mend}`;
    return [{ from, to: Math.max(from, to), severity: SEVERITIES[finding.severity], source: finding.ruleId, message }];
  });
}
