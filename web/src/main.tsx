/** The start of the page: who is signed in, then home or a session (loaded when first needed). */
import './styles/base.css';
import './styles/parts.css';
import './styles/home.css';
import { signal } from '@preact/signals';
import { type ComponentType, type JSX, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, api, whenSignedOut } from './api';
import { askEarly } from './early';
import { Home } from './home/Home';
import { SignIn } from './home/SignIn';
import { embeddedIdOf, isAt, path, sessionIdOf } from './router';
import { applyTheme } from './theme';
import type { Me } from './types';
import { Icon } from './ui/icons';
import { Empty, Spinner } from './ui/parts';
import { Toasts } from './ui/toast';

type Who = { kind: 'loading' } | { kind: 'out' } | { kind: 'in'; me: Me } | { kind: 'failed'; message: string };
const who = signal<Who>({ kind: 'loading' });

async function identify(): Promise<void> {
  try {
    who.value = { kind: 'in', me: await api.me() };
  } catch (error) {
    const out = error instanceof ApiError && error.status === 401;
    who.value = out ? { kind: 'out' } : { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

const loadSessionPage = (): Promise<ComponentType<{ id: string; me: Me }>> =>
  import('./session/SessionPage').then((module) => module.SessionPage);

type PageProps = { id: string; me: Me };

const loadAdminPage = (): Promise<ComponentType<PageProps>> => import('./admin/AdminPage').then((module) => module.AdminPage);
const loadAnalyticsPage = (): Promise<ComponentType<PageProps>> => import('./analytics/AnalyticsPage').then((module) => module.AnalyticsPage);
const loadKeysPage = (): Promise<ComponentType<PageProps>> => import('./keys/KeysPage').then((module) => module.KeysPage);
const loadBillingPage = (): Promise<ComponentType<PageProps>> => import('./billing/BillingPage').then((module) => module.BillingPage);

const loadEmbedPage = (): Promise<ComponentType<{ id: string }>> => import('./embed/EmbedPage').then((module) => module.EmbedPage);

/** A page whose code comes when it is first asked for. */
function Later<P extends { id: string }>({ load, ...props }: P & { load: () => Promise<ComponentType<P>> }): JSX.Element {
  const [Page, setPage] = useState<ComponentType<P> | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    load().then((page) => setPage(() => page), () => setFailed(true));
  }, [load]);
  if (failed) return <Failure message="This page could not be loaded." retry={() => location.reload()} />;
  return Page === null ? <Loading /> : <Page key={props.id} {...(props as unknown as P)} />;
}

function Loading(): JSX.Element {
  return <main class="page-state"><Spinner label="Loading" /></main>;
}

function Failure({ message, retry }: { message: string; retry: () => void }): JSX.Element {
  const again = <button type="button" class="button" onClick={retry}>Try again</button>;
  return <main class="page-state"><Empty alone icon="alert" title="That did not work" action={again}>{message}</Empty></main>;
}

function NotFound(): JSX.Element {
  const home = <a class="button" href="/"><Icon name="back" /> All sessions</a>;
  return <main class="page-state"><Empty alone icon="search" title="There is nothing at this address" action={home} /></main>;
}

function App(): JSX.Element {
  const state = who.value;
  const sessionId = sessionIdOf(path.value);
  const embeddedId = embeddedIdOf(path.value);
  let page: JSX.Element;
  if (embeddedId !== null) page = <Later key="embed" load={loadEmbedPage} id={embeddedId} />;
  else if (state.kind === 'loading') page = <Loading />;
  else if (state.kind === 'failed') page = <Failure message={state.message} retry={() => void identify()} />;
  else if (state.kind === 'out') page = <SignIn onDone={identify} />;
  else if (sessionId !== null) page = <Later key="session" load={loadSessionPage} id={sessionId} me={state.me} />;
  else if (isAt('/admin', path.value)) page = <Later key="admin" load={loadAdminPage} id="" me={state.me} />;
  else if (isAt('/analytics', path.value)) page = <Later key="analytics" load={loadAnalyticsPage} id="" me={state.me} />;
  else if (isAt('/billing', path.value)) page = <Later key="billing" load={loadBillingPage} id="" me={state.me} />;
  else if (isAt('/keys', path.value)) page = <Later key="keys" load={loadKeysPage} id="" me={state.me} />;
  else if (path.value === '/') page = <Home me={state.me} onSignedOut={() => (who.value = { kind: 'out' })} />;
  else page = <NotFound />;
  return <>{page}<Toasts /></>;
}

applyTheme();
// In a session the page stays: it says so itself, and holds what was typed.
whenSignedOut(() => {
  if (who.value.kind === 'in' && sessionIdOf(path.value) === null) who.value = { kind: 'out' };
});
const firstId = sessionIdOf(path.value);
if (firstId !== null) {
  // Side by side with /api/me.
  void loadSessionPage().catch(() => undefined);
  askEarly(firstId);
}
if (embeddedIdOf(path.value) === null) void identify(); // an embedded page has no cookie
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
