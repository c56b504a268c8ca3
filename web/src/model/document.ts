/**
 * The shared document of one session in this browser: its files, its socket, its offline copy and its save state.
 * It knows no component; views read its signals and call its verbs.
 */
import { signal } from '@preact/signals';
import { IndexeddbPersistence } from 'y-indexeddb';
import { Awareness } from 'y-protocols/awareness';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { type Lane, laneSocket, SUBPROTOCOL } from '../lane';
import type { User } from '../types';
import { languageOfName } from './languages';
import { type Member, membersOf } from './presence';
import { SaveState, type SaveStatus } from './save';

const FENCE_DELAY_MS = 80; // one ping for a burst of keystrokes
const UNSAVED = 'unsaved'; // in this browser's store, while edits wait for the server
const WRITTEN_WITHIN_MS = 1_000; // a store that takes longer is not called one
const SYNC_MESSAGE = 0; // y-protocols
const SYNC_STEP_1 = 0;
const AUTH_MESSAGE = 2; // y-protocols: the server refuses what we sent

export type Connection =
  | { kind: 'connecting' | 'connected' | 'reconnecting' }
  | { kind: 'closed'; code: number; reason: string };

export interface SessionFile {
  id: string;
  name: string;
  language: string;
  text: Y.Text;
}

export class SessionDocument {
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly files = signal<SessionFile[]>([]);
  readonly members = signal<Member[]>([]);
  readonly connection = signal<Connection>({ kind: 'connecting' });
  /** Why nothing may be written on the whole server just now, if so. */
  readonly readOnly = signal<string | null>(null);
  readonly save = signal<SaveStatus>({ kind: 'unknown' });
  /** True once there is something to show: the server's state, or this browser's copy while offline. */
  readonly ready = signal(false);
  /** True while edits survive closing the window, because this browser stores them. */
  readonly kept = signal(false);
  /** The same to the last keystroke: false for the moment that the writing takes. */
  readonly stored = signal(false);
  private readonly filesMap = this.doc.getMap<unknown>('files');
  private readonly state = new SaveState();
  private readonly provider: WebsocketProvider;
  private readonly store: IndexeddbPersistence | null;
  private readonly undoManagers = new Map<Y.Text, Y.UndoManager>();
  private readonly stops: (() => void)[] = [];
  private fencing = false;
  private noted = false;
  private writing = false;
  private unwritten = false;
  private fenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly sessionId: string,
    private readonly lane: Lane,
    private readonly user: User,
    serverUrl: string,
    options: { socket?: typeof WebSocket; persist?: boolean; token?: string } = {},
  ) {
    this.awareness.setLocalStateField('user', { ...user, kind: 'human' });
    this.store = options.persist === false ? null : this.openStore();
    this.provider = new WebsocketProvider(serverUrl, encodeURIComponent(sessionId), this.doc, {
      awareness: this.awareness,
      protocols: [SUBPROTOCOL],
      params: options.token === undefined ? {} : { token: options.token },
      WebSocketPolyfill: laneSocket(lane, options.socket),
      // Updates that another tab hands over would count as received, yet no server may have seen them.
      disableBc: true,
      connect: false,
    });
    this.listen();
    this.readFiles();
    this.provider.connect();
  }

  /** True while local changes exist that the server has not confirmed to be on its disk. */
  get pending(): boolean {
    return this.state.pending;
  }

  file(id: string | null): SessionFile | undefined {
    return this.files.value.find((file) => file.id === id);
  }

  createFile(name: string, content = ''): string {
    const id = crypto.randomUUID?.() ?? `f${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
    this.doc.transact(() => {
      const file = new Y.Map<unknown>();
      file.set('name', name);
      file.set('language', languageOfName(name).id);
      file.set('content', new Y.Text(content));
      this.filesMap.set(id, file);
    });
    return id;
  }

  renameFile(id: string, name: string): void {
    const file = this.filesMap.get(id);
    if (!(file instanceof Y.Map)) return;
    this.doc.transact(() => {
      const before = languageOfName(String(file.get('name'))).id;
      const after = languageOfName(name).id;
      file.set('name', name);
      if (before !== after) file.set('language', after);
    });
  }

  deleteFile(id: string): void {
    this.filesMap.delete(id);
  }

  /** Undo of one's own edits in one file; it outlives switching tabs. */
  undoManager(text: Y.Text): Y.UndoManager {
    let manager = this.undoManagers.get(text);
    if (manager === undefined) {
      manager = new Y.UndoManager(text, { captureTimeout: 400 });
      this.undoManagers.set(text, manager);
    }
    return manager;
  }

  reconnect(): void {
    this.provider.disconnect();
    this.provider.connect();
  }

  /** Drops this browser's copy, for changes that the server will not take. */
  async forget(): Promise<void> {
    await this.store?.clearData();
  }

  destroy(): void {
    clearTimeout(this.fenceTimer);
    for (const stop of this.stops) stop();
    this.provider.destroy();
    this.lane.detach();
    this.awareness.destroy();
    this.doc.destroy();
  }

  private openStore(): IndexeddbPersistence | null {
    if (typeof indexedDB === 'undefined') return null;
    // The copy is one user's: whoever signs in next on this browser must not send another's edits.
    const store = new IndexeddbPersistence(`collab:${this.user.id}:${this.sessionId}`, this.doc);
    store.whenSynced.then(
      () => {
        this.kept.value = true;
        this.writeDown(store);
        void this.recallUnsaved(store);
        if (this.filesMap.size > 0) this.ready.value = true;
      },
      () => undefined,
    );
    return store;
  }

  /** Notes when all that was typed is in this browser's store: a transaction on it ends after those before it. */
  private writeDown(store: IndexeddbPersistence): void {
    this.stored.value = false;
    this.unwritten = true;
    if (this.writing || store.db === null) return;
    this.writing = true;
    this.unwritten = false;
    const late = setTimeout(() => (this.kept.value = false), WRITTEN_WITHIN_MS);
    const done = (good: boolean) => (): void => {
      clearTimeout(late);
      this.writing = false;
      if (this.unwritten) return this.writeDown(store);
      this.kept.value = this.stored.value = good;
    };
    try {
      const transaction = store.db.transaction(['updates'], 'readwrite');
      transaction.objectStore('updates').count();
      transaction.oncomplete = done(true);
      transaction.onabort = done(false);
    } catch {
      done(false)(); // the store was closed
    }
  }

  /** What was typed in an earlier life of this page and never confirmed still counts as not saved. */
  private async recallUnsaved(store: IndexeddbPersistence): Promise<void> {
    if ((await store.get(UNSAVED).catch(() => undefined)) !== 1 || this.state.pending) return;
    this.noted = true;
    this.state.changed();
    this.refreshSave();
    this.scheduleFence(FENCE_DELAY_MS);
  }

  private noteUnsaved(): void {
    const { pending } = this.state;
    if (this.store === null || !this.kept.peek() || pending === this.noted) return;
    this.noted = pending;
    void (pending ? this.store.set(UNSAVED, 1) : this.store.del(UNSAVED)).catch(() => undefined);
  }

  private listen(): void {
    const { provider, doc, lane } = this;
    doc.on('update', (_update: Uint8Array, origin: unknown) => {
      if (origin === provider || (this.store !== null && origin === this.store)) return;
      this.state.changed();
      if (this.store !== null && this.kept.peek()) this.writeDown(this.store);
      this.refreshSave();
      this.scheduleFence(FENCE_DELAY_MS);
    });
    this.filesMap.observeDeep((events) => {
      if (events.some((event) => !(event.target instanceof Y.Text))) this.readFiles();
    });
    this.awareness.on('change', () => this.readMembers());
    provider.on('connection-close', () => {
      this.lane.detach();
      this.connection.value = { kind: 'reconnecting' };
      this.state.disconnected();
      this.refreshSave();
    });
    provider.on('closed', ({ code, reason }: { code: number; reason: string }) => {
      this.connection.value = { kind: 'closed', code, reason };
    });
    provider.on('sync', (synced: boolean) => {
      if (!synced) return;
      this.connection.value = { kind: 'connected' }; // an open socket is not enough: only now both sides have all edits
      this.ready.value = true;
      this.scheduleFence(0);
    });
    const sync = provider.messageHandlers[SYNC_MESSAGE];
    provider.messageHandlers[SYNC_MESSAGE] = (encoder, decoder, ...rest) => {
      const asksForOurs = decoder.arr[decoder.pos] === SYNC_STEP_1;
      sync?.(encoder, decoder, ...rest);
      if (!asksForOurs || !provider.synced || !this.state.pending) return;
      // The server lacked something that our last edits build on; they count only from this answer on.
      this.state.changed();
      this.refreshSave();
      this.scheduleFence(0);
    };
    provider.messageHandlers[AUTH_MESSAGE] = () => {
      this.state.refused(this.readOnly.value ?? 'The server did not accept your last changes: you may not edit this session.');
      this.refreshSave();
    };
    const hold = (message: { [key: string]: unknown }): void => {
      const reason = typeof message['readOnly'] === 'string' ? message['readOnly'] : null;
      if (reason === null && this.readOnly.value !== null) this.state.lifted();
      this.readOnly.value = reason;
      this.refreshSave();
    };
    this.stops.push(
      lane.on('welcome', hold),
      lane.on('role', hold),
      lane.on('saved', (message) => {
        this.state.saved(Number(message['version']));
        this.refreshSave();
      }),
      lane.on('save.failed', (message) => {
        this.state.failed(String(message['message'] ?? 'The server cannot write to its store right now.'));
        this.refreshSave();
      }),
    );
  }

  private scheduleFence(delayMs: number): void {
    clearTimeout(this.fenceTimer);
    this.fenceTimer = setTimeout(() => void this.fence(), delayMs);
  }

  /** Asks for the room version that includes everything sent so far; see model/save.ts. */
  private async fence(): Promise<void> {
    if (this.fencing || !this.provider.synced || !this.lane.open) return;
    this.fencing = true;
    const mark = this.state.mark();
    try {
      const reply = await this.lane.request({ type: 'ping' });
      if (typeof reply['version'] === 'number') {
        const saved = reply['savedVersion'];
        this.state.fenced(mark, reply['version'], typeof saved === 'number' ? saved : undefined);
      }
    } catch {
      return; // the next connection starts with a fence
    } finally {
      this.fencing = false;
      this.refreshSave();
    }
    if (this.state.mark() !== mark) this.scheduleFence(FENCE_DELAY_MS);
  }

  private refreshSave(): void {
    this.noteUnsaved();
    const next = this.state.status;
    if (JSON.stringify(next) !== JSON.stringify(this.save.value)) this.save.value = next;
  }

  private readFiles(): void {
    const files: SessionFile[] = [];
    for (const [id, file] of this.filesMap) {
      if (!(file instanceof Y.Map)) continue; // anything may be in a shared map
      const [name, language, text] = [file.get('name'), file.get('language'), file.get('content')];
      if (typeof name !== 'string' || !(text instanceof Y.Text)) continue;
      files.push({ id, name, language: typeof language === 'string' ? language : languageOfName(name).id, text });
    }
    files.sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
    this.files.value = files;
    this.readMembers();
  }

  private readMembers(): void {
    const fileOf = (text: Y.Text): string | null => this.files.value.find((file) => file.text === text)?.id ?? null;
    const next = membersOf(this.awareness, this.user.id, fileOf);
    if (JSON.stringify(next) !== JSON.stringify(this.members.value)) this.members.value = next;
  }
}
