/** Formatting by well-kept libraries, each loaded when it is first asked for: Prettier, sql-formatter, and Ruff for Python. */
import type { Plugin } from 'prettier';

export interface Style {
  tabSize: number;
}

type Formatter = (text: string, style: Style) => Promise<string>;

const plugins = async (...wanted: Promise<unknown>[]): Promise<Plugin[]> => (await Promise.all(wanted)) as Plugin[];
const script = (parser: 'babel' | 'typescript') => async (text: string, { tabSize }: Style) => {
  const { format } = await import('prettier/standalone');
  const parserPlugin = parser === 'babel' ? import('prettier/plugins/babel') : import('prettier/plugins/typescript');
  return format(text, { parser, tabWidth: tabSize, singleQuote: mostly(text, "'", '"'), plugins: await plugins(parserPlugin, import('prettier/plugins/estree')) });
};
const prettier = (parser: string, ...wanted: (() => Promise<unknown>)[]) => async (text: string, { tabSize }: Style) => {
  const { format } = await import('prettier/standalone');
  return format(text, { parser, tabWidth: tabSize, plugins: await plugins(...wanted.map((load) => load())) });
};

const FORMATTERS: Record<string, Formatter> = {
  javascript: script('babel'),
  typescript: script('typescript'),
  json: prettier('json', () => import('prettier/plugins/babel'), () => import('prettier/plugins/estree')),
  css: prettier('css', () => import('prettier/plugins/postcss')),
  markdown: prettier('markdown', () => import('prettier/plugins/markdown')),
  html: prettier(
    'html', () => import('prettier/plugins/html'), () => import('prettier/plugins/postcss'), () => import('prettier/plugins/babel'),
    () => import('prettier/plugins/estree'),
  ),
  sql: async (text, { tabSize }) => {
    const { formatDialect, sqlite } = await import('sql-formatter');
    return `${formatDialect(text, { dialect: sqlite, tabWidth: tabSize, keywordCase: 'preserve' })}\n`;
  },
  python: async (text) => (await import('./ruff')).format(text),
};

export const FORMATTED = new Set(Object.keys(FORMATTERS));

/** The text as its language's formatter would have it; what it cannot read is its own error, with a line. */
export async function formatted(language: string, text: string, style: Style): Promise<string> {
  const format = FORMATTERS[language];
  if (format === undefined || text.trim() === '') return text;
  return format(text, style);
}

/** Quotes as the author likes them. */
function mostly(text: string, one: string, other: string): boolean {
  return text.split(one).length > text.split(other).length;
}
