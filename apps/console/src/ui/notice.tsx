import type { ReactNode } from "react";
import { type Mark, StatusMark } from "./status-mark.tsx";
import "./notice.css";

/** What an empty or failed part of a page says: what it is, and what to do next. */
export interface NoticeProps {
  readonly mark?: Mark;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  /** Words of a machine, in small print. */
  readonly detail?: string | undefined;
  readonly actions?: ReactNode;
  /** `alert` is read out at once; default `status`. */
  readonly role?: "alert" | "status";
}

/** Says what is not there and what to do. */
export function Notice({ mark, title, children, detail, actions, role = "status" }: NoticeProps) {
  return (
    <div className="notice" role={role}>
      <p className="notice-title">
        {mark !== undefined && <StatusMark mark={mark} />}
        {title}
      </p>
      {children !== undefined && <p>{children}</p>}
      {detail !== undefined && detail !== "" && <p className="detail">{detail}</p>}
      {actions !== undefined && <div className="actions">{actions}</div>}
    </div>
  );
}

/**
 * Grey lines where text will be.
 *
 * @param label what is being loaded, for screen readers
 * @param lines how many, default 4
 */
export function Loading({ label, lines = 4 }: { readonly label: string; readonly lines?: number }) {
  return (
    <div className="loading" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, index) => index).map((line) => (
        <i key={line} />
      ))}
    </div>
  );
}
