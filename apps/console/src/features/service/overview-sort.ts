import type { Service } from "@msec/api/console/v1/registry_pb.js";
import { type CallTotals, type Curve, totalsOf } from "../call/series.ts";
import { type Health, serviceHealth } from "./service-health.ts";

/** What the overview can be sorted by; names go up, everything else begins with what deserves a look. */
export const OverviewSort = { Name: "name", Health: "health", Calls: "calls", Failed: "failed", P99: "p99" } as const;
/** What the overview can be sorted by. */
export type OverviewSort = (typeof OverviewSort)[keyof typeof OverviewSort];

/** One row of the overview. */
export interface OverviewRow {
  readonly service: Service;
  readonly health: Health;
  /** The service's only curve; undefined when it was not called. */
  readonly curve: Curve | undefined;
  readonly totals: CallTotals;
}

const urgency: Record<Health, number> = { down: 0, degraded: 1, out: 2, empty: 3, unknown: 4, ok: 5 };

/**
 * The rows of the overview.
 *
 * @param steps how many of a curve's last points count for the totals
 */
export function overviewRows(
  services: readonly Service[],
  curves: readonly Curve[],
  steps: number,
  sort: OverviewSort,
): readonly OverviewRow[] {
  const byService = new Map(curves.map((curve) => [curve.service, curve]));
  const rows = services.map((service) => {
    const curve = byService.get(service.name);
    return { service, health: serviceHealth(service), curve, totals: totalsOf(curve ? [curve] : [], steps) };
  });
  return rows.sort((a, b) => rank(a, sort) - rank(b, sort) || (a.service.name < b.service.name ? -1 : 1));
}

function rank({ health, totals }: OverviewRow, sort: OverviewSort): number {
  if (sort === OverviewSort.Health) return urgency[health];
  if (sort === OverviewSort.Calls) return -totals.calls;
  if (sort === OverviewSort.Failed) return -(totals.failureRatio || 0);
  if (sort === OverviewSort.P99) return -(totals.worstP99Ms || 0);
  return 0;
}

/** Reads the sort order of a link; what does not make sense is the order by name. */
export function parseOverviewSearch(search: Record<string, unknown>): { readonly sort?: OverviewSort } {
  const known: readonly unknown[] = Object.values(OverviewSort);
  return known.includes(search.sort) && search.sort !== OverviewSort.Name ? { sort: search.sort as OverviewSort } : {};
}
