/** One's own runs in figures: how many, how long they took, what failed and why, what they cost, which files are in much use. */
import '../styles/pages.css';
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { api, download } from '../api';
import type { Me } from '../types';
import { Chart } from '../ui/Chart';
import { count, duration, exactMoney, percent, some } from '../ui/format';
import { Icon } from '../ui/icons';
import { LatencyTable } from '../ui/LatencyTable';
import { useLive } from '../ui/live';
import { Link, PageHead, Section, Segmented, Status, Tile, Tiles } from '../ui/page';
import { boundsOf, filled, rangeOf } from '../ui/range';
import { RangePicker } from '../ui/RangePicker';
import { type Column, List, Loaded } from '../ui/table';
import { attempt } from '../ui/toast';
import { TopBar } from '../ui/TopBar';
import type { Analytics, RunFigures } from './types';

const LIVE_MS = 15_000;

export function AnalyticsPage({ me }: { me: Me }): JSX.Element {
  const [range, setRange] = useState(rangeOf('30d'));
  const bounds = boundsOf(range);
  const ask = async (): Promise<Analytics> => {
    const now = boundsOf(range);
    if (now === null) throw new Error('Choose dates of which the first does not lie behind the second.');
    return api.analytics(now.from, now.to);
  };
  const live = useLive(ask, JSON.stringify(range), range.preset === 'custom' ? null : LIVE_MS);
  const csv = (): void => {
    if (bounds !== null) void attempt(() => download(api.analyticsUrl(bounds.from, bounds.to), 'text/csv', 'analytics.csv'));
  };
  return (
    <div class="admin">
      <TopBar me={me} title="Analytics" />
      <main class="admin-main admin-alone">
        <PageHead
          title="Your runs"
          actions={
            <>
              <RangePicker range={range} onChange={setRange} />
              <button type="button" class="button" disabled={bounds === null} onClick={csv}><Icon name="download" /> CSV</button>
            </>
          }
        >
          What they cost this month, limits and invoices: <Link class="in-link" to="/billing">usage and billing</Link>.
        </PageHead>
        <Loaded live={live} what="figures">{(figures) => <Figures figures={figures} />}</Loaded>
      </main>
    </div>
  );
}

function Figures({ figures }: { figures: Analytics }): JSX.Element {
  const { totals } = figures;
  return (
    <>
      <Tiles>
        <Tile label="Runs" value={count(totals.executions)} />
        <Tile label="Cost" value={exactMoney(totals.costMicroDollars)} />
        <Tile label="Time" value={duration(totals.executionTime)} />
        <Tile label="Usual time" value={duration(figures.latency.execution.p50)} note={`p95 ${duration(figures.latency.execution.p95)}`} />
        <Tile label="Failed" value={percent(totals.failed, totals.executions)} note={some(totals.failed, 'run')} />
        <Tile label="Refused" value={percent(totals.refused, totals.executions)} note={some(totals.refused, 'run')} />
      </Tiles>
      <div class="charts">
        <OverTime figures={figures} title="Runs" of={(each) => each.executions} format={count} whole />
        <OverTime figures={figures} title="Cost" of={(each) => each.costMicroDollars} format={exactMoney} whole />
      </div>
      <Costs figures={figures} />
      <Section title="Failures">
        <List
          label="Failures" rows={figures.failures} id={(each) => `${each.status} ${each.kind}`} empty={{ icon: 'check', title: 'Nothing failed in this time' }}
          columns={[
            { title: 'What', key: true, cell: (each) => each.kind },
            { title: 'Status', cell: (each) => <Status of={each.status} /> },
            { title: 'Runs', figure: true, cell: (each) => count(each.executions) },
          ]}
        />
      </Section>
      <LatencyTable latency={figures.latency} byLanguage={figures.latencyByLanguage} />
      <Files figures={figures} />
    </>
  );
}

interface OverTimeProps {
  figures: Analytics;
  title: string;
  of: (each: RunFigures) => number;
  format: (value: number) => string;
  whole?: boolean;
}

function OverTime({ figures, title, of, format, whole = false }: OverTimeProps): JSX.Element {
  const data = useMemo(
    () => filled(figures.overTime.map((each) => ({ at: each.at, value: of(each) })), Date.parse(figures.from), Date.parse(figures.to), figures.step),
    [figures],
  );
  return <Chart title={title} data={data} format={format} step={figures.step} whole={whole} />;
}

const WHAT = [{ id: 'session', label: 'Session' }, { id: 'language', label: 'Language' }] as const;
const FIGURES: readonly Column<RunFigures>[] = [
  { title: 'Runs', figure: true, cell: (each) => count(each.executions) },
  { title: 'Failed', figure: true, cell: (each) => percent(each.failed, each.executions) },
  { title: 'Refused', figure: true, cell: (each) => percent(each.refused, each.executions) },
  { title: 'Compute units', figure: true, cell: (each) => each.computeUnits.toLocaleString('en', { maximumFractionDigits: 2 }) },
  { title: 'Cost', figure: true, cell: (each) => exactMoney(each.costMicroDollars) },
];
const NOTHING = { icon: 'chart', title: 'Nothing ran in this time' } as const;

function Costs({ figures }: { figures: Analytics }): JSX.Element {
  const [by, setBy] = useState<'session' | 'language'>('session');
  const dearest = <T extends RunFigures>(rows: readonly T[]): T[] => [...rows].sort((a, b) => b.costMicroDollars - a.costMicroDollars);
  return (
    <Section title={`Costs by ${by}`} actions={<Segmented label="Costs by" options={WHAT} value={by} onChange={setBy} />}>
      {by === 'session' ? (
        <List
          label="Costs by session" rows={dearest(figures.bySession)} id={(each) => each.sessionId ?? ''} empty={NOTHING}
          columns={[{ title: 'Session', key: true, cell: (each) => <SessionName id={each.sessionId} name={each.name} /> }, ...FIGURES]}
        />
      ) : (
        <List
          label="Costs by language" rows={dearest(figures.byLanguage)} id={(each) => each.language} empty={NOTHING}
          columns={[{ title: 'Language', key: true, cell: (each) => each.language }, ...FIGURES]}
        />
      )}
    </Section>
  );
}

const USE = [{ id: 'run', label: 'Most run' }, { id: 'edited', label: 'Most edited' }] as const;

function Files({ figures }: { figures: Analytics }): JSX.Element {
  const [use, setUse] = useState<'run' | 'edited'>('run');
  return (
    <Section title="Files in much use" actions={<Segmented label="Which files" options={USE} value={use} onChange={setUse} />}>
      {use === 'run' ? (
        <List
          label="Files most run" rows={figures.filesRun} id={(each) => `${each.sessionId}/${each.name}`} empty={{ icon: 'files', title: 'No file of a session ran in this time' }}
          columns={[
            { title: 'File', key: true, cell: (each) => each.name },
            { title: 'Session', cell: (each) => <SessionName id={each.sessionId} name={each.sessionName} /> },
            { title: 'Runs', figure: true, cell: (each) => count(each.executions) },
            { title: 'Failed', figure: true, cell: (each) => percent(each.failed, each.executions) },
            { title: 'Cost', figure: true, cell: (each) => exactMoney(each.costMicroDollars) },
          ]}
        />
      ) : (
        <List
          label="Files most edited" rows={figures.filesEdited} id={(each) => `${each.sessionId}/${each.fileId}`} empty={{ icon: 'pencil', title: 'Nothing was edited in this time' }}
          columns={[
            { title: 'File', key: true, cell: (each) => each.name },
            { title: 'Session', cell: (each) => <SessionName id={each.sessionId} name={each.sessionName} /> },
            { title: 'Edits', figure: true, cell: (each) => count(each.edits) },
            { title: 'Characters', figure: true, cell: (each) => count(each.chars) },
          ]}
        />
      )}
    </Section>
  );
}

function SessionName({ id, name }: { id: string | null; name: string | null }): JSX.Element {
  if (id === null) return <>without a session</>;
  if (name === null) return <span class="muted" title={id}>a session that is gone</span>;
  return <Link class="in-link clip" title={name} to={`/s/${encodeURIComponent(id)}`}>{name}</Link>;
}
