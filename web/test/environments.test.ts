import { afterEach, describe, expect, it, vi } from 'vitest';
import { Lane } from '../src/lane';
import { Environments, keepsEnvironment } from '../src/model/environments';

const item = (language: string, generation: number) => ({
  language, generation, bytes: 10, variableCount: 1, fileCount: 0, lastRun: { executionId: 'e', actor: { id: 'u', name: 'U' }, at: '2026-01-01T00:00:00.000Z' },
});
const say = (lane: Lane, message: Record<string, unknown>): void => lane.receive(JSON.stringify(message));

/** A server that answers with what `items` holds when it is asked; `calls` are the requests it saw. */
function server(items: { value: unknown[] }, answer: () => Promise<void> = async () => undefined): string[] {
  const calls: string[] = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    calls.push(`${init.method} ${path}`);
    const held = items.value;
    await answer();
    return init.method === 'DELETE' ? new Response(null, { status: 204 }) : Response.json({ items: held });
  });
  return calls;
}

afterEach(() => vi.unstubAllGlobals());

describe('kept environments', () => {
  it('are asked for on entering, when a run kept one and when somebody reset one, and not after other runs', async () => {
    const items = { value: [item('python', 1)] as unknown[] };
    const calls = server(items);
    const lane = new Lane();
    const environments = new Environments('s/1', lane);
    say(lane, { type: 'welcome' });
    await vi.waitFor(() => expect(environments.list.value.map(({ generation }) => generation)).toEqual([1]));
    say(lane, { type: 'execution.finished', executionId: 'e', status: 'completed' });
    say(lane, { type: 'execution.finished', executionId: 'e', status: 'failed', environment: { language: 'python', kept: false } });
    expect(calls).toEqual(['GET /api/sessions/s%2F1/environments']);
    items.value = [item('python', 2)];
    say(lane, { type: 'execution.finished', executionId: 'e', status: 'completed', environment: { language: 'python', kept: true, generation: 2 } });
    await vi.waitFor(() => expect(environments.list.value[0]?.generation).toBe(2));
    items.value = [];
    say(lane, { type: 'environment.changed', language: 'python', kept: false });
    await vi.waitFor(() => expect(environments.list.value).toEqual([]));
  });

  it('show the newest answer, whichever comes last, and a failure as one', async () => {
    const items = { value: [item('ruby', 1)] as unknown[] };
    const waiting: (() => void)[] = [];
    server(items, () => new Promise((resolve) => waiting.push(resolve)));
    const environments = new Environments('s', new Lane());
    const first = environments.refresh();
    items.value = [item('ruby', 2)];
    const second = environments.refresh();
    await vi.waitFor(() => expect(waiting.length).toBe(2));
    waiting[1]?.();
    await second;
    waiting[0]?.();
    await first;
    expect(environments.list.value[0]?.generation).toBe(2);
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
    await environments.refresh();
    expect([environments.failed.value, environments.list.value.length]).toEqual([true, 1]);
  });

  it('are reset by language, and pages have none', async () => {
    const calls = server({ value: [] });
    await new Environments('s', new Lane()).reset('c++');
    expect(calls).toEqual(['DELETE /api/sessions/s/environments/c%2B%2B', 'GET /api/sessions/s/environments']);
    expect(['python', 'html', 'css'].map(keepsEnvironment)).toEqual([true, false, false]);
  });
});
