import { expect, it } from 'vitest';
import { filesOf, pathIn, renamed, rowsOf } from '../src/model/tree';

const files = ['main.py', 'lib/util/a.py', 'lib/b.py', 'README.md'].map((name, index) => ({ id: `f${index}`, name }));
const drawn = (closed: string[] = [], extra: string[] = []): string[] =>
  rowsOf(files, new Set(closed), extra).map((row) => '  '.repeat(row.depth) + (row.kind === 'folder' ? `${row.label}/` : row.label));

it('folders come before files, and a closed one hides what it holds', () => {
  expect(drawn()).toEqual(['lib/', '  util/', '    a.py', '  b.py', 'main.py', 'README.md']);
  expect(drawn(['lib/util'])).toEqual(['lib/', '  util/', '  b.py', 'main.py', 'README.md']);
  expect(drawn(['lib'], ['new/inner'])).toEqual(['lib/', 'new/', '  inner/', 'main.py', 'README.md']);
});

it('a file or a whole folder is moved by its names', () => {
  expect(renamed(files, { kind: 'file', id: 'f0' }, 'lib/main.py')).toEqual({ renames: [{ id: 'f0', name: 'lib/main.py' }], problem: null });
  const folder = { kind: 'folder', path: 'lib' } as const;
  expect(renamed(files, folder, 'src/core').renames).toEqual([{ id: 'f1', name: 'src/core/util/a.py' }, { id: 'f2', name: 'src/core/b.py' }]);
  expect(pathIn(files, { kind: 'folder', path: 'lib/util' }, '')).toBe('util');
  expect(filesOf(files, folder).map(({ id }) => id)).toEqual(['f1', 'f2']);
});

it('a move that would put two files under one name, or a folder into itself, says why it is not done', () => {
  expect(renamed(files, { kind: 'file', id: 'f2' }, 'main.py').problem).toContain('already here');
  expect(renamed([...files, { id: 'x', name: 'src/b.py' }], { kind: 'folder', path: 'lib' }, 'src').problem).toContain('b.py');
  expect(renamed(files, { kind: 'folder', path: 'lib' }, 'lib/util/lib').problem).toContain('into itself');
  expect(renamed(files, { kind: 'folder', path: 'lib' }, '../out').problem).not.toBeNull();
  expect(renamed(files, { kind: 'folder', path: 'lib' }, 'lib').problem).toBeNull();
});
