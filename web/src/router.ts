/** The page's address as a signal: `/` is home, `/s/{id}` a session, `/admin`, `/analytics`, `/billing` and `/keys` pages of figures. */
import { signal } from '@preact/signals';

export const path = signal(location.pathname);

addEventListener('popstate', () => {
  path.value = location.pathname;
});

export function go(to: string): void {
  history.pushState(null, '', to);
  path.value = location.pathname;
  scrollTo(0, 0);
}

export const sessionIdOf = (pathname: string): string | null => idBehind(/^\/s\/([^/]+)\/?$/, pathname);
/** The session that a page of others shows in a frame. */
export const embeddedIdOf = (pathname: string): string | null => idBehind(/^\/embed\/([^/]+)\/?$/, pathname);

function idBehind(place: RegExp, pathname: string): string | null {
  const id = place.exec(pathname)?.[1];
  if (id === undefined) return null;
  try {
    return decodeURIComponent(id);
  } catch {
    return null;
  }
}

/** Whether an address is a place or below it. */
export const isAt = (place: string, pathname: string): boolean => pathname === place || pathname.startsWith(`${place}/`);

/** For links: a plain click stays in the page, every other click is the browser's. */
export function follow(event: MouseEvent, to: string): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(to);
}
