/** Home: one's own, shared and public sessions; search, create, import, fork, rename, put away, delete. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, type NewSession } from '../api';
import { languageOfName } from '../model/languages';
import { dropped, readUploads } from '../model/upload';
import { go } from '../router';
import type { Me, SessionInfo } from '../types';
import { Held } from '../ui/Held';
import { Icon } from '../ui/icons';
import { Confirm, Dialog } from '../ui/parts';
import { attempt, toast, toastError } from '../ui/toast';
import { TopBar } from '../ui/TopBar';
import { SessionList } from './SessionList';
import { Start } from './Start';

export function Home({ me, onSignedOut }: { me: Me; onSignedOut: () => void }): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [over, setOver] = useState(0); // how many nested elements a dragged file is over
  const [deleting, setDeleting] = useState<SessionInfo | null>(null);
  const [renaming, setRenaming] = useState<SessionInfo | null>(null);
  const [changes, setChanges] = useState(0); // each makes the list load anew
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = 'Code sessions';
    const keys = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.closest('input, textarea, select, dialog') !== null;
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener('keydown', keys);
    return () => removeEventListener('keydown', keys);
  }, []);

  const enter = async (make: () => Promise<SessionInfo>): Promise<void> => {
    setBusy(true);
    await attempt(async () => go(`/s/${encodeURIComponent((await make()).id)}`));
    setBusy(false);
  };
  const changed = (): void => setChanges((now) => now + 1);
  const importZip = (file: File): Promise<void> => enter(() => api.importSession(file, file.name.replace(/\.zip$/i, '')));
  const take = async (transfer: DataTransfer): Promise<void> => {
    const [first, ...more] = [...transfer.files];
    if (first !== undefined && more.length === 0 && /\.zip$/i.test(first.name)) return importZip(first);
    const uploads = dropped(transfer);
    await enter(async () => api.createSession(await sessionOf(await uploads)));
  };
  const signOut = (): void => void attempt(async () => (await api.logout(), onSignedOut()));
  const drags = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

  return (
    <div
      class="home" data-testid="home"
      onDragEnter={(event) => drags(event) && (event.preventDefault(), setOver(over + 1))}
      onDragOver={(event) => drags(event) && event.preventDefault()}
      onDragLeave={() => setOver(Math.max(0, over - 1))}
      onDrop={(event) => {
        setOver(0);
        if (!drags(event) || event.dataTransfer === null) return;
        event.preventDefault();
        void take(event.dataTransfer);
      }}
    >
      <TopBar me={me} onSignOut={signOut} />
      <Held {...me} />
      <main class="home-main">
        <Start busy={busy} onCreate={(session: NewSession) => void enter(() => api.createSession(session))} onImport={(file) => void importZip(file)} />
        <SessionList
          me={me} changes={changes} search={search} onDelete={setDeleting} onRename={setRenaming}
          onFork={(session) => void enter(() => api.forkSession(session.id))}
          onArchive={(session) => void attempt(async () => {
            await api.changeSession(session.id, { archived: !session.archived });
            toast(session.archived ? `“${session.name}” is back among your sessions` : `“${session.name}” is in the archive`);
            changed();
          })}
        />
      </main>
      {over > 0 ? <div class="home-drop"><Icon name="upload" size={26} /> Drop files, a folder or a zip to begin a session with them</div> : null}
      {renaming === null ? null : (
        <Rename
          session={renaming} onClose={() => setRenaming(null)}
          onDone={async (name) => {
            await attempt(() => api.changeSession(renaming.id, { name }));
            changed();
          }}
        />
      )}
      {deleting === null ? null : (
        <Confirm
          title={`Delete “${deleting.name}”?`} action="Delete session" onClose={() => setDeleting(null)}
          text="Its files, runs and history will be gone for everybody in it. This cannot be undone."
          onYes={async () => {
            if (await attempt(() => api.deleteSession(deleting.id))) toast(`Deleted “${deleting.name}”`);
            changed();
          }}
        />
      )}
    </div>
  );
}

/** A session of what was dropped; what cannot be in one is told and left out. */
async function sessionOf(uploads: Awaited<ReturnType<typeof dropped>>): Promise<NewSession> {
  const { texts, problems } = await readUploads(uploads, []);
  if (texts.length === 0) throw new Error(problems[0] ?? 'There is no file in what was dropped.');
  if (problems.length > 0) toastError(new Error(problems.slice(0, 3).join(' ')));
  const first = texts[0]?.name ?? '';
  const folder = first.includes('/') ? first.slice(0, first.indexOf('/')) : first;
  return { name: folder, files: texts.map(({ name, content }) => ({ name, content, language: languageOfName(name).id })) };
}

function Rename({ session, onDone, onClose }: { session: SessionInfo; onDone: (name: string) => Promise<void>; onClose: () => void }): JSX.Element {
  const [name, setName] = useState(session.name);
  const save = async (): Promise<void> => {
    if (name.trim() === '') return;
    if (name.trim() !== session.name) await onDone(name.trim());
    onClose();
  };
  return (
    <Dialog title="Rename the session" onClose={onClose}>
      <form class="copy-row" onSubmit={(event) => (event.preventDefault(), void save())}>
        <input
          value={name} maxLength={200} aria-label="New name" autofocus spellcheck={false} onFocus={(event) => event.currentTarget.select()}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" class="button button-primary" disabled={name.trim() === ''}>Rename</button>
      </form>
    </Dialog>
  );
}
