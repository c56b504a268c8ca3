/** How a run ended: its result, its error with places to click, why it was refused, and the files it made. */
import type { JSX } from 'preact';
import { api, download } from '../api';
import type { Artifact, RunError as RunErrorInfo } from '../generated/events';
import { shownName } from '../model/filenames';
import { segments } from '../model/locations';
import type { Run } from '../model/run';
import type { Session } from '../model/session';
import { bytes } from '../ui/format';
import { Icon } from '../ui/icons';
import { attempt, toast } from '../ui/toast';

const RESULT_CHARS_MAX = 100_000;

export function RunResult({ value }: { value: unknown }): JSX.Element {
  const text = JSON.stringify(value, null, 2) ?? 'undefined';
  return (
    <div class="run-result" data-testid="result">
      <span class="run-label">Result</span>
      <pre>{text.length > RESULT_CHARS_MAX ? `${text.slice(0, RESULT_CHARS_MAX)}\n… cut …` : text}</pre>
    </div>
  );
}

/** The host's own reasons for an end; all other types are the language's names for its errors. */
const HEADINGS: Record<string, string> = {
  platform: 'The execution service failed', timeout: 'Out of time', memory: 'Out of memory', cancelled: 'Stopped', lost: 'The run was lost',
};

export function RunError({ session, error }: { session: Session; error: RunErrorInfo }): JSX.Element {
  const heading = [error.type, error.message].filter((part) => part).join(': ');
  // Many runtimes begin the stack with the heading; once is enough.
  const stack = error.stack.startsWith(heading) ? error.stack.slice(heading.length).replace(/^\n/, '') : error.stack;
  const { file, line } = error;
  const platform = error.type === 'platform'; // not the program's fault
  return (
    <div class="run-error" data-testid="run-error">
      <div class="run-error-head">
        <Icon name="alert" size={15} />
        <strong>{HEADINGS[error.type] ?? (error.type || 'Error')}</strong>
        {line === undefined ? null : <Place session={session} file={file ?? ''} line={line} column={null} text={file === undefined ? `line ${line}` : `${file}:${line}`} />}
      </div>
      <pre class="run-error-message">{error.message}</pre>
      {platform ? <p class="run-error-note">This was not your program’s fault and costs nothing. Run it again.</p> : null}
      {stack.trim() === '' ? null : <pre class="run-error-stack"><Located session={session} text={stack} /></pre>}
    </div>
  );
}

/** Text with its “file:line” as buttons, where the file is one of the session. */
export function Located({ session, text }: { session: Session; text: string }): JSX.Element {
  const names = new Set(session.document.files.peek().map((file) => file.name));
  return (
    <>
      {segments(text, names).map((part, index) =>
        typeof part === 'string' ? part : <Place key={index} session={session} {...part} />,
      )}
    </>
  );
}

function Place(props: { session: Session; text: string; file: string; line: number; column: number | null }): JSX.Element {
  const { session, text, file, line, column } = props;
  const name = file === '' ? (session.runs.shown.value?.entry ?? '') : file;
  return <button type="button" class="place" data-testid="error-place" onClick={() => session.goTo(name, line, column)}>{text}</button>;
}

const ADVICE: Record<string, string> = {
  rate_limited: 'Wait a moment, then run again.',
  quota_exceeded: 'The account’s allowance is used up: wait for the next period or ask for a higher tier.',
  scan_blocked: 'Change the lines below, then run again.',
  forbidden: 'Ask the owner of the session for the right to run, or choose smaller limits.',
  invalid: 'Correct the request, then run again.',
  stale: 'The files have changed since. Look at them, then run again.',
  disconnected: 'The editor is connecting again; then run again.',
  timeout: 'Check the connection, then run again.',
};

export function RunRefusal({ session, refusal }: { session: Session; refusal: NonNullable<Run['refusal']> }): JSX.Element {
  const wait = refusal.retryAfter === undefined ? '' : ` Possible again in ${Math.ceil(refusal.retryAfter)} s.`;
  return (
    <div class="run-error run-refusal" role="alert" data-testid="refusal">
      <div class="run-error-head"><Icon name="lock" size={15} /> <strong>Not run</strong> <code>{refusal.code}</code></div>
      <p>{refusal.message}</p>
      <p class="muted">{ADVICE[refusal.code] ?? ''}{wait}</p>
      {refusal.findings.length === 0 ? null : (
        <ul class="findings">
          {refusal.findings.map((finding, index) => (
            <li key={index}>
              <Place session={session} file={finding.file} line={finding.line} column={null} text={`${finding.file}:${finding.line}`} /> {finding.message}
              {finding.mend ? <span class="muted"> {finding.mend}</span> : null}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function Artifacts({ session, run }: { session: Session; run: Run }): JSX.Element | null {
  if (run.artifacts.length === 0) return null;
  return (
    <div class="artifacts">
      <span class="run-label">Files</span>
      <ul>
        {run.artifacts.map((artifact) => (
          <li key={artifact.name} class="artifact">
            <span class={`change change-${artifact.change}`}>{artifact.change}</span>
            <span class="artifact-name">{shownName(artifact.name)}</span>
            <span class="faint">{bytes(artifact.size)}</span>
            {artifact.base64 === undefined && artifact.stored !== true ? null : (
              <>
                <a class="button button-small" href={api.artifact(run.id, artifact.name)} download
                  onClick={(event) => {
                    if (session.embedded === null) return;
                    event.preventDefault(); // a plain download would come without the token
                    void attempt(() => download(api.artifact(run.id, artifact.name), '*/*', artifact.name));
                  }}
                ><Icon name="download" size={13} /> Download</a>
                {session.mayEdit.value ? <button type="button" class="button button-small" data-testid="keep-artifact" onClick={() => void keep(run, artifact)}>Keep in session</button> : null}
              </>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The text becomes a file of the session; the editor hears of it as of any other change. */
async function keep(run: Run, artifact: Artifact): Promise<void> {
  try {
    await api.keepArtifact(run.id, artifact.name);
    toast(`${shownName(artifact.name)} is in the session now.`);
  } catch (error) {
    toast(error instanceof Error ? error.message : 'This file could not be kept.');
  }
}

export function saveAs(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
