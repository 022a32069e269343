import type { ReactNode } from "react";

const shapes = {
  services: (
    <>
      <rect x="2.5" y="2.5" width="4.5" height="4.5" rx="1" />
      <rect x="9" y="9" width="4.5" height="4.5" rx="1" />
      <path d="M7 4.75h3.25a1 1 0 0 1 1 1V9" />
    </>
  ),
  map: (
    <>
      <circle cx="3.5" cy="8" r="1.6" />
      <circle cx="12" cy="3.8" r="1.6" />
      <circle cx="12" cy="12.2" r="1.6" />
      <path d="m5 7.3 5.4-2.8M5 8.7l5.4 2.8" />
    </>
  ),
  curves: <path d="M2.5 2.5v11h11M4.5 10.5l2.6-3.4 2.2 1.9 3.7-4.8" />,
  requests: <path d="M2.5 4.5h7M2.5 8h11M6.5 11.5h7" />,
  hosts: (
    <>
      <rect x="2.5" y="3" width="11" height="4" rx="1" />
      <rect x="2.5" y="9" width="11" height="4" rx="1" />
      <path d="M5 5h.01M5 11h.01" />
    </>
  ),
  capacity: <path d="M2.5 11.5a5.5 5.5 0 0 1 11 0M8 11.5l2.6-3.4M2.5 13.5h11" />,
  logs: <path d="M3.5 2.5h9v11h-9ZM6 5.5h4M6 8h4M6 10.5h2.5" />,
  dyeing: <path d="M8 2.2c2 2.6 3.8 4.6 3.8 7a3.8 3.8 0 0 1-7.6 0c0-2.4 1.8-4.4 3.8-7ZM6.2 9.5A1.9 1.9 0 0 0 8 11.4" />,
  alarms: <path d="M4 11V7a4 4 0 0 1 8 0v4l1.2 1.5H2.8ZM6.5 14h3" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4" />
      <path d="m10 10 3.5 3.5" />
    </>
  ),
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.2" />
      <path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2" />
    </>
  ),
  check: <path d="m3.5 8.5 3 3 6-7" />,
  chevron: <path d="m6 4 4 4-4 4" />,
  back: <path d="m10 4-4 4 4 4" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="2.75" />
      <path d="M8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M12.6 3.4l-1.1 1.1M4.5 11.5l-1.1 1.1" />
    </>
  ),
  moon: <path d="M13 9.6A5.6 5.6 0 0 1 6.4 3a5.3 5.3 0 1 0 6.6 6.6Z" />,
  system: (
    <>
      <rect x="2" y="3" width="12" height="8" rx="1.2" />
      <path d="M6 13.5h4" />
    </>
  ),
  signOut: <path d="M6.5 2.5h-3a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3M10.5 11l3-3-3-3M13 8H6" />,
  language: (
    <path d="M2 3.5h7M5.5 2v1.5M7.5 3.5C7 6.5 5 8.5 2.5 9.5M3.8 5.8c.7 1.7 2 3 3.7 3.7M8 14l3-7 3 7M9 11.8h4" />
  ),
  calendar: <path d="M3 4h10v9.5H3ZM3 7h10M5.5 2.5V4M10.5 2.5V4" />,
  pause: <path d="M5.5 3.5v9M10.5 3.5v9" />,
  play: <path d="M5 3.5v9l7.5-4.5Z" />,
  zoomOut: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="m10.5 10.5 3 3M5 7h4" />
    </>
  ),
  zoomIn: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="m10.5 10.5 3 3M5 7h4M7 5v4" />
    </>
  ),
  whole: <path d="M2.5 6v-3.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" />,
  reset: <path d="M3 3.2v3.3h3.3M3.2 6.3A5.2 5.2 0 1 1 2.9 9" />,
  menu: <path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11" />,
} as const satisfies Record<string, ReactNode>;

/** The icons that there are. */
export type IconName = keyof typeof shapes;

/**
 * A line icon on a grid of 16, in the colour of the text. Decoration only: the control around it has the name.
 *
 * @param size pixels, default 16
 */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {shapes[name]}
    </svg>
  );
}
