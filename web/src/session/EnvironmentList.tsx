/** The kept environments of the session: what each holds, and a way to begin anew. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Environment, EnvironmentContents } from '../model/environments';
import { shownName } from '../model/filenames';
import { languageById } from '../model/languages';
import type { Session } from '../model/session';
import { ago, bytes } from '../ui/format';
import { Spinner } from '../ui/parts';
import { attempt } from '../ui/toast';

export function EnvironmentList({ session }: { session: Session }): JSX.Element | null {
  const { environments } = session;
  if (environments.failed.value) {
    return <p class="environment-note">The environments could not be loaded. <button type="button" class="place" onClick={() => void environments.refresh()}>Try again</button></p>;
  }
  if (environments.list.value.length === 0) return null;
  return (
    <ul class="environments" aria-label="Kept environments">
      {environments.list.value.map((each) => <Row key={each.language} session={session} environment={each} />)}
    </ul>
  );
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

function Row({ session, environment }: { session: Session; environment: Environment }): JSX.Element {
  const { language, lastRun } = environment;
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const reset = async (): Promise<void> => {
    setBusy(true);
    await attempt(() => session.environments.reset(language));
    setBusy(false);
  };
  const at = new Date(lastRun.at).getTime();
  return (
    <li data-testid={`environment-${language}`}>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary title={`Run ${environment.generation}, by ${lastRun.actor.name}`}>
          <b>{languageById(language).label}</b> <span class="muted">{count(environment.variableCount, 'variable')}, {count(environment.fileCount, 'file')} · {bytes(environment.bytes)} · {ago(at)}</span>
        </summary>
        {open ? <Contents session={session} environment={environment} /> : null}
      </details>
      {session.mayRun.value ? <button type="button" class="button button-small" disabled={busy} title="The next run begins anew" onClick={() => void reset()}>Reset</button> : null}
    </li>
  );
}

function Contents({ session, environment }: { session: Session; environment: Environment }): JSX.Element {
  const [contents, setContents] = useState<EnvironmentContents | null>(null);
  useEffect(() => {
    let wanted = true;
    session.environments.contents(environment.language).then((found) => wanted && setContents(found), () => wanted && setContents(null));
    return () => {
      wanted = false;
    };
  }, [environment.language, environment.generation]);
  if (contents === null) return <Spinner label="Loading" />;
  return (
    <table class="environment-contents">
      <tbody>
        {contents.variables.map(({ name, type, repr }) => <tr key={`v${name}`}><th scope="row">{name}</th><td class="faint">{type}</td><td><code>{repr}</code></td></tr>)}
        {contents.files.map(({ name, size }) => <tr key={`f${name}`}><th scope="row">{shownName(name)}</th><td class="faint">file</td><td>{bytes(size)}</td></tr>)}
      </tbody>
    </table>
  );
}
