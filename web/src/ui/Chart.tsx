/** A small chart of one figure over time, drawn by uPlot in the colours of the theme. */
import './locale';
import 'uplot/dist/uPlot.min.css';
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { theme } from '../theme';

const HEIGHT_PX = 170;
const WHOLE = [1, 2, 5].flatMap((first) => Array.from({ length: 10 }, (_, zeros) => first * 10 ** zeros)).sort((a, b) => a - b);
const { bars } = uPlot.paths;

interface Props {
  title: string;
  /** Seconds since the epoch, and a value for each. */
  data: [number[], number[]];
  format: (value: number) => string;
  step: 'hour' | 'day';
  /** What is counted: no mark between two whole numbers. */
  whole?: boolean;
}

export function Chart({ title, data, format, step, whole = false }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const formatNow = useRef(format);
  formatNow.current = format;
  const look = theme.value;
  useLayoutEffect(() => {
    const at = box.current;
    if (at === null) return;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(options(at, step, whole, (value) => formatNow.current(value)), data, at);
    };
    draw();
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    const size = new ResizeObserver(() => plot.current?.setSize({ width: at.clientWidth, height: HEIGHT_PX }));
    size.observe(at);
    return () => {
      scheme.removeEventListener('change', draw);
      size.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [look, step, whole]);
  useLayoutEffect(() => plot.current?.setData(data), [data]);
  const values = data[1];
  const total = values.reduce((sum, value) => sum + value, 0);
  const most = values.reduce((max, value) => Math.max(max, value), 0);
  return (
    <figure class="chart card">
      <figcaption>{title} <span class="muted">a {step}</span></figcaption>
      <div ref={box} class="chart-box" role="img" aria-label={`${title} over time: ${format(total)} together, at most ${format(most)} a ${step}`} />
    </figure>
  );
}

function options(at: HTMLElement, step: 'hour' | 'day', whole: boolean, format: (value: number) => string): uPlot.Options {
  const style = getComputedStyle(at);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const stepS = step === 'hour' ? 3600 : 86_400;
  const grid = { stroke: color('--border'), width: 1 };
  const font = `11px ${style.fontFamily}`;
  const when = (seconds: number): string =>
    new Date(seconds * 1000).toLocaleString('en-GB', step === 'hour' ? { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } : { day: 'numeric', month: 'short', timeZone: 'UTC' });
  return {
    width: at.clientWidth,
    height: HEIGHT_PX,
    padding: [10, 12, 0, 0],
    legend: { live: true },
    cursor: { y: false, points: { show: false } },
    scales: { x: { range: (_, from, to) => [from - stepS / 2, to + stepS / 2] }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { stroke: color('--muted'), font, grid: { show: false }, ticks: grid, size: 34, space: 70, values: (_, splits) => splits.map((split) => (step === 'hour' ? when(split).replace(/^.*, /, '') : when(split))) },
      {
        stroke: color('--muted'), font, grid, ticks: { show: false }, size: 64, space: 36, ...(whole ? { incrs: WHOLE } : {}),
        // Without anything to show, the scale above zero says nothing.
        values: (plot, splits) => splits.map((split) => (split > 0 && !plot.data[1]?.some((value) => (value ?? 0) > 0) ? '' : format(split))),
      },
    ],
    series: [
      { value: (_, seconds) => (seconds === null ? '' : when(seconds)), label: 'Time' },
      {
        label: 'Value', stroke: color('--accent'), fill: color('--accent'), width: 0, points: { show: false },
        ...(bars === undefined ? {} : { paths: bars({ size: [0.72, 40], radius: 0.15 }) }),
        value: (_, value) => (value === null ? '' : format(value)),
      },
    ],
  };
}
