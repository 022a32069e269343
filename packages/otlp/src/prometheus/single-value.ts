import type { MetricFamily } from "./exposition.ts";

/** A family of one number without labels. */
export function singleValue(type: "counter" | "gauge", name: string, help: string, value: number): MetricFamily {
  return { name, help, type, samples: [{ labels: {}, value }] };
}
