/** What is left of each limit, and the budget that one sets for oneself. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { moneyProblem } from '../admin/limits';
import { api } from '../api';
import { bytes, count, dateTime, duration, exactMoney, micro } from '../ui/format';
import { Field, Section } from '../ui/page';
import { attempt, toast } from '../ui/toast';
import type { Limits } from './types';

interface Row {
  name: string;
  left: number;
  of: number;
  format: (value: number) => string;
}

export function LimitsLeft({ limits, onChanged }: { limits: Limits; onChanged: () => Promise<void> }): JSX.Element {
  const rows: Row[] = [];
  const add = (name: string, left: number | null, of: number | null, format: (value: number) => string): void => {
    if (left !== null && of !== null) rows.push({ name, left, of, format });
  };
  const dollars = (value: number): string => exactMoney(micro(value));
  add('Runs this minute', limits.runsLeft, limits.runsPerMinute, count);
  add('Runs at once', limits.concurrentRunsLeft, limits.concurrentRuns, count);
  add('Compute units this month', limits.computeUnitsLeft, limits.computeUnits, (value) => count(Math.floor(value)));
  add('Money this month', limits.budgetLeft, limits.budget, dollars);
  for (const one of limits.budgets) {
    const whose = one.of.replace(':', ' ');
    add(`Budget of ${whose}`, one.budgetLeft, one.budget, dollars);
    add(`Runs at once of ${whose}`, one.concurrentRunsLeft, one.concurrentRuns, count);
  }
  return (
    <Section title="Limits and budget">
      <ul class="meters">
        {rows.map(({ name, left, of, format }) => (
          <li key={name} class="meter-row">
            <span>{name}</span>
            <meter min={0} max={Math.max(of, 1e-6)} low={of * 0.15} value={left} aria-label={`${name}: ${format(left)} of ${format(of)} left`} />
            <span class="figure">{format(left)} <span class="muted">of {format(of)} left</span></span>
          </li>
        ))}
      </ul>
      <p class="hint">
        One run: at most {duration(limits.maxTimeMs)} and {bytes(limits.maxMemoryBytes)}. The month ends {dateTime(limits.monthEndsAt)}.
      </p>
      <Budget limits={limits} onChanged={onChanged} />
    </Section>
  );
}

function Budget({ limits, onChanged }: { limits: Limits; onChanged: () => Promise<void> }): JSX.Element {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const given = text.trim();
  const error = given === '' ? undefined : (moneyProblem(given) ?? undefined);
  const set = async (budget: number | null): Promise<void> => {
    setBusy(true);
    if (await attempt(() => api.setBudget(budget))) toast(budget === null ? 'Your budget is what your tier allows' : `Your budget is ${exactMoney(micro(budget))} a month`);
    setText('');
    await onChanged();
    setBusy(false);
  };
  return (
    <form class="inline-form" onSubmit={(event) => (event.preventDefault(), void set(Number(given)))}>
      <Field
        label="Budget a month" unit="$" value={text} onInput={setText} error={error} placeholder={limits.budget === null ? 'no limit' : String(limits.budget)}
        hint="A run that could go past it is refused. Never more than your tier allows."
      />
      <button type="submit" class="button button-primary" disabled={busy || given === '' || error !== undefined}>Set budget</button>
      <button type="button" class="button" disabled={busy} onClick={() => void set(null)}>Take it off</button>
    </form>
  );
}
