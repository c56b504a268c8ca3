/** A table of rows that is a list of cards where it has too little room, and the states that such a list can be in. */
import type { ComponentChildren, JSX, RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Live } from './live';
import { Icon, type IconName } from './icons';
import { Empty } from './parts';
import { attempt } from './toast';

export interface Column<T> {
  title: string;
  cell: (row: T) => ComponentChildren;
  /** Figures stand to the right, in digits of one width. */
  figure?: boolean;
  /** What the row is known by: its header. */
  key?: boolean;
  /** A sentence, which may take several lines. */
  long?: boolean;
  /** No title on a card: buttons, mostly. */
  bare?: boolean;
}

interface TableProps<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  id: (row: T) => string;
}

export function Table<T>({ label, columns, rows, id }: TableProps<T>): JSX.Element {
  const cells = (row: T): JSX.Element[] =>
    columns.map((column) => {
      const name = [column.figure ? 'figure' : '', column.bare ? 'bare' : '', column.long ? 'long' : ''].filter((part) => part !== '').join(' ') || undefined;
      const inner = column.cell(row);
      if (column.key) return <th key={column.title} scope="row" class={name} data-title={column.title}>{inner}</th>;
      return <td key={column.title} class={name} data-title={column.title}>{inner}</td>;
    });
  const { box, cards } = useRoom();
  return (
    <div class={cards ? 'table-box cards' : 'table-box'} ref={box}>
      <table class="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={column.figure ? 'figure' : undefined}>
                {column.bare ? <span class="visually-hidden">{column.title}</span> : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{rows.map((row) => <tr key={id(row)} data-row={id(row)}>{cells(row)}</tr>)}</tbody>
      </table>
    </div>
  );
}

/** Whether what is in the box is wider than the box, as long as it is a table; it is one again where that much room is. */
function useRoom(): { box: RefObject<HTMLDivElement | null>; cards: boolean } {
  const box = useRef<HTMLDivElement>(null);
  const [cards, setCards] = useState(false);
  const needed = useRef(0);
  const measure = (): void => {
    const at = box.current;
    if (at === null || at.clientWidth === 0) return;
    if (!cards) needed.current = at.scrollWidth;
    setCards(needed.current > at.clientWidth);
  };
  const now = useRef(measure);
  now.current = measure;
  useLayoutEffect(() => now.current());
  useLayoutEffect(() => {
    if (box.current === null) return;
    const observer = new ResizeObserver(() => now.current());
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return { box, cards };
}

interface LoadedProps<T> {
  live: Live<T>;
  /** What is loading, as in “The users could not be loaded”. */
  what: string;
  children: (data: T) => ComponentChildren;
}

/** A skeleton, a failure that can be tried again, or what was loaded, with a note when it could not be brought up to date. */
export function Loaded<T>({ live, what, children }: LoadedProps<T>): JSX.Element {
  if (live.data === null) {
    if (live.error === null) return <div key="waiting" class="skeleton-box skeleton" role="status" aria-label={`Loading ${what}`} />;
    const again = <button type="button" class="button" onClick={() => void live.reload()}>Try again</button>;
    return <Empty icon="alert" title={`The ${what} could not be loaded`} action={again}>{live.error}</Empty>;
  }
  return (
    <div class={live.busy ? 'loaded loaded-busy' : 'loaded'} aria-busy={live.busy}>
      {live.error === null ? null : (
        <p class="notice notice-warn" role="status"><Icon name="alert" /> Not up to date: {live.error}</p>
      )}
      {children(live.data)}
    </div>
  );
}

interface ListProps<T> extends TableProps<T> {
  empty: { icon: IconName; title: string; text?: string };
  more?: (() => Promise<void>) | null;
}

export function List<T>({ empty, more, ...table }: ListProps<T>): JSX.Element {
  if (table.rows.length === 0) return <Empty icon={empty.icon} title={empty.title}>{empty.text}</Empty>;
  return (
    <>
      <Table key={table.label} {...table} />
      {more == null ? null : <button type="button" class="button more" onClick={() => void attempt(more)}>Load more</button>}
    </>
  );
}
