import { expect, it } from 'vitest';
import { Output } from '../src/model/output';
import { MATCHES_MAX, OutputSearch } from '../src/model/search';

it('finds what was written in any case, also across colours, and nothing by pattern signs', () => {
  const output = new Output();
  output.write('one \x1b[31mTw\x1b[0mo (three)\n', 'log');
  output.write('two\n', 'error');
  expect(new OutputSearch('two').in(output.chunks).map(({ block, from, to }) => [block, from, to])).toEqual([[0, 4, 7], [1, 0, 3]]);
  expect(new OutputSearch('(three').in(output.chunks)).toHaveLength(1);
  expect(new OutputSearch('.').in(output.chunks)).toEqual([]);
  expect(new OutputSearch('').in(output.chunks)).toEqual([]);
});

it('goes on finding while output comes, up to a limit', () => {
  const output = new Output();
  const search = new OutputSearch('x');
  output.write('x\n'.repeat(10), 'log');
  expect(search.in(output.chunks)).toHaveLength(10);
  output.write('x\n'.repeat(MATCHES_MAX), 'log');
  expect(search.in(output.chunks)).toHaveLength(MATCHES_MAX);
});
