/** What a page shows from the server: loaded, loaded again while somebody looks, and its failure. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Live<T> {
  data: T | null;
  /** Why the last load failed; what was there before stays. */
  error: string | null;
  /** A load that was asked for by hand or by another question is under way. */
  busy: boolean;
  reload: () => Promise<void>;
}

/** Calls when there may be something new, until what it returns is called. */
export type Watch = (tell: () => void) => () => void;
// However often something is new.
const PACE_MS = 1_000;

/**
 * Loads when `question` changes, when `watch` tells of something new and every `everyMs`, as long as the page is in front.
 * A late answer to an earlier question is dropped.
 */
export function useLive<T>(load: () => Promise<T>, question: string, everyMs: number | null = null, watch?: Watch): Live<T> {
  const [state, setState] = useState<{ data: T | null; error: string | null; busy: boolean }>({ data: null, error: null, busy: true });
  const latest = useRef(load);
  latest.current = load;
  const turn = useRef(0);
  const fetchNow = useCallback(async () => {
    const mine = ++turn.current;
    try {
      const data = await latest.current();
      if (mine === turn.current) setState({ data, error: null, busy: false });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (mine === turn.current) setState((before) => ({ ...before, error: message, busy: false }));
    }
  }, []);
  const reload = useCallback(() => {
    setState((before) => ({ ...before, busy: true }));
    return fetchNow();
  }, [fetchNow]);
  useEffect(() => {
    void reload();
    return () => void turn.current++;
  }, [question, reload]);
  useEffect(() => {
    if (everyMs === null) return;
    const look = (): void => {
      if (document.visibilityState === 'visible') void fetchNow();
    };
    const timer = setInterval(look, everyMs);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [everyMs, fetchNow]);
  useEffect(() => {
    if (everyMs === null || watch === undefined) return;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    let asked = 0;
    const stop = watch(() => {
      waiting ??= setTimeout(() => {
        waiting = undefined;
        asked = Date.now();
        void fetchNow();
      }, Math.max(0, asked + PACE_MS - Date.now()));
    });
    return () => {
      stop();
      clearTimeout(waiting);
    };
  }, [everyMs === null, watch, fetchNow]);
  return { ...state, reload };
}

export interface PageOf<T> {
  items: T[];
  next: string | null;
}

/** A list page by page. It is live as long as only its first page is open, so that nothing moves under a reader further down. */
export function usePaged<T>(load: (cursor: string | null) => Promise<PageOf<T>>, question: string, everyMs: number | null = null, watch?: Watch): Live<PageOf<T>> & { more: (() => Promise<void>) | null } {
  const [rest, setRest] = useState<{ question: string; pages: PageOf<T>[] }>({ question, pages: [] });
  const pages = rest.question === question ? rest.pages : [];
  const first = useLive(() => load(null), question, pages.length === 0 ? everyMs : null, watch);
  const last = pages.at(-1) ?? first.data;
  const next = last?.next ?? null;
  const data = first.data === null ? null : { items: [...first.data.items, ...pages.flatMap((page) => page.items)], next };
  const more = next === null ? null : async () => setRest({ question, pages: [...pages, await load(next)] });
  const reload = (): Promise<void> => {
    setRest({ question, pages: [] });
    return first.reload();
  };
  return { ...first, data, more, reload };
}
