/** Where a text cannot be read, as the language's own parser in CodeMirror sees it: underlined beside what a scan finds. */
import { ensureSyntaxTree } from '@codemirror/language';
import { type Diagnostic, linter } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';

// Those whose parser is a whole grammar; the others only tell words apart.
const PARSED = new Set(['javascript', 'typescript', 'python', 'css', 'json']);
const PAUSE_MS = 600;
const PARSE_MS = 50;
const FAULTS_MAX = 20;
const SHOWN_CHARS_MAX = 20;

export function syntaxFaults({ state }: EditorView): Diagnostic[] {
  const tree = ensureSyntaxTree(state, state.doc.length, PARSE_MS);
  const faults: Diagnostic[] = [];
  if (tree === null || state.doc.length === 0) return faults; // too large to be read while one types
  tree.iterate({
    enter: (node) => {
      if (faults.length >= FAULTS_MAX) return false;
      if (!node.type.isError) return true;
      const line = state.doc.lineAt(node.from);
      const [from, to] = node.to > node.from ? [node.from, Math.min(node.to, line.to)] : node.from > line.from ? [node.from - 1, node.from] : [node.from, Math.min(node.from + 1, line.to)];
      if (faults.at(-1)?.from === from) return false;
      const unexpected = state.sliceDoc(node.from, Math.min(node.to, line.to, node.from + SHOWN_CHARS_MAX)).trim();
      faults.push({ from, to: Math.max(from, to), severity: 'error', source: 'syntax', message: unexpected === '' ? 'Something is missing here' : `Unexpected ${unexpected}` });
      return false;
    },
  });
  return faults;
}

export function syntaxDiagnostics(language: string): Extension {
  return PARSED.has(language) ? linter(syntaxFaults, { delay: PAUSE_MS }) : [];
}
