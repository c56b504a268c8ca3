/** The files of the session: open, create, upload, rename, delete. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { nameProblem, shownName } from '../model/filenames';
import type { SessionFile } from '../model/document';
import type { Session } from '../model/session';
import { dropped, readUploads, type Upload } from '../model/upload';
import { Icon } from '../ui/icons';
import { Confirm, IconButton, LanguageBadge } from '../ui/parts';
import { attempt, toast, toastError } from '../ui/toast';

type Editing = { kind: 'new' } | { kind: 'rename'; id: string } | null;

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
  const [editing, setEditing] = useState<Editing>(null);
  const [deleting, setDeleting] = useState<SessionFile | null>(null);

  const picker = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(0); // how many nested elements a dragged file is over
  useEffect(() => {
    const stops = [
      session.granting('new-file', () => {
        onWanted();
        setEditing({ kind: 'new' });
      }),
      session.granting('upload', () => picker.current?.click()),
    ];
    return () => stops.forEach((stop) => stop());
  }, [session]);

  const take = (uploads: Promise<Upload[]>): void => void attempt(async () => {
    const { texts, problems } = await readUploads(await uploads, doc.files.value.map(({ name }) => name));
    const ids = texts.map(({ name, content }) => doc.createFile(name, content));
    if (ids[0] !== undefined) session.open(ids[0]);
    if (ids.length > 0) toast(ids.length === 1 ? `Added ${shownName(texts[0]?.name ?? '')}` : `Added ${ids.length} files`);
    if (problems.length > 0) toastError(new Error(shownName([...problems.slice(0, 3), problems.length > 3 ? `And ${problems.length - 3} more.` : ''].join(' ').trim())));
  });
  const drags = (event: DragEvent): boolean => mayEdit && (event.dataTransfer?.types.includes('Files') ?? false);
  const create = (name: string): void => {
    session.open(doc.createFile(name));
    onPicked();
  };
  return (
    <nav
      class={over > 0 ? 'files files-over' : 'files'} aria-label="Files" data-testid="files"
      onDragEnter={(event) => drags(event) && (event.preventDefault(), setOver(over + 1))}
      onDragOver={(event) => drags(event) && event.preventDefault()}
      onDragLeave={() => setOver(Math.max(0, over - 1))}
      onDrop={(event) => {
        setOver(0);
        if (!drags(event) || event.dataTransfer === null) return;
        event.preventDefault();
        take(dropped(event.dataTransfer));
      }}
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
        <IconButton icon="plus" label="New file" testid="new-file" disabled={!mayEdit} onClick={() => setEditing({ kind: 'new' })} />
      </div>
      <ul class="file-list">
        {editing?.kind === 'new' ? (
          <li><NameField initial="" label="Name of the new file" taken={files.map(({ name }) => name)} onDone={create} onClose={() => setEditing(null)} /></li>
        ) : null}
        {files.map((file) => (
          <li key={file.id}>
            {editing?.kind === 'rename' && editing.id === file.id ? (
              <NameField
                initial={file.name} label={`New name of ${file.name}`} onClose={() => setEditing(null)}
                taken={files.filter(({ id }) => id !== file.id).map(({ name }) => name)} onDone={(name) => doc.renameFile(file.id, name)}
              />
            ) : (
              <FileItem
                session={session} file={file} mayEdit={mayEdit} onDelete={() => setDeleting(file)}
                onRename={() => setEditing({ kind: 'rename', id: file.id })}
                onOpen={() => {
                  session.open(file.id);
                  onPicked();
                }}
              />
            )}
          </li>
        ))}
      </ul>
      {files.length === 0 && editing === null && doc.ready.value ? (
        <p class="files-empty">No files yet.{mayEdit ? ' Create one with +, or drop some here.' : ''}</p>
      ) : null}
      {over > 0 ? <div class="files-drop" aria-hidden="true"><Icon name="upload" size={20} /> Drop to add</div> : null}
      {deleting === null ? null : (
        <Confirm
          title={`Delete ${shownName(deleting.name)}?`} text="It disappears for everybody in this session." action="Delete file"
          onYes={() => doc.deleteFile(deleting.id)} onClose={() => setDeleting(null)}
        />
      )}
    </nav>
  );
}

interface ItemProps {
  session: Session;
  file: SessionFile;
  mayEdit: boolean;
  onOpen: () => void;
  onRename: () => void;
  onDelete: () => void;
}

function FileItem({ session, file, mayEdit, onOpen, onRename, onDelete }: ItemProps): JSX.Element {
  const here = session.document.members.value.filter((member) => !member.self && member.fileId === file.id);
  const active = session.activeId.value === file.id;
  return (
    <div class={active ? 'file-row file-row-active' : 'file-row'}>
      <button
        type="button" class="file-item" data-testid="file-item" aria-current={active ? 'true' : undefined}
        onClick={onOpen} onDblClick={() => mayEdit && onRename()}
        onKeyDown={(event) => {
          if (!mayEdit) return;
          if (event.key === 'F2') onRename();
          if (event.key === 'Delete') onDelete();
        }}
      >
        <LanguageBadge language={file.language} />
        <span class="file-name" title={shownName(file.name)}>{shownName(file.name)}</span>
        {here.map((member) => <span key={member.id} class="here" style={{ '--who': member.color }} title={`${member.name} is here`} />)}
      </button>
      {mayEdit ? (
        <span class="file-actions">
          <IconButton icon="pencil" label={`Rename ${file.name}`} size={14} onClick={onRename} />
          <IconButton icon="trash" label={`Delete ${file.name}`} size={14} onClick={onDelete} />
        </span>
      ) : null}
    </div>
  );
}

interface NameFieldProps {
  initial: string;
  label: string;
  taken: string[];
  onDone: (name: string) => void;
  onClose: () => void;
}

/** Enter takes the name, Escape and leaving the field give up; a name that cannot be says why at once. */
function NameField({ initial, label, taken, onDone, onClose }: NameFieldProps): JSX.Element {
  const [name, setName] = useState(initial);
  const problem = name === '' ? null : nameProblem(name, taken);
  const closed = useRef(false); // the field loses focus once more while it is taken away
  const close = (): void => {
    closed.current = true;
    onClose();
  };
  const done = (): void => {
    if (closed.current || nameProblem(name, taken) !== null) return;
    if (name !== initial) onDone(name);
    close();
  };
  return (
    <form class="name-field" onSubmit={(event) => (event.preventDefault(), done())}>
      <input
        value={name} placeholder="name.js" aria-label={label} aria-invalid={problem !== null} spellcheck={false} autocapitalize="off"
        ref={(input) => {
          if (input === null || document.activeElement === input) return;
          input.focus();
          input.setSelectionRange(0, initial.lastIndexOf('.') > 0 ? initial.lastIndexOf('.') : initial.length);
        }}
        onInput={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && close()} onBlur={() => (closed.current ? undefined : name === initial || name === '' ? close() : done())}
      />
      {problem === null ? null : <p class="name-problem" role="alert">{problem}</p>}
    </form>
  );
}
