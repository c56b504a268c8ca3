/** The session page: opens the session, lays out its parts, and says so when it cannot be opened. */
import '../styles/session.css';
import '../styles/output.css';
import '../styles/comments.css';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api';
import { sessionOf } from '../early';
import { closedReason } from '../model/status';
import { Session } from '../model/session';
import { follow, go } from '../router';
import type { Me } from '../types';
import { Held } from '../ui/Held';
import { Icon } from '../ui/icons';
import { Empty, Spinner } from '../ui/parts';
import { modHeld } from '../ui/keys';
import { Dialogs } from './dialogs';
import { EditorPane } from './EditorPane';
import { FileList } from './FileList';
import { Header } from './Header';
import { OutputPanel } from './OutputPanel';
import { Splitter } from './Splitter';

type State = { kind: 'loading' } | { kind: 'failed'; error: ApiError } | { kind: 'open'; session: Session };

export function SessionPage({ id, me }: { id: string; me: Me }): JSX.Element {
  const [state, setState] = useState<State>({ kind: 'loading' });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let session: Session | null = null;
    let left = false;
    setState({ kind: 'loading' });
    sessionOf(id).then(
      (info) => {
        if (left) return;
        session = new Session(me, info);
        setState({ kind: 'open', session });
      },
      (error: unknown) => {
        if (!left) setState({ kind: 'failed', error: error instanceof ApiError ? error : new ApiError(0, 'error', String(error)) });
      },
    );
    return () => {
      left = true;
      session?.destroy();
    };
  }, [id, me, attempt]);

  if (state.kind === 'loading') return <main class="page-state"><Spinner label="Opening the session" /></main>;
  if (state.kind === 'failed') return <Failed error={state.error} retry={() => setAttempt(attempt + 1)} />;
  return <Workspace session={state.session} />;
}

function Failed({ error, retry }: { error: ApiError; retry: () => void }): JSX.Element {
  const home = <button type="button" class="button" onClick={() => go('/')}><Icon name="back" /> All sessions</button>;
  if (error.status === 404) {
    return (
      <main class="page-state">
        <Empty alone icon="lock" title="This session does not exist, or is not shared with you" action={home}>
          Ask its owner to add you, or open it with a share link.
        </Empty>
      </main>
    );
  }
  const again = <button type="button" class="button button-primary" onClick={retry}>Try again</button>;
  return <main class="page-state"><Empty alone icon="alert" title="The session could not be opened" action={again}>{error.message}</Empty></main>;
}

function Workspace({ session }: { session: Session }): JSX.Element {
  const [filesOpen, setFilesOpen] = useState(false);
  const name = session.info.value.name;
  useEffect(() => {
    document.title = name;
  }, [name]);
  useEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      const mod = event.metaKey || event.ctrlKey;
      if (mod && event.key === 'Enter' && !event.defaultPrevented) {
        event.preventDefault();
        session.run();
      } else if (modHeld(event) && !event.shiftKey && event.key.toLowerCase() === 'k' && !event.defaultPrevented) {
        event.preventDefault();
        session.dialog.value = session.dialog.value === 'palette' ? null : 'palette';
      } else if (event.key === 'Escape' && !event.defaultPrevented && document.querySelector('dialog[open], .run-options:popover-open') === null) {
        session.follow(null);
      } else if (mod && event.key.toLowerCase() === 's') {
        event.preventDefault(); // everything is saved as it is typed; the browser's own dialog only confuses
      }
    };
    const leaving = (event: BeforeUnloadEvent): void => {
      if (session.document.pending && !session.document.stored.value) event.preventDefault();
    };
    addEventListener('keydown', keys);
    addEventListener('beforeunload', leaving);
    return () => {
      removeEventListener('keydown', keys);
      removeEventListener('beforeunload', leaving);
    };
  }, [session]);
  return (
    <div class="workspace" data-files={filesOpen ? 'open' : 'closed'}>
      <Header session={session} onFiles={() => setFilesOpen(!filesOpen)} filesOpen={filesOpen} />
      <Banner session={session} />
      <main class="panes">
        <h1 class="visually-hidden">{name}</h1>
        <FileList session={session} onPicked={() => setFilesOpen(false)} onWanted={() => setFilesOpen(true)} />
        <EditorPane session={session} />
        <Splitter />
        <OutputPanel session={session} />
      </main>
      <Dialogs session={session} />
    </div>
  );
}

/** What stops the work and what can be done about it. */
function Banner({ session }: { session: Session }): JSX.Element | null {
  const connection = session.document.connection.value;
  const save = session.document.save.value;
  if (connection.kind === 'closed') {
    return (
      <div class="banner banner-bad" role="alert">
        <Icon name="alert" /> <span>{closedReason(connection.code, connection.reason)}</span>
        {connection.code === 4401 ? (
          <button type="button" class="button button-small" onClick={() => location.reload()}>Sign in</button>
        ) : connection.code === 4404 ? null : (
          <button type="button" class="button button-small" onClick={() => session.document.reconnect()}>Connect again</button>
        )}
      </div>
    );
  }
  const held = { readOnly: session.document.readOnly.value, executionsOff: session.executionsOff.value };
  if (held.readOnly !== null || held.executionsOff !== null) {
    return <Held {...held} more={save.kind === 'refused' ? ' What you typed last is kept in this browser and sent when this is over.' : ''} />;
  }
  const { branchOf } = session.info.value;
  if (branchOf != null && save.kind !== 'refused') {
    return (
      <div class="banner" role="status" data-testid="branch-of">
        <Icon name="fork" /> <span>This is a branch: what is changed here is a proposal.</span>
        <a class="button button-small" href={`/s/${encodeURIComponent(branchOf)}`} onClick={(event) => follow(event, `/s/${encodeURIComponent(branchOf)}`)}>Go to the session</a>
      </div>
    );
  }
  if (save.kind === 'refused') {
    const discard = async (): Promise<void> => {
      await session.document.forget();
      location.reload();
    };
    return (
      <div class="banner banner-bad" role="alert">
        <Icon name="alert" /> <span>{save.message} Copy what you need, then discard.</span>
        <button type="button" class="button button-small" onClick={() => void discard()}>Discard my changes</button>
      </div>
    );
  }
  return null;
}
