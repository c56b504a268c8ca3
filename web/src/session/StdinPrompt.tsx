/** The line in which anyone who may run answers a program that waits for input. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Run } from '../model/run';
import type { Session } from '../model/session';
import { attempt } from '../ui/toast';

export function StdinPrompt({ session, run, prompt }: { session: Session; run: Run; prompt: string }): JSX.Element {
  const [line, setLine] = useState('');
  const may = session.mayRun.value;
  const send = async (eof: boolean): Promise<void> => {
    if (await attempt(() => session.runs.stdin(run, eof ? line : `${line}\n`, eof))) setLine('');
  };
  return (
    <form class="stdin" onSubmit={(event) => (event.preventDefault(), void send(false))}>
      <label for="stdin">{prompt.trim() === '' ? 'Input' : prompt}</label>
      <input
        id="stdin" data-testid="stdin" value={line} disabled={!may} autofocus autocomplete="off" spellcheck={false}
        placeholder={may ? 'Type and press Enter' : 'Somebody who may run can answer'} onInput={(event) => setLine(event.currentTarget.value)}
      />
      <button type="submit" class="button button-small" disabled={!may}>Send</button>
      <button type="button" class="button button-small" disabled={!may} title="No more input" onClick={() => void send(true)}>End</button>
    </form>
  );
}
