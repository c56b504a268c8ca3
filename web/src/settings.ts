/** How this person likes their editor; kept on this device, and checked when it is read: anything may be in storage. */
import { signal } from '@preact/signals';

export const KEYMAPS = ['default', 'vscode', 'vim', 'emacs'] as const;
export type Keymap = (typeof KEYMAPS)[number];
export const KEYMAP_NAMES: Record<Keymap, string> = { default: 'Default', vscode: 'VS Code', vim: 'Vim', emacs: 'Emacs' };
export const FONT_PX = { min: 10, max: 28 };
export const TAB_SIZES = [2, 4, 8] as const;

export interface Settings {
  fontPx: number;
  /** 0: what is usual in the language. */
  tabSize: number;
  wrap: boolean;
  keymap: Keymap;
}

export const DEFAULT_SETTINGS: Settings = { fontPx: 14, tabSize: 0, wrap: false, keymap: 'default' };
const KEY = 'collab:editor';

/** Settings from text that was stored, whatever is in it. */
export function parseSettings(text: string | null): Settings {
  let raw: Record<string, unknown>;
  try {
    raw = { ...(JSON.parse(text ?? '{}') as object) };
  } catch {
    raw = {};
  }
  const { fontPx, tabSize, wrap, keymap } = raw;
  return {
    fontPx: typeof fontPx === 'number' && fontPx >= FONT_PX.min && fontPx <= FONT_PX.max ? Math.round(fontPx) : DEFAULT_SETTINGS.fontPx,
    tabSize: TAB_SIZES.find((size) => size === tabSize) ?? 0,
    wrap: wrap === true,
    keymap: KEYMAPS.find((name) => name === keymap) ?? 'default',
  };
}

function stored(): Settings {
  try {
    return parseSettings(localStorage.getItem(KEY));
  } catch {
    return DEFAULT_SETTINGS; // storage may be switched off
  }
}

export const settings = signal<Settings>(stored());

export function changeSettings(change: Partial<Settings>): void {
  settings.value = parseSettings(JSON.stringify({ ...settings.value, ...change }));
  try {
    localStorage.setItem(KEY, JSON.stringify(settings.value));
  } catch {
    return;
  }
}

/** One step larger or smaller, within bounds. */
export function zoom(step: number): void {
  changeSettings({ fontPx: Math.min(FONT_PX.max, Math.max(FONT_PX.min, settings.value.fontPx + step)) });
}
