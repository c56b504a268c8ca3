/** An invoice line by line, with what was given back of it. */
import type { JSX } from 'preact';
import { count, duration, exactMoney } from '../ui/format';
import { Facts } from '../ui/page';
import { List } from '../ui/table';
import type { Invoice } from './types';

export function InvoiceLines({ invoice }: { invoice: Invoice }): JSX.Element {
  return (
    <>
      <List
        label="Lines" rows={invoice.lines} id={(line) => `${line.day} ${line.language} ${line.tier} ${line.tierVersion}`} empty={{ icon: 'receipt', title: 'Nothing was used' }}
        columns={[
          { title: 'Day', key: true, cell: (line) => line.day },
          { title: 'Language', cell: (line) => line.language },
          { title: 'Tier', cell: (line) => `${line.tier} v${line.tierVersion}` },
          { title: 'Runs', figure: true, cell: (line) => count(line.executions) },
          { title: 'Time', figure: true, cell: (line) => duration(line.executionTime) },
          { title: 'Cost', figure: true, cell: (line) => exactMoney(line.costMicroDollars) },
        ]}
      />
      <Facts
        of={[
          ['Total', exactMoney(invoice.total.costMicroDollars)],
          ...invoice.credits.map((credit) => [credit.number, <>{exactMoney(-credit.amountMicroDollars)} <span class="muted">{credit.reason}</span></>] as const),
          ['Due', <b>{exactMoney(invoice.dueMicroDollars)}</b>],
        ]}
      />
    </>
  );
}
