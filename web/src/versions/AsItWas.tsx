/** The files that a run ran, as they were: to read, to copy, and to compare with nothing. */
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { languageSupport } from '../editor/support';
import { editorTheme } from '../editor/theme';
import { shownName } from '../model/filenames';
import type { Run } from '../model/run';
import type { FileThen } from '../model/versions';
import { copyText } from '../ui/clipboard';
import { Icon } from '../ui/icons';
import { Empty, IconButton, Modal, Spinner } from '../ui/parts';
import { attempt, toast } from '../ui/toast';

type Then = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; files: FileThen[] };

export function AsItWas({ run, onClose }: { run: Run; onClose: () => void }): JSX.Element {
  const [then, setThen] = useState<Then>({ kind: 'loading' });
  const [chosen, setChosen] = useState<string | null>(null);
  useEffect(() => {
    api.runFiles(run.id).then(
      ({ files }) => setThen({ kind: 'ready', files }),
      (error: unknown) => setThen({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
    );
  }, [run.id]);
  const files = then.kind === 'ready' ? [...then.files].sort((a, b) => a.name.localeCompare(b.name)) : [];
  const file = files.find(({ id }) => id === chosen) ?? files.find(({ name }) => name === run.entry) ?? files[0];
  const copy = (): void => void attempt(async () => {
    await copyText(file?.content ?? '');
    toast('Copied');
  });
  return (
    <Modal label="The code as it was" class="versions" onClose={onClose}>
      <header class="versions-head">
        <h2 tabIndex={-1} autofocus>As it ran: {run.entry} (v{run.version})</h2>
        <span class="grow" />
        {file === undefined ? null : <button type="button" class="button" onClick={copy}><Icon name="copy" /> Copy</button>}
        <IconButton icon="close" label="Close" onClick={onClose} />
      </header>
      {then.kind === 'loading' ? <div class="versions-state"><Spinner label="Loading what ran" /></div> : null}
      {then.kind === 'failed' ? <div class="versions-state"><Empty icon="alert" title="What ran could not be loaded">{then.message}</Empty></div> : null}
      {file === undefined ? null : (
        <section class="version-shown" aria-label="What ran">
          <div class="diff-files" role="group" aria-label="Files that it ran">
            {files.map((each) => (
              <button key={each.id} type="button" class="diff-file" aria-pressed={each.id === file.id} onClick={() => setChosen(each.id)}>{shownName(each.name)}</button>
            ))}
          </div>
          <Text key={file.id} file={file} />
        </section>
      )}
    </Modal>
  );
}

function Text({ file }: { file: FileThen }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = host.current;
    let view: EditorView | null = null;
    let gone = false;
    void languageSupport(file.language).catch(() => []).then((support) => {
      if (gone || parent === null) return;
      view = new EditorView({
        parent,
        state: EditorState.create({
          doc: file.content,
          extensions: [
            lineNumbers(), support, editorTheme, EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.lineWrapping,
            EditorView.contentAttributes.of({ 'aria-label': `${file.name} as it ran`, tabindex: '0', 'data-testid': 'as-it-was' }),
          ],
        }),
      });
    });
    return () => {
      gone = true;
      view?.destroy();
    };
  }, [file]);
  return <div class="diff" ref={host} />;
}
