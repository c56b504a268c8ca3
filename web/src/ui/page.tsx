/** The parts that pages of figures and forms are made of: their head, tiles, sections, fields, facts. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId } from 'preact/hooks';
import { follow } from '../router';
import { Icon } from './icons';

interface HeadProps {
  title: string;
  children?: ComponentChildren;
  /** Where the page belongs to. */
  back?: { to: string; label: string };
  actions?: ComponentChildren;
}

export function PageHead({ title, children, back, actions }: HeadProps): JSX.Element {
  useEffect(() => {
    document.title = `${title} · Code sessions`;
  }, [title]);
  return (
    <div class="page-head">
      <div class="page-title">
        {back === undefined ? null : <Link class="back-link" to={back.to}><Icon name="back" size={14} /> {back.label}</Link>}
        <h1>{title}</h1>
        {children === undefined ? null : <p class="muted">{children}</p>}
      </div>
      {actions === undefined ? null : <div class="page-actions">{actions}</div>}
    </div>
  );
}

export function Link({ to, children, class: name, title }: { to: string; children: ComponentChildren; class?: string; title?: string }): JSX.Element {
  return <a class={name} href={to} title={title} onClick={(event) => follow(event, to)}>{children}</a>;
}

export function Section({ title, actions, children }: { title: string; actions?: ComponentChildren; children: ComponentChildren }): JSX.Element {
  return (
    <section class="section card" aria-label={title}>
      <div class="section-top">
        <h2>{title}</h2>
        {actions === undefined ? null : <div class="section-actions">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

export function Tiles({ children }: { children: ComponentChildren }): JSX.Element {
  return <dl class="tiles">{children}</dl>;
}

export function Tile({ label, value, note, bad = false }: { label: string; value: string; note?: string; bad?: boolean }): JSX.Element {
  return (
    <div class={bad ? 'tile tile-bad' : 'tile'}>
      <dt>{label}</dt>
      <dd>{value}</dd>
      {note === undefined ? null : <dd class="tile-note">{note}</dd>}
    </div>
  );
}

export function Facts({ of }: { of: readonly (readonly [string, ComponentChildren])[] }): JSX.Element {
  return (
    <dl class="facts">
      {of.map(([label, value]) => <div key={label}><dt>{label}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

export function Segmented<T extends string>({ label, options, value, onChange }: {
  label: string;
  options: readonly { id: T; label: string }[];
  value: T;
  onChange: (value: T) => void;
}): JSX.Element {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {options.map((option) => (
        <button key={option.id} type="button" aria-pressed={option.id === value} onClick={() => onChange(option.id)}>{option.label}</button>
      ))}
    </div>
  );
}

export function Select({ label, value, options, onChange, hidden = false }: {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
  hidden?: boolean;
}): JSX.Element {
  return (
    <label class="field">
      <span class={hidden ? 'visually-hidden' : undefined}>{label}</span>
      <select class="select" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([id, text]) => <option key={id} value={id}>{text}</option>)}
      </select>
    </label>
  );
}

interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  unit?: string;
  hint?: string;
  error?: string | undefined;
  type?: 'text' | 'number' | 'date' | 'month' | 'search';
  placeholder?: string;
  step?: string;
  required?: boolean;
}

export function Field(props: FieldProps): JSX.Element {
  const { label, value, onInput, unit, hint, error, type = 'text', ...rest } = props;
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <span class="unit-field">
        <input
          {...({ type } as { type: 'text' })} id={id} value={value} aria-describedby={`${id}-said`} aria-invalid={error !== undefined} min={type === 'number' ? 0 : undefined} step={type === 'number' ? (rest.step ?? 'any') : undefined}
          placeholder={rest.placeholder} required={rest.required} autocomplete="off" onInput={(event) => onInput(event.currentTarget.value)}
        />
        {unit === undefined ? null : <span class="unit">{unit}</span>}
      </span>
      <span id={`${id}-said`} class="field-said">
        {error === undefined ? null : <span class="field-error">{error}</span>}
        {hint === undefined ? null : <span class="hint">{hint}</span>}
      </span>
    </div>
  );
}

export function Search({ label, value, onInput }: { label: string; value: string; onInput: (value: string) => void }): JSX.Element {
  return (
    <label class="search-field">
      <Icon name="search" />
      <input type="search" placeholder={label} aria-label={label} value={value} onInput={(event) => onInput(event.currentTarget.value)} />
    </label>
  );
}

const TONES: Record<string, string> = {
  completed: 'good', open: 'plain', running: 'accent', queued: 'plain', failed: 'bad', timeout: 'bad', memory: 'bad', lost: 'bad', refused: 'warn', cancelled: 'plain',
  critical: 'bad', error: 'bad', high: 'bad', warning: 'warn', medium: 'warn', info: 'plain', low: 'plain', readOnly: 'warn', closed: 'warn', archived: 'plain', deleted: 'bad',
  admin: 'accent', suspended: 'bad', ok: 'good', away: 'bad', issued: 'good', final: 'warn',
};

/** A word with the colour of what it means. */
export function Status({ of, text }: { of: string; text?: string }): JSX.Element {
  return <span class={`status status-${TONES[of] ?? 'plain'}`}>{text ?? of}</span>;
}

