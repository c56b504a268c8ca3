/** The REST calls of the admin pages; the server refuses all of them to everybody else. */
import { ApiError, call, download } from '../api';
import type { PageOf } from '../ui/live';
import type {
  Account, Act, Alert, AlertRule, AlertRuleBody, FindingShown, IssuedInvoice, KeptSession, ListedSession, Overrides, Run, SecurityEvent, ServerNode, SessionState, Stats, Switch, Tier, TierBody,
  TierPreview, TierWithVersions, Verdict,
} from './types';
import type { Key } from '../types';

type Params = Record<string, string | number | boolean | null | undefined>;

/** Parameters that are null or empty are left out. */
export function withQuery(path: string, params: Params): string {
  const given = Object.entries(params).filter(([, value]) => value != null && value !== '' && value !== false);
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}

const at = (path: string, params: Params = {}): string => withQuery(`/api/admin/${path}`, params);
const in_ = (noun: string, id: string, rest = ''): string => at(`${noun}/${encodeURIComponent(id)}${rest}`);
const idempotent = (): Record<string, string> => ({ 'Idempotency-Key': crypto.randomUUID?.() ?? String(Math.random()) });

interface Cursored<T> {
  items: T[];
  nextCursor?: string | null;
  nextBefore?: number | null;
}

const paged = async <T>(path: string): Promise<PageOf<T>> => {
  const page = await call<Cursored<T>>('GET', path);
  return { items: page.items, next: page.nextCursor ?? (page.nextBefore == null ? null : String(page.nextBefore)) };
};
const items = async <T>(path: string): Promise<T[]> => (await call<{ items: T[] }>('GET', path)).items;
const iso = (ms: number): string => new Date(ms).toISOString();

export interface UserChange {
  tier?: string;
  admin?: boolean;
  suspended?: boolean;
  limits?: Overrides;
}

export interface Readiness {
  status: string;
  checks: Record<string, string>;
}

export const adminApi = {
  stats: (from: number, to: number) => call<Stats>('GET', at('stats', { from: iso(from), to: iso(to) })),
  statsCsv: (from: number, to: number) => download(at('stats', { from: iso(from), to: iso(to) }), 'text/csv', 'statistics.csv'),

  runs: (state: string, userId: string, sessionId: string, cursor: string | null) => paged<Run>(at('executions', { state, userId, sessionId, cursor })),
  stopRun: (id: string) => call<{ cancelled: boolean }>('POST', in_('executions', id, '/cancel')),
  findings: async (id: string) => (await call<{ findings: FindingShown[] }>('GET', in_('executions', id, '/findings'))).findings,

  sessions: (q: string, state: string, cursor: string | null) => paged<ListedSession>(at('sessions', { q, state, cursor })),
  session: (id: string) => call<KeptSession>('GET', in_('sessions', id)),
  changeSession: (id: string, change: { state?: SessionState; archived?: boolean; ownerId?: string }) => call<KeptSession>('PATCH', in_('sessions', id), change),
  disconnectSession: (id: string) => call<void>('POST', in_('sessions', id, '/disconnect')),
  restoreSession: (id: string) => call<KeptSession>('POST', in_('sessions', id, '/restore')),
  repairSession: (id: string) => call<{ setAside: number[] }>('POST', in_('sessions', id, '/repair')),
  deleteSession: (id: string) => call<void>('DELETE', in_('sessions', id)),

  users: (q: string, guests: boolean, cursor: string | null) => paged<Account>(at('users', { q, guests, cursor })),
  user: (id: string) => call<Account>('GET', in_('users', id)),
  changeUser: (id: string, change: UserChange) => call<Account>('PATCH', in_('users', id), change),
  keys: (id: string) => items<Key>(in_('users', id, '/tokens')),
  revokeKey: (id: string, keyId: string) => call<void>('DELETE', in_('users', id, `/tokens/${encodeURIComponent(keyId)}`)),

  tiers: () => items<Tier>(at('tiers')),
  tier: (name: string) => call<TierWithVersions>('GET', in_('tiers', name)),
  previewTier: (name: string, body: TierBody) => call<TierPreview>('POST', in_('tiers', name, '/preview'), body),
  putTier: (name: string, body: TierBody, version: number) => call<Tier>('PUT', in_('tiers', name), body, { 'If-Match': `"${version}"` }),

  events: (filter: { severity: string; kind: string; rule: string; userId: string }, before: string | null) => paged<SecurityEvent>(at('security-events', { ...filter, before })),
  alerts: (open: boolean) => items<Alert>(at('alerts', { open })),
  acknowledge: (id: string) => call<Alert>('POST', in_('alerts', id, '/acknowledge')),
  /** The rules, and of which kinds security events are. */
  alertRules: () => call<{ items: AlertRule[]; kinds: string[] }>('GET', at('alert-rules')),
  addAlertRule: (rule: AlertRuleBody) => call<AlertRule>('POST', at('alert-rules'), rule),
  putAlertRule: (id: string, rule: AlertRuleBody) => call<AlertRule>('PUT', in_('alert-rules', id), rule),
  removeAlertRule: (id: string) => call<void>('DELETE', in_('alert-rules', id)),
  audit: (filter: { userId: string; action: string; subject: string }, before: string | null) => paged<Act>(at('audit', { ...filter, before })),
  verifyAudit: () => call<Verdict>('GET', at('audit/verify')),

  invoices: (before: string | null) => paged<IssuedInvoice>(at('invoices', { before })),
  issue: (month: string) => call<{ issued: number; cost: number }>('POST', at('invoices/issue'), { month }),
  credit: (number: string, credit: { amount?: number; reason: string }) => call<unknown>('POST', in_('invoices', number, '/credit'), credit, idempotent()),

  switches: () => items<Switch>(at('switches')),
  turnSwitch: (name: Switch['name'], on: boolean, reason: string) => call<Switch>('PUT', in_('switches', name), { on, reason }),
  stopAll: (reason: string) => call<{ stopping: number }>('POST', at('executions/stop'), { reason }),

  nodes: () => items<ServerNode>(at('nodes')),
  /** What this node says of its database, bus and Worker; it answers with 503 where one is away. */
  readiness: async (): Promise<Readiness> => {
    const response = await fetch('/readyz', { credentials: 'same-origin' });
    if (response.status !== 200 && response.status !== 503) throw new ApiError(response.status, 'error', 'The server did not tell how it is.');
    return (await response.json()) as Readiness;
  },
};
