/** How long runs take: percentiles of all of them, of their waiting, and by language. */
import type { JSX } from 'preact';
import type { Percentiles } from '../analytics/types';
import { duration } from './format';
import { Section } from './page';
import { Table } from './table';

export function LatencyTable({ latency, byLanguage }: { latency: { execution: Percentiles; queue: Percentiles }; byLanguage: Record<string, Percentiles> }): JSX.Element {
  const rows: { what: string; of: Percentiles }[] = [
    { what: 'All runs', of: latency.execution },
    { what: 'Waiting to start', of: latency.queue },
    ...Object.entries(byLanguage).sort().map(([what, of]) => ({ what, of })),
  ];
  return (
    <Section title="How long it takes">
      <Table
        label="Latency" rows={rows} id={(row) => row.what}
        columns={[
          { title: 'What', key: true, cell: (row) => row.what },
          ...(['p50', 'p90', 'p95', 'p99'] as const).map((name) => ({ title: name, figure: true, cell: (row: { of: Percentiles }) => duration(row.of[name]) })),
        ]}
      />
    </Section>
  );
}
