/** How this person likes the editor: size, indentation, wrapping, keys, theme; all of it kept on this device. */
import type { JSX } from 'preact';
import { changeSettings, FONT_PX, KEYMAP_NAMES, KEYMAPS, type Keymap, settings, TAB_SIZES } from '../settings';
import { applyTheme, type Theme, theme } from '../theme';
import { Dialog } from '../ui/parts';

const THEMES: Record<Theme, string> = { system: 'As the system', light: 'Light', dark: 'Dark' };

export function EditorSettings({ onClose }: { onClose: () => void }): JSX.Element {
  const { fontPx, tabSize, wrap, keymap } = settings.value;
  return (
    <Dialog title="Editor settings" onClose={onClose}>
      <div class="settings" data-testid="settings">
        <label class="field">
          <span>Font size <small>{fontPx} px</small></span>
          <input type="range" min={FONT_PX.min} max={FONT_PX.max} step={1} value={fontPx} data-testid="font-size" onInput={(event) => changeSettings({ fontPx: event.currentTarget.valueAsNumber })} />
        </label>
        <label class="field">
          <span>Indentation</span>
          <select class="select" value={String(tabSize)} data-testid="tab-size" onChange={(event) => changeSettings({ tabSize: Number(event.currentTarget.value) })}>
            <option value="0">As usual in the language</option>
            {TAB_SIZES.map((size) => <option key={size} value={String(size)}>{size} spaces</option>)}
          </select>
        </label>
        <label class="field">
          <span>Keys</span>
          <select class="select" value={keymap} data-testid="keymap" onChange={(event) => changeSettings({ keymap: event.currentTarget.value as Keymap })}>
            {KEYMAPS.map((name) => <option key={name} value={name}>{KEYMAP_NAMES[name]}</option>)}
          </select>
        </label>
        <label class="field">
          <span>Theme</span>
          <select class="select" value={theme.value} data-testid="theme" onChange={(event) => applyTheme(event.currentTarget.value as Theme)}>
            {Object.entries(THEMES).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
          </select>
        </label>
        <label class="environment-switch">
          <input type="checkbox" checked={wrap} data-testid="wrap" onChange={(event) => changeSettings({ wrap: event.currentTarget.checked })} />
          <span>Wrap long lines</span>
        </label>
      </div>
      <p class="hint">Kept on this device. Undo takes back only what you did, with all keys.</p>
    </Dialog>
  );
}
