/** Everything one open session page shares: document, lane, runs, tabs and rights. Components read it, nothing else owns it. */
import { computed, effect, signal } from '@preact/signals';
import { api } from '../api';
import { Lane } from '../lane';
import type { Me, Role, SessionInfo } from '../types';
import { SessionDocument, type SessionFile } from './document';
import { languageById } from './languages';
import { Runs } from './runs';

export const CURRENT_FILE = ''; // the entry setting that means “whatever file is open”

export class Session {
  readonly lane = new Lane();
  readonly document: SessionDocument;
  readonly runs: Runs;
  readonly info = signal<SessionInfo>(null as unknown as SessionInfo);
  readonly role = signal<Role>('viewer');
  readonly tabs = signal<string[]>([]);
  readonly activeId = signal<string | null>(null);
  readonly entryId = signal<string>(CURRENT_FILE);
  /** A place to show in the editor; the editor takes it and sets it back to null. */
  readonly target = signal<{ line: number; column: number } | null>(null);
  readonly active = computed(() => this.document.files.value.find((file) => file.id === this.activeId.value) ?? null);
  readonly mayEdit = computed(
    () => (this.role.value === 'owner' || this.role.value === 'editor') && this.document.connection.value.kind !== 'closed',
  );
  readonly mayRun = computed(() => this.role.value !== 'viewer');
  readonly entry = computed<SessionFile | null>(() => this.chooseEntry());
  private readonly stops: (() => void)[] = [];

  constructor(
    readonly me: Me,
    info: SessionInfo,
  ) {
    this.info.value = info;
    this.role.value = info.ownerId === me.user.id ? 'owner' : (info.roles[me.user.id] ?? 'viewer');
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.runs = new Runs(info.id, this.lane);
    this.stops.push(
      this.lane.on('welcome', (message) => {
        if (isRole(message['role'])) this.role.value = message['role'];
        void this.runs.refresh();
      }),
      this.lane.on('role', (message) => {
        if (isRole(message['role'])) this.role.value = message['role'];
      }),
    );
    this.document = new SessionDocument(info.id, this.lane, me.user, `${scheme}//${location.host}/ws`);
    this.stops.push(effect(() => this.keepTabs(this.document.files.value)));
  }

  open(fileId: string): void {
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

  run(): void {
    const file = this.entry.value;
    const live = this.runs.shown.value !== null && !this.runs.shown.value.over;
    if (file !== null && this.mayRun.value && !live && !this.runs.starting.value) void this.runs.start(file.name, file.language);
  }

  async rename(name: string): Promise<void> {
    this.info.value = await api.changeSession(this.info.value.id, { name });
  }

  async setPublic(isPublic: boolean): Promise<void> {
    this.info.value = await api.changeSession(this.info.value.id, { isPublic });
  }

  destroy(): void {
    for (const stop of this.stops) stop();
    this.document.destroy();
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
    else this.open(first);
  }
}

function isRole(value: unknown): value is Role {
  return value === 'owner' || value === 'editor' || value === 'runner' || value === 'viewer';
}
