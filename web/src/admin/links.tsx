/** The ways from one thing to another in the admin pages. */
import type { JSX } from 'preact';
import { Link } from '../ui/page';
import { withQuery } from './api';

/** The account behind an id: that of an agent names it, as in `agent:helper@ada`. */
const accountOf = (id: string): string => (id.startsWith('agent:') ? id.slice(id.indexOf('@') + 1) : id);
const toUser = (id: string): string => `/admin/users/${encodeURIComponent(accountOf(id))}`;
const toSession = (id: string): string => `/admin/sessions/${encodeURIComponent(id)}`;
export const toPage = (noun: string, filter: Record<string, string>): string => withQuery(`/admin/${noun}`, filter);

export function UserLink({ id, name }: { id: string; name?: string }): JSX.Element {
  if (id === '') return <span class="muted">nobody signed in</span>;
  return <Link class="in-link clip" title={id} to={toUser(id)}>{name ?? id}</Link>;
}

export function SessionLink({ id, name }: { id: string; name?: string }): JSX.Element {
  return <Link class={name === undefined ? 'in-link clip clip-short' : 'in-link'} title={id} to={toSession(id)}>{name ?? id}</Link>;
}

/** A filter as the address that led here has it. */
export const asked = (name: string): string => new URLSearchParams(location.search).get(name) ?? '';
