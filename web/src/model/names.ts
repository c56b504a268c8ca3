/** Names that a text mentions: words, tables, and where it asks for another file. Pure. */

/** The words of some texts, those that occur most first. */
export function wordsOf(texts: readonly string[], max: number): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(/[\p{L}_$][\p{L}\p{N}_$]{2,49}/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, max).map(([word]) => word);
}

/** The tables that SQL makes, with their columns. */
export function tablesIn(sql: string): Record<string, string[]> {
  const tables: Record<string, string[]> = {};
  const plain = sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ');
  for (const [, name, rest] of plain.matchAll(/\bcreate\s+(?:temp(?:orary)?\s+)?(?:table|view)\s+(?:if\s+not\s+exists\s+)?["`[]?(\w+)["`\]]?\s*(\([^;]*)?/gi)) {
    if (name === undefined) continue;
    tables[name] = parts(rest ?? '').map((part) => /^\s*["`[]?(\w+)/.exec(part)?.[1] ?? '')
      .filter((column) => column !== '' && !/^(primary|foreign|unique|check|constraint)$/i.test(column));
  }
  return tables;
}

/** What stands between the outermost brackets, parted at commas that are in no others. */
function parts(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 1;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    if ((depth === 1 && text[at] === ',') || (depth === 0 && text[at] === ')')) {
      found.push(text.slice(from, at));
      from = at + 1;
    }
    if (depth === 0 && at > 0) break;
  }
  return found;
}

export type How = 'path' | 'module' | 'bare';

const SCRIPT = /(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*['"]([\w./-]*)$/;
const PLACES: Record<string, readonly [RegExp, How][]> = {
  javascript: [[SCRIPT, 'path']],
  typescript: [[SCRIPT, 'path']],
  python: [[/^\s*(?:from|import)\s+([\w.]*)$/, 'module'], [/\bopen\s*\(\s*['"]([\w./-]*)$/, 'bare']],
  ruby: [[/\brequire_relative\s*\(?\s*['"]([\w./-]*)$/, 'module'], [/\bload\s*\(?\s*['"]([\w./-]*)$/, 'bare']],
  lua: [[/\brequire\s*\(?\s*['"]([\w./-]*)$/, 'module'], [/\bdofile\s*\(?\s*['"]([\w./-]*)$/, 'bare']],
  shell: [[/(?:\bsource|(?:^|\s)\.)\s+["']?([\w./-]*)$/, 'bare']],
  html: [[/\b(?:src|href)\s*=\s*["']([\w./-]*)$/, 'bare']],
  css: [[/(?:@import\s+|url\(\s*)["']?([\w./-]*)$/, 'bare']],
};
const ENDING: Record<string, RegExp> = { python: /\.py$/, ruby: /\.rb$/, lua: /\.lua$/ };

/** What is typed so far of another file's name, if the cursor is where one belongs. */
export function importedAt(language: string, before: string): { typed: string; how: How } | null {
  for (const [pattern, how] of PLACES[language] ?? []) {
    const found = pattern.exec(before);
    if (found !== null) return { typed: found[1] ?? '', how };
  }
  return null;
}

/** How a file names others: by a path from its own folder, or as its language names a module. */
export function moduleNames(language: string, how: How, from: string, names: readonly string[]): string[] {
  const folder = from.split('/').slice(0, -1);
  const ending = ENDING[language];
  return names.flatMap((name) => {
    if (how === 'module' && ending !== undefined) {
      if (!ending.test(name)) return [];
      const module = (language === 'ruby' ? relative(folder, name) : name).replace(ending, '');
      return [language === 'python' ? module.replace(/\//g, '.').replace(/\.__init__$/, '') : language === 'lua' ? module.replace(/\//g, '.') : module];
    }
    const path = relative(folder, name);
    return [how === 'path' && !path.startsWith('.') ? `./${path}` : path];
  });
}

function relative(folder: readonly string[], name: string): string {
  const parts = name.split('/');
  let shared = 0;
  while (shared < folder.length && shared < parts.length - 1 && folder[shared] === parts[shared]) shared += 1;
  return [...folder.slice(shared).map(() => '..'), ...parts.slice(shared)].join('/');
}
