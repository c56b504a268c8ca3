/** The form of an account's own limits. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Field } from '../ui/page';
import { fieldsOf, type LimitName, limitsOf } from './limits';
import type { Overrides } from './types';

const FIELDS: readonly { name: LimitName; label: string; unit?: string }[] = [
  { name: 'runsPerMinute', label: 'Runs a minute' },
  { name: 'concurrentRuns', label: 'Runs at once' },
  { name: 'computeUnitsPerMonth', label: 'Compute units a month' },
  { name: 'moneyPerMonth', label: 'Money a month', unit: '$' },
  { name: 'pricePercent', label: 'Pays of the prices', unit: '%' },
];

export function LimitsForm({ limits, onSave }: { limits: Overrides; onSave: (limits: Overrides) => Promise<void> }): JSX.Element {
  const [fields, setFields] = useState(() => fieldsOf(limits));
  const [busy, setBusy] = useState(false);
  const wanted = limitsOf(fields);
  const wrong = Object.keys(wanted.errors).length > 0;
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    await onSave(wanted.limits);
    setBusy(false);
  };
  return (
    <form class="form" onSubmit={(event) => void save(event)}>
      <div class="field-grid">
        {FIELDS.map(({ name, label, ...rest }) => (
          <Field key={name} label={label} value={fields[name]} placeholder="as the tier" error={wanted.errors[name]} onInput={(value) => setFields({ ...fields, [name]: value })} {...rest} />
        ))}
      </div>
      <div class="form-foot">
        <p class="hint">Blank is as the tier has it; “none” is no limit.</p>
        <button type="submit" class="button button-primary" disabled={busy || wrong}>Save limits</button>
      </div>
    </form>
  );
}
