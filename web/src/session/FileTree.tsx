/** The tree of files: opened, moved by dragging or by keys, renamed and deleted; folders are parts of names. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { SessionFile } from '../model/document';
import { shownName } from '../model/filenames';
import type { Session } from '../model/session';
import { filesOf, folderOf, pathIn, renamed, type Row, type Thing } from '../model/tree';
import { Icon } from '../ui/icons';
import { IconButton, LanguageBadge } from '../ui/parts';
import { toast, toastError } from '../ui/toast';
import { NameField } from './NameField';

export const DRAGGED = 'application/x-collab-file';

interface TreeProps {
  session: Session;
  rows: Row<SessionFile>[];
  /** The folder over which something is dragged; the root is ''. */
  target: string | null;
  onTarget: (folder: string | null) => void;
  onToggle: (folder: string, open: boolean) => void;
  onPicked: () => void;
  onDelete: (thing: Thing) => void;
  onNewIn: (folder: string) => void;
}

const keyOf = (row: Row<SessionFile>): string => (row.kind === 'file' ? `f ${row.file.id}` : `d ${row.path}`);
const thingOf = (row: Row<SessionFile>): Thing => (row.kind === 'file' ? { kind: 'file', id: row.file.id } : { kind: 'folder', path: row.path });
const folderOfRow = (row: Row<SessionFile>): string => (row.kind === 'folder' ? row.path : folderOf(row.file.name));

/** Puts a thing into a folder, or says why it cannot be there. */
export function move(session: Session, thing: Thing, folder: string): void {
  rename(session, thing, pathIn(session.document.files.peek(), thing, folder));
}

function rename(session: Session, thing: Thing, to: string): void {
  const { document: doc } = session;
  const { renames, problem } = renamed(doc.files.peek(), thing, to);
  if (renames === null) toastError(new Error(shownName(problem)));
  else doc.doc.transact(() => renames.forEach(({ id, name }) => doc.file(id)?.name !== name && doc.renameFile(id, name)));
}

export function FileTree(props: TreeProps): JSX.Element {
  const { session, rows, target } = props;
  const list = useRef<HTMLUListElement>(null);
  const [renaming, setRenaming] = useState<string | null>(null);
  const [cut, setCut] = useState<Thing | null>(null);
  const [at, setAt] = useState<string | null>(null); // the row that Tab comes to
  const mayEdit = session.mayEdit.value;
  const back = useRef(false); // the field that had the focus is gone
  // At once after drawing: an effect that waits runs before the next drawing too, when the field is still there.
  useLayoutEffect(() => {
    if (!back.current) return;
    back.current = false;
    if (document.activeElement === document.body) list.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  });
  const stop = rows.some((row) => keyOf(row) === at) ? at : (rows.find((row) => row.kind === 'file' && row.file.id === session.activeId.value) ?? rows[0]);
  const stopKey = typeof stop === 'string' ? stop : stop == null ? null : keyOf(stop);
  const focus = (row: Row<SessionFile> | undefined): void => {
    if (row === undefined) return;
    setAt(keyOf(row));
    list.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(keyOf(row))}"]`)?.focus();
  };
  const keys = (event: KeyboardEvent, row: Row<SessionFile>): void => {
    const index = rows.indexOf(row);
    const mod = event.ctrlKey || event.metaKey;
    const parent = rows.find((each) => each.kind === 'folder' && each.path === (row.kind === 'folder' ? folderOf(row.path) : folderOf(row.file.name)));
    if (event.key === 'ArrowDown') focus(rows[index + 1]);
    else if (event.key === 'ArrowUp') focus(rows[index - 1]);
    else if (event.key === 'Home') focus(rows[0]);
    else if (event.key === 'End') focus(rows.at(-1));
    else if (event.key === 'ArrowRight' && row.kind === 'folder') row.open ? focus(rows[index + 1]) : props.onToggle(row.path, true);
    else if (event.key === 'ArrowLeft') row.kind === 'folder' && row.open ? props.onToggle(row.path, false) : focus(parent);
    else if (event.key === 'F2' && mayEdit) setRenaming(keyOf(row));
    else if (event.key === 'Delete' && mayEdit) props.onDelete(thingOf(row));
    else if (mod && event.key.toLowerCase() === 'x' && mayEdit) (setCut(thingOf(row)), toast('Cut: choose a folder and paste'));
    else if (mod && event.key.toLowerCase() === 'v' && mayEdit && cut !== null) (move(session, cut, folderOfRow(row)), setCut(null));
    else if (event.key === 'Escape' && cut !== null) setCut(null);
    else if (!mod && !event.altKey && /^[\p{L}\p{N}_.]$/u.test(event.key)) {
      const letter = event.key.toLowerCase();
      focus([...rows.slice(index + 1), ...rows.slice(0, index)].find((each) => each.label.toLowerCase().startsWith(letter)));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <ul class="file-list" ref={list} data-target={target === '' ? 'root' : undefined}>
      {rows.map((row) => {
        const key = keyOf(row);
        const thing = thingOf(row);
        const path = row.kind === 'folder' ? row.path : row.file.name;
        if (renaming === key) {
          return (
            <li key={key}>
              <NameField
                initial={path} label={`New name of ${path}`} onDone={(to) => {
                  rename(session, thing, to);
                  if (thing.kind === 'folder') setAt(`d ${to}`);
                }}
                onClose={() => (setRenaming(null), back.current = true)}
                problemOf={(to) => renamed(session.document.files.value, thing, to).problem}
              />
            </li>
          );
        }
        const gone = cut !== null && (cut.kind === 'file' ? row.kind === 'file' && row.file.id === cut.id : row.kind === 'folder' && row.path === cut.path);
        return (
          <li
            key={key} draggable={mayEdit} class={gone ? 'file-cut' : undefined}
            onDragStart={(event) => {
              event.dataTransfer?.setData(DRAGGED, JSON.stringify(thing));
              if (event.dataTransfer !== null) event.dataTransfer.effectAllowed = 'move';
            }}
            onDragEnd={() => props.onTarget(null)}
            onDragOver={() => mayEdit && props.onTarget(folderOfRow(row))}
          >
            <Item
              session={session} row={row} stop={key === stopKey} target={target !== null && target !== '' && row.kind === 'folder' && row.path === target}
              onKeys={(event) => keys(event, row)} onFocus={() => setAt(key)} onRename={() => setRenaming(key)} onDelete={() => props.onDelete(thing)}
              onNewIn={props.onNewIn} onToggle={props.onToggle} onPicked={props.onPicked}
            />
          </li>
        );
      })}
    </ul>
  );
}

interface ItemProps extends Pick<TreeProps, 'session' | 'onToggle' | 'onPicked' | 'onNewIn'> {
  row: Row<SessionFile>;
  stop: boolean;
  target: boolean;
  onKeys: (event: KeyboardEvent) => void;
  onFocus: () => void;
  onRename: () => void;
  onDelete: () => void;
}

function Item({ session, row, stop, target, ...on }: ItemProps): JSX.Element {
  const mayEdit = session.mayEdit.value;
  const active = row.kind === 'file' && session.activeId.value === row.file.id;
  const inside = row.kind === 'folder' && !row.open ? filesOf(session.document.files.value, { kind: 'folder', path: row.path }).map(({ id }) => id) : [];
  const here = session.document.members.value.filter(
    (member) => !member.self && member.fileId !== null && (row.kind === 'file' ? member.fileId === row.file.id : inside.includes(member.fileId)),
  );
  const path = row.kind === 'folder' ? row.path : row.file.name;
  const pick = (): void => {
    if (row.kind === 'folder') return on.onToggle(row.path, !row.open);
    session.open(row.file.id);
    on.onPicked();
  };
  return (
    <div class={`file-row ${active ? 'file-row-active' : ''} ${target ? 'file-row-target' : ''}`} style={{ '--depth': row.depth }}>
      <button
        type="button" class="file-item" data-testid={row.kind === 'file' ? 'file-item' : 'folder-item'} data-row={row.kind === 'file' ? `f ${row.file.id}` : `d ${row.path}`}
        tabIndex={stop ? 0 : -1} aria-current={active ? 'true' : undefined} aria-expanded={row.kind === 'folder' ? row.open : undefined}
        onClick={pick} onDblClick={() => mayEdit && row.kind === 'file' && on.onRename()} onKeyDown={on.onKeys} onFocus={on.onFocus}
      >
        {row.kind === 'folder' ? <span class="folder-icon" data-open={row.open}><Icon name="chevron" size={14} /></span> : <LanguageBadge language={row.file.language} />}
        <span class="file-name" title={shownName(path)}>{shownName(row.label)}</span>
        {row.kind === 'folder' && row.empty ? <small class="faint">empty</small> : null}
        {here.map((member) => <span key={member.id} class="here" style={{ '--who': member.color }} title={`${member.name} is here`} />)}
      </button>
      {mayEdit ? (
        <span class="file-actions">
          {row.kind === 'folder' ? <IconButton icon="plus" label={`New file in ${path}`} size={14} onClick={() => on.onNewIn(row.path)} /> : null}
          <IconButton icon="pencil" label={`Rename ${path}`} size={14} onClick={on.onRename} />
          <IconButton icon="trash" label={`Delete ${path}`} size={14} onClick={on.onDelete} />
        </span>
      ) : null}
    </div>
  );
}
