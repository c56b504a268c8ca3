/** The branches of a session, as people look at them: which wait for a decision, heard live. */
import { computed, signal } from '@preact/signals';
import { api } from '../api';
import type { Lane } from '../lane';
import type { FileThen } from './versions';

export interface Branch {
  id: string;
  sessionId: string;
  title: string;
  message: string;
  status: 'open' | 'proposed' | 'merged' | 'rejected' | 'closed' | 'expired';
  authorId: string;
  authorKind: string;
  createdAt: string;
  decidedBy: string | null;
  decidedAt: string | null;
  reason: string | null;
}

/** What merging changes: the files that differ, as they are and as they would be. */
export interface BranchDiff {
  branch: Branch;
  version: number;
  both: string[];
  lost: string[];
  before: FileThen[];
  after: FileThen[];
}

export const waits = (branch: Branch): boolean => branch.status === 'open' || branch.status === 'proposed';

export class Branches {
  readonly list = signal<Branch[]>([]);
  readonly failed = signal<string | null>(null);
  readonly ready = computed(() => this.list.value.filter(({ status }) => status === 'proposed').length);

  constructor(
    private readonly sessionId: string,
    lane: Lane,
    /** Called when somebody says that a branch may be looked at. */
    private readonly onReady: (branch: Branch) => void = () => undefined,
  ) {
    lane.on('welcome', () => void this.refresh());
    lane.on('branch.changed', (message) => this.hear(message['branch'] as Branch));
  }

  async refresh(): Promise<void> {
    try {
      this.list.value = (await api.branches(this.sessionId)).items;
      this.failed.value = null;
    } catch (error) {
      this.failed.value = error instanceof Error ? error.message : String(error);
    }
  }

  private hear(branch: Branch): void {
    if (branch.sessionId !== this.sessionId) return;
    const known = this.list.value.find(({ id }) => id === branch.id);
    this.list.value = known === undefined ? [branch, ...this.list.value] : this.list.value.map((each) => (each.id === branch.id ? branch : each));
    if (branch.status === 'proposed' && known?.status !== 'proposed') this.onReady(branch);
  }
}
