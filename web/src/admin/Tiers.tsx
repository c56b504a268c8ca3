/** The tiers side by side, cheapest first. */
import type { JSX } from 'preact';
import { byPrice } from '../model/options';
import { bytes, count, duration, exactMoney, micro } from '../ui/format';
import { useLive } from '../ui/live';
import { Link, PageHead } from '../ui/page';
import { List, Loaded } from '../ui/table';
import { adminApi } from './api';
import { newsOf } from './news';
import type { Tier } from './types';

const NEWS = newsOf('audit');

export const orNone = (value: number | null, format: (value: number) => string): string => (value === null ? 'no limit' : format(value));

export function Tiers(): JSX.Element {
  const live = useLive(adminApi.tiers, '', 10_000, NEWS);
  return (
    <>
      <PageHead title="Tiers">A change holds for what is asked for from then on; a run keeps the version it was admitted under.</PageHead>
      <Loaded live={live} what="tiers">
        {(tiers) => (
          <List
            label="Tiers" rows={byPrice(tiers) as Tier[]} id={(tier) => tier.name} empty={{ icon: 'tag', title: 'There are no tiers' }}
            columns={[
              { title: 'Tier', key: true, cell: (tier) => <Link class="in-link" to={`/admin/tiers/${encodeURIComponent(tier.name)}`}>{tier.name}</Link> },
              { title: 'Version', figure: true, cell: (tier) => tier.version },
              { title: 'A second', figure: true, cell: (tier) => exactMoney(micro(tier.pricePerSecond)) },
              { title: 'A MB', figure: true, cell: (tier) => exactMoney(micro(tier.pricePerMb)) },
              { title: 'Time', figure: true, cell: (tier) => duration(tier.maxTimeMs) },
              { title: 'Memory', figure: true, cell: (tier) => bytes(tier.maxMemoryBytes) },
              { title: 'Runs a minute', figure: true, cell: (tier) => count(tier.limits.runsPerMinute) },
              { title: 'At once', figure: true, cell: (tier) => count(tier.limits.concurrentRuns) },
              { title: 'Units a month', figure: true, cell: (tier) => orNone(tier.limits.computeUnitsPerMonth, count) },
              { title: 'Money a month', figure: true, cell: (tier) => orNone(tier.limits.moneyPerMonth, (value) => exactMoney(micro(value))) },
            ]}
          />
        )}
      </Loaded>
    </>
  );
}
