/** A session inside a page of somebody else: no cookies, nothing stored; what the frame's address says after `#` is the right to be here. */
import '../styles/session.css';
import '../styles/output.css';
import '../styles/embed.css';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, api, callWith } from '../api';
import { Logo } from '../home/Logo';
import { Session } from '../model/session';
import { closedReason, statusLine } from '../model/status';
import { EditorPane } from '../session/EditorPane';
import { OutputPanel } from '../session/OutputPanel';
import { RunControls } from '../session/RunControls';
import { applyTheme } from '../theme';
import { Icon } from '../ui/icons';
import { Empty, Spinner } from '../ui/parts';
import { wishOf } from './wish';

const TABS_MAX = 12;

type State = { kind: 'loading' } | { kind: 'failed'; error: ApiError } | { kind: 'open'; session: Session };

export function EmbedPage({ id }: { id: string }): JSX.Element {
  const [state, setState] = useState<State>({ kind: 'loading' });
  const wish = wishOf(location.search, location.hash);
  useEffect(() => {
    if (wish.theme !== null) document.documentElement.dataset['theme'] = wish.theme;
    let session: Session | null = null;
    let left = false;
    const open = async (): Promise<void> => {
      const token = wish.link === null ? wish.token : (await api.join(wish.link)).token;
      if (token === null) throw new ApiError(401, 'unauthorized', 'The address of this frame has no link or token after its #.');
      callWith(token);
      const [me, info] = await Promise.all([api.me(), api.session(id)]);
      if (left) return;
      session = new Session(me, info, { token });
      setState({ kind: 'open', session });
    };
    open().catch((error: unknown) => {
      if (!left) setState({ kind: 'failed', error: error instanceof ApiError ? error : new ApiError(0, 'error', String(error)) });
    });
    return () => {
      left = true;
      session?.destroy();
      applyTheme();
    };
  }, [id]);
  if (state.kind === 'loading') return <main class="page-state"><Spinner label="Opening the session" /></main>;
  if (state.kind === 'failed') {
    const gone = state.error.status === 401 || state.error.status === 404;
    const again = <button type="button" class="button" onClick={() => location.reload()}>Try again</button>;
    return (
      <main class="page-state">
        <Empty icon={gone ? 'lock' : 'alert'} title={gone ? 'This session is not shared here any more' : 'The session could not be opened'} action={again}>
          {gone ? 'Its link has ended or was revoked.' : state.error.message}
        </Empty>
      </main>
    );
  }
  return <Frame session={state.session} link={wish.link} file={wish.file} />;
}

function Frame({ session, link, file }: { session: Session; link: string | null; file: string | null }): JSX.Element {
  const { name, id } = session.info.value;
  const { connection, save, ready, files } = session.document;
  const there = ready.value;
  useEffect(() => {
    document.title = name;
  }, [name]);
  useEffect(() => {
    if (!there) return;
    // Every file has its tab: there is no list of them here.
    const all = files.peek();
    for (const each of all.slice(0, TABS_MAX)) session.open(each.id);
    const first = all.find((each) => each.name === file) ?? all.find((each) => /^(main|index)\./.test(each.name)) ?? all[0];
    if (first !== undefined) session.open(first.id);
  }, [session, there]);
  useEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      if (!(event.metaKey || event.ctrlKey) || event.key !== 'Enter' || event.defaultPrevented) return;
      event.preventDefault();
      session.run();
    };
    addEventListener('keydown', keys);
    return () => removeEventListener('keydown', keys);
  }, [session]);
  const line = statusLine(connection.value, save.value, true, false);
  const runs = session.mayRun.value || session.runs.shown.value !== null;
  const inFull = link === null ? `/s/${encodeURIComponent(id)}` : `/join?link=${encodeURIComponent(link)}`;
  return (
    <div class="workspace embed" data-testid="embed">
      <header class="embed-bar">
        <span class={`status status-${line.tone}`} data-testid="status" data-tone={line.tone} title={line.detail} role="status"><span class="dot" aria-hidden="true" /></span>
        <h1 class="embed-name" title={name}>{name}</h1>
        {session.mayEdit.value ? null : <span class="tag tag-strong" data-testid="read-only"><Icon name="eye" size={12} /> {session.mayRun.value ? 'Run only' : 'Read-only'}</span>}
        <span class="grow" />
        {session.mayRun.value ? <RunControls session={session} /> : null}
        <a class="embed-brand" href={inFull} target="_blank" rel="noopener" title="Open in the editor" aria-label="Open in the editor"><Logo size={22} /></a>
      </header>
      {connection.value.kind === 'closed' ? (
        <div class="banner banner-bad" role="alert">
          <Icon name="alert" /> <span>{closedReason(connection.value.code, connection.value.reason)}</span>
          <button type="button" class="button button-small" onClick={() => location.reload()}>Connect again</button>
        </div>
      ) : null}
      <main class={runs ? 'embed-panes' : 'embed-panes embed-alone'}>
        <EditorPane session={session} />
        {runs ? <OutputPanel session={session} /> : null}
      </main>
    </div>
  );
}
