/** One CodeMirror view that shows one file of the session at a time; text and undo belong to the shared document. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language';
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorSelection, EditorState, type Extension } from '@codemirror/state';
import {
  drawSelection, dropCursor, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars,
  keymap, lineNumbers, placeholder, rectangularSelection,
} from '@codemirror/view';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import type { Finding } from '../generated/events';
import type { SessionDocument, SessionFile } from '../model/document';
import { remoteCursors } from './cursors';
import { scanDiagnostics } from './diagnostics';
import { languageSupport } from './support';
import { editorTheme } from './theme';

const REVEAL_MARGIN_PX = 72;

interface Place {
  anchor: number;
  head: number;
  top: number;
}

export class CodeEditor {
  readonly view: EditorView;
  private readonly language = new Compartment();
  private readonly access = new Compartment();
  private readonly places = new Map<string, Place>();
  private file: SessionFile | null = null;
  private readOnly = false;

  constructor(
    parent: HTMLElement,
    private readonly document: SessionDocument,
    private readonly onRun: () => void,
    private readonly scan: (fileId: string) => Promise<Finding[]>,
  ) {
    this.view = new EditorView({ parent, state: EditorState.create({ extensions: [editorTheme] }) });
  }

  show(file: SessionFile, readOnly: boolean): void {
    if (this.file?.id !== file.id || this.file.text !== file.text) this.open(file, readOnly);
    else if (this.file.language !== file.language) void this.loadLanguage(file);
    this.file = file;
    if (readOnly !== this.readOnly) {
      this.readOnly = readOnly;
      this.view.dispatch({ effects: this.access.reconfigure(access(readOnly)) });
    }
  }

  /** Puts the cursor at a line (from 1) and column and brings it into view. */
  jump(line: number, column = 1): void {
    const { doc } = this.view.state;
    const target = doc.line(Math.min(Math.max(1, line), doc.lines));
    const position = Math.min(target.from + Math.max(0, column - 1), target.to);
    this.view.dispatch({
      selection: EditorSelection.cursor(position),
      effects: EditorView.scrollIntoView(position, { y: 'center' }),
    });
    this.view.focus();
  }

  /** Brings a place into view; selection and focus stay. */
  reveal(position: number): void {
    const within = Math.min(position, this.view.state.doc.length);
    this.view.dispatch({ effects: EditorView.scrollIntoView(within, { y: 'nearest', yMargin: REVEAL_MARGIN_PX }) });
  }

  find(): void {
    this.view.focus();
    openSearchPanel(this.view);
  }

  destroy(): void {
    this.view.destroy();
  }

  private open(file: SessionFile, readOnly: boolean): void {
    if (this.file !== null) {
      const { anchor, head } = this.view.state.selection.main;
      this.places.set(this.file.id, { anchor, head, top: this.view.scrollDOM.scrollTop });
    }
    const focused = this.view.hasFocus;
    const content = file.text.toString();
    const place = this.places.get(file.id) ?? { anchor: 0, head: 0, top: 0 };
    const clamp = (offset: number): number => Math.min(offset, content.length);
    this.readOnly = readOnly;
    this.file = file;
    this.view.setState(
      EditorState.create({
        doc: content,
        selection: EditorSelection.single(clamp(place.anchor), clamp(place.head)),
        extensions: this.extensions(file, readOnly),
      }),
    );
    this.view.scrollDOM.scrollTop = place.top;
    if (focused) this.view.focus();
    void this.loadLanguage(file);
  }

  private async loadLanguage(file: SessionFile): Promise<void> {
    const support = await languageSupport(file.language).catch((): Extension => []);
    if (this.file?.id === file.id) this.view.dispatch({ effects: this.language.reconfigure(support) });
  }

  private extensions(file: SessionFile, readOnly: boolean): Extension {
    return [
      keymap.of([
        { key: 'Mod-Enter', run: () => (this.onRun(), true) },
        ...closeBracketsKeymap, ...yUndoManagerKeymap, ...searchKeymap, ...foldKeymap, ...completionKeymap,
        ...defaultKeymap, indentWithTab,
      ]),
      lineNumbers(), foldGutter(), highlightSpecialChars(), highlightActiveLine(), highlightActiveLineGutter(),
      drawSelection(), dropCursor(), rectangularSelection(), EditorState.allowMultipleSelections.of(true),
      indentOnInput(), bracketMatching(), closeBrackets(), autocompletion(), highlightSelectionMatches(),
      search({ top: true }), indentUnit.of(file.language === 'python' ? '    ' : '  '),
      placeholder('Start typing…'),
      EditorView.contentAttributes.of({ 'aria-label': `Code of ${file.name}`, spellcheck: 'false', tabindex: '0', 'data-testid': 'editor' }),
      yCollab(file.text, null, { undoManager: this.document.undoManager(file.text) }),
      remoteCursors(file.text, this.document.awareness),
      scanDiagnostics(() => this.scan(file.id)),
      this.language.of([]),
      this.access.of(access(readOnly)),
      editorTheme,
    ];
  }
}

/** A viewer's text stays focusable (it has a tabindex) and selectable, so that it can be read and copied by keyboard. */
function access(readOnly: boolean): Extension {
  return readOnly ? [EditorState.readOnly.of(true), EditorView.editable.of(false)] : [];
}
