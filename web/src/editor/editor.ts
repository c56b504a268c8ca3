/** One CodeMirror view that shows one file of the session at a time; text and undo belong to the shared document. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language';
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { ChangeSet, Compartment, EditorSelection, EditorState, type Extension } from '@codemirror/state';
import {
  drawSelection, dropCursor, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars,
  keymap, lineNumbers, placeholder, rectangularSelection, type ViewUpdate,
} from '@codemirror/view';
import { effect, untracked } from '@preact/signals';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import type { Finding } from '../generated/events';
import type { SessionDocument, SessionFile } from '../model/document';
import { type Keymap, settings } from '../settings';
import { commentGutter, type Mark, showMarks, type Talk } from './comments';
import { remoteCursors } from './cursors';
import { scanDiagnostics } from './diagnostics';
import { keysOf } from './keymaps';
import { languageSupport } from './support';
import { editorTheme } from './theme';

const REVEAL_MARGIN_PX = 72;
const MARKS_PAUSE_MS = 400;

interface Place {
  anchor: number;
  head: number;
  top: number;
}

/** What the page does for the editor. */
export interface Page {
  run: () => void;
  scan: (fileId: string) => Promise<Finding[]>;
  talk: Talk;
  format: () => void;
  /** The file's marks are to be shown anew: the text changed since. */
  refreshMarks: () => void;
}

export class CodeEditor {
  readonly view: EditorView;
  private readonly language = new Compartment();
  private readonly access = new Compartment();
  private readonly habits = new Compartment();
  private readonly keys = new Compartment();
  private pending: ChangeSet | null = null;
  private marksTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly places = new Map<string, Place>();
  private readonly stop: () => void;
  private file: SessionFile | null = null;
  private readOnly = false;

  constructor(
    parent: HTMLElement,
    private readonly document: SessionDocument,
    private readonly page: Page,
  ) {
    this.view = new EditorView({ parent, state: EditorState.create({ extensions: [editorTheme] }) });
    this.stop = effect(() => {
      void settings.value;
      untracked(() => this.applySettings());
    });
  }

  show(file: SessionFile, readOnly: boolean): void {
    if (this.file?.id !== file.id || this.file.text !== file.text) this.open(file, readOnly);
    else if (this.file.language !== file.language) void this.loadLanguage(file);
    this.file = file;
    if (readOnly !== this.readOnly) {
      this.readOnly = readOnly;
      this.view.dispatch({ effects: this.access.reconfigure(this.accessOf(readOnly)) });
      this.page.refreshMarks();
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

  /** Writes the file as its language's formatter would: what differs, as one step to undo. Others type on meanwhile. */
  async format(): Promise<'formatted' | 'unchanged' | 'left'> {
    const { file, view } = this;
    if (file === null || this.readOnly || this.pending !== null) return 'left';
    const { formattingOf, complaint } = await import('./format');
    if (this.file?.id !== file.id || this.pending !== null) return 'left';
    this.pending = ChangeSet.empty(view.state.doc.length);
    let changes: ChangeSet | null;
    let since: ChangeSet | null;
    try {
      changes = await formattingOf(file.language, view.state.doc.toString(), tabSizeOf(file.language));
    } catch (error) {
      throw complaint(error);
    } finally {
      since = this.pending;
      this.pending = null;
    }
    if (since === null || this.readOnly) return 'left'; // another file was opened meanwhile
    if (changes === null) return 'unchanged';
    const undo = this.document.undoManager(file.text);
    undo.stopCapturing();
    view.dispatch({ changes: changes.map(since), userEvent: 'format' });
    undo.stopCapturing();
    return 'formatted';
  }

  /** Begins a thread on the line of the cursor. */
  comment(): void {
    const line = this.view.state.doc.lineAt(this.view.state.selection.main.head);
    this.page.talk.begin(line.from, line.to);
  }

  showMarks(marks: readonly Mark[]): void {
    if (this.file !== null) showMarks(this.view, marks);
  }

  destroy(): void {
    clearTimeout(this.marksTimer);
    this.stop();
    this.view.destroy();
  }

  private applySettings(): void {
    const { fontPx, keymap: name } = settings.peek();
    this.view.dom.parentElement?.style.setProperty('--code-size', `${fontPx}px`);
    if (this.file !== null) this.view.dispatch({ effects: this.habits.reconfigure(habits(this.file.language)) });
    void this.loadKeys(name);
  }

  private async loadKeys(name: Keymap): Promise<void> {
    const keys = await keysOf(name).catch((): Extension => []);
    if (settings.peek().keymap === name && this.file !== null) this.view.dispatch({ effects: this.keys.reconfigure(keys) });
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
    this.pending = null;
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
    void this.loadKeys(settings.peek().keymap);
    this.page.refreshMarks();
  }

  private async loadLanguage(file: SessionFile): Promise<void> {
    const support = await languageSupport(file.language).catch((): Extension => []);
    if (this.file?.id !== file.id) return;
    this.view.dispatch({ effects: [this.language.reconfigure(support), this.habits.reconfigure(habits(file.language))] });
    // Colours first: what helps while typing may come a moment later.
    const helping = await this.help(file.language).catch((): Extension => []);
    if (this.file?.id === file.id) this.view.dispatch({ effects: this.language.reconfigure([support, helping]) });
  }

  private async help(language: string): Promise<Extension> {
    const [{ completions }, { syntaxDiagnostics }] = await Promise.all([import('./completion'), import('./syntax')]);
    const files = { all: () => this.document.files.peek(), current: () => this.file };
    return [await completions(language, files), syntaxDiagnostics(language)];
  }

  private changed(update: ViewUpdate): void {
    if (!update.docChanged) return;
    if (this.pending !== null) this.pending = this.pending.compose(update.changes);
    clearTimeout(this.marksTimer);
    this.marksTimer = setTimeout(this.page.refreshMarks, MARKS_PAUSE_MS);
  }

  private extensions(file: SessionFile, readOnly: boolean): Extension {
    return [
      this.keys.of([]),
      keymap.of([
        { key: 'Mod-Enter', run: () => (this.page.run(), true) },
        { key: 'Shift-Alt-f', run: () => (this.page.format(), true), preventDefault: true },
        ...closeBracketsKeymap, ...yUndoManagerKeymap, ...searchKeymap, ...foldKeymap, ...completionKeymap,
        ...defaultKeymap, indentWithTab,
      ]),
      lineNumbers(), foldGutter(), highlightSpecialChars(), highlightActiveLine(), highlightActiveLineGutter(),
      drawSelection(), dropCursor(), rectangularSelection(), EditorState.allowMultipleSelections.of(true),
      indentOnInput(), bracketMatching(), closeBrackets(), autocompletion(), highlightSelectionMatches(),
      search({ top: true }), this.habits.of(habits(file.language)), EditorView.updateListener.of((update) => this.changed(update)),
      placeholder('Start typing…'),
      EditorView.contentAttributes.of({ 'aria-label': `Code of ${file.name}`, spellcheck: 'false', tabindex: '0', 'data-testid': 'editor' }),
      yCollab(file.text, null, { undoManager: this.document.undoManager(file.text) }),
      remoteCursors(file.text, this.document.awareness),
      scanDiagnostics(() => this.page.scan(file.id)),
      this.language.of([]),
      this.access.of(this.accessOf(readOnly)),
      editorTheme,
    ];
  }

  /** A viewer's text stays focusable (it has a tabindex) and selectable, so that it can be read and copied by keyboard. */
  private accessOf(readOnly: boolean): Extension {
    return [commentGutter(this.page.talk, readOnly), readOnly ? [EditorState.readOnly.of(true), EditorView.editable.of(false)] : []];
  }
}

const tabSizeOf = (language: string): number => settings.peek().tabSize || (language === 'python' ? 4 : 2);

function habits(language: string): Extension {
  const size = tabSizeOf(language);
  return [EditorState.tabSize.of(size), indentUnit.of(' '.repeat(size)), settings.peek().wrap ? EditorView.lineWrapping : []];
}
