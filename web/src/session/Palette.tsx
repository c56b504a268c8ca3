/** Everything that can be done here, by typing a few letters of it. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { type Command, matching } from '../model/commands';
import { shownName } from '../model/filenames';
import type { Session } from '../model/session';
import { go } from '../router';
import { changeSettings, KEYMAP_NAMES, KEYMAPS, settings, zoom } from '../settings';
import { nextTheme } from '../theme';
import { copyText } from '../ui/clipboard';
import { Icon } from '../ui/icons';
import { Modal } from '../ui/parts';
import { attempt, toast } from '../ui/toast';
import { MOD } from '../ui/keys';

export function Palette({ session, onClose }: { session: Session; onClose: () => void }): JSX.Element {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const commands = useMemo(() => commandsOf(session), [session]);
  const found = matching(query, commands);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at, query]);
  const chosen = useRef<Command | null>(null);
  // Only when the dialog is gone and has given the focus back, so that the command may take it.
  useEffect(() => () => void (chosen.current !== null && setTimeout(chosen.current.run)), []);
  const choose = (command: Command | undefined): void => {
    if (command === undefined) return;
    chosen.current = command;
    onClose();
  };
  const keys = (event: KeyboardEvent & { currentTarget: HTMLInputElement }): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) setAt((at + step + found.length) % found.length);
    else if (event.key === 'Enter') {
      // Whoever types fast presses Enter before the list is drawn again.
      const typed = event.currentTarget.value;
      choose(typed === query ? found[at] : matching(typed, commands)[0]);
    }
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <Modal label="Commands" class="palette" onClose={onClose}>
      <label class="palette-field">
        <Icon name="search" />
        <input
          role="combobox" aria-expanded="true" aria-controls="palette-list" aria-label="Command or file" aria-autocomplete="list" data-testid="palette-input"
          aria-activedescendant={found[at] === undefined ? undefined : `palette-${at}`} placeholder="Type a command or a file" value={query}
          autocomplete="off" spellcheck={false} autofocus onKeyDown={keys}
          onInput={(event) => (setQuery(event.currentTarget.value), setAt(0))}
        />
        <kbd>Esc</kbd>
      </label>
      <ul class="palette-list" id="palette-list" role="listbox" aria-label="Commands" ref={list}>
        {found.map((command, index) => (
          <li
            key={command.id} id={`palette-${index}`} role="option" aria-selected={index === at} data-testid="command"
            onMouseMove={() => index !== at && setAt(index)} onClick={() => choose(command)}
          >
            <span class="palette-label">{command.label}</span>
            {command.keys === undefined ? <span class="faint">{command.group}</span> : <kbd>{command.keys}</kbd>}
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p class="palette-none" role="status">Nothing is called “{query}”.</p> : null}
    </Modal>
  );
}

function commandsOf(session: Session): Command[] {
  const { document: doc } = session;
  const owner = session.role.value === 'owner';
  const live = session.runs.shown.value;
  const commands: (Command | false)[] = [
    session.mayRun.value && { id: 'run', label: `Run ${shownName(session.entry.value?.name ?? '')}`.trim(), group: 'Run', keys: `${MOD}↵`, run: () => session.run() },
    session.mayRun.value && live !== null && !live.over && { id: 'stop', label: 'Stop the run', group: 'Run', run: () => void attempt(() => session.runs.cancel(live)) },
    session.mayRun.value && { id: 'options', label: 'Run options…', group: 'Run', run: () => session.ask('options') },
    { id: 'runs', label: 'Show earlier runs', group: 'Run', run: () => session.ask('runs') },
    live !== null && !live.output.empty && { id: 'find-output', label: 'Find in the output', group: 'Run', run: () => session.ask('find-output') },
    session.mayEdit.value && { id: 'format', label: 'Format the file', group: 'Editor', keys: 'Shift Alt F', run: () => session.ask('format') },
    session.mayEdit.value && { id: 'comment', label: 'Comment on this line', group: 'Editor', keys: `${MOD}Alt M`, run: () => session.ask('comment') },
    session.mayEdit.value && live !== null && { id: 'comment-output', label: 'Comment on an output line…', group: 'Editor', run: () => session.talk.begin({ kind: 'output', executionId: live.id, line: 1, quote: '' }) },
    { id: 'comments', label: 'Show comments', group: 'Editor', run: () => (session.talk.open.value = true) },
    { id: 'find', label: 'Find and replace in the file', group: 'Editor', keys: `${MOD}F`, run: () => session.ask('find') },
    session.mayEdit.value && { id: 'new', label: 'New file…', group: 'Files', run: () => session.ask('new-file') },
    session.mayEdit.value && { id: 'new-folder', label: 'New folder…', group: 'Files', run: () => session.ask('new-folder') },
    session.mayEdit.value && { id: 'upload', label: 'Upload files…', group: 'Files', run: () => session.ask('upload') },
    { id: 'export', label: 'Download all files as zip', group: 'Files', run: () => location.assign(api.exportUrl(session.info.value.id)) },
    { id: 'versions', label: 'History of versions…', group: 'Session', run: () => (session.dialog.value = 'versions') },
    { id: 'share', label: 'Share…', group: 'Session', run: () => (session.dialog.value = 'share') },
    { id: 'copy', label: 'Copy the address of this session', group: 'Session', run: () => void attempt(async () => (await copyText(location.origin + location.pathname), toast('Copied'))) },
    owner && { id: 'rename', label: 'Rename the session', group: 'Session', run: () => session.ask('rename') },
    { id: 'fork', label: 'Fork: a copy of my own', group: 'Session', run: () => void attempt(async () => go(`/s/${encodeURIComponent((await api.forkSession(session.info.value.id)).id)}`)) },
    { id: 'home', label: 'All sessions', group: 'Session', run: () => go('/') },
    { id: 'settings', label: 'Editor settings…', group: 'Looks', run: () => (session.dialog.value = 'settings') },
    { id: 'theme', label: 'Switch theme', group: 'Looks', run: nextTheme },
    { id: 'larger', label: 'Larger code', group: 'Looks', run: () => zoom(1) },
    { id: 'smaller', label: 'Smaller code', group: 'Looks', run: () => zoom(-1) },
    { id: 'wrap', label: settings.value.wrap ? 'Do not wrap long lines' : 'Wrap long lines', group: 'Looks', run: () => changeSettings({ wrap: !settings.value.wrap }) },
    ...KEYMAPS.filter((name) => name !== settings.value.keymap).map((name): Command => ({ id: `keys-${name}`, label: `Keys: ${KEYMAP_NAMES[name]}`, group: 'Editor', run: () => changeSettings({ keymap: name }) })),
    session.following.value !== null && { id: 'unfollow', label: 'Stop following', group: 'People', run: () => session.follow(null) },
    ...doc.members.value
      .filter((member) => !member.self && member.id !== session.following.value)
      .map((member): Command => ({ id: `follow-${member.id}`, label: `Follow ${member.name}`, group: 'People', run: () => session.follow(member.id) })),
    ...doc.files.value.map((file): Command => ({ id: `file-${file.id}`, label: shownName(file.name), group: 'File', run: () => session.open(file.id) })),
  ];
  return commands.filter((command): command is Command => command !== false);
}
