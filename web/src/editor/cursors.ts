/**
 * Other people's cursors and selections in the editor, and our own cursor for them.
 * Names show while somebody moves and on hover; colours and names were checked by model/presence.
 */
import { Annotation, type Extension, type Range } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { textOn } from '../model/colors';
import { type Cursor, cursorsIn } from '../model/presence';

const NAME_SHOWN_MS = 2_500;
const redraw = Annotation.define<boolean>();

class Caret extends WidgetType {
  constructor(
    private readonly cursor: Cursor,
    private readonly movedAt: number,
  ) {
    super();
  }

  override eq(other: Caret): boolean {
    const [a, b] = [this.cursor, other.cursor];
    return a.clientId === b.clientId && a.color === b.color && a.name === b.name && this.movedAt === other.movedAt;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement('span');
    caret.className = 'remote-caret';
    caret.style.setProperty('--who', this.cursor.color);
    caret.setAttribute('aria-hidden', 'true');
    const name = document.createElement('span');
    name.className = 'remote-name';
    name.textContent = this.cursor.name;
    name.style.color = textOn(this.cursor.color);
    name.style.animationDuration = `${NAME_SHOWN_MS}ms`;
    // A widget that is drawn again for another reason must not flash its name anew.
    name.style.animationDelay = `${Math.max(-NAME_SHOWN_MS, this.movedAt - performance.now())}ms`;
    caret.append('\u2060', name, '\u2060');
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

export function remoteCursors(ytext: Y.Text, awareness: Awareness): Extension {
  class Cursors {
    decorations: DecorationSet = Decoration.none;
    private readonly seen = new Map<number, { key: string; movedAt: number }>();
    private readonly changed = ({ added, updated, removed }: { added: number[]; updated: number[]; removed: number[] }): void => {
      if ([...added, ...updated, ...removed].some((id) => id !== awareness.clientID)) {
        // Awareness may change while an update is being dispatched (our own cursor): draw after it.
        queueMicrotask(() => {
          if (this.alive) this.view.dispatch({ annotations: redraw.of(true) });
        });
      }
    };
    private alive = true;

    constructor(private readonly view: EditorView) {
      awareness.on('change', this.changed);
      this.draw();
    }

    update(update: ViewUpdate): void {
      if (update.selectionSet || update.focusChanged || update.docChanged) this.publish();
      if (update.docChanged || update.transactions.some((transaction) => transaction.annotation(redraw) === true)) this.draw();
    }

    destroy(): void {
      this.alive = false;
      awareness.off('change', this.changed);
    }

    private publish(): void {
      if (!this.view.hasFocus || awareness.getLocalState() === null) return;
      const { anchor, head } = this.view.state.selection.main;
      const next = {
        anchor: Y.createRelativePositionFromTypeIndex(ytext, Math.min(anchor, ytext.length)),
        head: Y.createRelativePositionFromTypeIndex(ytext, Math.min(head, ytext.length)),
      };
      const now = awareness.getLocalState()?.['cursor'] as unknown;
      if (JSON.stringify(now) !== JSON.stringify(next)) awareness.setLocalStateField('cursor', next);
    }

    private draw(): void {
      const doc = this.view.state.doc;
      const ranges: Range<Decoration>[] = [];
      for (const cursor of cursorsIn(ytext, awareness)) {
        const head = Math.min(cursor.head, doc.length);
        const from = Math.min(cursor.anchor, head);
        const to = Math.min(Math.max(cursor.anchor, head), doc.length);
        if (from < to) {
          const style = `background-color: ${cursor.colorLight}`;
          ranges.push(Decoration.mark({ attributes: { style }, class: 'remote-selection' }).range(from, to));
        }
        const side = head > cursor.anchor ? -1 : 1;
        ranges.push(Decoration.widget({ side, widget: new Caret(cursor, this.movedAt(cursor)) }).range(head));
      }
      this.decorations = Decoration.set(ranges, true);
    }

    private movedAt(cursor: Cursor): number {
      const raw = awareness.getStates().get(cursor.clientId)?.['cursor'] as unknown;
      const key = JSON.stringify(raw);
      const known = this.seen.get(cursor.clientId);
      if (known?.key === key) return known.movedAt;
      const movedAt = performance.now();
      this.seen.set(cursor.clientId, { key, movedAt });
      return movedAt;
    }
  }
  return [ViewPlugin.fromClass(Cursors, { decorations: (cursors) => cursors.decorations }), cursorTheme];
}

const cursorTheme = EditorView.baseTheme({
  '.remote-caret': { position: 'relative', borderLeft: '2px solid var(--who)', marginLeft: '-1px', marginRight: '-1px' },
  '.remote-name': {
    position: 'absolute', top: '-1.35em', left: '-2px', padding: '0 5px', borderRadius: '4px 4px 4px 0', zIndex: '20',
    background: 'var(--who)', font: '600 11px/1.5 var(--sans)', whiteSpace: 'nowrap', pointerEvents: 'none',
    opacity: '0', animationName: 'remote-name-shown', animationTimingFunction: 'linear',
  },
  '.remote-caret:hover > .remote-name': { opacity: '1' },
  '.cm-line:first-child .remote-name': { top: '1.5em', borderRadius: '0 4px 4px 4px' },
});
