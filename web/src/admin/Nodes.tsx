/** The processes that serve: whether they are there, what they hold, and the pools they run programs in. */
import type { JSX } from 'preact';
import { ago, bytes, count, some } from '../ui/format';
import { useLive } from '../ui/live';
import { Facts, PageHead, Section, Status, Tile, Tiles } from '../ui/page';
import { Loaded } from '../ui/table';
import { adminApi } from './api';
import { newsOf } from './news';
import type { ServerNode } from './types';

const LIVE_MS = 3_000;
const NEWS = newsOf('nodes');

export function Nodes(): JSX.Element {
  const live = useLive(adminApi.nodes, '', LIVE_MS, NEWS);
  const health = useLive(adminApi.readiness, '', LIVE_MS);
  return (
    <>
      <PageHead title="Nodes">Each process says every few seconds that it is there.</PageHead>
      <Loaded live={health} what="health">
        {(ready) => (
          <div class="health" role="status" aria-label="Health of what this node needs">
            {Object.entries(ready.checks).map(([name, state]) => <span key={name} class="health-item">{NAMES[name] ?? name} <Status of={state === 'ok' ? 'ok' : 'away'} text={state} /></span>)}
          </div>
        )}
      </Loaded>
      <Loaded live={live} what="nodes">
        {(nodes) => (
          <>
            <Tiles>
              <Tile label="Nodes" value={count(nodes.filter((node) => node.alive).length)} note={gone(nodes)} bad={nodes.some((node) => !node.alive)} />
              <Tile label="Connections" value={count(sum(nodes, (node) => node.sockets))} />
              <Tile label="Open rooms" value={count(sum(nodes, (node) => node.rooms.rooms))} note={`${some(sum(nodes, (node) => node.rooms.unsaved_changes), 'change')} on the way to disk`} />
              <Tile label="Running" value={count(sum(nodes, (node) => node.executions.running))} note={`${count(sum(nodes, (node) => node.executions.queued))} waiting`} />
            </Tiles>
            {nodes.map((node) => <One key={node.id} node={node} />)}
          </>
        )}
      </Loaded>
    </>
  );
}

const NAMES: Record<string, string> = { database: 'Database', bus: 'Bus', worker: 'Worker' };
const sum = (nodes: readonly ServerNode[], of: (node: ServerNode) => number): number => nodes.filter((node) => node.alive).reduce((total, node) => total + of(node), 0);
const gone = (nodes: readonly ServerNode[]): string => {
  const silent = nodes.filter((node) => !node.alive).length;
  return silent === 0 ? 'all of them answer' : `${silent} gone within the hour`;
};

function One({ node }: { node: ServerNode }): JSX.Element {
  const pool = node.executions.runner;
  const finished = Object.entries(node.executions.finished);
  return (
    <Section title={node.nodeId} actions={<><Status of={node.alive ? 'ok' : 'away'} text={node.alive ? 'alive' : 'gone'} />{node.here ? <Status of="admin" text="answers you" /> : null}</>}>
      <Facts
        of={[
          ['Process', <code>{node.id}</code>],
          ['Started', ago(node.startedAt)],
          ['Last heard', ago(node.seenAt)],
          ['Bus', <Status of={node.bus === 'ok' ? 'ok' : 'away'} text={node.bus} />],
          ['Rooms', `${count(node.rooms.rooms)} with ${some(node.rooms.members, 'member')}`],
          ['Connections', count(node.sockets)],
          ['Unsaved changes', count(node.rooms.unsaved_changes)],
          ['Waiting commits', `${count(node.rooms.queued_commits)}${node.rooms.commit_failures > 0 ? `, ${count(node.rooms.commit_failures)} failed` : ''}`],
          ['Quarantined rooms', count(node.rooms.quarantined)],
          ['Memory', node.memoryBytes === undefined ? '–' : bytes(node.memoryBytes)],
          ['Load of a processor', node.loadPerCpu === undefined ? '–' : node.loadPerCpu.toFixed(2)],
          ['Runs', `${count(node.executions.running)} running, ${count(node.executions.queued)} waiting`],
          ...(finished.length === 0 ? [] : [['Ended here', finished.map(([status, times]) => `${status} ${count(times)}`).join(', ')] as const]),
        ]}
      />
      {pool['memoryBytesMax'] === undefined ? null : <Pool pool={pool} />}
    </Section>
  );
}

function Pool({ pool }: { pool: Record<string, number> }): JSX.Element {
  const [used, most] = [pool['memoryBytes'] ?? 0, pool['memoryBytesMax'] ?? 1];
  return (
    <div class="pool">
      <h3>Pool</h3>
      <div class="meter-row">
        <meter min={0} max={most} high={most * 0.9} value={used} aria-label={`Memory of the pool: ${bytes(used)} of ${bytes(most)}`} />
        <span>{bytes(used)} of {bytes(most)}</span>
      </div>
      <p class="muted">{['busy', 'idle', 'starting', 'waiting', 'spawned', 'failed', 'missed'].map((name) => `${name} ${count(pool[name] ?? 0)}`).join(' · ')}</p>
    </div>
  );
}
