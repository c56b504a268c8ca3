/** Who may do what in this session: people with roles, public watching, guest links. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { snippet } from '../embed/wish';
import type { Session } from '../model/session';
import { type Collaborator, type Role, ROLES, type ShareLink } from '../types';
import { CopyButton } from '../ui/CopyButton';
import { ago, money } from '../ui/format';
import { Icon } from '../ui/icons';
import { Confirm, Dialog, IconButton, Spinner } from '../ui/parts';
import { attempt, toast } from '../ui/toast';

const MEANING: Record<Role, string> = { owner: 'Owner', editor: 'Can edit and run', runner: 'Can run', viewer: 'Can watch' };
const LINK_ROLES: Role[] = ['viewer', 'runner', 'editor'];
const LIFETIMES = [
  { label: '1 hour', ms: 3_600_000 },
  { label: '1 day', ms: 86_400_000 },
  { label: '7 days', ms: 604_800_000 },
  { label: '30 days', ms: 2_592_000_000 },
  { label: 'until revoked', ms: 0 },
];

type People = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; list: Collaborator[] };

export function Share({ session, onClose }: { session: Session; onClose: () => void }): JSX.Element {
  const { id, isPublic, agentsPropose } = session.info.value;
  const owner = session.role.value === 'owner';
  const [people, setPeople] = useState<People>({ kind: 'loading' });
  const [promoting, setPromoting] = useState<string | null>(null);
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
    await Promise.all([load(), session.refreshInfo()]);
  };
  const owners = people.kind === 'ready' ? people.list.filter(({ role }) => role === 'owner').length : 0;
  return (
    <Dialog title="Share" onClose={onClose} wide>
      <CopyAddress />
      {owner ? (
        <label class="switch-row">
          <span><b>Public</b><small>Anyone who is signed in may watch.</small></span>
          <input type="checkbox" role="switch" checked={isPublic} onChange={(event) => void attempt(() => session.setPublic(event.currentTarget.checked))} />
        </label>
      ) : null}
      {owner ? (
        <label class="switch-row">
          <span><b>Agents propose</b><small>Programs and agents change nothing here by themselves: what they do waits for you to merge it.</small></span>
          <input type="checkbox" role="switch" data-testid="agents-propose" checked={agentsPropose} onChange={(event) => void attempt(() => session.setAgentsPropose(event.currentTarget.checked))} />
        </label>
      ) : null}
      <h3>People</h3>
      {people.kind === 'loading' ? <Spinner label="Loading people" /> : null}
      {people.kind === 'failed' ? <p class="form-error" role="alert"><Icon name="alert" size={15} /> {people.message}</p> : null}
      {people.kind === 'ready' ? (
        <ul class="people">
          {people.list.map((person) => (
            <Person
              key={person.userId} person={person} may={owner && (person.role !== 'owner' || owners > 1)} self={person.userId === session.me.user.id}
              onRole={(role) => (role === 'owner' ? setPromoting(person.userId) : void change(() => api.setRole(id, person.userId, role)))}
              onRemove={() => void change(() => api.removeCollaborator(id, person.userId))}
            />
          ))}
        </ul>
      ) : null}
      {owner ? <Invite onAdd={(userId, role) => change(() => api.setRole(id, userId, role))} /> : null}
      {owner ? <Links sessionId={id} title={session.info.value.name} /> : null}
      {promoting === null ? null : (
        <Confirm
          title={`Make ${promoting} an owner?`} action="Make owner" harmless onClose={() => setPromoting(null)}
          text="An owner may do everything here: invite and remove people, also you, and delete the session. You stay an owner until one of you changes that."
          onYes={() => change(() => api.setRole(id, promoting, 'owner'))}
        />
      )}
    </Dialog>
  );
}

interface PersonProps {
  person: Collaborator;
  may: boolean;
  self: boolean;
  onRole: (role: Role) => void;
  onRemove: () => void;
}

function Person({ person, may, self, onRole, onRemove }: PersonProps): JSX.Element {
  const name = person.name ?? guestName(person.userId) ?? person.userId;
  return (
    <li class="person" data-testid="person">
      <span class="person-name">{name} {name !== person.userId ? <small>{person.userId}</small> : null}{self ? <small>you</small> : null}</span>
      {may ? (
        <>
          <RoleSelect label={`Role of ${person.userId}`} roles={ROLES} value={person.role} onChange={onRole} />
          <IconButton icon="close" label={`Remove ${person.userId}`} onClick={onRemove} />
        </>
      ) : <span class="muted">{MEANING[person.role]}</span>}
    </li>
  );
}

// One function for all drawings, so that it is called once for each link.
const intoView = (row: Element | null): void => row?.scrollIntoView({ block: 'center' });

/** What to call somebody who came by a link: the id is the link's and a chance's. */
function guestName(userId: string): string | null {
  if (!userId.startsWith('guest-')) return null;
  return userId.endsWith('-embedded') ? 'Who looks at a frame' : 'Guest by link';
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

type Held = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; list: ShareLink[] };

/** Guest links: those that hold, with a way to end them, and a form for a new one. */
function Links({ sessionId, title }: { sessionId: string; title: string }): JSX.Element {
  const [held, setHeld] = useState<Held>({ kind: 'loading' });
  const [fresh, setFresh] = useState<{ id: string; url: string } | null>(null);
  const load = async (): Promise<void> => {
    try {
      const now = Date.now();
      const { items } = await api.links(sessionId);
      setHeld({ kind: 'ready', list: items.filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > now) });
    } catch (error) {
      setHeld({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  };
  useEffect(() => void load(), [sessionId]);
  const revoke = (link: ShareLink): void => void attempt(async () => {
    await api.revokeLink(sessionId, link.id);
    if (fresh?.id === link.id) setFresh(null);
    toast('The link is revoked; who came by it is out');
    await load();
  });
  const secret = fresh === null ? null : new URL(fresh.url).searchParams.get('link');
  const embed = secret === null ? '' : snippet(location.origin, sessionId, secret, title);
  return (
    <>
      <h3>Guest links</h3>
      <p class="muted">Whoever has a link joins without an account. What they run stops at the spending cap.</p>
      {held.kind === 'loading' ? <Spinner label="Loading links" /> : null}
      {held.kind === 'failed' ? <p class="form-error" role="alert"><Icon name="alert" size={15} /> {held.message}</p> : null}
      {held.kind === 'ready' && held.list.length > 0 ? (
        <ul class="people">
          {held.list.map((link) => (
            <li key={link.id} class="person" data-testid="link">
              <Icon name="link" size={15} />
              <span class="link-terms">
                <b>{MEANING[link.role]}</b>
                <small>{link.expiresAt === null ? 'until revoked' : `until ${moment(link.expiresAt)}`} · {link.spendingCap === null ? 'no spending cap' : `up to ${money(link.spendingCap)}`} · made {ago(link.createdAt)}</small>
              </span>
              <button type="button" class="button button-small" aria-label={`Revoke the link: ${MEANING[link.role]}`} onClick={() => revoke(link)}>Revoke</button>
            </li>
          ))}
        </ul>
      ) : null}
      {fresh === null ? null : (
        <div class="copy-row" key={fresh.id} ref={intoView}>
          <input readOnly value={fresh.url} aria-label="Guest link" data-testid="link-url" onFocus={(event) => event.currentTarget.select()} />
          <CopyButton text={fresh.url} />
          <p class="hint link-once">Copy it now: it is not shown again.</p>
          <input readOnly value={embed} aria-label="Frame for another page" data-testid="embed-snippet" onFocus={(event) => event.currentTarget.select()} />
          <CopyButton text={embed} />
          <p class="hint link-once">The same inside a page of yours. It needs no cookies; whoever sees the page may do what the link allows.</p>
        </div>
      )}
      <NewLink sessionId={sessionId} onMade={(link) => (setFresh(link), void load())} />
    </>
  );
}

function NewLink({ sessionId, onMade }: { sessionId: string; onMade: (link: { id: string; url: string }) => void }): JSX.Element {
  const [role, setRole] = useState<Role>('viewer');
  const [lifetime, setLifetime] = useState(LIFETIMES[1]?.ms ?? 0);
  const [cap, setCap] = useState('');
  const capped = cap.trim() === '' ? null : Number(cap);
  const good = capped === null || (Number.isFinite(capped) && capped >= 0);
  const create = (): void => void attempt(async () => {
    const expiresAt = lifetime === 0 ? null : new Date(Date.now() + lifetime).toISOString();
    const link = await api.createLink(sessionId, { role, expiresAt, spendingCap: role === 'viewer' ? null : capped });
    onMade({ id: link.id, url: new URL(link.url, location.origin).href });
  });
  return (
    <form class="link-form" onSubmit={(event) => (event.preventDefault(), good && create())}>
      <label class="field"><span>Guests</span><RoleSelect label="What guests may do" roles={LINK_ROLES} value={role} onChange={setRole} /></label>
      <label class="field">
        <span>For</span>
        <select class="select" aria-label="How long the link works" value={lifetime} onChange={(event) => setLifetime(Number(event.currentTarget.value))}>
          {LIFETIMES.map(({ label, ms }) => <option key={ms} value={ms}>{label}</option>)}
        </select>
      </label>
      <label class="field">
        <span>Spending cap</span>
        <span class="unit-field">
          <input
            type="number" min="0" step="any" inputMode="decimal" placeholder="none" aria-label="Spending cap in dollars" value={cap} aria-invalid={!good}
            disabled={role === 'viewer'} title={role === 'viewer' ? 'Who only watches spends nothing' : undefined} onInput={(event) => setCap(event.currentTarget.value)}
          />
          <span class="unit" aria-hidden="true">$</span>
        </span>
      </label>
      <button type="submit" class="button" disabled={!good}><Icon name="plus" /> Create link</button>
    </form>
  );
}

const moment = (time: string): string =>
  new Date(time).toLocaleString('en', { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false });
