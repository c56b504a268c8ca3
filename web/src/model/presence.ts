/** Who is in the session, from awareness states that strangers wrote: everything is checked before it is used. */
import * as Y from 'yjs';
import { color } from './colors';
import type { Awareness } from 'y-protocols/awareness';

export interface Member {
  id: string;
  name: string;
  color: string;
  colorLight: string;
  kind: 'human' | 'agent' | 'guest' | 'system';
  self: boolean;
  /** The file the cursor is in, if it is in one. */
  fileId: string | null;
}

export interface Cursor {
  clientId: number;
  name: string;
  color: string;
  colorLight: string;
  anchor: number;
  head: number;
}

const NAME_CHARS_MAX = 60;

interface RawState {
  user?: Record<string, unknown>;
  cursor?: { anchor?: unknown; head?: unknown } | null;
}

const text = (value: unknown, fallback: string): string =>
  typeof value === 'string' && value !== '' ? value.slice(0, NAME_CHARS_MAX) : fallback;

/** One entry per user, however many windows they have open; oneself first, then by name. */
export function membersOf(awareness: Awareness, selfId: string, fileOf: (text: Y.Text) => string | null): Member[] {
  const members = new Map<string, Member>();
  for (const [clientId, raw] of awareness.getStates() as Map<number, RawState>) {
    const user = raw?.user;
    if (user === undefined || user === null || typeof user !== 'object') continue;
    const id = text(user['id'], `client-${clientId}`);
    const position = absolute(raw.cursor?.head, awareness.doc);
    const fileId = position?.type instanceof Y.Text ? fileOf(position.type) : null;
    const known = members.get(id);
    if (known !== undefined) {
      known.fileId ??= fileId;
      continue;
    }
    const kind = user['kind'];
    const main = color(user['color']);
    members.set(id, {
      id,
      name: text(user['name'], 'Anonymous'),
      color: main,
      colorLight: color(user['colorLight'], `${main.slice(0, 7)}33`),
      kind: kind === 'agent' || kind === 'guest' || kind === 'system' ? kind : 'human',
      self: id === selfId,
      fileId,
    });
  }
  return [...members.values()].sort((a, b) => Number(b.self) - Number(a.self) || a.name.localeCompare(b.name));
}

/** The cursors of everybody else that stand in `ytext` now. */
export function cursorsIn(ytext: Y.Text, awareness: Awareness): Cursor[] {
  const cursors: Cursor[] = [];
  for (const [clientId, raw] of awareness.getStates() as Map<number, RawState>) {
    if (clientId === awareness.clientID || raw?.cursor === undefined || raw.cursor === null) continue;
    const anchor = absolute(raw.cursor.anchor, awareness.doc);
    const head = absolute(raw.cursor.head, awareness.doc);
    if (anchor?.type !== ytext || head?.type !== ytext) continue;
    const main = color(raw.user?.['color']);
    cursors.push({
      clientId,
      name: text(raw.user?.['name'], 'Anonymous'),
      color: main,
      colorLight: color(raw.user?.['colorLight'], `${main.slice(0, 7)}33`),
      anchor: anchor.index,
      head: head.index,
    });
  }
  return cursors;
}

/** Where the cursor of a user stands: of several windows, the one that moved last (`recent` knows when). */
export function placeOf(userId: string, awareness: Awareness, recent: (clientId: number) => number): { text: Y.Text; head: number } | null {
  let best: { text: Y.Text; head: number; at: number } | null = null;
  for (const [clientId, raw] of awareness.getStates() as Map<number, RawState>) {
    if (clientId === awareness.clientID || raw?.user?.['id'] !== userId) continue;
    const position = absolute(raw.cursor?.head, awareness.doc);
    if (!(position?.type instanceof Y.Text)) continue;
    const at = recent(clientId);
    if (best === null || at > best.at) best = { text: position.type, head: position.index, at };
  }
  return best;
}

function absolute(json: unknown, doc: Y.Doc): Y.AbsolutePosition | null {
  if (json === null || typeof json !== 'object') return null;
  try {
    return Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(json), doc);
  } catch {
    return null; // somebody else's malformed position is no reason to stop drawing the others
  }
}
