/** What the REST API gives, as far as the editor reads it. Execution events are generated, see `generated/`. */
import type { Artifact, Metrics, RunError } from './generated/events';
import type { HeldUp } from './ui/Held';

export type Role = 'owner' | 'editor' | 'runner' | 'viewer';
export const ROLES: readonly Role[] = ['owner', 'editor', 'runner', 'viewer'];

export interface User {
  id: string;
  name: string;
  color: string;
  colorLight: string;
}

export interface Me extends HeldUp {
  user: User;
  tier: string;
  admin: boolean;
}

export interface SessionInfo {
  id: string;
  name: string;
  description: string;
  ownerId: string;
  collaborators: string[];
  roles: Record<string, Role>;
  isPublic: boolean;
  agentsPropose: boolean;
  branchOf?: string | null;
  archived: boolean;
  files: { id: string; name: string; language: string }[];
  createdAt: string;
  updatedAt: string;
  version: number;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface ExecutionInfo {
  executionId: string;
  status: string;
  actor?: { id: string; name: string };
  language?: string;
  entry?: string;
  tier?: string;
  version?: number | null;
  startedAt?: string | number | null;
  stdout?: string;
  stderr?: string;
  result?: unknown;
  error?: RunError;
  artifacts?: Artifact[];
  metrics?: Metrics;
}

export interface Collaborator {
  userId: string;
  name?: string;
  role: Role;
}

export interface ShareLink {
  id: string;
  role: Role;
  createdBy: string;
  createdAt: string;
  expiresAt: string | null;
  /** In dollars. */
  spendingCap: number | null;
}

/** An API key as it is listed: never the key itself. */
export interface Key {
  id: string;
  prefix: string;
  name: string;
  scopes: string[];
  createdAt: string;
  expiresAt: string | null;
  budget: number | null;
  runsPerMinute: number | null;
  concurrentRuns: number | null;
  /** Who acts for the account by it. */
  agent: string | null;
}
