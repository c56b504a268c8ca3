/** One session in a listing. */
import type { JSX } from 'preact';
import { shownName } from '../model/filenames';
import { follow } from '../router';
import type { Me, SessionInfo } from '../types';
import { ago } from '../ui/format';
import { Icon } from '../ui/icons';
import { IconButton, LanguageBadge } from '../ui/parts';

const BADGES_MAX = 4;

interface Props {
  session: SessionInfo;
  me: Me;
  onDelete: (session: SessionInfo) => void;
  onFork: (session: SessionInfo) => void;
  onRename: (session: SessionInfo) => void;
  onArchive: (session: SessionInfo) => void;
}

export function SessionCard({ session, me, onDelete, onFork, onRename, onArchive }: Props): JSX.Element {
  const to = `/s/${encodeURIComponent(session.id)}`;
  const own = session.ownerId === me.user.id;
  const files = session.files ?? [];
  const languages = [...new Set(files.map((file) => file.language))];
  const people = session.collaborators?.length ?? 0;
  return (
    <li class="session-card" data-testid="session-card">
      <a class="session-link" href={to} onClick={(event) => follow(event, to)}>{shownName(session.name)}</a>
      <p class="session-meta">
        {files.length === 1 ? '1 file' : `${files.length} files`}
        {people > 0 ? ` · ${people + 1} people` : ''} · {ago(session.updatedAt)}
      </p>
      <div class="session-foot">
        <span class="badges">{languages.slice(0, BADGES_MAX).map((language) => <LanguageBadge key={language} language={language} />)}</span>
        {session.isPublic ? <span class="tag"><Icon name="globe" size={12} /> Public</span> : null}
        {own ? null : <span class="tag" title="Owner">{session.ownerId}</span>}
        <span class="grow" />
        <span class="session-actions">
          <IconButton icon="fork" label={`Fork ${session.name}`} onClick={() => onFork(session)} />
          {own ? <IconButton icon="pencil" label={`Rename ${session.name}`} onClick={() => onRename(session)} /> : null}
          {own ? <IconButton icon="archive" label={session.archived ? `Take ${session.name} out of the archive` : `Archive ${session.name}`} pressed={session.archived} onClick={() => onArchive(session)} /> : null}
          {own ? <IconButton icon="trash" label={`Delete ${session.name}`} onClick={() => onDelete(session)} /> : null}
        </span>
      </div>
    </li>
  );
}
