/** Two states of one file, difference by difference, with long stretches that are the same folded away. */
import { unifiedMergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { languageSupport } from '../editor/support';
import { editorTheme } from '../editor/theme';
import type { FileDifference } from '../model/versions';

const SCAN_LIMIT = 500; // bounds the time that one comparison may take

const looks = EditorView.theme({
  '.cm-content': { padding: '8px 0 16px' },
  // Comments are read on coloured ground here.
  '&': { '--syn-comment': 'light-dark(#4b5563, #a8b2c0)' },
  '.cm-changedLine, .cm-insertedLine, &.cm-merge-b .cm-changedLine': { backgroundColor: 'var(--added-soft)' },
  '&.cm-merge-b .cm-changedText, .cm-changedText': { background: 'var(--added)' },
  '.cm-deletedChunk': { backgroundColor: 'var(--bad-soft)', paddingLeft: '8px' },
  '.cm-deletedChunk .cm-deletedText, .cm-deletedText': { background: 'var(--removed)' },
  '.cm-deletedLine, .cm-deletedChunk del': { textDecoration: 'none' },
  '.cm-changeGutter': { width: '3px', paddingLeft: '0' },
  '.cm-gutters .cm-gutter .cm-changedLineGutter': { background: 'var(--good)' },
  '.cm-gutters .cm-gutter .cm-deletedLineGutter': { background: 'var(--bad)' },
  '.cm-collapsedLines': { padding: '4px 12px', background: 'var(--ground)', color: 'var(--muted)', fontFamily: 'var(--sans)', fontSize: '12px' },
  '.cm-collapsedLines:before': { content: '"⋯"', marginInlineEnd: '7px' },
  '.cm-collapsedLines:after': { content: 'none' },
});

export function Diff({ difference }: { difference: FileDifference }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const { before, after, language, name } = difference;
  useEffect(() => {
    if (host.current === null) return;
    const parent = host.current;
    let view: EditorView | null = null;
    let gone = false;
    void languageSupport(language).catch(() => []).then((support) => {
      if (gone) return;
      view = new EditorView({
        parent,
        state: EditorState.create({
          doc: after,
          extensions: [
            lineNumbers(), support, editorTheme, looks, EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.lineWrapping,
            EditorView.contentAttributes.of({ 'aria-label': `Changes in ${name}`, tabindex: '0', 'data-testid': 'diff' }),
            unifiedMergeView({
              original: before, mergeControls: false, gutter: true, highlightChanges: true, syntaxHighlightDeletions: true,
              diffConfig: { scanLimit: SCAN_LIMIT }, collapseUnchanged: { margin: 3, minSize: 6 },
            }),
          ],
        }),
      });
    });
    return () => {
      gone = true;
      view?.destroy();
    };
  }, [before, after, language, name]);
  return <div class="diff" ref={host} />;
}
