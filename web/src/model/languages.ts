/** The languages: names, endings, colours of their badges, what can run. Editor support is in editor/support.ts. */

export interface Language {
  id: string;
  label: string;
  badge: string;
  hue: string;
  endings: readonly string[];
  runs: boolean;
}

export const LANGUAGES: readonly Language[] = [
  { id: 'javascript', label: 'JavaScript', badge: 'JS', hue: '#d9a400', endings: ['js', 'mjs', 'cjs', 'jsx'], runs: true },
  { id: 'typescript', label: 'TypeScript', badge: 'TS', hue: '#3178c6', endings: ['ts', 'mts', 'cts', 'tsx'], runs: true },
  { id: 'python', label: 'Python', badge: 'PY', hue: '#3f7fae', endings: ['py'], runs: true },
  { id: 'ruby', label: 'Ruby', badge: 'RB', hue: '#cc342d', endings: ['rb'], runs: true },
  { id: 'shell', label: 'Shell', badge: 'SH', hue: '#3f9142', endings: ['sh', 'bash'], runs: true },
  { id: 'html', label: 'HTML', badge: '<>', hue: '#e2572c', endings: ['html', 'htm'], runs: true },
  { id: 'css', label: 'CSS', badge: '#', hue: '#7a4fc4', endings: ['css'], runs: true },
  { id: 'sql', label: 'SQL', badge: 'SQL', hue: '#0f8a8a', endings: ['sql'], runs: true },
  { id: 'lua', label: 'Lua', badge: 'LUA', hue: '#4a55c8', endings: ['lua'], runs: true },
  { id: 'json', label: 'JSON', badge: '{}', hue: '#8a8f3c', endings: ['json', 'jsonc'], runs: false },
  { id: 'markdown', label: 'Markdown', badge: 'MD', hue: '#5b6b80', endings: ['md', 'markdown'], runs: false },
];

const TEXT: Language = { id: 'text', label: 'Plain text', badge: 'TXT', hue: '#78828f', endings: ['txt'], runs: false };
const BY_ID = new Map(LANGUAGES.map((language) => [language.id, language]));

export function languageById(id: string): Language {
  return BY_ID.get(id) ?? TEXT;
}

/** The language that a file's ending says, plain text when it says none. */
export function languageOfName(name: string): Language {
  const ending = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase();
  return LANGUAGES.find((language) => ending !== undefined && language.endings.includes(ending)) ?? TEXT;
}
