/** Chooses a range of time among the usual ones or by dates. */
import type { JSX } from 'preact';
import { Field, Segmented } from './page';
import { boundsOf, PRESETS, type Range } from './range';

export function RangePicker({ range, onChange }: { range: Range; onChange: (range: Range) => void }): JSX.Element {
  return (
    <div class="range">
      <Segmented label="Time range" options={PRESETS} value={range.preset} onChange={(preset) => onChange({ ...range, preset })} />
      {range.preset !== 'custom' ? null : (
        <div class="range-dates">
          <Field label="From" type="date" value={range.from} onInput={(from) => onChange({ ...range, from })} />
          <Field label="To" type="date" value={range.to} onInput={(to) => onChange({ ...range, to })} error={boundsOf(range) === null ? 'must not lie before the start' : undefined} />
        </div>
      )}
    </div>
  );
}
