/** The dialogs of a session, one at a time, each loaded when first opened. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Session } from '../model/session';
import { lazy } from '../ui/lazy';
import { Modal, Spinner } from '../ui/parts';

type Props = { session: Session; onClose: () => void };

const Share = lazy<Props>(() => import('./Share').then((module) => module.Share));
const Versions = lazy<Props>(() => import('../versions/Versions').then((module) => module.Versions));
const Branches = lazy<Props>(() => import('../branches/Branches').then((module) => module.Branches));
const EditorSettings = lazy<Props>(() => import('./EditorSettings').then((module) => module.EditorSettings));
// Whoever presses its keys goes on typing at once, which must not come into the file.
const waiting = <Modal label="Commands" class="palette" onClose={() => undefined}><Spinner label="Loading the commands" /></Modal>;
const Palette = lazy<Props>(() => import('./Palette').then((module) => module.Palette), waiting);
const PRELOAD_AFTER_MS = 1_000;

export function Dialogs({ session }: { session: Session }): JSX.Element | null {
  useEffect(() => {
    // They open at once then, also when the connection is gone by that time; only the small ones, which weigh nothing.
    const timer = setTimeout(() => [Palette, Share, EditorSettings].forEach(({ preload }) => preload()), PRELOAD_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const close = (): void => {
    session.dialog.value = null;
  };
  switch (session.dialog.value) {
    case 'share':
      return <Share session={session} onClose={close} />;
    case 'versions':
      return <Versions session={session} onClose={close} />;
    case 'branches':
      return <Branches session={session} onClose={close} />;
    case 'settings':
      return <EditorSettings session={session} onClose={close} />;
    case 'palette':
      return <Palette session={session} onClose={close} />;
    default:
      return null;
  }
}
