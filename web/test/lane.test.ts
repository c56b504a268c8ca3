import { describe, expect, it, vi } from 'vitest';
import { Lane, LaneError, type LaneMessage } from '../src/lane';

function connected(): { lane: Lane; sent: LaneMessage[]; socket: { protocol: string; send(data: string): void } } {
  const lane = new Lane();
  const sent: LaneMessage[] = [];
  const socket = { protocol: 'collab.v1', send: (data: string) => void sent.push(JSON.parse(data) as LaneMessage) };
  lane.attach(socket);
  return { lane, sent, socket };
}

describe('the text lane', () => {
  it('resolves a request with the reply that names it, whatever the order', async () => {
    const { lane, sent } = connected();
    const first = lane.request({ type: 'ping' });
    const second = lane.request({ type: 'files' });
    lane.receive(JSON.stringify({ type: 'files', replyTo: sent[1]?.['id'], files: [] }));
    lane.receive(JSON.stringify({ type: 'ok', replyTo: sent[0]?.['id'], version: 4 }));
    expect((await first)['version']).toBe(4);
    expect((await second).type).toBe('files');
  });

  it('rejects with the server’s code on an error and on a refusal', async () => {
    const { lane, sent } = connected();
    const failed = lane.request({ type: 'cancel' });
    lane.receive(JSON.stringify({ type: 'error', replyTo: sent[0]?.['id'], code: 'not_found', message: 'no such run' }));
    await expect(failed).rejects.toMatchObject({ code: 'not_found', message: 'no such run' });
    const refused = lane.request({ type: 'execute' });
    lane.receive(JSON.stringify({ type: 'execution.refused', replyTo: sent[1]?.['id'], code: 'forbidden', message: 'no', findings: [] }));
    const error = await refused.catch((e: unknown) => e as LaneError);
    expect(error).toBeInstanceOf(LaneError);
    expect((error as LaneError).reply?.['findings']).toEqual([]);
  });

  it('takes replayed events as events, and the reply behind them as the reply', async () => {
    const { lane, sent } = connected();
    const seen: string[] = [];
    lane.on('execution.*', (message) => seen.push(message.type));
    const replayed = lane.request({ type: 'replay', executionId: 'e', afterSeq: 0 });
    for (const type of ['execution.started', 'execution.refused', 'ok']) lane.receive(JSON.stringify({ type, replyTo: sent[0]?.['id'] }));
    expect((await replayed).type).toBe('ok');
    expect(seen).toEqual(['execution.started', 'execution.refused']);
  });

  it('tells everyone who waits when the connection is lost', async () => {
    const { lane, socket } = connected();
    const waiting = lane.request({ type: 'ping' });
    lane.detach(socket);
    await expect(waiting).rejects.toMatchObject({ code: 'disconnected' });
    await expect(lane.request({ type: 'ping' })).rejects.toMatchObject({ code: 'disconnected' });
    expect(lane.open).toBe(false);
  });

  it('is not disturbed by the late close of a socket that was replaced', async () => {
    const { lane, socket, sent } = connected();
    lane.attach({ ...socket });
    const waiting = lane.request({ type: 'ping' });
    lane.detach(socket);
    lane.receive(JSON.stringify({ type: 'ok', replyTo: sent[0]?.['id'] }));
    expect((await waiting).type).toBe('ok');
  });

  it('gives up on a silent server', async () => {
    vi.useFakeTimers();
    const { lane } = connected();
    const waiting = lane.request({ type: 'ping' }, 50);
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'timeout' });
    vi.advanceTimersByTime(51);
    await outcome;
    vi.useRealTimers();
  });

  it('stays closed on a server that does not speak it', () => {
    const lane = new Lane();
    lane.attach({ protocol: '', send: () => undefined });
    expect(lane.open).toBe(false);
  });

  it('drops frames that are not messages and passes events by type and family', () => {
    const { lane } = connected();
    const seen: string[] = [];
    lane.on('saved', () => seen.push('saved'));
    lane.on('execution.*', (message) => seen.push(message.type));
    for (const frame of ['', '{', 'null', '[]', '"x"', '{"type":7}']) lane.receive(frame);
    lane.receive('{"type":"saved","version":1}');
    lane.receive('{"type":"execution.started"}');
    expect(seen).toEqual(['saved', 'execution.started']);
  });
});
