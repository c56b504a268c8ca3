import { afterEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../src/client';

class FakeSocket extends EventTarget {
  static last: FakeSocket;
  readonly sent: string[] = [];
  readonly protocol = 'collab.v1';

  constructor(readonly url: string) {
    super();
    FakeSocket.last = this;
  }

  send(data: string): void {
    this.sent.push(data);
  }

  hear(message: object): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
  }

  close(code = 1000, reason = ''): void {
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
  }
}

describe('the client for other programs', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('calls the server that it was told, by its token alone', async () => {
    const fetched = vi.fn<typeof fetch>(() => Promise.resolve(new Response('{"items":[]}')));
    vi.stubGlobal('fetch', fetched);
    await connect('https://code.example/', 'ck_1').api.sessions('mine');
    const [url, init] = fetched.mock.calls[0] ?? [];
    expect(String(url)).toMatch(/^https:\/\/code\.example\/api\/sessions\?scope=mine/);
    expect(init).toMatchObject({ credentials: 'omit', headers: { Authorization: 'Bearer ck_1' } });
  });

  it('opens a session once it is welcomed, answers requests, and says why it was closed', async () => {
    vi.stubGlobal('WebSocket', FakeSocket);
    const opening = connect('http://127.0.0.1:8000', 'ck 1').open('abc');
    const socket = FakeSocket.last;
    expect(socket.url).toBe('ws://127.0.0.1:8000/ws/abc?token=ck%201');
    socket.dispatchEvent(new Event('open'));
    socket.hear({ type: 'welcome', role: 'editor' });
    const lane = await opening;
    const asked = lane.request({ type: 'ping' });
    socket.hear({ type: 'ok', replyTo: (JSON.parse(socket.sent[0] ?? '{}') as { id: string }).id, version: 3 });
    expect((await asked)['version']).toBe(3);
    const unanswered = lane.request({ type: 'files' });
    socket.close(4403, 'no longer allowed');
    await expect(unanswered).rejects.toMatchObject({ code: 'disconnected' });
    expect(await lane.closed).toEqual({ code: 4403, reason: 'no longer allowed' });
  });

  it('rejects where the server turns one away', async () => {
    vi.stubGlobal('WebSocket', FakeSocket);
    const opening = connect('http://127.0.0.1:8000', 'ck_1').open('abc');
    FakeSocket.last.close(4404, 'there is no session');
    await expect(opening).rejects.toThrow('4404: there is no session');
  });
});
