import { type ReactNode, useId } from "react";

/** A framed part of a page with a heading; a landmark for screen readers. */
export interface PanelProps {
  readonly title: ReactNode;
  /** A number or a short text right after the title. */
  readonly count?: ReactNode;
  /** Controls at the right of the heading. */
  readonly tools?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}

/** A framed part of a page with a heading. */
export function Panel({ title, count, tools, children, className = "" }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>
          {title}
          {count !== undefined && <span className="count">{count}</span>}
        </h2>
        <span className="spacer" />
        {tools}
      </div>
      {children}
    </section>
  );
}
