/** CodeMirror's language support, each loaded when a file first needs it. */
import { type LanguageSupport, StreamLanguage, type StreamParser } from '@codemirror/language';
import type { Extension } from '@codemirror/state';

const stream = (parser: StreamParser<unknown>): Extension => StreamLanguage.define(parser);

const LOADERS: Record<string, () => Promise<Extension | LanguageSupport>> = {
  javascript: async () => (await import('@codemirror/lang-javascript')).javascript({ jsx: true }),
  typescript: async () => (await import('@codemirror/lang-javascript')).javascript({ typescript: true, jsx: true }),
  python: async () => (await import('@codemirror/lang-python')).python(),
  html: async () => (await import('@codemirror/lang-html')).html(),
  css: async () => (await import('@codemirror/lang-css')).css(),
  sql: async () => {
    const { sql, SQLite } = await import('@codemirror/lang-sql');
    return sql({ dialect: SQLite });
  },
  json: async () => (await import('@codemirror/lang-json')).json(),
  markdown: async () => (await import('@codemirror/lang-markdown')).markdown(),
  ruby: async () => stream((await import('@codemirror/legacy-modes/mode/ruby')).ruby as StreamParser<unknown>),
  shell: async () => stream((await import('@codemirror/legacy-modes/mode/shell')).shell as StreamParser<unknown>),
  lua: async () => stream((await import('@codemirror/legacy-modes/mode/lua')).lua as StreamParser<unknown>),
};

const loaded = new Map<string, Promise<Extension>>();

export function languageSupport(language: string): Promise<Extension> {
  let support = loaded.get(language);
  if (support === undefined) {
    support = LOADERS[language]?.() ?? Promise.resolve([]);
    loaded.set(language, support);
    support.catch(() => loaded.delete(language)); // a lost connection must not switch colours off for good
  }
  return support;
}
