/** Ruff's formatter for Python in a worker of its own: 4 MB of WebAssembly that come with the first use. */

const TIMEOUT_MS = 30_000;
let worker: Worker | null = null;
let nextId = 1;
const waiting = new Map<number, { resolve: (text: string) => void; reject: (error: Error) => void }>();

interface Answer {
  id: number;
  text?: string;
  error?: string;
}

function started(): Worker {
  if (worker !== null) return worker;
  worker = new Worker(new URL('./ruff.worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.text !== undefined) one?.resolve(data.text);
    else one?.reject(new Error(data.error ?? 'The formatter failed'));
  };
  worker.onerror = () => stop('The formatter for Python could not be loaded. Check your connection and try again.');
  return worker;
}

/** Gives up whatever is under way; the next use starts anew. */
function stop(reason: string): void {
  worker?.terminate();
  worker = null;
  for (const { reject } of waiting.values()) reject(new Error(reason));
  waiting.clear();
}

export function format(text: string): Promise<string> {
  const id = nextId++;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => stop('The formatter took too long'), TIMEOUT_MS);
    const done = <T>(then: (value: T) => void) => (value: T): void => (clearTimeout(timer), then(value));
    waiting.set(id, { resolve: done(resolve), reject: done(reject) });
    started().postMessage({ id, text });
  });
}
