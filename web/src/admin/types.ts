/** What the admin's part of the REST API gives. Dollars come as decimals, sums as whole micro-dollars. */
import type { Percentiles } from '../analytics/types';
import type { Role } from '../types';

export interface Share {
  executions: number;
  users: number;
  sessions: number;
  failed: number;
  refused: number;
  computeUnits: number;
  revenueMicroDollars: number;
}

export interface KeyedShare extends Share {
  key: string;
}

export interface Stats {
  from: string;
  to: string;
  step: 'hour' | 'day';
  present: { users: number; sessions: number; newUsers: number; newSessions: number };
  totals: Share & { billed: number; executionTime: number };
  overTime: (Share & { at: string })[];
  byLanguage: KeyedShare[];
  byTier: KeyedShare[];
  byStatus: KeyedShare[];
  byUser: KeyedShare[];
  latency: { execution: Percentiles; queue: Percentiles };
  latencyByLanguage: Record<string, Percentiles>;
}

export interface Run {
  id: string;
  sessionId: string | null;
  actor: { id: string; name: string };
  language: string;
  entry: string;
  tier: string;
  tierVersion: number;
  status: string;
  metrics: { executionTime: number; memoryUsage: number; computeUnits: number; cost: number };
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  nodeId: string;
}

export type SessionState = 'open' | 'readOnly' | 'closed' | 'deleted';

export interface ListedSession {
  id: string;
  name: string;
  ownerId: string;
  isPublic: boolean;
  state: SessionState;
  archived: boolean;
  quarantined: boolean;
  members: number;
  sizeBytes: number;
  version: number;
  connectionsHere: number;
  createdAt: string;
  lastActivityAt: string;
  expiresAt: string | null;
}

export interface KeptSession extends Omit<ListedSession, 'members' | 'connectionsHere'> {
  description: string;
  /** The session that it is a branch of. */
  branchOf: string | null;
  members: { userId: string; name: string; role: Role }[];
  /** The newest ones. */
  versions: { version: number; name: string | null; actorIds: string[]; at: string }[];
  billedRuns: number;
  costMicroDollars: number;
  budget: number | null;
  scanPolicy: string | null;
  deletedAt: string | null;
}

export interface Overrides {
  runsPerMinute?: number;
  concurrentRuns?: number;
  computeUnitsPerMonth?: number | null;
  moneyPerMonth?: number | null;
  pricePercent?: number;
}

export interface Account {
  id: string;
  name: string;
  tier: string;
  admin: boolean;
  suspended: boolean;
  createdAt: string;
  tokens: number;
  sessions: number;
  budget: number | null;
  limits: Overrides;
  costThisMonth: number;
}

export interface TierLimits {
  runsPerMinute: number;
  concurrentRuns: number;
  computeUnitsPerMonth: number | null;
  moneyPerMonth: number | null;
}

export interface TierBody {
  pricePerSecond: number;
  pricePerMb: number;
  maxTimeMs: number;
  maxMemoryBytes: number;
  modules: string[];
  limits: TierLimits;
}

export interface Tier extends TierBody {
  name: string;
  version: number;
}

export interface TierWithVersions extends Tier {
  /** Newest first; nobody set what it came with. */
  versions: (Tier & { setBy: string | null; setAt: string | null })[];
}

interface Change {
  beforeMicroDollars: number;
  afterMicroDollars: number;
}

export interface TierPreview {
  days: number;
  typical: { seconds: number; memoryBytes: number; measured: boolean };
  typicalCost: Change;
  executions: number;
  allCost: Change;
  noLongerFit: number;
  modulesAdded: string[];
  modulesRemoved: string[];
}

export interface SecurityEvent {
  id: number;
  at: string;
  kind: string;
  severity: 'info' | 'warning' | 'error';
  actorId: string | null;
  origin: string;
  subject: string;
  detail: Record<string, unknown>;
  count: number;
  nodeId: string;
}

export interface FindingShown {
  ruleId: string;
  severity: string;
  message: string;
  file?: string;
  line?: number;
  cwe?: string;
}

export interface Alert {
  id: string;
  ruleId: string;
  kind: string;
  count: number;
  threshold: number;
  windowS: number;
  at: string;
  acknowledgedBy: string | null;
  acknowledgedAt: string | null;
}

export interface AlertRuleBody {
  kind: string;
  threshold: number;
  windowS: number;
  quietS: number;
  enabled: boolean;
}

export interface AlertRule extends AlertRuleBody {
  id: string;
}

export interface Act {
  id: number;
  at: string;
  actorId: string;
  action: string;
  subject: string;
  origin: string;
  detail: Record<string, unknown>;
  hash: string;
}

export interface Verdict {
  ok: boolean;
  rows: number;
  head: string;
  brokenId?: number | null;
  reason?: string | null;
}

export interface IssuedInvoice {
  number: string;
  userId: string;
  month: string;
  issuedAt: string;
  cost: number;
  credited: number;
}

export interface Switch {
  name: 'refuse-executions' | 'read-only';
  on: boolean;
  reason: string;
  changedBy: string | null;
  changedAt: string | null;
}

export interface ServerNode {
  id: string;
  nodeId: string;
  here: boolean;
  startedAt: string;
  seenAt: string;
  alive: boolean;
  rooms: { rooms: number; members: number; unsaved_changes: number; queued_commits: number; commit_failures: number; quarantined: number };
  executions: { running: number; queued: number; finished: Record<string, number>; runner: Record<string, number> };
  sockets: number;
  bus: string;
  memoryBytes?: number;
  loadPerCpu?: number;
}
