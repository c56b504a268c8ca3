/** The icons, one stroke style, drawn with `currentColor`. */
import type { JSX } from 'preact';

const PATHS = {
  play: <path d="M7 4.5v15l12-7.5z" fill="currentColor" stroke="none" />,
  stop: <rect x="6" y="6" width="12" height="12" rx="2" fill="currentColor" stroke="none" />,
  plus: <path d="M12 5v14M5 12h14" />,
  close: <path d="M6 6l12 12M18 6L6 18" />,
  more: <path d="M5 12h.01M12 12h.01M19 12h.01" stroke-width="3" />,
  pencil: <path d="M4 20h4L19 9a2.8 2.8 0 00-4-4L4 16zM13.5 6.5l4 4" />,
  trash: <path d="M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3" />,
  share: <path d="M16 7a3 3 0 11-6 0 3 3 0 016 0zM5 20c.6-4 3.8-6 8-6 1.3 0 2.5.2 3.5.6M19 14v6M16 17h6" />,
  search: <path d="M11 18a7 7 0 100-14 7 7 0 000 14zM20 20l-4-4" />,
  download: <path d="M12 4v11M7 11l5 5 5-5M4 20h16" />,
  copy: <path d="M9 9h11v11H9zM15 9V4H4v11h5" />,
  history: <path d="M4 5v4h4M4.5 9A8 8 0 1112 20a8 8 0 01-7.5-5M12 8v4l3 2" />,
  versions: <path d="M12 3v5M12 16v5M12 16a4 4 0 100-8 4 4 0 000 8z" />,
  sliders: <path d="M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5a2.5 2.5 0 100-5 2.5 2.5 0 000 5zM9 19.5a2.5 2.5 0 100-5 2.5 2.5 0 000 5z" />,
  command: <path d="M9 9h6v6H9zM9 9V6.5A2.5 2.5 0 106.5 9H9zM15 9h2.5A2.5 2.5 0 1015 6.5V9zM15 15v2.5a2.5 2.5 0 102.5-2.5H15zM9 15H6.5A2.5 2.5 0 109 17.5V15z" />,
  fork: <path d="M7 8v8M7 8a2 2 0 100-4 2 2 0 000 4zM7 20a2 2 0 100-4 2 2 0 000 4zM17 8a2 2 0 100-4 2 2 0 000 4zM17 8c0 4-10 3-10 6" />,
  upload: <path d="M12 16V5M7 9l5-5 5 5M4 20h16" />,
  sun: <path d="M12 16a4 4 0 100-8 4 4 0 000 8zM12 2v2M12 20v2M4 12H2M22 12h-2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19" />,
  moon: <path d="M20 14.5A8.5 8.5 0 119.5 4a7 7 0 0010.5 10.5z" />,
  monitor: <path d="M4 5h16v11H4zM9 20h6M12 16v4" />,
  lock: <path d="M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3" />,
  globe: <path d="M12 21a9 9 0 100-18 9 9 0 000 18zM3 12h18M12 3c3 3 3.5 6 3.5 9S15 18 12 21c-3-3-3.5-6-3.5-9S9 6 12 3z" />,
  files: <path d="M4 6h6l2 2h8v11H4z" />,
  wrap: <path d="M4 6h16M4 12h13a3 3 0 010 6h-4M15 15.5L12.5 18l2.5 2.5M4 18h5" />,
  down: <path d="M12 5v14M6 13l6 6 6-6" />,
  chevron: <path d="M7 10l5 5 5-5" />,
  alert: <path d="M12 4l9 16H3zM12 10v4M12 17h.01" />,
  comment: <path d="M5 5h14v11H11l-5 4v-4H5z" />,
  bot: <path d="M5 9h14v10H5zM12 9V5M9 13v2M15 13v2M2 13v3M22 13v3" />,
  eye: <path d="M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7-10-7-10-7zM12 15a3 3 0 100-6 3 3 0 000 6z" />,
  link: <path d="M10 14a4 4 0 005.7 0l3-3a4 4 0 00-5.7-5.7l-1 1M14 10a4 4 0 00-5.7 0l-3 3a4 4 0 005.7 5.7l1-1" />,
  back: <path d="M19 12H5M11 6l-6 6 6 6" />,
  chart: <path d="M4 4v16h16M8 16v-4M12 16V8M16 16v-6" />,
  users: <path d="M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM3 20c.5-4 3-6 6-6s5.5 2 6 6M15.5 4.5a3.5 3.5 0 010 6M17 14.5c2.2.6 3.6 2.400 4 5.5" />,
  tag: <path d="M4 4h8l8 8-8 8-8-8zM8.5 8.5h.01" />,
  shield: <path d="M12 3l8 3v6c0 4.5-3.2 7.5-8 9-4.8-1.5-8-4.5-8-9V6z" />,
  bell: <path d="M6 17V11a6 6 0 0112 0v6l1.5 2h-15zM10 21.5h4" />,
  book: <path d="M5 4h12a2 2 0 012 2v14H7a2 2 0 01-2-2zM5 18a2 2 0 012-2h12M9 8h6" />,
  receipt: <path d="M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6" />,
  server: <path d="M4 4h16v6H4zM4 14h16v6H4zM8 7h.01M8 17h.01" />,
  power: <path d="M12 3v8M7 6.5a8 8 0 1010 0" />,
  key: <path d="M8 19a4 4 0 100-8 4 4 0 000 8zM11 12l9-9M17 6l3 3M14 9l2 2" />,
  check: <path d="M5 12.5l4.5 4.5L19 7.5" />,
  pause: <path d="M8 5v14M16 5v14" stroke-width="3" />,
  archive: <path d="M4 4h16v5H4zM5 9v11h14V9M10 13h4" />,
  gear: <path d="M12 15a3 3 0 100-6 3 3 0 000 6zM12 2v4M12 18v4M2 12h4M18 12h4M5 5l2.8 2.8M16.2 16.2L19 19M5 19l2.8-2.8M16.2 7.8L19 5" />,
  wallet: <path d="M4 6h14v3M4 6v13h16V9H6a2 2 0 01-2-2zM16 14h.01" />,
  terminal: <path d="M5 7l5 5-5 5M13 17h6" />,
  folderPlus: <path d="M4 6h6l2 2h8v11H4zM12 11v5M9.5 13.5h5" />,
  code: <path d="M9 8l-5 4 5 4M15 8l5 4-5 4" />,
  up: <path d="M7 14l5-5 5 5" />,
  out: <path d="M14 4H5v16h9M10 12h11M17 8l4 4-4 4" />,
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg
      class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor"
      stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"
    >
      {PATHS[name]}
    </svg>
  );
}
