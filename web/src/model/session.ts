/** Everything one open session page shares: document, lane, runs, tabs and rights. Components read it, nothing else owns it. */
import { computed, effect, signal, untracked } from '@preact/signals';
import type * as Y from 'yjs';
import { api } from '../api';
import type { Finding } from '../generated/events';
import { Lane } from '../lane';
import type { Me, Role, SessionInfo } from '../types';
import { Branches } from './branches';
import { Discussion } from './discussion';
import { SessionDocument, type SessionFile } from './document';
import { Environments, keepsEnvironment } from './environments';
import { languageById } from './languages';
import { requestOf, type RunOptions, storedOptions, storeOptions } from './options';
import { placeOf } from './presence';
import { Runs } from './runs';
import { toast } from '../ui/toast';

export const CURRENT_FILE = ''; // the entry setting that means “whatever file is open”

/** What a command asks of a part of the page that is on it already; that part does it and sets it back to null. */
export type Wish = 'new-file' | 'new-folder' | 'upload' | 'options' | 'rename' | 'runs' | 'find' | 'find-output' | 'format' | 'comment' | 'focus';

export class Session {
  readonly lane = new Lane();
  readonly document: SessionDocument;
  readonly runs: Runs;
  readonly environments: Environments;
  readonly branches: Branches;
  readonly talk: Discussion;
  readonly info = signal<SessionInfo>(null as unknown as SessionInfo);
  readonly role = signal<Role>('viewer');
  readonly tabs = signal<string[]>([]);
  readonly activeId = signal<string | null>(null);
  readonly entryId = signal<string>(CURRENT_FILE);
  /** A place to show in the editor; the editor takes it and sets it back to null. */
  readonly target = signal<{ line: number; column: number } | null>(null);
  readonly options = signal<RunOptions>({} as RunOptions);
  readonly dialog = signal<'share' | 'versions' | 'branches' | 'palette' | 'settings' | null>(null);
  readonly wish = signal<Wish | null>(null);
  /** Whose cursor the editor follows. */
  readonly following = signal<string | null>(null);
  /** Where the followed cursor stands now; the editor keeps it in view. */
  readonly followed = signal<{ text: Y.Text; head: number } | null>(null);
  readonly active = computed(() => this.document.files.value.find((file) => file.id === this.activeId.value) ?? null);
  readonly mayEdit = computed(
    () => (this.role.value === 'owner' || this.role.value === 'editor')
      && this.document.readOnly.value === null && this.document.connection.value.kind !== 'closed',
  );
  /** Why nothing may be run on the whole server just now, if so. */
  readonly executionsOff = signal<string | null>(null);
  readonly mayRun = computed(() => this.role.value !== 'viewer');
  readonly entry = computed<SessionFile | null>(() => this.chooseEntry());
  private readonly stops: (() => void)[] = [];

  constructor(
    readonly me: Me,
    info: SessionInfo,
    /** Inside a page of others: the right comes by this token, and nothing is kept in the browser. */
    readonly embedded: { token: string } | null = null,
  ) {
    this.info.value = info;
    this.options.value = storedOptions(info.id);
    this.role.value = info.ownerId === me.user.id ? 'owner' : (info.roles[me.user.id] ?? 'viewer');
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.runs = new Runs(info.id, this.lane);
    this.environments = new Environments(info.id, this.lane);
    this.branches = new Branches(info.id, this.lane, (branch) => toast(`“${branch.title}” is ready to be looked at.`));
    this.stops.push(
      this.lane.on('welcome', (message) => {
        this.hearRights(message);
        this.talk.speakAs((message['user'] as { kind?: unknown } | undefined)?.kind);
        void this.runs.refresh();
        void this.refreshInfo(); // it may have been renamed while nobody could tell us
      }),
      this.lane.on('session.changed', (message) => {
        const { name, isPublic } = message;
        const agentsPropose = message['agentsPropose'] === true;
        if (typeof name === 'string' && typeof isPublic === 'boolean') this.info.value = { ...this.info.value, name, isPublic, agentsPropose };
      }),
      this.lane.on('role', (message) => this.hearRights(message)),
    );
    this.document = new SessionDocument(
      info.id, this.lane, me.user, `${scheme}//${location.host}/ws`, embedded === null ? {} : { persist: false, token: embedded.token },
    );
    this.talk = new Discussion(this.document, me.user);
    this.stops.push(effect(() => this.keepTabs(this.document.files.value)), this.followCursors(), () => this.talk.destroy());
  }

  private hearRights(message: { [key: string]: unknown }): void {
    if (isRole(message['role'])) this.role.value = message['role'];
    this.executionsOff.value = typeof message['executionsOff'] === 'string' ? message['executionsOff'] : null;
  }

  /** Opens a file because this person wants it: whoever follows somebody stops. */
  open(fileId: string): void {
    if (fileId !== this.activeId.peek()) this.follow(null);
    this.show(fileId);
  }

  private show(fileId: string): void {
    if (!this.tabs.value.includes(fileId)) this.tabs.value = [...this.tabs.value, fileId];
    this.activeId.value = fileId;
  }

  closeTab(fileId: string): void {
    const index = this.tabs.value.indexOf(fileId);
    const tabs = this.tabs.value.filter((id) => id !== fileId);
    this.tabs.value = tabs;
    if (this.activeId.value === fileId) this.activeId.value = tabs[Math.min(index, tabs.length - 1)] ?? null;
  }

  goTo(name: string, line: number, column: number | null): void {
    const file = this.document.files.value.find((candidate) => candidate.name === name);
    if (file === undefined) return;
    this.open(file.id);
    this.target.value = { line, column: column ?? 1 };
  }

  follow(userId: string | null): void {
    if (this.following.value !== userId) this.following.value = userId;
  }

  ask(wish: Wish): void {
    this.wish.value = wish;
  }

  /** Calls `grant` whenever this is asked; returns the way to stop. */
  granting(wish: Wish, grant: () => void): () => void {
    return effect(() => {
      if (this.wish.value !== wish) return;
      this.wish.value = null;
      untracked(grant);
    });
  }

  setOptions(options: RunOptions): void {
    this.options.value = options;
    storeOptions(this.info.value.id, options);
  }

  /** What a scan says of a file as the server has it; what was typed before is there by then. */
  async scan(fileId: string): Promise<Finding[]> {
    const reply = await this.lane.request({ type: 'scan', fileId });
    return reply['findings'] as Finding[];
  }

  run(): void {
    const file = this.entry.value;
    const live = this.runs.shown.value !== null && !this.runs.shown.value.over;
    if (file !== null && this.mayRun.value && this.executionsOff.value === null && !live && !this.runs.starting.value) {
      const options = this.options.value;
      const keepEnvironment = options.keepEnvironment && keepsEnvironment(file.language);
      void this.runs.start(file.name, file.language, requestOf({ ...options, keepEnvironment }));
    }
  }

  async rename(name: string): Promise<void> {
    this.info.value = await api.changeSession(this.info.value.id, { name });
  }

  async setPublic(isPublic: boolean): Promise<void> {
    this.info.value = await api.changeSession(this.info.value.id, { isPublic });
  }

  async setAgentsPropose(agentsPropose: boolean): Promise<void> {
    this.info.value = await api.changeSession(this.info.value.id, { agentsPropose });
  }

  /** Who owns it and what it is called, as the server has it now. */
  async refreshInfo(): Promise<void> {
    const before = this.info.value;
    const info = await api.session(before.id).catch(() => null);
    if (info !== null && this.info.value === before) this.info.value = info;
  }

  destroy(): void {
    for (const stop of this.stops) stop();
    this.document.destroy();
  }

  /** Keeps the followed person's file open and their place known; ends when they leave. */
  private followCursors(): () => void {
    const { awareness } = this.document;
    const movedAt = new Map<number, number>();
    let moves = 0;
    const look = (): void => {
      const userId = this.following.peek();
      const place = userId === null ? null : placeOf(userId, awareness, (id) => movedAt.get(id) ?? 0);
      const last = this.followed.peek();
      if (place === null ? last !== null : last?.text !== place.text || last.head !== place.head) this.followed.value = place;
      const file = place === null ? undefined : this.document.files.peek().find(({ text }) => text === place.text);
      if (file !== undefined && file.id !== this.activeId.peek()) this.show(file.id);
    };
    const changed = ({ added, updated, removed }: { added: number[]; updated: number[]; removed: number[] }): void => {
      for (const id of [...added, ...updated]) movedAt.set(id, ++moves);
      for (const id of removed) movedAt.delete(id);
      if (this.following.peek() !== null) look();
    };
    // A cursor may be told of before the text it stands in.
    const grown = (): void => {
      if (this.following.peek() !== null) look();
    };
    awareness.on('change', changed);
    this.document.doc.on('update', grown);
    const stop = effect(() => {
      const userId = this.following.value;
      const here = this.document.members.value.some((member) => member.id === userId && !member.self);
      untracked(() => (userId !== null && !here ? this.follow(null) : look()));
    });
    return () => {
      stop();
      awareness.off('change', changed);
      this.document.doc.off('update', grown);
    };
  }

  /** The chosen entry; else the open file if it can run; else the file that looks like the main one. */
  private chooseEntry(): SessionFile | null {
    const files = this.document.files.value;
    const chosen = files.find((file) => file.id === this.entryId.value);
    if (chosen !== undefined) return chosen;
    const runs = (file: SessionFile | null | undefined): boolean => file != null && languageById(file.language).runs;
    const active = this.active.value;
    if (runs(active)) return active;
    return files.find((file) => runs(file) && /^(main|index)\./.test(file.name)) ?? files.find(runs) ?? active;
  }

  private keepTabs(files: SessionFile[]): void {
    const ids = new Set(files.map((file) => file.id));
    const tabs = this.tabs.peek().filter((id) => ids.has(id));
    if (tabs.length !== this.tabs.peek().length) this.tabs.value = tabs;
    const active = this.activeId.peek();
    if (active !== null && ids.has(active)) return;
    const first = tabs.at(-1) ?? files.find((file) => /^(main|index)\./.test(file.name))?.id ?? files[0]?.id;
    if (first === undefined) this.activeId.value = null;
    else this.show(first);
  }
}

function isRole(value: unknown): value is Role {
  return value === 'owner' || value === 'editor' || value === 'runner' || value === 'viewer';
}
