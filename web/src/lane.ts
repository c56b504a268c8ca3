/**
 * The text lane of a session socket: JSON requests with ids, their replies, and events.
 * It knows no document, no user interface and no browser beyond `WebSocket`, so it also serves as the smallest client.
 */

export const SUBPROTOCOL = 'collab.v1';
const REPLY_TIMEOUT_MS = 20_000;

export interface LaneMessage {
  type: string;
  replyTo?: string;
  [key: string]: unknown;
}

/** What a request rejects with: the server's own code, or `disconnected`, `timeout`, `unsupported`. */
export class LaneError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly reply: LaneMessage | null = null,
  ) {
    super(message);
    this.name = 'LaneError';
  }
}

interface Waiting {
  type: string;
  resolve: (reply: LaneMessage) => void;
  reject: (error: LaneError) => void;
  timer: ReturnType<typeof setTimeout>;
}

type Listener = (message: LaneMessage) => void;

interface TextSocket {
  readonly protocol: string;
  send(data: string): void;
}

export class Lane {
  private socket: TextSocket | null = null;
  private nextId = 1;
  private readonly waiting = new Map<string, Waiting>();
  private readonly listeners = new Map<string, Set<Listener>>();

  /** True while a socket is open whose server speaks the text lane. */
  get open(): boolean {
    return this.socket !== null;
  }

  /** Listens to one message type, to all of a family (`execution.*`) or to everything (`*`). Returns the way to stop. */
  on(type: string, listener: Listener): () => void {
    const set = this.listeners.get(type) ?? new Set<Listener>();
    this.listeners.set(type, set.add(listener));
    return () => set.delete(listener);
  }

  /** Sends a request and resolves with its reply; an `error` or a refusal rejects with a `LaneError`. */
  request(message: { type: string; [key: string]: unknown }, timeoutMs = REPLY_TIMEOUT_MS): Promise<LaneMessage> {
    const socket = this.socket;
    if (socket === null) return Promise.reject(new LaneError('disconnected', 'Not connected to the server'));
    const id = `c${this.nextId++}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new LaneError('timeout', `The server did not answer "${message.type}"`));
      }, timeoutMs);
      this.waiting.set(id, { type: message.type, resolve, reject, timer });
      socket.send(JSON.stringify({ ...message, id }));
    });
  }

  /** One text frame from the server. A frame that is not a JSON object with a type is dropped. */
  receive(frame: string): void {
    let message: LaneMessage;
    try {
      message = JSON.parse(frame) as LaneMessage;
    } catch {
      return;
    }
    if (message === null || typeof message !== 'object' || typeof message.type !== 'string') return;
    this.settle(message);
    this.emit(message.type, message);
    const dot = message.type.indexOf('.');
    if (dot > 0) this.emit(`${message.type.slice(0, dot)}.*`, message);
    this.emit('*', message);
  }

  attach(socket: TextSocket): void {
    this.detach();
    this.socket = socket.protocol === SUBPROTOCOL ? socket : null;
  }

  /** The socket is gone (or, without an argument, given up): whoever waits for a reply learns it now. */
  detach(socket?: TextSocket): void {
    if (socket !== undefined && socket !== this.socket) return;
    this.socket = null;
    for (const [id, waiting] of this.waiting) {
      clearTimeout(waiting.timer);
      this.waiting.delete(id);
      waiting.reject(new LaneError('disconnected', 'The connection was lost before the server answered'));
    }
  }

  private settle(message: LaneMessage): void {
    if (message.replyTo === undefined) return;
    const waiting = this.waiting.get(String(message.replyTo));
    if (waiting === undefined) return;
    const refused = message.type === 'execution.refused' && waiting.type === 'execute';
    if (message.type.startsWith('execution.') && !refused) return; // replayed events: the reply proper follows them
    this.waiting.delete(String(message.replyTo));
    clearTimeout(waiting.timer);
    if (message.type === 'error' || refused) {
      waiting.reject(new LaneError(String(message['code'] ?? 'error'), String(message['message'] ?? 'Refused'), message));
    } else {
      waiting.resolve(message);
    }
  }

  private emit(type: string, message: LaneMessage): void {
    for (const listener of this.listeners.get(type) ?? []) listener(message);
  }
}

/**
 * A `WebSocket` class for the stock y-websocket provider: text frames go to the lane, binary frames to the provider.
 * The provider assigns `onmessage`, so that property is the one place where the two lanes part.
 */
export function laneSocket(lane: Lane, Base: typeof WebSocket = WebSocket): typeof WebSocket {
  return class LaneSocket extends Base {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      let binary: ((event: MessageEvent) => void) | null = null;
      Object.defineProperty(this, 'onmessage', {
        get: () => binary,
        set: (handler: ((event: MessageEvent) => void) | null) => {
          binary = handler;
        },
      });
      this.addEventListener('open', () => lane.attach(this));
      this.addEventListener('close', () => lane.detach(this));
      this.addEventListener('message', (event: MessageEvent) => {
        if (typeof event.data === 'string') lane.receive(event.data);
        else binary?.call(this, event);
      });
    }
  };
}
