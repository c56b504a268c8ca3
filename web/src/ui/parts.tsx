/** Small shared pieces of the interface; none of them knows a session. */
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { languageById } from '../model/languages';
import { textOn } from '../model/colors';
import { nextTheme, theme } from '../theme';
import { Icon, type IconName } from './icons';

interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick: (event: MouseEvent) => void;
  disabled?: boolean;
  pressed?: boolean;
  testid?: string;
  size?: number;
  class?: string;
}

export function IconButton(props: IconButtonProps): JSX.Element {
  return (
    <button
      type="button" class={`icon-button ${props.class ?? ''}`} aria-label={props.label} title={props.label}
      aria-pressed={props.pressed} disabled={props.disabled} onClick={props.onClick} data-testid={props.testid}
    >
      <Icon name={props.icon} size={props.size ?? 16} />
    </button>
  );
}

export function LanguageBadge({ language }: { language: string }): JSX.Element {
  const { badge, hue, label } = languageById(language);
  return (
    <span class="language-badge" style={{ '--hue': hue }} title={label} aria-hidden="true">
      {badge}
    </span>
  );
}

interface AvatarProps {
  name: string;
  color: string;
  agent?: boolean;
  title?: string;
}

export function Avatar({ name, color, agent = false, title }: AvatarProps): JSX.Element {
  const words = name.trim().split(/\s+/);
  const initials = [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
  return (
    <span class={agent ? 'avatar avatar-agent' : 'avatar'} style={{ '--who': color, color: textOn(color) }} title={title ?? name}>
      {agent ? <Icon name="bot" size={15} /> : <span data-initials={initials || '?'} />}
    </span>
  );
}

export function Spinner({ label }: { label?: string }): JSX.Element {
  return <span class="spinner" role={label === undefined ? undefined : 'status'} aria-label={label} />;
}

export function ThemeButton(): JSX.Element {
  const icons = { system: 'monitor', light: 'sun', dark: 'moon' } as const;
  const names = { system: 'as the system', light: 'light', dark: 'dark' } as const;
  return <IconButton icon={icons[theme.value]} label={`Theme: ${names[theme.value]}`} onClick={nextTheme} />;
}

interface EmptyProps {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
  action?: JSX.Element;
  /** It is all that the page says. */
  alone?: boolean;
}

export function Empty({ icon, title, children, action, alone = false }: EmptyProps): JSX.Element {
  return (
    <div class="empty">
      <span class="empty-icon"><Icon name={icon} size={22} /></span>
      {alone ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children === undefined ? null : <p>{children}</p>}
      {action}
    </div>
  );
}

interface ModalProps {
  label: string;
  class: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A native modal dialog: focus stays inside, Escape closes, focus goes back to where it was. */
export function Modal({ label, class: name, onClose, children }: ModalProps): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  // Before anything is painted: what is typed from now on is for the dialog.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close(); // while it is open, nothing outside can take the focus
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref} class={`dialog ${name}`} aria-label={label} onCancel={(event) => (event.preventDefault(), onClose())}
      onMouseDown={(event) => event.target === ref.current && onClose()}
    >
      {children}
    </dialog>
  );
}

export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean }): JSX.Element {
  return (
    <Modal label={props.title} class={props.wide ? 'dialog-wide' : ''} onClose={props.onClose}>
      <div class="dialog-body">
        <div class="dialog-head">
          <h2>{props.title}</h2>
          <IconButton icon="close" label="Close" onClick={props.onClose} />
        </div>
        {props.children}
      </div>
    </Modal>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  /** For what takes nothing away. */
  harmless?: boolean;
  onYes: () => void | Promise<void>;
  onClose: () => void;
}

export function Confirm({ title, text, action, harmless = false, onYes, onClose }: ConfirmProps): JSX.Element {
  const [busy, setBusy] = useState(false);
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="muted">{text}</p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>Cancel</button>
        <button
          type="button" class={harmless ? 'button button-primary' : 'button button-danger'} disabled={busy} data-testid="confirm"
          onClick={async () => {
            setBusy(true);
            await onYes();
            onClose();
          }}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
