/** One value of a family. */
export type FamilySample = {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** A histogram's values: how many were at most each bound, and in all. */
export type HistogramSample = {
  readonly labels: Readonly<Record<string, string>>;
  /** As many as there are bounds; each counts the ones before as well. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
};

/** Everything of one name. */
export type MetricFamily = {
  /** Without `_total`, which counters get. */
  readonly name: string;
  readonly help: string;
} & (
  | { readonly type: "counter" | "gauge"; readonly samples: readonly FamilySample[] }
  | { readonly type: "histogram"; readonly bounds: readonly number[]; readonly samples: readonly HistogramSample[] }
);

/** The text that a scraper asked for, with its media type. */
export type Exposition = { readonly contentType: string; readonly text: string };

const LABEL_UNITS = 200;

/**
 * Families as Prometheus reads them: OpenMetrics where the scraper takes it, else its text format 0.0.4. Families without samples are left out.
 *
 * @param accept  the request's `Accept`
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function exposeMetrics(families: readonly MetricFamily[], accept: string | undefined): Exposition {
  const isOpen = /application\/openmetrics-text/.test(accept ?? "");
  const lines: string[] = [];
  for (const family of families) {
    if (family.samples.length === 0) continue;
    const full = family.type === "counter" ? `${family.name}_total` : family.name;
    const declared = isOpen ? family.name : full;
    lines.push(`# HELP ${declared} ${escapeHelp(family.help)}`, `# TYPE ${declared} ${family.type}`);
    if (family.type === "histogram") {
      for (const sample of family.samples) addHistogram(lines, family.name, family.bounds, sample);
    } else {
      for (const { labels, value } of family.samples) lines.push(`${full}${labelText(labels)} ${numberText(value)}`);
    }
  }
  if (isOpen) lines.push("# EOF");
  return {
    contentType: isOpen
      ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
      : "text/plain; version=0.0.4; charset=utf-8",
    text: `${lines.join("\n")}\n`,
  };
}

function addHistogram(lines: string[], name: string, bounds: readonly number[], sample: HistogramSample): void {
  const { labels, counts, count, sum } = sample;
  for (const [i, bound] of bounds.entries()) {
    // OpenMetrics wants a bound to be written as a float.
    const le = Number.isInteger(bound) ? `${bound}.0` : String(bound);
    lines.push(`${name}_bucket${labelText({ ...labels, le })} ${counts[i] ?? 0}`);
  }
  lines.push(`${name}_bucket${labelText({ ...labels, le: "+Inf" })} ${count}`);
  lines.push(`${name}_count${labelText(labels)} ${count}`, `${name}_sum${labelText(labels)} ${numberText(sum)}`);
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value
    .slice(0, LABEL_UNITS)
    .toWellFormed()
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
