import type { ReactNode } from "react";
import "./status-mark.css";

/** The kinds of state that a mark can tell; each has a shape of its own, so that colour is never alone. */
export const Mark = {
  /** Filled circle: as it should be. */
  Ok: "ok",
  /** Half circle: on its way. */
  Progress: "progress",
  /** Triangle: partly wrong. */
  Warn: "warn",
  /** Diamond: wrong. */
  Fail: "fail",
  /** Hollow square: off, on purpose. */
  Off: "off",
  /** Dotted ring: nobody knows. */
  Unknown: "unknown",
} as const;
/** The kinds of state that a mark can tell. */
export type Mark = (typeof Mark)[keyof typeof Mark];

const shapes: Record<Mark, ReactNode> = {
  ok: <circle cx="5" cy="5" r="3.6" fill="currentColor" />,
  progress: (
    <>
      <circle cx="5" cy="5" r="3.4" fill="none" stroke="currentColor" strokeWidth="1.3" />
      <path d="M5 1.6a3.4 3.4 0 0 1 0 6.8Z" fill="currentColor" />
    </>
  ),
  warn: <path d="M5 .9 9.4 8.8H.6Z" fill="currentColor" />,
  fail: <path d="M5 .4 9.6 5 5 9.6.4 5Z" fill="currentColor" />,
  off: <rect x="1.9" y="1.9" width="6.2" height="6.2" rx="1" fill="none" stroke="currentColor" strokeWidth="1.3" />,
  unknown: (
    <circle cx="5" cy="5" r="3.5" fill="none" stroke="currentColor" strokeWidth="1.3" strokeDasharray="1.6 1.5" />
  ),
};

/** A mark of ten pixels; says nothing to screen readers, the word beside it does. */
export function StatusMark({ mark }: { readonly mark: Mark }) {
  return (
    <svg className={`status-mark ${mark}`} width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {shapes[mark]}
    </svg>
  );
}

/** A mark and its word. */
export function Status({ mark, children }: { readonly mark: Mark; readonly children: ReactNode }) {
  return (
    <span className="status">
      <StatusMark mark={mark} />
      <span>{children}</span>
    </span>
  );
}
