import type { Attribute } from "@msec/api/console/v1/metrics_pb.js";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { curveOwner } from "./chart-lines.ts";
import { type CardActions, MetricCard } from "./metric-card.tsx";
import { useEventMarks } from "./metric-grid.tsx";
import type { MonitorSearch } from "./monitor-search.ts";
import { type MetricCurves, metricsQuery } from "./queries.ts";

/** One attribute, a chart for each instance or host (按IP查看), so that small ones are seen beside large ones. */
export function SplitGrid({
  search,
  attribute,
  actions,
}: {
  readonly search: MonitorSearch;
  readonly attribute: Attribute;
  readonly actions: CardActions;
}) {
  const { t } = useTranslation();
  const api = useApi();
  const { vs = 0 } = search;
  const now = useQuery(metricsQuery(api, search, [attribute.name]));
  const earlier = useQuery({ ...metricsQuery(api, search, [attribute.name], vs), enabled: vs > 0 });
  const marks = useEventMarks(search);
  const parts = useMemo(() => {
    const before = vs > 0 && earlier.data !== undefined ? partsOf(attribute.name, earlier.data) : new Map();
    const label = t("monitor.daysBefore", { count: vs });
    return [...partsOf(attribute.name, now.data)].map(([owner, curves]) => {
      const same: MetricCurves | undefined = before.get(owner);
      return { owner, curves, before: same === undefined ? undefined : { curves: same, label } };
    });
  }, [attribute.name, now.data, earlier.data, vs, t]);
  if (now.data === undefined) {
    return now.isError ? (
      <FailureNotice error={now.error} onRetry={now.refetch} />
    ) : (
      <Loading label={attribute.name} lines={6} />
    );
  }
  return (
    <div className="metric-grid">
      {now.data.truncated && <Notice title={t("monitor.truncated")} />}
      <div className="metric-chunk">
        {parts.map(({ owner, curves, before }) => (
          <MetricCard
            key={owner}
            attribute={attribute}
            owner={owner}
            curves={curves}
            before={before}
            marks={marks}
            hide={search.hide}
            actions={actions}
          />
        ))}
      </div>
    </div>
  );
}

/** An answer of one attribute, taken apart by who reported. */
function partsOf(name: string, curves: MetricCurves | undefined): Map<string, MetricCurves> {
  const parts = new Map<string, MetricCurves>();
  for (const curve of curves?.byName.get(name) ?? []) {
    parts.set(curveOwner(curve), { ...curves!, byName: new Map([[name, [curve]]]) });
  }
  return parts;
}
