/** What programs left for the next run of this session, by language: asked of the server, and again whenever it says that something changed. */
import { signal } from '@preact/signals';
import { api } from '../api';
import type { Lane } from '../lane';

export interface Environment {
  language: string;
  generation: number;
  bytes: number;
  variableCount: number;
  fileCount: number;
  lastRun: { executionId: string; actor: { id: string; name: string }; at: string };
}

export interface EnvironmentContents extends Environment {
  variables: { name: string; type: string; repr: string }[];
  files: { name: string; size: number }[];
}

/** A page has no state of its own. */
const WITHOUT: ReadonlySet<string> = new Set(['html', 'css']);

export const keepsEnvironment = (language: string): boolean => !WITHOUT.has(language);

export class Environments {
  readonly list = signal<Environment[]>([]);
  readonly failed = signal(false);
  private asked = 0;

  constructor(
    private readonly sessionId: string,
    lane: Pick<Lane, 'on'>,
  ) {
    lane.on('welcome', () => void this.refresh());
    lane.on('environment.changed', () => void this.refresh());
    lane.on('execution.finished', (message) => {
      if (isKept(message['environment'])) void this.refresh();
    });
  }

  /** The newest answer counts, whichever comes last. */
  async refresh(): Promise<void> {
    this.asked += 1;
    const asked = this.asked;
    try {
      const { items } = await api.environments(this.sessionId);
      if (asked !== this.asked) return;
      this.list.value = items;
      this.failed.value = false;
    } catch {
      if (asked === this.asked) this.failed.value = true;
    }
  }

  contents(language: string): Promise<EnvironmentContents> {
    return api.environment(this.sessionId, language);
  }

  async reset(language: string): Promise<void> {
    await api.resetEnvironment(this.sessionId, language);
    await this.refresh();
  }
}

function isKept(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { kept?: unknown }).kept === true;
}
