import { formatBytes, formatDuration, formatRate, formatTick } from "../../lib/format.ts";

/**
 * How values of an attribute are written.
 *
 * @param unit  `percent`, `bytes`, `ms`, `count`, or empty
 */
export function metricFormat(unit: string): (value: number) => string {
  switch (unit) {
    case "percent":
      return (value) => `${formatRate(value)} %`;
    case "bytes":
      return formatBytes;
    case "ms":
      return (value) => formatDuration(value * 1_000);
    default:
      return formatLarge;
  }
}

// Five digits are as much as fits beside a chart.
function formatLarge(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${formatRate(value / 1e9)} G`;
  if (size >= 1e6) return `${formatRate(value / 1e6)} M`;
  if (size >= 1e5) return `${formatRate(value / 1e3)} k`;
  if (size > 0 && size < 10 && !Number.isInteger(value)) return value.toFixed(size < 0.1 ? 3 : 2);
  return formatTick(value);
}

/** Which text says what one step of a counter is. */
export function perStepKey(stepS: number) {
  switch (stepS) {
    case 1:
      return "step.second";
    case 10:
      return "step.seconds10";
    case 60:
      return "step.minute";
    case 600:
      return "step.minutes10";
    case 3_600:
      return "step.hour";
    default:
      return "step.day";
  }
}
