/** The REST calls of the editor: same origin, authenticated by the cookie. Every failure is an `ApiError` with a stable code. */
import type { Analytics } from './analytics/types';
import type { Invoice, Limits, Month, Usage } from './billing/types';
import type { Branch, BranchDiff } from './model/branches';
import type { Environment, EnvironmentContents } from './model/environments';
import type { Tier } from './model/options';
import type { PlaybackStep } from './model/playback';
import type { FileThen, Version } from './model/versions';
import type { Collaborator, ExecutionInfo, Key, Me, Page, Role, SessionInfo, ShareLink } from './types';

interface Problem {
  code?: string;
  detail?: string;
  title?: string;
  errors?: { field: string; message: string }[];
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** What was wrong with which field. */
    readonly errors: readonly { field: string; message: string }[] = [],
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

let bearer: string | null = null;
let server = '';

/** From now on every call goes by this token, and none by a cookie: for pages inside pages of others, and for programs (client.ts). */
export function callWith(token: string, url = ''): void {
  bearer = token;
  server = url.replace(/\/$/, '');
}

let signedOut = (): void => undefined;

/** Calls this whenever the browser's cookie no longer holds. */
export function whenSignedOut(act: () => void): void {
  signedOut = act;
}

const authority = (): { credentials: RequestCredentials; headers: Record<string, string> } =>
  bearer === null ? { credentials: 'same-origin', headers: {} } : { credentials: 'omit', headers: { Authorization: `Bearer ${bearer}` } };

export async function call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  let response: Response;
  try {
    const raw = body instanceof Blob;
    const type = raw ? 'application/zip' : 'application/json';
    const by = authority();
    response = await fetch(server + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': type }), ...by.headers, ...headers },
      body: body === undefined ? null : raw ? body : JSON.stringify(body),
      credentials: by.credentials,
    });
  } catch {
    throw new ApiError(0, 'offline', 'The server cannot be reached. Check your connection and try again.');
  }
  if (!response.ok) throw await problem(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** A file by `Accept`, handed to the browser as a download under the name that the server gives it. */
export async function download(path: string, accept: string, name: string): Promise<void> {
  const by = authority();
  const response = await fetch(server + path, { headers: { Accept: accept, ...by.headers }, credentials: by.credentials });
  if (!response.ok) throw await problem(response);
  const given = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = given ?? name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** RFC 9457 details if the server sent them, a plain sentence if something between us and it answered. */
async function problem(response: Response): Promise<ApiError> {
  if (response.status === 401 && bearer === null) {
    signedOut();
    return new ApiError(401, 'unauthorized', 'You are signed out. Sign in again to go on.');
  }
  try {
    const details = (await response.json()) as Problem;
    const message = details.detail ?? details.title ?? response.statusText;
    return new ApiError(response.status, details.code ?? 'error', message, details.errors ?? []);
  } catch {
    return new ApiError(response.status, 'error', `The server answered with an error (${response.status}).`);
  }
}

const at = (id: string, rest = ''): string => `/api/sessions/${encodeURIComponent(id)}${rest}`;
const artifactAt = (executionId: string, name: string, rest = ''): string =>
  `/api/executions/${encodeURIComponent(executionId)}/artifacts/${name.split('/').map(encodeURIComponent).join('/')}${rest}`;
const idempotent = (): Record<string, string> => ({ 'Idempotency-Key': crypto.randomUUID?.() ?? String(Math.random()) });

const ofUser = (userId?: string): string => (userId === undefined ? '' : `?userId=${encodeURIComponent(userId)}`);

const analyticsUrl = (fromMs: number, toMs: number): string => `/api/analytics?from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`;
const invoiceUrl = (month: string, userId?: string): string => `/api/invoices/${encodeURIComponent(month)}${ofUser(userId)}`;

export type Scope = 'mine' | 'shared' | 'public';

export interface NewSession {
  name: string;
  files: { name: string; content: string; language: string }[];
}

export interface NewKey {
  name: string;
  agent: string | null;
  scopes: string[];
  expiresAt: string | null;
  budget: number | null;
}

export const api = {
  me: () => call<Me>('GET', '/api/me'),
  login: (token: string) => call<unknown>('POST', '/api/login', { token }),
  /** A guest's token by the secret of a share link, as pages inside pages of others use it. */
  join: (link: string) => call<{ sessionId: string; token: string }>('POST', '/api/join', { link }),
  logout: () => call<unknown>('POST', '/api/logout'),

  sessions: (scope: Scope, { cursor, query = '', archived = false }: { cursor?: string | null; query?: string; archived?: boolean } = {}) => {
    const asked = new URLSearchParams({ scope, limit: '48', content: 'false' });
    if (archived) asked.set('archived', 'true');
    if (query.trim() !== '') asked.set('q', query.trim());
    if (cursor != null) asked.set('cursor', cursor);
    return call<Page<SessionInfo>>('GET', `/api/sessions?${asked}`);
  },
  session: (id: string) => call<SessionInfo>('GET', at(id)),
  createSession: (session: NewSession) => call<SessionInfo>('POST', '/api/sessions', session, idempotent()),
  changeSession: (id: string, change: { name?: string; isPublic?: boolean; agentsPropose?: boolean; archived?: boolean }) =>
    call<SessionInfo>('PATCH', at(id), change),
  deleteSession: (id: string) => call<void>('DELETE', at(id)),
  forkSession: (id: string) => call<SessionInfo>('POST', at(id, '/fork'), {}, idempotent()),
  importSession: (zip: Blob, name: string) =>
    call<SessionInfo>('POST', `/api/sessions/import?name=${encodeURIComponent(name)}`, zip, idempotent()),
  exportUrl: (id: string) => at(id, '/export'),

  executions: (id: string) => call<Page<ExecutionInfo>>('GET', at(id, '/executions?limit=50')),
  execution: (executionId: string) =>
    call<ExecutionInfo>('GET', `/api/executions/${encodeURIComponent(executionId)}`),
  runFiles: (executionId: string) => call<{ files: FileThen[] }>('GET', `/api/executions/${encodeURIComponent(executionId)}/files`),
  /** Where a file that a run left can be downloaded. */
  artifact: (executionId: string, name: string): string => artifactAt(executionId, name),
  keepArtifact: (executionId: string, name: string) => call<unknown>('POST', artifactAt(executionId, name, '/keep')),

  environments: (id: string) => call<{ items: Environment[] }>('GET', at(id, '/environments')),
  environment: (id: string, language: string) => call<EnvironmentContents>('GET', at(id, `/environments/${encodeURIComponent(language)}`)),
  resetEnvironment: (id: string, language: string) => call<void>('DELETE', at(id, `/environments/${encodeURIComponent(language)}`)),

  collaborators: (id: string) => call<{ items: Collaborator[] }>('GET', at(id, '/collaborators')),
  setRole: (id: string, userId: string, role: Role) =>
    call<unknown>('PUT', at(id, `/collaborators/${encodeURIComponent(userId)}`), { role }),
  removeCollaborator: (id: string, userId: string) =>
    call<void>('DELETE', at(id, `/collaborators/${encodeURIComponent(userId)}`)),
  links: (id: string) => call<{ items: ShareLink[] }>('GET', at(id, '/links')),
  /** The link's address is told this once. */
  createLink: (id: string, link: { role: Role; expiresAt: string | null; spendingCap: number | null }) =>
    call<ShareLink & { url: string }>('POST', at(id, '/links'), link, idempotent()),
  revokeLink: (id: string, linkId: string) => call<void>('DELETE', at(id, `/links/${encodeURIComponent(linkId)}`)),

  versions: (id: string, before: number | null) =>
    call<{ items: Version[]; nextBefore: number | null }>('GET', at(id, `/versions?limit=200${before === null ? '' : `&before=${before}`}`)),
  version: (id: string, version: number) =>
    call<{ version: number; files: FileThen[] }>('GET', at(id, `/versions/${version}`)),
  playback: (id: string, from: number) =>
    call<{ from: number; to: number; steps: PlaybackStep[]; next: number | null }>('GET', at(id, `/playback?from=${from}`)),
  nameVersion: (id: string, name: string) =>
    call<{ version: number; name: string }>('POST', at(id, '/versions'), { name }, idempotent()),
  restoreVersion: (id: string, version: number) => call<SessionInfo>('POST', at(id, `/versions/${version}/restore`)),

  branches: (id: string) => call<{ items: Branch[] }>('GET', at(id, '/branches')),
  branchDiff: (id: string, branchId: string) => call<BranchDiff>('GET', at(id, `/branches/${encodeURIComponent(branchId)}/diff?texts=true`)),
  mergeBranch: (id: string, branchId: string, version: number) =>
    call<Branch>('POST', at(id, `/branches/${encodeURIComponent(branchId)}/merge`), { version }),
  rejectBranch: (id: string, branchId: string) => call<Branch>('POST', at(id, `/branches/${encodeURIComponent(branchId)}/reject`), {}),

  undo: (id: string, actorId: string) => call<{ files: unknown[] }>('POST', at(id, '/undo'), { actorId }, idempotent()),

  keys: async () => (await call<{ items: Key[] }>('GET', '/api/me/tokens')).items,
  /** The key itself is told this once. */
  makeKey: (key: NewKey) => call<{ token: string }>('POST', '/api/me/tokens', key, idempotent()),
  revokeKey: (id: string) => call<void>('DELETE', `/api/me/tokens/${encodeURIComponent(id)}`),

  limits: async () => (await call<{ limits: Limits }>('GET', '/api/me')).limits,
  setBudget: (budget: number | null) => call<unknown>('PATCH', '/api/me', { budget }),
  usage: (groupBy: 'day' | 'language' | 'session', fromMs: number, toMs: number) =>
    call<Usage>('GET', `/api/usage?groupBy=${groupBy}&from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`),
  analytics: (fromMs: number, toMs: number) => call<Analytics>('GET', analyticsUrl(fromMs, toMs)),
  analyticsUrl,
  /** The months of oneself or, for admins, of somebody else. */
  invoices: async (userId?: string) => (await call<{ items: Month[] }>('GET', `/api/invoices${ofUser(userId)}`)).items,
  invoiceUrl,
  invoice: (month: string, userId?: string) => call<Invoice>('GET', invoiceUrl(month, userId), undefined, { Accept: 'application/json' }),

  pricing: () => call<{ tiers: Tier[] }>('GET', '/api/pricing'),
};
