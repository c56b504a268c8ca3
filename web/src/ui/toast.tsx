/** Short messages at the edge of the page, read out by screen readers; errors stay until closed. */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { IconButton } from './parts';

const SHOWN_MS = 4_000;
const TOASTS_MAX = 4;

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

const toasts = signal<Toast[]>([]);
let nextId = 1;

export function toast(text: string): void {
  const id = add(text, false);
  setTimeout(() => close(id), SHOWN_MS);
}

export function toastError(error: unknown): void {
  add(error instanceof Error ? error.message : 'Something went wrong.', true);
}

/** Runs an action and shows its failure; true when it worked. */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    toastError(error);
    return false;
  }
}

function add(text: string, bad: boolean): number {
  const id = nextId++;
  toasts.value = [...toasts.value, { id, text, bad }].slice(-TOASTS_MAX);
  return id;
}

function close(id: number): void {
  toasts.value = toasts.value.filter((entry) => entry.id !== id);
}

export function Toasts(): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const newest = toasts.value.at(-1)?.id;
  useLayoutEffect(() => {
    // Shown anew, a popover comes before every dialog that was opened since.
    box.current?.hidePopover();
    box.current?.showPopover();
  }, [newest]);
  return (
    <div class="toasts" role="status" aria-live="polite" popover="manual" ref={box}>
      {toasts.value.map(({ id, text, bad }) => (
        <div key={id} class={bad ? 'toast toast-bad' : 'toast'}>
          <span>{text}</span>
          <IconButton icon="close" label="Dismiss" size={14} onClick={() => close(id)} />
        </div>
      ))}
    </div>
  );
}
