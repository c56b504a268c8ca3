/** The shared document over real sockets: the stock provider and the text lane on one, against a small y-protocols peer. */
import type { AddressInfo } from 'node:net';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WebSocket as NodeSocket, WebSocketServer } from 'ws';
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync';
import * as Y from 'yjs';
import { Lane } from '../src/lane';
import { SessionDocument } from '../src/model/document';

const USER = { id: 'ada', name: 'Ada', color: '#112233', colorLight: '#11223344' };

/** Keeps a document and answers pings with its version; what is saved, the test says. */
class Peer {
  readonly doc = new Y.Doc();
  readonly server = new WebSocketServer({ port: 0, handleProtocols: (offered) => (offered.has('collab.v1') ? 'collab.v1' : false) });
  readonly sockets = new Set<NodeSocket>();
  version = 0;
  savedVersion: number | undefined;
  refuse = false;

  constructor() {
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      this.version += 1;
      for (const socket of this.sockets) if (socket !== origin) socket.send(frame((encoder) => writeUpdate(encoder, update)));
    });
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.send(JSON.stringify({ type: 'welcome', role: 'editor' }));
      socket.send(frame((encoder) => writeSyncStep1(encoder, this.doc)));
      socket.on('message', (data: Buffer, binary: boolean) => (binary ? this.binary(socket, data) : this.text(socket, String(data))));
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  say(message: object): void {
    for (const socket of this.sockets) socket.send(JSON.stringify(message));
  }

  close(): void {
    for (const socket of this.sockets) socket.terminate();
    this.server.close();
  }

  private binary(socket: NodeSocket, data: Buffer): void {
    const decoder = decoding.createDecoder(new Uint8Array(data));
    if (decoding.readVarUint(decoder) !== 0) return;
    if (this.refuse && data[1] !== 0) {
      socket.send(new Uint8Array([2, 0, 2, 110, 111])); // auth, permission denied, "no"
      return;
    }
    const reply = frame((encoder) => void readSyncMessage(decoder, encoder, this.doc, socket));
    if (reply.length > 1) socket.send(reply);
  }

  private text(socket: NodeSocket, data: string): void {
    const { id } = JSON.parse(data) as { id: string };
    const { version, savedVersion } = this;
    socket.send(JSON.stringify({ type: 'ok', replyTo: id, version, savedVersion }));
  }
}

function frame(write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  write(encoder);
  return encoding.toUint8Array(encoder);
}

let peer: Peer;
let opened: SessionDocument[];
beforeEach(() => {
  peer = new Peer();
  opened = [];
});
afterEach(() => {
  for (const document of opened) document.destroy();
  peer.close();
});

function open(): SessionDocument {
  const document = new SessionDocument('s', new Lane(), USER, peer.url, { socket: NodeSocket as unknown as typeof WebSocket, persist: false });
  opened.push(document);
  return document;
}
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5_000, interval: 5 });

it('is green only after the server says that the version with the last edit is on disk', async () => {
  const document = open();
  await until(() => expect(document.ready.value).toBe(true));
  document.createFile('main.js', 'let a;');
  await until(() => expect(peer.version).toBe(1));
  expect(document.save.value.kind).toBe('saving');
  peer.say({ type: 'saved', version: 0 });
  expect(document.pending).toBe(true);
  peer.savedVersion = 1;
  peer.say({ type: 'saved', version: 1 });
  await until(() => expect(document.save.value).toEqual({ kind: 'saved', version: 1 }));
});

it('two windows converge, and neither counts the other’s edits as its own', async () => {
  const [one, two] = [open(), open()];
  await until(() => expect(one.ready.value && two.ready.value).toBe(true));
  const id = one.createFile('main.js', 'one');
  await until(() => expect(two.file(id)?.text.toString()).toBe('one'));
  expect(two.pending).toBe(false);
  two.file(id)?.text.insert(3, ' two');
  await until(() => expect(one.file(id)?.text.toString()).toBe('one two'));
});

it('keeps what is typed while the connection is down, and is not green until it is confirmed again', async () => {
  peer.savedVersion = 0;
  const document = open();
  await until(() => expect(document.save.value.kind).toBe('saved'));
  for (const socket of peer.sockets) socket.terminate();
  await until(() => expect(document.connection.value.kind).toBe('reconnecting'));
  const id = document.createFile('offline.js', 'kept');
  expect(document.save.value.kind).toBe('saving');
  await until(() => expect((peer.doc.getMap('files').get(id) as Y.Map<Y.Text> | undefined)?.get('content')?.toString()).toBe('kept'));
  expect(document.save.value.kind).not.toBe('saved');
  peer.savedVersion = peer.version;
  peer.say({ type: 'saved', version: peer.version });
  await until(() => expect(document.save.value.kind).toBe('saved'));
});

it('says that a refused edit is not saved, whatever the versions say', async () => {
  peer.refuse = true;
  peer.savedVersion = 100;
  const document = open();
  await until(() => expect(document.ready.value).toBe(true));
  document.createFile('main.js');
  await until(() => expect(document.save.value.kind).toBe('refused'));
});

it('stops at a permanent close and says why', async () => {
  const document = open();
  await until(() => expect(document.ready.value).toBe(true));
  for (const socket of peer.sockets) socket.close(4401, 'revoked');
  await until(() => expect(document.connection.value).toEqual({ kind: 'closed', code: 4401, reason: 'revoked' }));
});

it('ignores what does not belong into the files map', async () => {
  const document = open();
  await until(() => expect(document.ready.value).toBe(true));
  const files = peer.doc.getMap<unknown>('files');
  files.set('a', 'text');
  files.set('b', new Y.Map([['name', 7]]));
  files.set('c', new Y.Map<unknown>([['name', 'ok.js'], ['content', new Y.Text('x')]]));
  await until(() => expect(document.files.value.map((file) => file.name)).toEqual(['ok.js']));
  expect(document.files.value[0]?.language).toBe('javascript');
});
