/** A row of values as a small picture. */
export interface SparkProps {
  readonly values: readonly number[];
  /** Values drawn over the others in the failure colour, on the same scale. */
  readonly failures?: readonly number[];
  /** What it shows, for screen readers. */
  readonly label: string;
  readonly width?: number;
  readonly height?: number;
}

// Less than this part of the height is less than half a pixel: a line along the ground that says nothing.
const VISIBLE_PART = 0.03;

function pathOf(values: readonly number[], peak: number, width: number, height: number): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  return values
    .map((value, index) => {
      const y = height - 1 - (peak > 0 ? (value / peak) * (height - 3) : 0);
      return `${index === 0 ? "M" : "L"}${(index * step).toFixed(1)},${y.toFixed(1)}`;
    })
    .join("");
}

/** A small curve without axes; empty values draw a line at the ground. */
export function Sparkline({ values, failures, label, width = 112, height = 20 }: SparkProps) {
  const peak = Math.max(0, ...values);
  const line = pathOf(values, peak, width, height);
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
      style={{ display: "block" }}
    >
      {values.length > 1 && (
        <>
          {peak > 0 && <path d={`${line}L${width},${height}L0,${height}Z`} fill="var(--accent)" opacity="0.1" />}
          <path d={line} fill="none" stroke={peak > 0 ? "var(--accent)" : "var(--line-strong)"} strokeWidth="1.2" />
          {failures?.some((value) => value > peak * VISIBLE_PART) && (
            <path d={pathOf(failures, peak, width, height)} fill="none" stroke="var(--fail)" strokeWidth="1.2" />
          )}
        </>
      )}
    </svg>
  );
}

/** A bar for each value, its failures at the foot of it: the last seconds of one instance. */
export function RateBars({ values, failures, label, width = 60, height = 18 }: SparkProps) {
  const peak = Math.max(1, ...values);
  const slot = width / Math.max(1, values.length);
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
      style={{ display: "block" }}
    >
      <path d={`M0,${height - 0.5}H${width}`} stroke="var(--line-strong)" strokeWidth="1" />
      {values.map((value, index) => {
        const tall = (value / peak) * (height - 2);
        const failed = ((failures?.[index] ?? 0) / peak) * (height - 2);
        const x = index * slot + 0.5;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its position
          <g key={index}>
            <rect
              x={x}
              y={height - 1 - tall}
              width={slot - 1.5}
              height={tall}
              fill="var(--accent)"
              opacity="0.75"
              rx="0.5"
            />
            {failed > 0 && (
              <rect x={x} y={height - 1 - failed} width={slot - 1.5} height={failed} fill="var(--fail)" rx="0.5" />
            )}
          </g>
        );
      })}
    </svg>
  );
}
