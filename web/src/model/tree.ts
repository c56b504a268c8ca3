/** The files of a session as a tree of folders, which are nothing but the beginnings of names. Pure. */
import { nameProblem } from './filenames';

export interface Named {
  id: string;
  name: string;
}

export type Row<F extends Named> =
  | { kind: 'folder'; path: string; label: string; depth: number; open: boolean; empty: boolean }
  | { kind: 'file'; file: F; label: string; depth: number };

/** What is dragged, cut or renamed: a file by its id, or a folder by its path. */
export type Thing = { kind: 'file'; id: string } | { kind: 'folder'; path: string };

interface Branch<F> {
  folders: Map<string, Branch<F>>;
  files: { label: string; file: F }[];
}

export const folderOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('/')));
const lastPart = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
export const inFolder = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);
const within = (name: string, folder: string): boolean => name.startsWith(`${folder}/`);

/** The rows to show, folders before files; `extra` are folders that hold nothing yet. */
export function rowsOf<F extends Named>(files: readonly F[], closed: ReadonlySet<string>, extra: readonly string[] = []): Row<F>[] {
  const root: Branch<F> = { folders: new Map(), files: [] };
  const branchOf = (path: string): Branch<F> => {
    let at = root;
    for (const part of path === '' ? [] : path.split('/')) {
      const next = at.folders.get(part) ?? { folders: new Map(), files: [] };
      at.folders.set(part, next);
      at = next;
    }
    return at;
  };
  for (const path of extra) branchOf(path);
  for (const file of files) branchOf(folderOf(file.name)).files.push({ label: lastPart(file.name), file });
  const rows: Row<F>[] = [];
  const walk = (branch: Branch<F>, path: string, depth: number): void => {
    for (const [label, inner] of [...branch.folders].sort(([a], [b]) => a.localeCompare(b))) {
      const folder = inFolder(path, label);
      const open = !closed.has(folder);
      rows.push({ kind: 'folder', path: folder, label, depth, open, empty: inner.files.length === 0 && inner.folders.size === 0 });
      if (open) walk(inner, folder, depth + 1);
    }
    for (const { label, file } of branch.files.sort((a, b) => a.label.localeCompare(b.label) || a.file.id.localeCompare(b.file.id))) {
      rows.push({ kind: 'file', file, label, depth });
    }
  };
  walk(root, '', 0);
  return rows;
}

/** The files of a thing: itself, or all that the folder holds. */
export function filesOf<F extends Named>(files: readonly F[], thing: Thing): F[] {
  return files.filter((file) => (thing.kind === 'file' ? file.id === thing.id : within(file.name, thing.path)));
}

export type Renames = { renames: Named[]; problem: null } | { renames: null; problem: string };

/** The new names when a thing gets the path `to`, or why it cannot. */
export function renamed(files: readonly Named[], thing: Thing, to: string): Renames {
  const moved = filesOf(files, thing);
  const ids = new Set(moved.map(({ id }) => id));
  const taken = files.filter(({ id }) => !ids.has(id)).map(({ name }) => name);
  if (thing.kind === 'folder' && (to === thing.path || within(to, thing.path))) {
    if (to !== thing.path) return { renames: null, problem: 'A folder cannot be moved into itself.' };
  }
  const renames = moved.map(({ id, name }) => ({ id, name: thing.kind === 'file' ? to : to + name.slice(thing.path.length) }));
  const fault = thing.kind === 'folder' ? nameProblem(to, []) : null;
  if (fault !== null) return { renames: null, problem: fault };
  for (const { name } of renames) {
    const problem = nameProblem(name, taken);
    if (problem !== null) return { renames: null, problem: thing.kind === 'folder' ? `${lastPart(name)}: ${problem}` : problem };
  }
  return { renames, problem: null };
}

/** The path of a thing once it is in `folder`. */
export function pathIn(files: readonly Named[], thing: Thing, folder: string): string {
  const now = thing.kind === 'folder' ? thing.path : (files.find(({ id }) => id === thing.id)?.name ?? '');
  return inFolder(folder, lastPart(now));
}
