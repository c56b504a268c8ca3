// A stock y-websocket provider, driven by JSON lines: `node yjs_client.mjs <1|2|3> <ws url> <session> <token>`.
// In: {id, op, ...}; out: {id, ...answer} and {event, ...}. Nothing of the provider is changed.
import readline from 'node:readline';
import WebSocket from 'ws';
import * as Y from 'yjs';

const [, , version, url, session, token] = process.argv;
const { WebsocketProvider } = await import(`y-websocket-${version}`);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const doc = new Y.Doc();
const provider = new WebsocketProvider(url, session, doc, {
  params: { token },
  WebSocketPolyfill: WebSocket,
  disableBc: true,
});
let connections = 0;
provider.on('status', ({ status }) => {
  if (status === 'connected') connections += 1;
  say({ event: 'status', status });
});
provider.on('sync', (synced) => say({ event: 'sync', synced }));
provider.on('connection-close', (close) => say({ event: 'close', code: close?.code ?? null }));
const files = doc.getMap('files');
const find = (name) => [...files.values()].find((file) => file.get('name') === name)?.get('content');
doc.on('update', (_update, origin) => {
  if (origin === provider) say({ event: 'update' });
});
provider.awareness.on('update', () => say({ event: 'awareness' }));

const operations = {
  create({ name, text }) {
    doc.transact(() => {
      const file = new Y.Map();
      file.set('name', name);
      file.set('language', 'javascript');
      file.set('content', new Y.Text(text));
      files.set(`file-${doc.clientID}-${name}`, file);
    });
    return {};
  },
  insert({ name, at, text }) {
    const content = find(name);
    content.insert(at < 0 ? content.length : at, text);
    return { text: content.toString() };
  },
  text: ({ name }) => ({ text: find(name)?.toString() ?? null }),
  names: () => ({ names: [...files.values()].map((file) => file.get('name')).sort() }),
  presence({ state }) {
    for (const [key, value] of Object.entries(state)) provider.awareness.setLocalStateField(key, value);
    return { clientId: doc.clientID };
  },
  seen: () => ({ states: [...provider.awareness.getStates().entries()].map(([clientId, state]) => ({ clientId, state })) }),
  connections: () => ({ connections }),
  disconnect: () => (provider.disconnect(), {}),
  connect: () => (provider.connect(), {}),
  ping: () => ({ at: Date.now() }),
};
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, op, ...rest } = JSON.parse(line);
  try {
    say({ id, ...operations[op](rest) });
  } catch (error) {
    say({ id, error: String(error) });
  }
}).on('close', () => process.exit(0));
