/** The line in which a name is typed: Enter takes it, Escape and leaving the field give up, a bad name says why at once. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';

interface Props {
  initial: string;
  label: string;
  placeholder?: string;
  problemOf: (name: string) => string | null;
  onDone: (name: string) => void;
  onClose: () => void;
}

export function NameField({ initial, label, placeholder = 'name.js', problemOf, onDone, onClose }: Props): JSX.Element {
  const [name, setName] = useState(initial);
  const problem = name === '' || name === initial ? null : problemOf(name);
  const closed = useRef(false); // the field loses focus once more while it is taken away
  const close = (): void => {
    closed.current = true;
    onClose();
  };
  const done = (): void => {
    if (closed.current || (name !== initial && problemOf(name) !== null)) return;
    if (name !== initial) onDone(name);
    close();
  };
  return (
    <form class="name-field" onSubmit={(event) => (event.preventDefault(), done())}>
      <input
        value={name} placeholder={placeholder} aria-label={label} aria-invalid={problem !== null} spellcheck={false} autocapitalize="off"
        ref={(input) => {
          if (input === null || document.activeElement === input) return;
          input.focus();
          const from = initial.lastIndexOf('/') + 1;
          const dot = initial.lastIndexOf('.');
          input.setSelectionRange(from, dot > from ? dot : initial.length);
        }}
        onInput={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && close()} onBlur={() => (closed.current ? undefined : name === initial || name === '' ? close() : done())}
      />
      {problem === null ? null : <p class="name-problem" role="alert">{problem}</p>}
    </form>
  );
}
