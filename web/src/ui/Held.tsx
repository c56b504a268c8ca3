/** That the operator holds the server up just now, and why. */
import type { JSX } from 'preact';
import { Icon } from './icons';

/** What the server says of its switches: a reason each, where one is on. */
export interface HeldUp {
  readOnly?: string | null;
  executionsOff?: string | null;
}

export function Held({ readOnly, executionsOff, more = '' }: HeldUp & { more?: string }): JSX.Element | null {
  if (readOnly == null && executionsOff == null) return null;
  return (
    <div class="banner banner-warn" role="status" data-testid="held">
      <Icon name="alert" />
      <div>
        {readOnly == null ? null : <p><b>Read-only:</b> {plain(readOnly)}.{more}</p>}
        {executionsOff == null ? null : <p><b>Nothing runs:</b> {plain(executionsOff)}.</p>}
      </div>
    </div>
  );
}

/** An operator's reason may be a sentence with its full stop. */
const plain = (reason: string): string => reason.replace(/\.$/, '');
