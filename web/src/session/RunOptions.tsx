/** What the next run gets: time, memory, tier and input, with what it may cost at most. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { affordable, byPrice, DEFAULT_OPTIONS, estimate, isDefault, type RunOptions as Options, type Tier } from '../model/options';
import type { Session } from '../model/session';
import { money } from '../ui/format';
import { Icon } from '../ui/icons';
import { Spinner } from '../ui/parts';
import { EnvironmentList } from './EnvironmentList';

type Prices = { kind: 'loading' } | { kind: 'failed' } | { kind: 'ready'; tiers: Tier[] };

export function RunOptions({ session }: { session: Session; onClose: () => void }): JSX.Element {
  const [prices, setPrices] = useState<Prices>({ kind: 'loading' });
  const load = (): void => {
    setPrices({ kind: 'loading' });
    api.pricing().then(({ tiers }) => setPrices({ kind: 'ready', tiers }), () => setPrices({ kind: 'failed' }));
  };
  useEffect(load, []);
  const options = session.options.value;
  const set = (change: Partial<Options>): void => session.setOptions({ ...options, ...change });
  return (
    <form class="run-options-body" onSubmit={(event) => event.preventDefault()}>
      <div class="run-options-head">
        <h2>Run options</h2>
        <button type="button" class="button button-small" disabled={isDefault(options)} onClick={() => session.setOptions(DEFAULT_OPTIONS)}>Reset</button>
      </div>
      <div class="run-options-limits">
        <NumberField label="Time limit" unit="s" step="any" value={options.timeoutMs / 1000} toStored={(seconds) => Math.round(seconds * 1000)} onChange={(timeoutMs) => set({ timeoutMs })} autofocus />
        <NumberField label="Memory limit" unit="MB" step="1" value={options.memoryMb} toStored={(mb) => Math.round(mb)} onChange={(memoryMb) => set({ memoryMb })} />
      </div>
      <label class="field">
        <span>Tier</span>
        <select class="select" value={options.tier ?? ''} onChange={(event) => set({ tier: event.currentTarget.value === '' ? null : event.currentTarget.value })}>
          <option value="">Cheapest that fits</option>
          {prices.kind === 'ready' ? <Tiers tiers={prices.tiers} ceiling={session.me.tier} /> : options.tier === null ? null : <option value={options.tier}>{options.tier}</option>}
        </select>
      </label>
      <label class="field">
        <span>Input <small>given to the program at its start; empty: it asks</small></span>
        <textarea
          class="textarea" rows={3} spellcheck={false} placeholder="One line per answer" value={options.stdin ?? ''}
          onInput={(event) => set({ stdin: event.currentTarget.value === '' ? null : event.currentTarget.value })}
        />
      </label>
      <label class="environment-switch">
        <input
          type="checkbox" role="switch" data-testid="keep-environment" checked={options.keepEnvironment}
          onChange={(event) => set({ keepEnvironment: event.currentTarget.checked })}
        />
        <span>Keep environment <small>variables and files live on between runs, for everyone here</small></span>
      </label>
      <EnvironmentList session={session} />
      <Cost prices={prices} options={options} ceiling={session.me.tier} retry={load} />
    </form>
  );
}

function Tiers({ tiers, ceiling }: { tiers: Tier[]; ceiling: string }): JSX.Element {
  const usable = new Set(affordable(tiers, ceiling).map(({ name }) => name));
  return (
    <>
      {byPrice(tiers).map((tier) => (
        <option key={tier.name} value={tier.name} disabled={!usable.has(tier.name)}>
          {tier.name} · {tier.maxTimeMs / 1000} s, {tier.maxMemoryBytes / 2 ** 20} MB{usable.has(tier.name) ? '' : ' · above your tier'}
        </option>
      ))}
    </>
  );
}

interface NumberFieldProps {
  label: string;
  unit: string;
  step: string;
  value: number;
  toStored: (value: number) => number;
  onChange: (value: number) => void;
  autofocus?: boolean;
}

/** A number greater than nothing; what is no such number stays in the field, marked, and changes nothing. */
function NumberField({ label, unit, step, value, toStored, onChange, autofocus }: NumberFieldProps): JSX.Element {
  const [draft, setDraft] = useState(String(value));
  const written = useRef(value);
  useEffect(() => {
    if (value !== written.current) setDraft(String(value)); // changed from outside: Reset
    written.current = value;
  }, [value]);
  const parse = (text: string): number => toStored(Number(text));
  const good = (stored: number): boolean => Number.isSafeInteger(stored) && stored >= 1;
  return (
    <label class="field">
      <span>{label}</span>
      <span class="unit-field">
        <input
          type="number" min="0" step={step} inputMode="decimal" value={draft} aria-invalid={!good(parse(draft))} autofocus={autofocus}
          onInput={(event) => {
            const text = event.currentTarget.value;
            setDraft(text);
            const stored = parse(text);
            if (!good(stored)) return;
            written.current = Number(text);
            onChange(stored);
          }}
          onBlur={() => !good(parse(draft)) && setDraft(String(value))}
        />
        <span class="unit" aria-hidden="true">{unit}</span>
      </span>
    </label>
  );
}

function Cost(props: { prices: Prices; options: Options; ceiling: string; retry: () => void }): JSX.Element {
  const { prices, options, ceiling } = props;
  if (prices.kind === 'loading') return <p class="run-cost"><Spinner label="Loading prices" /></p>;
  if (prices.kind === 'failed') {
    return <p class="run-cost">The prices could not be loaded. <button type="button" class="place" onClick={props.retry}>Try again</button></p>;
  }
  const found = estimate(prices.tiers, ceiling, options);
  return (
    <div class="run-cost" role="status" data-testid="estimate">
      {found.kind === 'refused' ? (
        <span class="form-error"><Icon name="alert" size={15} /> {found.reason}</span>
      ) : (
        <><span>Costs at most</span> <b>{money(found.dollars)}</b> <span class="muted">on {found.tier}; you pay for what it uses</span></>
      )}
    </div>
  );
}
