/** What goes on: figures of a time, over time, by language, tier, status and user, and how long runs take. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Chart } from '../ui/Chart';
import { count, duration, exactMoney, percent, some } from '../ui/format';
import { Icon } from '../ui/icons';
import { LatencyTable } from '../ui/LatencyTable';
import { useLive } from '../ui/live';
import { PageHead, Section, Segmented, Tile, Tiles } from '../ui/page';
import { boundsOf, filled, rangeOf } from '../ui/range';
import { RangePicker } from '../ui/RangePicker';
import { List, Loaded } from '../ui/table';
import { attempt } from '../ui/toast';
import { adminApi } from './api';
import { UserLink } from './links';
import { newsOf } from './news';
import type { Share, Stats } from './types';

const LIVE_MS = 10_000;
const NEWS = newsOf('runs');
const units = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 2 });
interface Figure {
  title: string;
  of: (share: Share) => number;
  format: (value: number) => string;
  whole?: boolean;
}

const FIGURES: readonly Figure[] = [
  { title: 'Runs', of: (share) => share.executions, format: count, whole: true },
  { title: 'Active users', of: (share) => share.users, format: count, whole: true },
  { title: 'Active sessions', of: (share) => share.sessions, format: count, whole: true },
  { title: 'Failed or refused', of: (share) => share.failed + share.refused, format: count, whole: true },
  { title: 'Compute units', of: (share) => share.computeUnits, format: units },
  { title: 'Revenue', of: (share) => share.revenueMicroDollars, format: exactMoney },
];

export function Overview(): JSX.Element {
  const [range, setRange] = useState(rangeOf('7d'));
  const bounds = boundsOf(range);
  const ask = async (): Promise<Stats> => {
    const now = boundsOf(range);
    if (now === null) throw new Error('Choose dates of which the first does not lie behind the second.');
    return adminApi.stats(now.from, now.to);
  };
  const live = useLive(ask, JSON.stringify(range), range.preset === 'custom' ? null : LIVE_MS, NEWS);
  const csv = (): void => {
    if (bounds !== null) void attempt(() => adminApi.statsCsv(bounds.from, bounds.to));
  };
  return (
    <>
      <PageHead
        title="Overview"
        actions={
          <>
            <RangePicker range={range} onChange={setRange} />
            <button type="button" class="button" disabled={bounds === null} onClick={csv}><Icon name="download" /> CSV</button>
          </>
        }
      />
      <Loaded live={live} what="figures">{(stats) => <Figures stats={stats} />}</Loaded>
    </>
  );
}

function Figures({ stats }: { stats: Stats }): JSX.Element {
  const { totals, present } = stats;
  return (
    <>
      <Tiles>
        <Tile label="Runs" value={count(totals.executions)} note={`${count(totals.billed)} billed`} />
        <Tile label="Active users" value={count(totals.users)} note={`of ${count(present.users)}, ${count(present.newUsers)} new`} />
        <Tile label="Active sessions" value={count(totals.sessions)} note={`of ${count(present.sessions)}, ${count(present.newSessions)} new`} />
        <Tile label="Compute units" value={units(totals.computeUnits)} note={`${duration(totals.executionTime)} of time`} />
        <Tile label="Revenue" value={exactMoney(totals.revenueMicroDollars)} />
        <Tile label="Failed" value={percent(totals.failed, totals.executions)} note={some(totals.failed, 'run')} />
        <Tile label="Refused" value={percent(totals.refused, totals.executions)} note={some(totals.refused, 'run')} />
      </Tiles>
      <div class="charts">{FIGURES.map((figure) => <OverTime key={figure.title} stats={stats} {...figure} />)}</div>
      <Breakdown stats={stats} />
      <LatencyTable latency={stats.latency} byLanguage={stats.latencyByLanguage} />
    </>
  );
}

function OverTime({ stats, title, of, format, whole = false }: Figure & { stats: Stats }): JSX.Element {
  const data = useMemo(
    () => filled(stats.overTime.map((share) => ({ at: share.at, value: of(share) })), Date.parse(stats.from), Date.parse(stats.to), stats.step),
    [stats, of],
  );
  return <Chart title={title} data={data} format={format} step={stats.step} whole={whole} />;
}

type Part = 'language' | 'tier' | 'status' | 'user' | 'time';
const PARTS: readonly { id: Part; label: string }[] = [
  { id: 'language', label: 'Language' },
  { id: 'tier', label: 'Tier' },
  { id: 'status', label: 'Status' },
  { id: 'user', label: 'User' },
  { id: 'time', label: 'Time' },
];

function Breakdown({ stats }: { stats: Stats }): JSX.Element {
  const [part, setPart] = useState<Part>('language');
  const over = stats.overTime.map((share) => ({ ...share, key: share.at.slice(0, stats.step === 'hour' ? 16 : 10).replace('T', ' ') }));
  const rows = { language: stats.byLanguage, tier: stats.byTier, status: stats.byStatus, user: stats.byUser, time: over }[part];
  const label = PARTS.find(({ id }) => id === part)?.label ?? '';
  return (
    <Section title={`By ${label.toLowerCase()}`} actions={<Segmented label="Figures by" options={PARTS} value={part} onChange={setPart} />}>
      <List
        label={`Figures by ${label.toLowerCase()}`} rows={rows} id={(share) => share.key} empty={{ icon: 'chart', title: 'Nothing ran in this time' }}
        columns={[
          { title: label, key: true, cell: (share) => (part === 'user' ? <UserLink id={share.key} /> : share.key) },
          { title: 'Runs', figure: true, cell: (share) => count(share.executions) },
          { title: 'Users', figure: true, cell: (share) => count(share.users) },
          { title: 'Sessions', figure: true, cell: (share) => count(share.sessions) },
          { title: 'Failed', figure: true, cell: (share) => percent(share.failed, share.executions) },
          { title: 'Refused', figure: true, cell: (share) => percent(share.refused, share.executions) },
          { title: 'Compute units', figure: true, cell: (share) => units(share.computeUnits) },
          { title: 'Revenue', figure: true, cell: (share) => exactMoney(share.revenueMicroDollars) },
        ]}
      />
    </Section>
  );
}
