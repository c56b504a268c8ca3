/** The files of the session: the tree, and what is created in it, uploaded, dropped and downloaded. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { nameProblem, shownName } from '../model/filenames';
import type { Session } from '../model/session';
import { filesOf, folderOf, inFolder, rowsOf, type Thing } from '../model/tree';
import { dropped, readUploads, type Upload } from '../model/upload';
import { Icon } from '../ui/icons';
import { Confirm, IconButton } from '../ui/parts';
import { attempt, toast, toastError } from '../ui/toast';
import { DRAGGED, FileTree, move } from './FileTree';
import { NameField } from './NameField';

interface ListProps {
  session: Session;
  onPicked: () => void;
  /** The list should be seen: something in it waits for an answer. */
  onWanted: () => void;
}

export function FileList({ session, onPicked, onWanted }: ListProps): JSX.Element {
  const { document: doc } = session;
  const files = doc.files.value;
  const mayEdit = session.mayEdit.value;
  const [creating, setCreating] = useState<{ kind: 'file' | 'folder'; initial: string } | null>(null);
  const [deleting, setDeleting] = useState<Thing | null>(null);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  // Folders without files are on this page only: the session knows names of files.
  const [fresh, setFresh] = useState<readonly string[]>([]);
  const [target, setTarget] = useState<string | null>(null);

  const picker = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(0); // how many nested elements a dragged file is over
  useEffect(() => {
    const want = (kind: 'file' | 'folder') => (): void => {
      onWanted();
      setCreating({ kind, initial: '' });
    };
    const stops = [
      session.granting('new-file', want('file')),
      session.granting('new-folder', want('folder')),
      session.granting('upload', () => picker.current?.click()),
    ];
    return () => stops.forEach((stop) => stop());
  }, [session]);

  const toggle = (folder: string, open: boolean): void => {
    const next = new Set(closed);
    if (open) next.delete(folder);
    else next.add(folder);
    setClosed(next);
  };
  const take = (uploads: Promise<Upload[]>, folder = ''): void => void attempt(async () => {
    const named = (await uploads).map(({ name, file }) => ({ name: inFolder(folder, name), file }));
    const { texts, problems } = await readUploads(named, doc.files.value.map(({ name }) => name));
    const ids = texts.map(({ name, content }) => doc.createFile(name, content));
    if (ids[0] !== undefined) session.open(ids[0]);
    if (ids.length > 0) toast(ids.length === 1 ? `Added ${shownName(texts[0]?.name ?? '')}` : `Added ${ids.length} files`);
    if (problems.length > 0) toastError(new Error(shownName([...problems.slice(0, 3), problems.length > 3 ? `And ${problems.length - 3} more.` : ''].join(' ').trim())));
  });
  const fromOutside = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  const drags = (event: DragEvent): boolean => mayEdit && (fromOutside(event) || (event.dataTransfer?.types.includes(DRAGGED) ?? false));
  const create = (name: string): void => {
    if (creating?.kind === 'folder') {
      setFresh([...fresh, name]);
      return toggle(name, true);
    }
    toggle(folderOf(name), true);
    session.open(doc.createFile(name));
    onPicked();
  };
  const drop = (event: DragEvent): void => {
    const folder = target ?? '';
    setOver(0);
    setTarget(null);
    if (!drags(event) || event.dataTransfer === null) return;
    event.preventDefault();
    if (fromOutside(event)) return take(dropped(event.dataTransfer), folder);
    const thing = thingIn(event.dataTransfer.getData(DRAGGED));
    if (thing !== null) move(session, thing, folder);
  };
  const taken = files.map(({ name }) => name);
  const gone = deleting === null ? [] : filesOf(files, deleting);
  const rows = rowsOf(files, closed, mayEdit ? fresh : []);
  return (
    <nav
      class={over > 0 ? 'files files-over' : 'files'} aria-label="Files" data-testid="files"
      onDragEnter={(event) => drags(event) && (event.preventDefault(), fromOutside(event) && setOver(over + 1))}
      onDragOver={(event) => {
        if (!drags(event)) return;
        event.preventDefault();
        if (event.target instanceof Element && event.target.closest('.file-list li') === null) setTarget('');
      }}
      onDragLeave={(event) => {
        if (fromOutside(event)) setOver(Math.max(0, over - 1));
        if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget))) setTarget(null);
      }}
      onDrop={drop}
    >
      <div class="pane-head">
        <h2>Files</h2>
        <span class="grow" />
        <a class="icon-button" href={api.exportUrl(session.info.value.id)} download aria-label="Download all as zip" title="Download all as zip"><Icon name="download" /></a>
        <IconButton icon="upload" label="Upload files" testid="upload" disabled={!mayEdit} onClick={() => picker.current?.click()} />
        <input
          ref={picker} type="file" multiple hidden aria-label="Files to upload" data-testid="upload-field"
          onChange={(event) => {
            take(Promise.resolve([...(event.currentTarget.files ?? [])].map((file) => ({ name: file.name, file }))));
            event.currentTarget.value = '';
          }}
        />
        <IconButton icon="folderPlus" label="New folder" testid="new-folder" disabled={!mayEdit} onClick={() => setCreating({ kind: 'folder', initial: '' })} />
        <IconButton icon="plus" label="New file" testid="new-file" disabled={!mayEdit} onClick={() => setCreating({ kind: 'file', initial: '' })} />
      </div>
      {creating === null ? null : (
        <div class="file-new">
          <NameField
            key={`${creating.kind} ${creating.initial}`} initial={creating.initial} label={creating.kind === 'file' ? 'Name of the new file' : 'Name of the new folder'}
            placeholder={creating.kind === 'file' ? 'name.js or folder/name.js' : 'folder'} problemOf={(name) => nameProblem(name, taken)}
            onDone={create} onClose={() => setCreating(null)}
          />
        </div>
      )}
      <FileTree
        session={session} rows={rows} target={target} onTarget={setTarget} onToggle={toggle} onPicked={onPicked} onDelete={setDeleting}
        onNewIn={(folder) => setCreating({ kind: 'file', initial: `${folder}/` })}
      />
      {files.length === 0 && creating === null && doc.ready.value ? (
        <p class="files-empty">No files yet.{mayEdit ? ' Create one with +, or drop some here.' : ''}</p>
      ) : null}
      {over > 0 ? <div class="files-drop" aria-hidden="true"><Icon name="upload" size={20} /> {target === null || target === '' ? 'Drop to add' : `Drop into ${shownName(target)}`}</div> : null}
      {deleting === null ? null : (
        <Confirm
          title={`Delete ${shownName(deleting.kind === 'folder' ? deleting.path : (gone[0]?.name ?? ''))}?`}
          text={`${gone.length > 1 ? `${gone.length} files disappear` : 'It disappears'} for everybody in this session. History keeps what was in it.`}
          action={deleting.kind === 'folder' ? 'Delete folder' : 'Delete file'} onClose={() => setDeleting(null)}
          onYes={() => {
            doc.doc.transact(() => gone.forEach(({ id }) => doc.deleteFile(id)));
            if (deleting.kind === 'folder') setFresh(fresh.filter((path) => path !== deleting.path && !path.startsWith(`${deleting.path}/`)));
          }}
        />
      )}
    </nav>
  );
}

/** What was dragged, if it is of ours: anybody's page can put anything into a drag. */
function thingIn(data: string): Thing | null {
  try {
    const thing: unknown = JSON.parse(data);
    if (typeof thing !== 'object' || thing === null) return null;
    if ('id' in thing && typeof thing.id === 'string') return { kind: 'file', id: thing.id };
    if ('path' in thing && typeof thing.path === 'string') return { kind: 'folder', path: thing.path };
  } catch {
    return null;
  }
  return null;
}
