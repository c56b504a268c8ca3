/** Of what kind something is new on the server, told as it happens; what it is, the pages ask for themselves. */
import { signal } from '@preact/signals';
import type { Watch } from '../ui/live';

type Topic = 'runs' | 'sessions' | 'audit' | 'security' | 'alerts' | 'nodes';
const AGAIN_MS = 10_000;

/** Whether changes are told at once, or the lists look again every few seconds; null where nothing on the page changes by itself. */
export const told = signal<boolean | null>(null);

const watchers = new Map<() => void, readonly Topic[]>();
let source: EventSource | null = null;
let lost = false;

/** For `useLive`: calls when something of these kinds is new. */
export const newsOf = (...topics: Topic[]): Watch => (tell) => {
  watchers.set(tell, topics);
  listen();
  return () => {
    watchers.delete(tell);
    // The next page's lists come in the same turn as this one's go.
    setTimeout(listen);
  };
};

/** One stream for all lists of a page in front: a browser has few connections to a server, and other tabs need them. */
function listen(): void {
  const wanted = watchers.size > 0 && document.visibilityState === 'visible';
  if (wanted === (source !== null)) return;
  source?.close();
  source = null;
  told.value = wanted ? false : null;
  if (!wanted) {
    lost = true;
    return;
  }
  const opened = new EventSource('/api/admin/events');
  source = opened;
  opened.onopen = () => {
    told.value = true;
    // Nobody said what happened meanwhile.
    if (lost) for (const tell of watchers.keys()) tell();
    lost = false;
  };
  opened.addEventListener('changed', (event) => {
    const { topics } = JSON.parse(event.data as string) as { topics: Topic[] };
    for (const [tell, of] of watchers) if (of.some((topic) => topics.includes(topic))) tell();
  });
  opened.onerror = () => {
    told.value = false;
    lost = true;
    // The browser tries again by itself unless the server answered with something else than a stream.
    if (opened.readyState !== EventSource.CLOSED || source !== opened) return;
    source = null;
    setTimeout(listen, AGAIN_MS);
  };
}

document.addEventListener('visibilitychange', listen);
