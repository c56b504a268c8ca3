/** What helps while one types: names to complete, faults to see, formatting that leaves others where they are, settings. */
import { javascript } from '@codemirror/lang-javascript';
import { python } from '@codemirror/lang-python';
import { CompletionContext, type CompletionSource } from '@codemirror/autocomplete';
import { EditorState, Text } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import { completions } from '../src/editor/completion';
import { formattingOf } from '../src/editor/format';
import { FORMATTED, formatted } from '../src/editor/formatters';
import { syntaxFaults } from '../src/editor/syntax';
import { LANGUAGES } from '../src/model/languages';
import { importedAt, moduleNames, tablesIn, wordsOf } from '../src/model/names';
import { DEFAULT_SETTINGS, parseSettings } from '../src/settings';

describe('names', () => {
  it('of files are asked for where a language imports, and written as it wants them', () => {
    const files = ['src/util.js', 'main.py', 'pkg/deep/tool.py', 'pkg/__init__.py', 'lib/a.rb', 'x.lua'];
    const asked = (language: string, before: string, from: string) => {
      const found = importedAt(language, before);
      return found === null ? null : [found.typed, ...moduleNames(language, found.how, from, files).slice(0, 3)];
    };
    expect(asked('javascript', "import { x } from './u", 'src/main.js')).toEqual(['./u', './util.js', '../main.py', '../pkg/deep/tool.py']);
    expect(asked('typescript', "const y = require('", 'main.ts')).toEqual(['', './src/util.js', './main.py', './pkg/deep/tool.py']);
    expect(asked('python', 'from pk', 'app.py')).toEqual(['pk', 'main', 'pkg.deep.tool', 'pkg']);
    expect(asked('ruby', "require_relative 'l", 'main.rb')).toEqual(['l', 'lib/a']);
    expect(asked('lua', "require('", 'main.lua')).toEqual(['', 'x']);
    expect(asked('css', '@import "s', 'a.css')?.[0]).toBe('s');
    expect(asked('javascript', "const text = 'from the", 'main.js')).toBeNull();
  });

  it('of tables and columns are read from SQL, and words are counted', () => {
    const sql = '-- create table no(x)\nCREATE TABLE IF NOT EXISTS "people" (id integer primary key, name text default (lower(\'a,b\')), primary key (id));create view v as select 1; create table t(a)';
    expect(tablesIn(sql)).toEqual({ people: ['id', 'name'], v: [], t: ['a'] });
    expect(wordsOf(['alpha beta alpha', 'größe x alpha größe'], 2)).toEqual(['alpha', 'größe']);
  });
});

describe('what may come next', () => {
  it.each([['con|sole.log(1)', 0], ['|console', 0], ['x = |console', 4], ['x = console.lo|g', 12], ['ab|', 0]])('replaces what is typed and nothing before it: %s', async (text, from) => {
    const at = text.indexOf('|');
    const ours = await completions('javascript', { all: () => [], current: () => null });
    const state = EditorState.create({ doc: text.replace('|', ''), extensions: [javascript(), ours] });
    const context = new CompletionContext(state, at, true);
    const results = await Promise.all(state.languageDataAt<CompletionSource>('autocomplete', at).map((source) => (typeof source === 'function' ? source(context) : null)));
    const begins = results.flatMap((result) => (result === null ? [] : [result.from]));
    expect(begins).toContain(from);
    expect(begins.every((each) => each >= from && each <= at)).toBe(true);
  });
});

describe('syntax faults', () => {
  it('are where a text cannot be read, and nowhere else', () => {
    const faults = (doc: string, language: ReturnType<typeof python>) => syntaxFaults({ state: EditorState.create({ doc, extensions: [language] }) } as never);
    expect(faults('def f(x):\n    return [x\n', python()).length).toBe(1);
    expect(faults('let a = 1;;\nlet b = ;', javascript()).map(({ from }) => from)).toEqual([19]);
    for (const good of ['async def f[T](x: T) -> T:\n  match x:\n    case {"a": [1, *_]}: return f"{x!r:>{10}}"\n', '@d\nclass A(B, metaclass=C):\n  x: int = 1\n']) {
      expect(faults(good, python())).toEqual([]);
    }
    expect(faults('for await (const x of y?.z ?? []) { class A { #p = 1n; static {} } }', javascript())).toEqual([]);
    expect(faults('', python())).toEqual([]);
  });
});

describe('formatting', () => {
  it('changes only what differs, so that what stands elsewhere stays', async () => {
    const text = "const a = {b:1}\nconst kept = 'x';\nfoo( a )\n";
    const changes = await formattingOf('javascript', text, 2);
    const touched: string[] = [];
    changes?.iterChanges((from, to) => touched.push(text.slice(from, to)));
    expect(touched.join('')).not.toContain('kept');
    expect(changes?.apply(Text.of(text.split('\n'))).toString()).toBe("const a = { b: 1 };\nconst kept = 'x';\nfoo(a);\n");
    expect(await formattingOf('javascript', 'foo(a);\n', 2)).toBeNull();
  });

  it.each([
    ['typescript', 'let  a:number=1', 'let a: number = 1;\n'],
    ['css', 'a{b:c}', 'a {\n  b: c;\n}\n'],
    ['html', '<p>a<b>c</b></p>', '<p>a<b>c</b></p>\n'],
    ['json', '{"a":[1,2]}', '{ "a": [1, 2] }\n'],
    ['sql', 'select a from t', 'select\n  a\nfrom\n  t\n'],
  ])('of %s comes from a library', async (language, before, after) => {
    expect(await formatted(language, before, { tabSize: 2 })).toBe(after);
  });

  it('leaves alone what no library knows, and says what it cannot read', async () => {
    expect(LANGUAGES.filter(({ id }) => !FORMATTED.has(id)).map(({ id }) => id)).toEqual(['ruby', 'shell', 'lua']);
    expect(await formatted('lua', 'x  =1', { tabSize: 2 })).toBe('x  =1');
    await expect(formatted('javascript', 'let = =', { tabSize: 2 })).rejects.toThrow();
  });
});

it('settings survive storage of any content', () => {
  const chosen = { fontPx: 18, tabSize: 8, wrap: true, keymap: 'vim' as const };
  expect(parseSettings(JSON.stringify(chosen))).toEqual(chosen);
  for (const text of [null, '', '{', 'null', '[]', '{"fontPx":1e9,"tabSize":3,"wrap":"yes","keymap":"nano"}']) expect(parseSettings(text)).toEqual(DEFAULT_SETTINGS);
});
