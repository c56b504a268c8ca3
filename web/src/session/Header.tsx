/** The session's header: name, connection and save state, who is here, share, run. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Member } from '../model/presence';
import type { Session } from '../model/session';
import { statusLine } from '../model/status';
import { follow } from '../router';
import { Icon } from '../ui/icons';
import { MOD } from '../ui/keys';
import { Avatar, IconButton, ThemeButton } from '../ui/parts';
import { attempt } from '../ui/toast';
import { Logo } from '../home/Logo';
import { RunControls } from './RunControls';

const AVATARS_MAX = 5;

export function Header(props: { session: Session; onFiles: () => void; filesOpen: boolean }): JSX.Element {
  const { session } = props;
  return (
    <header class="session-bar">
      <a class="brand" href="/" aria-label="All sessions" title="All sessions" onClick={(event) => follow(event, '/')}><Logo size={26} /></a>
      <IconButton icon="files" label="Files" class="only-narrow" pressed={props.filesOpen} onClick={props.onFiles} />
      <div class="session-title">
        <SessionName session={session} />
        <Status session={session} />
      </div>
      <span class="grow" />
      <Presence session={session} />
      <button type="button" class="button button-share" aria-label="Share" onClick={() => (session.dialog.value = 'share')} data-testid="share">
        <Icon name="share" /> <span class="button-label">Share</span>
      </button>
      <Proposals session={session} />
      <CommentsButton session={session} />
      <IconButton icon="versions" label="History of versions" testid="versions" onClick={() => (session.dialog.value = 'versions')} />
      <IconButton icon="command" label={`Commands (${MOD}K)`} testid="palette" onClick={() => (session.dialog.value = 'palette')} />
      <ThemeButton />
      <RunControls session={session} />
    </header>
  );
}

/** Shown once there is something to look at. */
function Proposals({ session }: { session: Session }): JSX.Element | null {
  const ready = session.branches.ready.value;
  if (session.branches.list.value.length === 0 && !session.info.value.agentsPropose) return null;
  const label = ready === 0 ? 'Proposals' : `Proposals: ${ready} to review`;
  return (
    <span class="counted">
      <IconButton icon="fork" label={label} testid="branches" onClick={() => (session.dialog.value = 'branches')} />
      {ready === 0 ? null : <span class="count" aria-hidden="true">{ready}</span>}
    </span>
  );
}

function CommentsButton({ session }: { session: Session }): JSX.Element {
  const { talk } = session;
  const count = talk.openCount.value;
  const toggle = (): void => (talk.open.value ? talk.close() : void (talk.open.value = true));
  return (
    <span class="counted" onKeyDown={(event) => event.key === 'Escape' && talk.close()}>
      <IconButton icon="comment" label={count === 0 ? 'Comments' : `Comments (${count} open)`} testid="comments-button" pressed={talk.open.value} onClick={toggle} />
      {count === 0 ? null : <span class="count" aria-hidden="true">{count > 99 ? '99+' : count}</span>}
    </span>
  );
}

function SessionName({ session }: { session: Session }): JSX.Element {
  const { name, isPublic } = session.info.value;
  const owner = session.role.value === 'owner';
  const [draft, setDraft] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => session.granting('rename', () => field.current?.focus()), [session]);
  const save = async (): Promise<void> => {
    const next = draft?.trim() ?? '';
    if (next !== '' && next !== name) await attempt(() => session.rename(next));
    setDraft(null);
  };
  return (
    <span class="session-name">
      {isPublic ? <span class="name-icon" title="Public: anyone signed in may watch"><Icon name="globe" size={14} /></span> : null}
      <input
        ref={field} class="name-input" data-testid="session-name" aria-label="Session name" value={draft ?? name} readOnly={!owner}
        maxLength={200} size={Math.min(36, Math.max(4, (draft ?? name).length))} spellcheck={false}
        onFocus={(event) => owner && event.currentTarget.select()}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onBlur={() => void save()}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.currentTarget.blur();
          if (event.key === 'Escape') {
            setDraft(null);
            event.currentTarget.blur();
          }
        }}
      />
    </span>
  );
}

function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = (): void => setOnline(navigator.onLine);
    addEventListener('online', update);
    addEventListener('offline', update);
    return () => {
      removeEventListener('online', update);
      removeEventListener('offline', update);
    };
  }, []);
  return online;
}

function Status({ session }: { session: Session }): JSX.Element {
  const { connection, save, kept } = session.document;
  const online = useOnline();
  const line = statusLine(connection.value, save.value, online, kept.value);
  const role = session.role.value;
  // Heard is only what goes wrong and that it is over: each key goes through “Saving…” and “Saved”.
  const said = useRef('');
  if (line.tone === 'warn' || line.tone === 'bad') said.current = `${line.label}. ${line.detail}`;
  else if (line.tone === 'good' && said.current !== '') said.current = 'Connected, and all is saved.';
  return (
    <span class="status-row">
      <span class={`status status-${line.tone}`} data-testid="status" data-tone={line.tone} data-stored={session.document.stored.value} title={line.detail}>
        <span class="dot" aria-hidden="true" /> {line.label}
      </span>
      <span class="visually-hidden" role="status">{said.current}</span>
      {role === 'viewer' ? (
        <span class="tag tag-strong" title="You may watch this session, not edit or run it"><Icon name="eye" size={12} /> Read-only</span>
      ) : role === 'runner' ? (
        <span class="tag tag-strong" title="You may run this session, not edit it"><Icon name="eye" size={12} /> Run only</span>
      ) : null}
    </span>
  );
}

function Presence({ session }: { session: Session }): JSX.Element {
  const members = session.document.members.value;
  const running = session.runs.running.value;
  const shown = members.slice(0, AVATARS_MAX);
  const rest = members.slice(AVATARS_MAX);
  return (
    <ul class="presence" aria-label={`${members.length} here`} data-testid="presence">
      {shown.map((member) => <li key={member.id}><PresentMember session={session} member={member} running={running.get(member.id) ?? null} /></li>)}
      {rest.length > 0 ? <li class="avatar avatar-more" title={rest.map(({ name }) => name).join(', ')}>+{rest.length}</li> : null}
    </ul>
  );
}

/** Somebody else's avatar is a button: it follows their cursor, and pressed again lets go. */
function PresentMember({ session, member, running }: { session: Session; member: Member; running: string | null }): JSX.Element {
  const file = session.document.file(member.fileId);
  const kind = member.kind === 'agent' ? ' (agent)' : member.kind === 'guest' ? ' (guest)' : '';
  const where = file === undefined || member.self ? '' : ` in ${file.name}`;
  const title = `${member.name}${kind}${member.self ? ' (you)' : ''}${where}${running === null ? '' : `, running ${running}`}`;
  const mark = running === null ? null : <span class="avatar-runs" aria-hidden="true"><Icon name="play" size={8} /></span>;
  if (member.self) return <span class="counted"><Avatar name={member.name} color={member.color} title={title} />{mark}<span class="visually-hidden">{title}</span></span>;
  const following = session.following.value === member.id;
  const action = following ? `Stop following ${title}` : `Follow ${title}`;
  return (
    <button
      type="button" class="avatar-button" aria-pressed={following} aria-label={action} title={action} data-testid="follow" style={{ '--who': member.color }}
      onClick={() => session.follow(following ? null : member.id)}
    >
      <Avatar name={member.name} color={member.color} agent={member.kind === 'agent'} title="" />{mark}
    </button>
  );
}
