/** The bar above every page but the editor: the way home, to one's figures and costs and, for admins, to the administration. */
import type { JSX } from 'preact';
import { Logo } from '../home/Logo';
import { follow } from '../router';
import type { Me } from '../types';
import { Icon, type IconName } from './icons';
import { Avatar, IconButton, ThemeButton } from './parts';

function To({ to, icon, label }: { to: string; icon: IconName; label: string }): JSX.Element {
  return <a class="icon-button" href={to} aria-label={label} title={label} onClick={(event) => follow(event, to)}><Icon name={icon} /></a>;
}

export function TopBar({ me, title = 'Code sessions', onSignOut }: { me: Me; title?: string; onSignOut?: () => void }): JSX.Element {
  return (
    <header class="top-bar">
      <a class="brand" href="/" aria-label="All sessions" title="All sessions" onClick={(event) => follow(event, '/')}><Logo /></a>
      <span class="brand">{title}</span>
      <span class="grow" />
      <To to="/analytics" icon="chart" label="Your runs in figures" />
      <To to="/billing" icon="wallet" label="Usage and billing" />
      <To to="/keys" icon="key" label="API keys" />
      {me.admin ? <To to="/admin" icon="gear" label="Administration" /> : null}
      <ThemeButton />
      {onSignOut === undefined ? null : <IconButton icon="out" label="Sign out" onClick={onSignOut} />}
      <Avatar name={me.user.name} color={me.user.color} title={`${me.user.name} · ${me.tier}`} />
    </header>
  );
}
