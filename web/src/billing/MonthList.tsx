/** Months with what they cost, and each as a file to keep. */
import type { JSX } from 'preact';
import { count, exactMoney } from '../ui/format';
import { Icon } from '../ui/icons';
import { Status } from '../ui/page';
import { List } from '../ui/table';
import type { Month } from './types';

export const FORMATS = [
  { label: 'PDF', accept: 'application/pdf', ending: 'pdf' },
  { label: 'CSV', accept: 'text/csv', ending: 'csv' },
  { label: 'HTML', accept: 'text/html', ending: 'html' },
  { label: 'JSON', accept: 'application/json', ending: 'json' },
] as const;
const STATUS: Record<string, string> = { open: 'this month', final: 'not issued yet', issued: 'issued' };

interface Props {
  months: readonly Month[];
  onDownload: (id: string, accept: string, name: string) => void;
}

export function MonthList({ months, onDownload }: Props): JSX.Element {
  return (
    <List
      label="Invoices" rows={months} id={(month) => month.id} empty={{ icon: 'receipt', title: 'There is no invoice yet' }}
      columns={[
        { title: 'Month', key: true, cell: (month) => month.id },
        { title: 'Number', cell: (month) => month.number ?? '–' },
        { title: 'Status', cell: (month) => <Status of={month.status} text={STATUS[month.status] ?? month.status} /> },
        { title: 'Runs', figure: true, cell: (month) => count(month.executions) },
        { title: 'Cost', figure: true, cell: (month) => exactMoney(month.costMicroDollars) },
        {
          title: 'Download', bare: true, cell: (month) => (
            <span class="row-actions">
              {FORMATS.map(({ label, accept, ending }) => (
                <button key={label} type="button" class="button button-small" aria-label={`${month.id} as ${label}`} onClick={() => onDownload(month.id, accept, `invoice-${month.id}.${ending}`)}>
                  {label === 'PDF' ? <Icon name="download" size={13} /> : null} {label}
                </button>
              ))}
            </span>
          ),
        },
      ]}
    />
  );
}
