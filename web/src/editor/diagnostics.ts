/** What a scan says of a file, underlined a moment after the typing stops. Nothing is said while the server cannot be asked. */
import { linter, lintKeymap } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import { keymap } from '@codemirror/view';
import type { Finding } from '../generated/events';
import { marksOf } from '../model/findings';

const PAUSE_MS = 800;

export function scanDiagnostics(scan: () => Promise<Finding[]>): Extension {
  const source = async (view: { state: { doc: { toString(): string } } }) => {
    const text = view.state.doc.toString();
    if (text.trim() === '') return [];
    const findings = await scan().catch((): Finding[] => []);
    return marksOf(text, findings);
  };
  return [linter(source, { delay: PAUSE_MS }), keymap.of(lintKeymap)];
}
