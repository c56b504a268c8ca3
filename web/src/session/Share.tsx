/** Who may do what in this session: people with roles, public watching, share links. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import type { Session } from '../model/session';
import { type Collaborator, type Role, ROLES } from '../types';
import { copyText } from '../ui/clipboard';
import { Icon } from '../ui/icons';
import { Dialog, IconButton, Spinner } from '../ui/parts';
import { attempt, toast } from '../ui/toast';

const MEANING: Record<Role, string> = { owner: 'Owner', editor: 'Can edit and run', runner: 'Can run', viewer: 'Can watch' };
const LINK_ROLES: Role[] = ['viewer', 'runner', 'editor'];
const LIFETIMES = [
  { label: '1 hour', ms: 3_600_000 },
  { label: '1 day', ms: 86_400_000 },
  { label: '7 days', ms: 604_800_000 },
];

type People = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; list: Collaborator[] };

export function Share({ session, onClose }: { session: Session; onClose: () => void }): JSX.Element {
  const { id, isPublic } = session.info.value;
  const owner = session.role.value === 'owner';
  const [people, setPeople] = useState<People>({ kind: 'loading' });
  const load = async (): Promise<void> => {
    try {
      setPeople({ kind: 'ready', list: (await api.collaborators(id)).items });
    } catch (error) {
      setPeople({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  };
  useEffect(() => void load(), [id]);
  const change = async (action: () => Promise<unknown>): Promise<void> => {
    await attempt(action);
    await load();
  };
  return (
    <Dialog title="Share" onClose={onClose} wide>
      <CopyAddress />
      {owner ? (
        <label class="switch-row">
          <span><b>Public</b><small>Anyone who is signed in may watch.</small></span>
          <input type="checkbox" role="switch" checked={isPublic} onChange={(event) => void attempt(() => session.setPublic(event.currentTarget.checked))} />
        </label>
      ) : null}
      <h3>People</h3>
      {people.kind === 'loading' ? <Spinner label="Loading people" /> : null}
      {people.kind === 'failed' ? <p class="form-error" role="alert"><Icon name="alert" size={15} /> {people.message}</p> : null}
      {people.kind === 'ready' ? (
        <ul class="people">
          {people.list.map((person) => (
            <li key={person.userId} class="person">
              <span class="person-name">{person.name ?? person.userId} {person.name !== undefined && person.name !== person.userId ? <small>{person.userId}</small> : null}</span>
              {owner && person.userId !== session.info.value.ownerId ? (
                <>
                  <RoleSelect label={`Role of ${person.userId}`} roles={ROLES} value={person.role} onChange={(role) => void change(() => api.setRole(id, person.userId, role))} />
                  <IconButton icon="close" label={`Remove ${person.userId}`} onClick={() => void change(() => api.removeCollaborator(id, person.userId))} />
                </>
              ) : <span class="muted">{MEANING[person.role]}</span>}
            </li>
          ))}
        </ul>
      ) : null}
      {owner ? <Invite onAdd={(userId, role) => change(() => api.setRole(id, userId, role))} /> : null}
      {owner ? <NewLink sessionId={id} /> : null}
    </Dialog>
  );
}

function CopyAddress(): JSX.Element {
  const address = `${location.origin}${location.pathname}`;
  return (
    <div class="copy-row">
      <input readOnly value={address} aria-label="Address of this session" onFocus={(event) => event.currentTarget.select()} />
      <CopyButton text={address} />
    </div>
  );
}

function CopyButton({ text }: { text: string }): JSX.Element {
  const copy = (): void => void attempt(async () => {
    await copyText(text);
    toast('Copied');
  });
  return <button type="button" class="button" onClick={copy}><Icon name="copy" /> Copy</button>;
}

function RoleSelect(props: { label: string; roles: readonly Role[]; value: Role; onChange: (role: Role) => void }): JSX.Element {
  return (
    <select class="select" aria-label={props.label} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value as Role)}>
      {props.roles.map((role) => <option key={role} value={role}>{MEANING[role]}</option>)}
    </select>
  );
}

function Invite({ onAdd }: { onAdd: (userId: string, role: Role) => Promise<void> }): JSX.Element {
  const [userId, setUserId] = useState('');
  const [role, setRole] = useState<Role>('editor');
  const add = async (): Promise<void> => {
    if (userId.trim() === '') return;
    await onAdd(userId.trim(), role);
    setUserId('');
  };
  return (
    <form class="copy-row" onSubmit={(event) => (event.preventDefault(), void add())}>
      <input placeholder="User id" aria-label="User id to add" value={userId} spellcheck={false} onInput={(event) => setUserId(event.currentTarget.value)} />
      <RoleSelect label="Role" roles={ROLES.filter((each) => each !== 'owner')} value={role} onChange={setRole} />
      <button type="submit" class="button" disabled={userId.trim() === ''}><Icon name="plus" /> Add</button>
    </form>
  );
}

function NewLink({ sessionId }: { sessionId: string }): JSX.Element {
  const [role, setRole] = useState<Role>('viewer');
  const [lifetime, setLifetime] = useState(LIFETIMES[1]?.ms ?? 0);
  const [url, setUrl] = useState<string | null>(null);
  const create = (): void => void attempt(async () => {
    const link = await api.createLink(sessionId, role, new Date(Date.now() + lifetime).toISOString());
    setUrl(new URL(link.url, location.origin).href);
  });
  return (
    <>
      <h3>Guest link</h3>
      <p class="muted">Whoever has the link joins without an account.</p>
      <div class="copy-row">
        <RoleSelect label="What guests may do" roles={LINK_ROLES} value={role} onChange={setRole} />
        <select class="select" aria-label="How long the link works" value={lifetime} onChange={(event) => setLifetime(Number(event.currentTarget.value))}>
          {LIFETIMES.map(({ label, ms }) => <option key={ms} value={ms}>{label}</option>)}
        </select>
        <span class="grow" />
        <button type="button" class="button" onClick={create}><Icon name="link" /> Create link</button>
      </div>
      {url === null ? null : (
        <div class="copy-row">
          <input readOnly value={url} aria-label="Guest link" onFocus={(event) => event.currentTarget.select()} />
          <CopyButton text={url} />
        </div>
      )}
    </>
  );
}
