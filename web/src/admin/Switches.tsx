/** What holds the whole server up: no new executions, everything ended, read-only. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { dateTime, some } from '../ui/format';
import { Icon } from '../ui/icons';
import { useLive } from '../ui/live';
import { Field, Link, PageHead, Section, Status } from '../ui/page';
import { Dialog } from '../ui/parts';
import { Loaded } from '../ui/table';
import { attempt, toast } from '../ui/toast';
import { adminApi } from './api';
import { toPage } from './links';
import { newsOf } from './news';
import type { Switch } from './types';

const NEWS = newsOf('audit');

const TEXTS: Record<Switch['name'], { title: string; text: string; on: string; off: string }> = {
  'refuse-executions': {
    title: 'Refuse executions', on: 'Refuse executions', off: 'Allow executions again',
    text: 'Runs are refused, free of charge, with the reason. What runs already goes on, and so does editing.',
  },
  'read-only': {
    title: 'Read-only', on: 'Make the server read-only', off: 'Allow changes again',
    text: 'Documents are not changed, sessions neither made nor deleted. Reading, running and watching go on; what people type meanwhile is kept in their browsers.',
  },
};

interface Asked {
  title: string;
  text: string;
  action: string;
  work: (reason: string) => Promise<string>;
}

export function Switches(): JSX.Element {
  const live = useLive(adminApi.switches, '', 3_000, NEWS);
  const [asked, setAsked] = useState<Asked | null>(null);
  const turnOn = (name: Switch['name']): Asked => ({
    title: `${TEXTS[name].on}?`, text: `${TEXTS[name].text} It holds for all nodes within a second and after a restart, until it is taken back.`, action: TEXTS[name].on,
    work: async (reason) => (await adminApi.turnSwitch(name, true, reason), `${TEXTS[name].title} is on`),
  });
  const stopAll: Asked = {
    title: 'End every run on the server?', text: 'Everything that runs or waits, on all nodes, is ended as cancelled within a second. New runs are admitted unless executions are refused, too.', action: 'End every run',
    work: async (reason) => {
      const { stopping } = await adminApi.stopAll(reason);
      return `Ended ${some(stopping, 'run')}`;
    },
  };
  const turnOff = async (name: Switch['name']): Promise<void> => {
    if (await attempt(() => adminApi.turnSwitch(name, false, ''))) toast(`${TEXTS[name].title} is off`);
    await live.reload();
  };
  return (
    <>
      <PageHead title="Switches">For an incident or a move. All nodes follow within a second; each act is <Link class="in-link" to={toPage('audit', { action: 'switch.on' })}>on record</Link>.</PageHead>
      <Loaded live={live} what="switches">
        {(switches) => switches.map((each) => (
          <Section
            key={each.name} title={TEXTS[each.name].title}
            actions={
              <>
                <Status of={each.on ? 'error' : 'ok'} text={each.on ? 'on' : 'off'} />
                <button type="button" class={each.on ? 'button button-primary' : 'button button-danger'} onClick={() => (each.on ? void turnOff(each.name) : setAsked(turnOn(each.name)))}>
                  {each.on ? TEXTS[each.name].off : TEXTS[each.name].on}
                </button>
              </>
            }
          >
            <p class="muted">{TEXTS[each.name].text}</p>
            {!each.on ? null : <p class="notice notice-warn"><Icon name="alert" /> <span>{each.reason}</span></p>}
            {each.changedBy === null || each.changedAt === null ? null : <p class="hint">{each.on ? 'On' : 'Off'} since {dateTime(each.changedAt)}, by {each.changedBy}.</p>}
          </Section>
        ))}
      </Loaded>
      <Section title="End every run" actions={<button type="button" class="button button-danger" onClick={() => setAsked(stopAll)}>End every run</button>}>
        <p class="muted">Everything that runs or waits is killed. Refuse executions first if nothing new is to begin.</p>
      </Section>
      {asked === null ? null : <Ask asked={asked} onClose={() => setAsked(null)} onDone={live.reload} />}
    </>
  );
}

function Ask({ asked, onClose, onDone }: { asked: Asked; onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [reason, setReason] = useState('');
  const act = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!(await attempt(async () => toast(await asked.work(reason.trim()))))) return;
    onClose();
    await onDone();
  };
  return (
    <Dialog title={asked.title} onClose={onClose}>
      <form class="form" onSubmit={(event) => void act(event)}>
        <p class="muted">{asked.text}</p>
        <Field label="Reason" value={reason} onInput={setReason} hint="Told to everybody whom it holds up; a plain sentence when left blank." />
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button button-danger" data-testid="confirm">{asked.action}</button>
        </div>
      </form>
    </Dialog>
  );
}
