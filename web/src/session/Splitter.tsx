/** The bar between editor and output: dragged, or moved with the arrow keys; remembered on this device. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const KEY = 'collab:output-percent';
const PERCENT_MIN = 18;
const PERCENT_MAX = 75;
const STEP = 4;

function stored(): number {
  try {
    const value = Number(localStorage.getItem(KEY));
    return value >= PERCENT_MIN && value <= PERCENT_MAX ? value : 38;
  } catch {
    return 38;
  }
}

export function Splitter(): JSX.Element {
  const [percent, setPercent] = useState(stored);
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    bar.current?.parentElement?.style.setProperty('--output', `${percent}%`);
    try {
      localStorage.setItem(KEY, String(percent));
    } catch {
      return;
    }
  }, [percent]);
  const to = (value: number): void => setPercent(Math.round(Math.min(PERCENT_MAX, Math.max(PERCENT_MIN, value))));
  const drag = (event: PointerEvent): void => {
    const panes = bar.current?.parentElement?.getBoundingClientRect();
    if (panes === undefined || !bar.current?.hasPointerCapture(event.pointerId)) return;
    const stacked = getComputedStyle(bar.current).cursor === 'row-resize';
    to(stacked ? ((panes.bottom - event.clientY) / panes.height) * 100 : ((panes.right - event.clientX) / panes.width) * 100);
  };
  return (
    <div
      ref={bar} class="splitter" role="separator" tabIndex={0} aria-label="Size of the output" aria-valuenow={percent}
      aria-valuemin={PERCENT_MIN} aria-valuemax={PERCENT_MAX}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)} onPointerMove={drag}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') to(percent + STEP);
        else if (event.key === 'ArrowRight' || event.key === 'ArrowDown') to(percent - STEP);
        else return;
        event.preventDefault();
      }}
    />
  );
}
