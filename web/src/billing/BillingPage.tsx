/** One's own use and costs: this month and what it will come to, limits and budget, invoices to keep. */
import '../styles/pages.css';
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { api, download } from '../api';
import type { Me } from '../types';
import { Chart } from '../ui/Chart';
import { count, duration, exactMoney, micro, some } from '../ui/format';
import { type Live, useLive } from '../ui/live';
import { Link, PageHead, Section, Segmented, Tile, Tiles } from '../ui/page';
import { filled } from '../ui/range';
import { List, Loaded } from '../ui/table';
import { attempt } from '../ui/toast';
import { TopBar } from '../ui/TopBar';
import { forecast, monthOf } from './months';
import { LimitsLeft } from './LimitsLeft';
import { MonthList } from './MonthList';
import type { Limits, Usage, UsageItem } from './types';

const LIVE_MS = 15_000;
type Part = 'language' | 'session' | 'day';
const PARTS: readonly { id: Part; label: string }[] = [
  { id: 'language', label: 'Language' },
  { id: 'session', label: 'Session' },
  { id: 'day', label: 'Day' },
];

interface Spending {
  day: Usage;
  language: Usage;
  session: Usage;
  limits: Limits;
  at: number;
}

async function load(): Promise<Spending> {
  const at = Date.now();
  const { startMs, endMs } = monthOf(at);
  const by = (part: Part): Promise<Usage> => api.usage(part, startMs, endMs);
  const [day, language, session, limits] = await Promise.all([by('day'), by('language'), by('session'), api.limits()]);
  return { day, language, session, limits, at };
}

export function BillingPage({ me }: { me: Me }): JSX.Element {
  const live = useLive(load, '', LIVE_MS);
  const months = useLive(() => api.invoices(), '', LIVE_MS);
  return (
    <div class="admin">
      <TopBar me={me} title="Usage and billing" />
      <main class="admin-main admin-alone">
        <PageHead title="Usage and billing">Your account’s tier is {me.tier}. Months and days are those of UTC.</PageHead>
        <Loaded live={live} what="usage">{(spending) => <Month spending={spending} live={live} />}</Loaded>
        <Section title="Invoices">
          <Loaded live={months} what="invoices">
            {(items) => <MonthList months={items} onDownload={(id, accept, name) => void attempt(() => download(api.invoiceUrl(id), accept, name))} />}
          </Loaded>
        </Section>
      </main>
    </div>
  );
}

function Month({ spending, live }: { spending: Spending; live: Live<Spending> }): JSX.Element {
  const { day, limits, at } = spending;
  const { startMs, endMs } = monthOf(at);
  const spent = micro(day.total.cost);
  const expected = forecast(spent, at);
  const data = useMemo(
    () => filled(day.items.map((item) => ({ at: `${item.key}T00:00:00Z`, value: micro(item.cost) })), startMs, endMs, 'day'),
    [day, startMs, endMs],
  );
  const beyond = limits.budget !== null && expected > micro(limits.budget);
  return (
    <>
      <Tiles>
        <Tile label="This month" value={exactMoney(spent)} note={some(day.total.executions, 'billed run')} />
        <Tile label="Forecast" value={exactMoney(expected)} note={beyond ? 'more than your budget' : 'if it goes on as so far'} bad={beyond} />
        <Tile label="Time" value={duration(day.total.executionTime)} />
        <Tile label="Compute units" value={day.total.computeUnits.toLocaleString('en', { maximumFractionDigits: 2 })} />
        <Tile label="Left of the budget" value={limits.budgetLeft === null ? 'no limit' : exactMoney(micro(limits.budgetLeft))} {...(limits.budget === null ? {} : { note: `of ${exactMoney(micro(limits.budget))}` })} />
      </Tiles>
      <Chart title="Cost" data={data} format={exactMoney} step="day" whole />
      <Breakdown spending={spending} />
      <LimitsLeft limits={limits} onChanged={live.reload} />
    </>
  );
}

function Breakdown({ spending }: { spending: Spending }): JSX.Element {
  const [part, setPart] = useState<Part>('language');
  const label = PARTS.find(({ id }) => id === part)?.label ?? '';
  const rows = part === 'day' ? spending.day.items : [...spending[part].items].sort((a, b) => b.cost - a.cost);
  return (
    <Section title={`This month by ${label.toLowerCase()}`} actions={<Segmented label="Costs by" options={PARTS} value={part} onChange={setPart} />}>
      <List
        label={`Costs by ${label.toLowerCase()}`} rows={rows} id={(item) => item.key ?? ''} empty={{ icon: 'wallet', title: 'Nothing was used this month' }}
        columns={[
          { title: label, key: true, cell: (item) => named(item, part) },
          { title: 'Runs', figure: true, cell: (item) => count(item.executions) },
          { title: 'Time', figure: true, cell: (item) => duration(item.executionTime) },
          { title: 'Compute units', figure: true, cell: (item) => item.computeUnits.toLocaleString('en', { maximumFractionDigits: 2 }) },
          { title: 'Cost', figure: true, cell: (item) => exactMoney(micro(item.cost)) },
        ]}
      />
    </Section>
  );
}

function named(item: UsageItem, part: Part): JSX.Element | string {
  if (item.key === null) return 'without a session';
  if (part !== 'session') return item.key;
  return item.name === undefined ? <span class="muted">{item.key} (not yours any more)</span> : <Link class="in-link" to={`/s/${encodeURIComponent(item.key)}`}>{item.name}</Link>;
}
