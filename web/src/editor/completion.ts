/**
 * What may come next, beyond what CodeMirror's language packages know: names of files in imports, tables of the session's
 * SQL, the languages' own names where a package has none, and the words of all files.
 */
import { type Completion, type CompletionContext, type CompletionResult, type CompletionSource, ifNotIn } from '@codemirror/autocomplete';
import { EditorState, type Extension } from '@codemirror/state';
import { importedAt, moduleNames, tablesIn, wordsOf } from '../model/names';
import type { SessionFile } from '../model/document';

const WORDS_MAX = 3_000;
const TEXT_CHARS_MAX = 400_000;
const WORDS_KEPT_MS = 3_000;

export interface Files {
  all: () => readonly SessionFile[];
  current: () => SessionFile | null;
}

/** The words of all files, counted again only when some time has passed: this is asked while one types. */
function wordSource({ all }: Files, boost: number): CompletionSource {
  let words: Completion[] = [];
  let countedAt = -Infinity;
  return (context) => {
    const before = context.matchBefore(/[\p{L}_$][\p{L}\p{N}_$]*$/u);
    if (before === null || (before.text.length < 2 && !context.explicit)) return null;
    if (performance.now() - countedAt > WORDS_KEPT_MS) {
      countedAt = performance.now();
      let room = TEXT_CHARS_MAX;
      const texts: string[] = [];
      for (const { text } of all()) {
        if (room <= 0) break;
        texts.push(text.length > room ? '' : text.toString());
        room -= text.length;
      }
      words = wordsOf(texts, WORDS_MAX).map((label) => ({ label, boost }));
    }
    return { from: before.from, options: words.filter(({ label }) => label !== before.text), validFor: /^[\p{L}\p{N}_$]*$/u };
  };
}

/** Inside what names a file: the files of this session, as seen from the one that is open. */
function fileSource({ all, current }: Files): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const file = current();
    if (file === null) return null;
    const line = context.state.doc.lineAt(context.pos);
    const found = importedAt(file.language, line.text.slice(0, context.pos - line.from));
    if (found === null) return null;
    const names = moduleNames(file.language, found.how, file.name, all().filter(({ id }) => id !== file.id).map(({ name }) => name));
    if (names.length === 0) return null;
    return { from: context.pos - found.typed.length, options: names.map((label) => ({ label, type: 'namespace', boost: 20 })), validFor: /^[\w./-]*$/ };
  };
}

/** Keywords and what is built in, for the languages whose packages complete nothing. */
function listSource(words: Record<string, readonly string[]>): CompletionSource {
  const options = Object.entries(words).flatMap(([type, labels]) => labels.map((label): Completion => ({ label, type })));
  return (context) => {
    const before = context.matchBefore(/[\w?!.$-]*$/);
    if (before === null || (before.text === '' && !context.explicit)) return null;
    return { from: before.from, options, validFor: /^[\w?!.$-]*$/ };
  };
}

/** Tables and columns that the session's SQL files make, whichever file is open. */
function tableSource({ all }: Files): CompletionSource {
  return async (context) => {
    const { schemaCompletionSource, SQLite } = await import('@codemirror/lang-sql');
    const schema: Record<string, string[]> = {};
    for (const { language, text } of all()) if (language === 'sql') Object.assign(schema, tablesIn(text.toString()));
    const result = await schemaCompletionSource({ dialect: SQLite, schema })(context);
    // Before SQLite's many hundred keywords.
    return result === null ? null : { ...result, options: result.options.map((option) => ({ ...option, boost: 20 })) };
  };
}

/** That source counts the whole name back from the cursor, also what stands behind it: in front of a name it would begin before the text. */
const upToCursor = (source: CompletionSource): CompletionSource => async (context) => {
  const result = await source(context);
  const before = context.matchBefore(/[\p{L}_$][\p{L}\p{N}_$]*$/u);
  return result === null ? null : { ...result, from: before?.from ?? context.pos };
};

async function ofLanguage(language: string, files: Files): Promise<CompletionSource[]> {
  if (language === 'sql') return [tableSource(files)];
  if (language === 'javascript' || language === 'typescript') {
    const { scopeCompletionSource } = await import('@codemirror/lang-javascript');
    const scope = { console, Math, JSON, Object, Array, String, Number, Boolean, Promise, Map, Set, Date, RegExp, Symbol, Error, Reflect, Intl, URL, BigInt };
    return [upToCursor(scopeCompletionSource(scope))];
  }
  const { LISTS } = await import('./wordlists');
  const words = LISTS[language];
  return words === undefined ? [] : [listSource(words)];
}

/** Sources that stand beside those of the language itself. */
export async function completions(language: string, files: Files): Promise<Extension> {
  const quiet = ['Comment', 'LineComment', 'BlockComment', 'comment'];
  const sources = [fileSource(files), ...(await ofLanguage(language, files)).map((source) => ifNotIn([...quiet, 'String', 'string'], source)), ifNotIn(quiet, wordSource(files, language === 'sql' ? 10 : 0))];
  const data = sources.map((autocomplete) => ({ autocomplete }));
  return EditorState.languageData.of(() => data);
}
