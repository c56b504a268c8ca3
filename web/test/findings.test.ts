/** Where findings stand in what an editor shows. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../src/generated/events';
import { marksOf } from '../src/model/findings';

function finding(place: Partial<Finding>): Finding {
  return { ruleId: 'python.eval', severity: 'medium', file: 'a.py', line: 1, column: 1, message: 'eval runs text', mend: 'use json', ...place };
}

describe('findings', () => {
  it('stand where they were found, also behind characters of two units', () => {
    const text = "ok = 1\né = '😀'; eval(x)\n";
    const [mark] = marksOf(text, [finding({ line: 2, column: 10, endLine: 2, endColumn: 17 })]);
    expect(text.slice(mark?.from, mark?.to)).toBe('eval(x)');
    expect(mark).toMatchObject({ severity: 'warning', source: 'python.eval', message: 'eval runs text. use json' });
  });

  it('are left out when their line is gone, and never reach beyond the text', () => {
    expect(marksOf('one', [finding({ line: 7 })])).toEqual([]);
    expect(marksOf('one', [finding({ column: 2, endLine: 9, endColumn: 9 })])).toMatchObject([{ from: 1, to: 1 }]);
    expect(marksOf('one', [finding({ column: 50, endColumn: 60, severity: 'critical' })])).toMatchObject([{ from: 3, to: 3, severity: 'error' }]);
  });
});
