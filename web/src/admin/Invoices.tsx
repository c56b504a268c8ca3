/** Issued invoices: freeze a month that is over, look at one, give back what was wrong by a credit note. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { api, download } from '../api';
import { InvoiceLines } from '../billing/InvoiceLines';
import { FORMATS } from '../billing/MonthList';
import { lastMonth } from '../billing/months';
import { dateTime, exactMoney, micro, some } from '../ui/format';
import { Icon } from '../ui/icons';
import { useLive, usePaged } from '../ui/live';
import { Field, PageHead } from '../ui/page';
import { Confirm, Dialog } from '../ui/parts';
import { List, Loaded } from '../ui/table';
import { attempt, toast } from '../ui/toast';
import { adminApi } from './api';
import { UserLink } from './links';
import { moneyProblem } from './limits';
import { newsOf } from './news';
import type { IssuedInvoice } from './types';

const NEWS = newsOf('audit');

export function Invoices(): JSX.Element {
  const live = usePaged(adminApi.invoices, '', 10_000, NEWS);
  const [issuing, setIssuing] = useState(false);
  const [open, setOpen] = useState<IssuedInvoice | null>(null);
  const [crediting, setCrediting] = useState<IssuedInvoice | null>(null);
  return (
    <>
      <PageHead title="Invoices" actions={<button type="button" class="button button-primary" onClick={() => setIssuing(true)}><Icon name="receipt" /> Issue a month</button>}>
        Issued ones are numbered without gaps and never change; what was wrong is given back by a credit note. A user’s page has the months that are not issued.
      </PageHead>
      <Loaded live={live} what="invoices">
        {(page) => (
          <List
            label="Invoices" rows={page.items} id={(invoice) => invoice.number} more={live.more} empty={{ icon: 'receipt', title: 'No invoice is issued yet', text: 'A month can be issued from an hour after its end on.' }}
            columns={[
              { title: 'Number', key: true, cell: (invoice) => <button type="button" class="text-button" onClick={() => setOpen(invoice)}>{invoice.number}</button> },
              { title: 'User', cell: (invoice) => <UserLink id={invoice.userId} /> },
              { title: 'Month', cell: (invoice) => invoice.month },
              { title: 'Issued', cell: (invoice) => dateTime(invoice.issuedAt) },
              { title: 'Total', figure: true, cell: (invoice) => exactMoney(micro(invoice.cost)) },
              { title: 'Credited', figure: true, cell: (invoice) => (invoice.credited === 0 ? '–' : exactMoney(-micro(invoice.credited))) },
              { title: 'Due', figure: true, cell: (invoice) => exactMoney(leftOf(invoice)) },
              {
                title: 'Credit', bare: true, cell: (invoice) => (leftOf(invoice) === 0 ? null : (
                  <button type="button" class="button button-small" aria-label={`Credit ${invoice.number}`} onClick={() => setCrediting(invoice)}>Credit</button>
                )),
              },
            ]}
          />
        )}
      </Loaded>
      {issuing ? <Issue onClose={() => setIssuing(false)} onDone={live.reload} /> : null}
      {open === null ? null : <Opened invoice={open} onClose={() => setOpen(null)} />}
      {crediting === null ? null : <Credit invoice={crediting} onClose={() => setCrediting(null)} onDone={live.reload} />}
    </>
  );
}

const leftOf = (invoice: IssuedInvoice): number => micro(invoice.cost) - micro(invoice.credited);

function Issue({ onClose, onDone }: { onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [month, setMonth] = useState(lastMonth(Date.now()));
  const [sure, setSure] = useState(false);
  if (sure) {
    return (
      <Confirm
        title={`Issue the invoices of ${month}?`} text="Everyone who used anything in it gets a numbered invoice that never changes again. Those that are issued already stay as they are." action={`Issue ${month}`} onClose={onClose}
        onYes={async () => {
          await attempt(async () => {
            const done = await adminApi.issue(month);
            toast(done.issued === 0 ? `Nothing in ${month} was left to issue` : `Issued ${some(done.issued, 'invoice')} of ${month} over ${exactMoney(micro(done.cost))}`);
          });
          await onDone();
        }}
      />
    );
  }
  return (
    <Dialog title="Issue a month" onClose={onClose}>
      <form class="form" onSubmit={(event) => (event.preventDefault(), setSure(true))}>
        <Field label="Month" type="month" value={month} onInput={setMonth} hint="In UTC, and over for an hour at least." required />
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button button-primary" disabled={!/^\d{4}-\d{2}$/.test(month)}>Go on</button>
        </div>
      </form>
    </Dialog>
  );
}

function Opened({ invoice, onClose }: { invoice: IssuedInvoice; onClose: () => void }): JSX.Element {
  const live = useLive(() => api.invoice(invoice.month, invoice.userId), invoice.number);
  return (
    <Dialog title={`${invoice.number} · ${invoice.userId} · ${invoice.month}`} onClose={onClose} wide>
      <Loaded live={live} what="invoice">{(whole) => <InvoiceLines invoice={whole} />}</Loaded>
      <div class="dialog-actions">
        {FORMATS.map(({ label, accept, ending }) => (
          <button key={label} type="button" class="button" onClick={() => void attempt(() => download(api.invoiceUrl(invoice.month, invoice.userId), accept, `invoice-${invoice.month}.${ending}`))}>
            <Icon name="download" /> {label}
          </button>
        ))}
      </div>
    </Dialog>
  );
}

function Credit({ invoice, onClose, onDone }: { invoice: IssuedInvoice; onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [amount, setAmount] = useState('');
  const [reason, setReason] = useState('');
  const left = leftOf(invoice);
  const given = amount.trim();
  const wanted = given === '' ? left : micro(Number(given));
  const error = given === '' ? undefined : (moneyProblem(given) ?? (wanted <= 0 || wanted > left ? `more than nothing, and at most ${exactMoney(left)}` : undefined));
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const body = given === '' ? { reason: reason.trim() } : { reason: reason.trim(), amount: wanted / 1e6 };
    if (!(await attempt(() => adminApi.credit(invoice.number, body)))) return;
    toast(`Credited ${exactMoney(wanted)} of ${invoice.number}`);
    onClose();
    await onDone();
  };
  return (
    <Dialog title={`Credit ${invoice.number}`} onClose={onClose}>
      <form class="form" onSubmit={(event) => void save(event)}>
        <p class="muted">{exactMoney(left)} are left of it. A credit note is numbered and never changes; giving back all that is left voids the invoice.</p>
        <Field label="Amount" unit="$" value={amount} onInput={setAmount} error={error} placeholder={`all: ${exactMoney(left)}`} />
        <Field label="Reason" value={reason} onInput={setReason} hint="Stands on the invoice." required />
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button button-danger" disabled={error !== undefined || reason.trim() === ''}>{wanted === left ? `Void ${invoice.number}` : `Credit ${exactMoney(wanted || 0)}`}</button>
        </div>
      </form>
    </Dialog>
  );
}
