import { metricNameProblem } from "@msec/telemetry";
import type { KeyValue } from "../gen/opentelemetry/proto/common/v1/common_pb.js";
import { cut, valueText } from "./attributes.ts";
import { printable } from "./reporter.ts";

const VALUE_UNITS = 40;

/**
 * The name of a series: `http.server.active_requests{http.request.method=GET}`; attributes sorted, those that do not fit into our
 * 123 bytes left out.
 *
 * @returns `undefined` where not even the bare name can be used
 */
export function metricSeriesName(name: string, attributes: readonly KeyValue[]): string | undefined {
  const bare = printable(cut(name, 200));
  if (metricNameProblem(bare) !== undefined) return undefined;
  let full = bare;
  let inner = "";
  const pairs = attributes
    .slice(0, 64)
    .map(({ key, value }) => `${tidy(key)}=${tidy(valueText(value, VALUE_UNITS))}`)
    .sort();
  for (const pair of pairs) {
    const more = inner === "" ? pair : `${inner},${pair}`;
    if (metricNameProblem(`${bare}{${more}}`) !== undefined) continue;
    inner = more;
    full = `${bare}{${inner}}`;
  }
  return full;
}

// Braces, commas and semicolons separate: in a name, and in what people type on the monitor page.
function tidy(text: string): string {
  return printable(cut(text, VALUE_UNITS)).replace(/[{},;=]/g, "_");
}
