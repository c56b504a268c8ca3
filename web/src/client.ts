/**
 * What another program imports to work with a server: the REST calls, and sessions by their text lane, without a CRDT.
 * Nothing here or in what it imports needs a page; one program talks to one server. docs/protocol.md has the messages.
 *
 *   const { api, open } = connect('http://127.0.0.1:8000', 'ck_…');
 *   const session = await open((await api.sessions('mine')).items[0].id);
 *   session.on('file.changed', ({ name, actor }) => console.log(name, actor));
 *   await session.request({ type: 'write', name: 'main.py', content: 'print(42)\n' });
 */
import { api, callWith } from './api';
import { Lane, SUBPROTOCOL } from './lane';

export { ApiError, api } from './api';
export { Lane, LaneError, type LaneMessage } from './lane';

const WELCOME_MS = 20_000;

/** A lane whose socket is its own; when that closes, requests reject with `disconnected` and another `open` goes on. */
export class OpenLane extends Lane {
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(private readonly own: WebSocket) {
    super();
    this.closed = new Promise((resolve) => {
      own.addEventListener('close', ({ code, reason }) => {
        this.detach(own);
        resolve({ code, reason });
      });
    });
    own.addEventListener('open', () => this.attach(own));
    own.addEventListener('message', (event: MessageEvent) => {
      if (typeof event.data === 'string') this.receive(event.data);
    });
  }

  close(): void {
    this.own.close(1000);
  }
}

export function connect(url: string, token: string): { api: typeof api; open: (sessionId: string) => Promise<OpenLane> } {
  callWith(token, url);
  const address = (sessionId: string): string =>
    `${url.replace(/\/$/, '').replace(/^http/, 'ws')}/ws/${encodeURIComponent(sessionId)}?token=${encodeURIComponent(token)}`;
  return { api, open: (sessionId) => welcomed(new OpenLane(new WebSocket(address(sessionId), SUBPROTOCOL))) };
}

/** The lane, once the server has said who one is there; rejects with why it did not. */
function welcomed(lane: OpenLane): Promise<OpenLane> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The server did not answer')), WELCOME_MS);
    void lane.closed.then(({ code, reason }) => {
      clearTimeout(timer);
      reject(new Error(`The server closed with ${code}: ${reason}`));
    });
    const stop = lane.on('welcome', () => {
      clearTimeout(timer);
      stop();
      resolve(lane);
    });
  });
}
