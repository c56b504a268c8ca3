/** The gutter beside the line numbers: which lines are talked about, and the place to begin. */
import { type Extension, RangeSet, StateEffect, StateField } from '@codemirror/state';
import { EditorView, gutter, GutterMarker, keymap } from '@codemirror/view';

export interface Mark {
  /** Where the line is that a thread is about. */
  at: number;
  threadId: string;
  /** How many have said something. */
  count: number;
}

export interface Talk {
  show: (threadId: string) => void;
  /** Begins a thread on a line, given by its beginning and end. */
  begin: (from: number, to: number) => void;
}

const setMarks = StateEffect.define<readonly Mark[]>();

class Talked extends GutterMarker {
  constructor(
    readonly threadId: string,
    readonly count: number,
  ) {
    super();
  }

  override eq(other: GutterMarker): boolean {
    return other instanceof Talked && other.threadId === this.threadId && other.count === this.count;
  }

  override toDOM(): HTMLElement {
    const bubble = document.createElement('span');
    bubble.className = 'comment-bubble';
    bubble.dataset['testid'] = 'comment-mark';
    bubble.textContent = this.count > 9 ? '9+' : String(this.count);
    bubble.title = this.count === 1 ? 'One comment' : `${this.count} comments`;
    return bubble;
  }
}

const marks = StateField.define<RangeSet<Talked>>({
  create: () => RangeSet.empty,
  update: (value, transaction) => {
    for (const effect of transaction.effects) if (effect.is(setMarks)) return inOrder(effect.value, transaction.state.doc.length, (at) => transaction.state.doc.lineAt(at).from);
    return transaction.docChanged ? value.map(transaction.changes) : value;
  },
});

/** One mark a line: the first thread, and all that is said there. */
function inOrder(all: readonly Mark[], length: number, lineStart: (at: number) => number): RangeSet<Talked> {
  const lines = new Map<number, Talked>();
  for (const { at, threadId, count } of all) {
    if (at > length) continue;
    const from = lineStart(at);
    const known = lines.get(from);
    lines.set(from, new Talked(known?.threadId ?? threadId, count + (known?.count ?? 0)));
  }
  return RangeSet.of([...lines].sort((a, b) => a[0] - b[0]).map(([from, mark]) => mark.range(from)));
}

/** Told anew whenever somebody says something; between, the marks move with the text. */
export function showMarks(view: EditorView, all: readonly Mark[]): void {
  view.dispatch({ effects: setMarks.of(all) });
}

export function commentGutter(talk: Talk, readOnly: boolean): Extension {
  const begin = (view: EditorView): boolean => {
    const line = view.state.doc.lineAt(view.state.selection.main.head);
    talk.begin(line.from, line.to);
    return true;
  };
  return [
    marks,
    gutter({
      class: readOnly ? 'cm-comments' : 'cm-comments cm-comments-open',
      renderEmptyElements: true,
      markers: (view) => view.state.field(marks),
      domEventHandlers: {
        mousedown: (view, block, event) => {
          event.preventDefault(); // the editor keeps its selection
          const here = view.state.field(marks).iter(block.from);
          const line = view.state.doc.lineAt(block.from);
          if (here.value !== null && here.from <= line.to) talk.show(here.value.threadId);
          else if (!readOnly) talk.begin(line.from, line.to);
          return true;
        },
      },
    }),
    readOnly ? [] : keymap.of([{ key: 'Mod-Alt-m', run: begin, preventDefault: true }]),
    looks,
  ];
}

const looks = EditorView.baseTheme({
  '.cm-comments': { width: '22px' },
  '.cm-comments .cm-gutterElement': { display: 'flex', justifyContent: 'center', alignItems: 'flex-start', cursor: 'pointer' },
  '.cm-comments-open .cm-gutterElement:empty:hover::before': { content: '"+"', color: 'var(--accent)', fontWeight: '700' },
  '.comment-bubble': {
    minWidth: '16px', height: '16px', margin: '3px 0', padding: '0 4px', borderRadius: '8px 8px 8px 2px', background: 'var(--accent)',
    color: 'var(--on-accent)', font: '650 10.5px/16px var(--sans)', textAlign: 'center',
  },
});
