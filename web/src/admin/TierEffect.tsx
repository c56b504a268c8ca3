/** What a change of a tier would do, by the runs of the last days. */
import type { JSX } from 'preact';
import { bytes, count, duration, exactMoney } from '../ui/format';
import type { TierPreview } from './types';

export function TierEffect({ preview }: { preview: TierPreview }): JSX.Element {
  const { typical, typicalCost, allCost } = preview;
  const what = `${typical.measured ? 'The usual run' : 'A run'} of ${duration(typical.seconds * 1000)} and ${bytes(typical.memoryBytes)}`;
  return (
    <div class="effect" role="status" aria-label="What this changes">
      <Line what={what} {...typicalCost} />
      {preview.executions === 0 ? <p class="hint">Nobody ran anything under this tier within {preview.days} days.</p> : (
        <Line what={preview.executions === 1 ? `The one run of the last ${preview.days} days` : `All ${count(preview.executions)} runs of the last ${preview.days} days`} {...allCost} />
      )}
      {preview.noLongerFit === 0 ? null : <p class="effect-bad">{count(preview.noLongerFit)} of them used more time or memory than it would allow.</p>}
      {preview.modulesRemoved.length === 0 ? null : <p class="effect-bad">No longer allowed: {preview.modulesRemoved.join(', ')}</p>}
      {preview.modulesAdded.length === 0 ? null : <p>Newly allowed: {preview.modulesAdded.join(', ')}</p>}
    </div>
  );
}

function Line({ what, beforeMicroDollars, afterMicroDollars }: { what: string; beforeMicroDollars: number; afterMicroDollars: number }): JSX.Element {
  const change = beforeMicroDollars === 0 ? null : Math.round((100 * (afterMicroDollars - beforeMicroDollars)) / beforeMicroDollars);
  return (
    <p>
      {what}: <s>{exactMoney(beforeMicroDollars)}</s> <b>{exactMoney(afterMicroDollars)}</b>
      {change === null || change === 0 ? '' : ` (${change > 0 ? '+' : '−'}${Math.abs(change)} %)`}
    </p>
  );
}
