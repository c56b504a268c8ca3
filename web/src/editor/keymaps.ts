/** The keys that people are used to, each loaded when it is first chosen; undo is that of the shared document in all of them. */
import { type Extension, Prec } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { yUndoManagerKeymap } from 'y-codemirror.next';
import type { Keymap } from '../settings';

// y-codemirror's own commands take back what this person did, and nothing of anybody else's.
const command = (key: string) => (view: EditorView): boolean => yUndoManagerKeymap.find((binding) => binding.key === key)?.run?.(view) ?? false;
const undoOwn = command('Mod-z');
const redoOwn = command('Mod-y');

const LOADERS: Record<Keymap, () => Promise<Extension>> = {
  default: async () => [],
  vscode: async () => keymap.of([...yUndoManagerKeymap, ...(await import('@replit/codemirror-vscode-keymap')).vscodeKeymap]),
  vim: async () => {
    const { vim, CodeMirror } = await import('@replit/codemirror-vim');
    const commands = CodeMirror.commands as unknown as Record<string, (cm: { cm6: EditorView }) => void>;
    commands['undo'] = ({ cm6 }) => void undoOwn(cm6);
    commands['redo'] = ({ cm6 }) => void redoOwn(cm6);
    return [vim({ status: true }), panelLooks];
  },
  emacs: async () => {
    const { emacs, EmacsHandler } = await import('@replit/codemirror-emacs');
    EmacsHandler.bindKey('C-/|C-x u|S-C--|C-z', undoOwn);
    EmacsHandler.bindKey('S-C-/|S-C-x u|C--|S-C-z', redoOwn);
    return emacs();
  },
};

const panelLooks = EditorView.theme({ '.cm-vim-panel': { padding: '2px 12px', fontFamily: 'var(--mono)', fontSize: '12.5px' }, '.cm-vim-panel input': { color: 'inherit' } });

/** Before all other keys. */
export async function keysOf(name: Keymap): Promise<Extension> {
  return Prec.highest(await LOADERS[name]());
}
