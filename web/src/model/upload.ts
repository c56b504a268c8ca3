/** Files from this device into the session: text only, under names that are free. */
import { nameProblem } from './filenames';

const UPLOAD_BYTES_MAX = 4 * 2 ** 20;
const UPLOAD_FILES_MAX = 200;

export interface Upload {
  name: string;
  file: Blob;
}

export interface Uploaded {
  texts: { name: string; content: string }[];
  /** Why a file was left out, as sentences. */
  problems: string[];
}

/** Reads what can be in a session and says of the rest why it cannot. */
export async function readUploads(uploads: readonly Upload[], taken: Iterable<string>): Promise<Uploaded> {
  const names = new Set(taken);
  const result: Uploaded = { texts: [], problems: [] };
  if (uploads.length > UPLOAD_FILES_MAX) result.problems.push(`Only the first ${UPLOAD_FILES_MAX} files were taken.`);
  for (const { name, file } of uploads.slice(0, UPLOAD_FILES_MAX)) {
    const problem = nameProblem(name, []);
    if (problem !== null) {
      result.problems.push(`${name}: ${problem}`);
      continue;
    }
    if (file.size > UPLOAD_BYTES_MAX) {
      result.problems.push(`${name} is larger than ${UPLOAD_BYTES_MAX / 2 ** 20} MB.`);
      continue;
    }
    try {
      const content = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
      if (content.includes('\0')) throw new TypeError('binary');
      const free = freeName(name, names);
      names.add(free);
      result.texts.push({ name: free, content: content.replace(/\r\n?/g, '\n') });
    } catch {
      result.problems.push(`${name} is not UTF-8 text; a session holds text files.`);
    }
  }
  return result;
}

/** `notes.md`, or `notes 2.md` and so on when that is taken. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const slash = name.lastIndexOf('/');
  const dot = name.lastIndexOf('.');
  const end = dot > slash + 1 ? dot : name.length;
  for (let n = 2; ; n++) {
    const candidate = `${name.slice(0, end)} ${n}${name.slice(end)}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** Everything that was dropped, folders included; call it inside the event, for afterwards the browser forgets the items. */
export function dropped(transfer: DataTransfer): Promise<Upload[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...transfer.files].map((file) => ({ name: file.name, file }));
  if (!entries.some((entry) => entry?.isDirectory)) return Promise.resolve(plain);
  return Promise.all(entries.map((entry) => (entry === null ? [] : walk(entry)))).then((lists) => lists.flat());
}

async function walk(entry: FileSystemEntry): Promise<Upload[]> {
  const name = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ name, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Upload[] = [];
  // A reader gives its entries in portions; an empty one is the end.
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (portion.length === 0 || found.length > UPLOAD_FILES_MAX) return found;
    for (const child of portion) found.push(...(await walk(child)));
  }
}
