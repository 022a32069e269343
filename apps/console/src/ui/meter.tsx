import "./meter.css";

/** A part of a whole as a thin bar. */
export interface MeterProps {
  /** 0…1; more is drawn as 1. */
  readonly ratio: number;
  readonly label: string;
  /** From here on it is drawn as a warning; default 0.85. */
  readonly warnFrom?: number;
}

/** A part of a whole as a thin bar. */
export function Meter({ ratio, label, warnFrom = 0.85 }: MeterProps) {
  const bounded = Number.isFinite(ratio) ? Math.min(1, Math.max(0, ratio)) : 0;
  return (
    <span className={`meter ${bounded >= warnFrom ? "warn" : ""}`} role="img" aria-label={label}>
      <span style={{ width: `${bounded * 100}%` }} />
    </span>
  );
}
