/** One tier: its fields to change, what the change would do, and the versions it had. A conflict with another admin is shown as one. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api';
import { bytes, count, dateTime, duration, exactMoney, micro } from '../ui/format';
import { Icon } from '../ui/icons';
import { useLive } from '../ui/live';
import { Field, PageHead, Section } from '../ui/page';
import { useSettled } from '../ui/settled';
import { List, Loaded } from '../ui/table';
import { attempt, toast } from '../ui/toast';
import { adminApi } from './api';
import { UserLink } from './links';
import { bodyOf, changedFields, FIELD_OF, type TierField, fieldsOfTier } from './tier';
import { TierEffect } from './TierEffect';
import { orNone } from './Tiers';
import type { TierPreview, TierWithVersions } from './types';

const FIELDS: readonly { name: TierField; label: string; unit?: string; hint?: string }[] = [
  { name: 'pricePerSecond', label: 'Price of a second', unit: '$' },
  { name: 'pricePerMb', label: 'Price of a MB', unit: '$' },
  { name: 'seconds', label: 'Longest time', unit: 's' },
  { name: 'memoryMb', label: 'Most memory', unit: 'MB' },
  { name: 'runsPerMinute', label: 'Runs a minute' },
  { name: 'concurrentRuns', label: 'Runs at once' },
  { name: 'computeUnitsPerMonth', label: 'Compute units a month', hint: 'blank: no limit' },
  { name: 'moneyPerMonth', label: 'Money a month', unit: '$', hint: 'blank: no limit' },
];
const LABEL = (name: TierField): string => FIELDS.find((field) => field.name === name)?.label ?? 'Modules';

export function TierView({ name }: { name: string }): JSX.Element {
  const live = useLive(() => adminApi.tier(name), name);
  return (
    <>
      <PageHead title={`Tier ${name}`} back={{ to: '/admin/tiers', label: 'Tiers' }}>Prices and limits of accounts in this tier and of runs under it.</PageHead>
      <Loaded live={live} what="tier">
        {(tier) => (
          <>
            <TierForm key={tier.version} tier={tier} reload={live.reload} />
            <Section title="Versions">
              <List
                label="Versions" rows={tier.versions} id={(each) => String(each.version)} empty={{ icon: 'versions', title: 'There are no versions' }}
                columns={[
                  { title: 'Version', key: true, cell: (each) => <>{each.version}{each.setAt === null ? null : <small>{dateTime(each.setAt)}</small>}</> },
                  { title: 'Set by', cell: (each) => (each.setBy === null ? 'as it came' : <UserLink id={each.setBy} />) },
                  { title: 'A second', figure: true, cell: (each) => exactMoney(micro(each.pricePerSecond)) },
                  { title: 'A MB', figure: true, cell: (each) => exactMoney(micro(each.pricePerMb)) },
                  { title: 'Time', figure: true, cell: (each) => duration(each.maxTimeMs) },
                  { title: 'Memory', figure: true, cell: (each) => bytes(each.maxMemoryBytes) },
                  { title: 'Runs a minute', figure: true, cell: (each) => count(each.limits.runsPerMinute) },
                  { title: 'At once', figure: true, cell: (each) => count(each.limits.concurrentRuns) },
                  { title: 'Units a month', figure: true, cell: (each) => orNone(each.limits.computeUnitsPerMonth, count) },
                  { title: 'Money a month', figure: true, cell: (each) => orNone(each.limits.moneyPerMonth, (value) => exactMoney(micro(value))) },
                  { title: 'Modules', long: true, cell: (each) => each.modules.join(', ') },
                ]}
              />
            </Section>
          </>
        )}
      </Loaded>
    </>
  );
}

function TierForm({ tier, reload }: { tier: TierWithVersions; reload: () => Promise<void> }): JSX.Element {
  const before = fieldsOfTier(tier);
  const [fields, setFields] = useState(before);
  const [refused, setRefused] = useState<{ of: string; errors: Partial<Record<TierField, string>>; other: string | null }>({ of: '', errors: {}, other: null });
  const [preview, setPreview] = useState<TierPreview | null>(null);
  const [newer, setNewer] = useState<TierWithVersions | null>(null);
  const [busy, setBusy] = useState(false);
  const wanted = bodyOf(fields);
  const text = JSON.stringify(wanted.body);
  const settled = useSettled(text, 350);
  const changed = changedFields(before, fields);
  const valid = Object.keys(wanted.errors).length === 0;
  const told = refused.of === text ? refused : { errors: {}, other: null };
  const errors = { ...told.errors, ...wanted.errors };

  const refuse = (error: unknown, of: string): void => {
    const given = error instanceof ApiError ? error.errors : [];
    const found = given.flatMap(({ field, message }) => (FIELD_OF[field] === undefined ? [] : [[FIELD_OF[field], message] as const]));
    setRefused({ of, errors: Object.fromEntries(found), other: found.length > 0 ? null : error instanceof Error ? error.message : String(error) });
  };
  useEffect(() => {
    setPreview(null);
    if (changed.length === 0 || !valid || settled !== text) return;
    let late = false;
    adminApi.previewTier(tier.name, wanted.body).then(
      (seen) => !late && setPreview(seen),
      (error: unknown) => !late && refuse(error, text),
    );
    return () => {
      late = true;
    };
  }, [settled, text]);

  const save = async (over: number): Promise<void> => {
    setBusy(true);
    try {
      const saved = await adminApi.putTier(tier.name, wanted.body, over);
      toast(`Tier ${tier.name} is at version ${saved.version} now`);
      setNewer(null);
      await reload();
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) await attempt(async () => setNewer(await adminApi.tier(tier.name)));
      else refuse(error, text);
    }
    setBusy(false);
  };
  return (
    <Section title={`Version ${tier.version}`}>
      <form class="form" onSubmit={(event) => (event.preventDefault(), void save(tier.version))}>
        <div class="field-grid">
          {FIELDS.map(({ name, ...rest }) => <Field key={name} value={fields[name]} error={errors[name]} onInput={(value) => setFields({ ...fields, [name]: value })} {...rest} />)}
        </div>
        <Field label="Modules" value={fields.modules} error={errors.modules} hint="Node’s names, by which the counterparts in other languages are governed; * is everything." onInput={(modules) => setFields({ ...fields, modules })} />
        {told.other === null ? null : <p class="form-error" role="alert"><Icon name="alert" /> {told.other}</p>}
        {newer === null ? null : (
          <div class="notice notice-warn" role="alert">
            <Icon name="alert" />
            <div>
              <b>{newer.versions[0]?.setBy ?? 'Somebody'} saved version {newer.version} while you were at version {tier.version}.</b>{' '}
              {describeConflict(changedFields(before, fieldsOfTier(newer)))} Nothing of yours is saved yet.
              <div class="notice-actions">
                <button type="button" class="button button-small" onClick={() => void reload()}>Take theirs</button>
                <button type="button" class="button button-small button-danger" disabled={busy} onClick={() => void save(newer.version)}>Save mine over version {newer.version}</button>
              </div>
            </div>
          </div>
        )}
        {preview === null ? null : <TierEffect preview={preview} />}
        <div class="form-foot">
          <p class="hint">{changed.length === 0 ? 'Nothing is changed.' : `Changed: ${changed.map(LABEL).join(', ').toLowerCase()}.`}</p>
          <button type="button" class="button" disabled={changed.length === 0} onClick={() => setFields(before)}>Undo</button>
          <button type="submit" class="button button-primary" disabled={busy || changed.length === 0 || !valid || Object.keys(told.errors).length > 0}>Save as version {tier.version + 1}</button>
        </div>
      </form>
    </Section>
  );
}

const describeConflict = (names: TierField[]): string => (names.length === 0 ? 'It has the same values.' : `It changed: ${names.map(LABEL).join(', ').toLowerCase()}.`);
