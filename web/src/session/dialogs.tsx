/** The dialogs of a session, one at a time, each loaded when first opened. */
import type { ComponentType, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Session } from '../model/session';
import { lazy } from '../ui/lazy';

type Props = { session: Session; onClose: () => void };

const Share = lazy<Props>(() => import('./Share').then((module) => module.Share));
const Versions = lazy<Props>(() => import('../versions/Versions').then((module) => module.Versions));
const Branches = lazy<Props>(() => import('../branches/Branches').then((module) => module.Branches));
const EditorSettings = lazy<Props>(() => import('./EditorSettings').then((module) => module.EditorSettings));
const loadPalette = (): Promise<ComponentType<Props>> => import('./Palette').then((module) => module.Palette);
const Palette = lazy<Props>(loadPalette);
const PRELOAD_AFTER_MS = 1_000;

export function Dialogs({ session }: { session: Session }): JSX.Element | null {
  useEffect(() => {
    // Whoever presses its keys goes on typing at once.
    const timer = setTimeout(() => void loadPalette().catch(() => undefined), PRELOAD_AFTER_MS);
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
