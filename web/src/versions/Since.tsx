/** What changed in the files since a run: its version beside what stands now. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { api } from '../api';
import type { Run } from '../model/run';
import type { Session } from '../model/session';
import { differences, type FileThen } from '../model/versions';
import { Empty, IconButton, Modal, Spinner } from '../ui/parts';
import { Differences } from './Differences';

type Then = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; files: FileThen[] };

export function Since({ session, run, onClose }: { session: Session; run: Run; onClose: () => void }): JSX.Element {
  const [then, setThen] = useState<Then>({ kind: 'loading' });
  useEffect(() => {
    api.runFiles(run.id).then(
      ({ files }) => setThen({ kind: 'ready', files }),
      (error: unknown) => setThen({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
    );
  }, [run.id]);
  const files = session.document.files.value;
  const found = useMemo(() => {
    if (then.kind !== 'ready') return [];
    return differences(then.files, files.map(({ id, name, language, text }) => ({ id, name, language, content: text.toString() })));
  }, [then, files]);
  return (
    <Modal label="What changed since this run" class="versions" onClose={onClose}>
      <header class="versions-head">
        <h2 tabIndex={-1} autofocus>Since the run of {run.entry} (v{run.version})</h2>
        <span class="grow" />
        <IconButton icon="close" label="Close" onClick={onClose} />
      </header>
      {then.kind === 'loading' ? <div class="versions-state"><Spinner label="Loading what ran" /></div> : null}
      {then.kind === 'failed' ? <div class="versions-state"><Empty icon="alert" title="What ran could not be loaded">{then.message}</Empty></div> : null}
      {then.kind === 'ready' ? <section class="version-shown" aria-label="What changed"><Differences found={found} none="The files are as they were when this ran" /></section> : null}
    </Modal>
  );
}
