/** The frame of the admin pages: who may come in, the way between them, and which one the address names. */
import '../styles/pages.css';
import type { JSX } from 'preact';
import { follow, path } from '../router';
import type { Me } from '../types';
import { Icon, type IconName } from '../ui/icons';
import { Link } from '../ui/page';
import { Empty } from '../ui/parts';
import { TopBar } from '../ui/TopBar';
import { Alerts } from './Alerts';
import { AuditLog } from './AuditLog';
import { Invoices } from './Invoices';
import { told } from './news';
import { Nodes } from './Nodes';
import { Overview } from './Overview';
import { Runs } from './Runs';
import { Security } from './Security';
import { Sessions } from './Sessions';
import { SessionView } from './SessionView';
import { Switches } from './Switches';
import { Tiers } from './Tiers';
import { TierView } from './TierView';
import { Users } from './Users';
import { UserView } from './UserView';

const PAGES: readonly { id: string; label: string; icon: IconName }[] = [
  { id: '', label: 'Overview', icon: 'chart' },
  { id: 'runs', label: 'Runs', icon: 'terminal' },
  { id: 'sessions', label: 'Sessions', icon: 'files' },
  { id: 'users', label: 'Users', icon: 'users' },
  { id: 'tiers', label: 'Tiers', icon: 'tag' },
  { id: 'security', label: 'Security', icon: 'shield' },
  { id: 'alerts', label: 'Alerts', icon: 'bell' },
  { id: 'audit', label: 'Audit', icon: 'book' },
  { id: 'invoices', label: 'Invoices', icon: 'receipt' },
  { id: 'nodes', label: 'Nodes', icon: 'server' },
  { id: 'switches', label: 'Switches', icon: 'power' },
];

export function AdminPage({ me }: { me: Me }): JSX.Element {
  const [, , noun = '', rawId] = path.value.replace(/\/$/, '').split('/');
  if (!me.admin) return <Refused me={me} />;
  return (
    <div class="admin">
      <TopBar me={me} title="Administration" />
      <div class="admin-frame">
        <nav class="admin-nav" aria-label="Administration" ref={showCurrent}>
          {PAGES.map(({ id, label, icon }) => {
            const to = id === '' ? '/admin' : `/admin/${id}`;
            return (
              <a key={id} href={to} aria-current={id === noun ? 'page' : undefined} onClick={(event) => follow(event, to)}>
                <Icon name={icon} /> {label}
              </a>
            );
          })}
          <Told />
        </nav>
        <main class="admin-main" key={path.value}>{page(noun, rawId === undefined ? null : decoded(rawId), me)}</main>
      </div>
    </div>
  );
}

/** How fresh the pages are. */
function Told(): JSX.Element | null {
  if (told.value === null) return null;
  const text = told.value ? 'Live' : 'Every few seconds';
  return <span class={told.value ? 'admin-told admin-told-live' : 'admin-told'} title="When these pages show what has changed on the server"><span class="dot" /> {text}</span>;
}

/** On a narrow screen the way between the pages is a strip that may have to be moved. */
function showCurrent(nav: HTMLElement | null): void {
  const here = nav?.querySelector<HTMLElement>('[aria-current]');
  if (nav != null && here != null) nav.scrollLeft = here.offsetLeft - (nav.clientWidth - here.clientWidth) / 2;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function page(noun: string, id: string | null, me: Me): JSX.Element {
  switch (noun) {
    case '': return <Overview />;
    case 'runs': return <Runs />;
    case 'sessions': return id === null ? <Sessions /> : <SessionView id={id} />;
    case 'users': return id === null ? <Users /> : <UserView id={id} me={me} />;
    case 'tiers': return id === null ? <Tiers /> : <TierView name={id} />;
    case 'security': return <Security />;
    case 'alerts': return <Alerts />;
    case 'audit': return <AuditLog />;
    case 'invoices': return <Invoices />;
    case 'nodes': return <Nodes />;
    case 'switches': return <Switches />;
    default: return <Empty icon="search" title="There is nothing at this address" action={<Link class="button" to="/admin">Overview</Link>} />;
  }
}

function Refused({ me }: { me: Me }): JSX.Element {
  return (
    <div class="admin">
      <TopBar me={me} title="Administration" />
      <main class="page-state">
        <Empty icon="lock" title="403 – for administrators only" action={<Link class="button" to="/">All sessions</Link>}>
          You are signed in as {me.user.name}, whose account is not an administrator’s. Ask one to make it so, or sign in with another key.
        </Empty>
      </main>
    </div>
  );
}
