import type { Attribute } from "@msec/api/console/v1/metrics_pb.js";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { serverNow } from "../../lib/server-clock.ts";
import { type CardActions, MetricCard } from "./metric-card.tsx";
import { type MonitorSearch, monitorGrid } from "./monitor-search.ts";
import { useNearScreen } from "./near-screen.ts";
import { metricsQuery } from "./queries.ts";
import { useMarks } from "./use-marks.ts";

// One question for so many charts: a screen or two, and a multiple of one, two, three and four columns.
const CHUNK = 12;
const CHUNK_MARGIN_PX = 900;

/** All charts of a page. */
export interface MetricGridProps {
  readonly search: MonitorSearch;
  readonly attributes: readonly Attribute[];
  readonly actions: CardActions;
}

/** A chart for each attribute; asks for those near the screen only. */
export function MetricGrid({ search, attributes, actions }: MetricGridProps) {
  const chunks = useMemo(
    () =>
      Array.from({ length: Math.ceil(attributes.length / CHUNK) }, (_, i) =>
        attributes.slice(i * CHUNK, (i + 1) * CHUNK),
      ),
    [attributes],
  );
  return (
    <div className="metric-grid">
      {chunks.map((chunk) => (
        <Chunk key={chunk[0]!.name} search={search} attributes={chunk} actions={actions} />
      ))}
    </div>
  );
}

function Chunk({ search, attributes, actions }: MetricGridProps) {
  const { t } = useTranslation();
  const api = useApi();
  const box = useRef<HTMLDivElement>(null);
  const near = useNearScreen(box, CHUNK_MARGIN_PX);
  const names = attributes.map(({ name }) => name);
  const { vs = 0 } = search;
  const now = useQuery({ ...metricsQuery(api, search, names), enabled: near });
  const earlier = useQuery({ ...metricsQuery(api, search, names, vs), enabled: near && vs > 0 });
  const before = useMemo(
    () =>
      vs > 0 && earlier.data !== undefined
        ? { curves: earlier.data, label: t("monitor.daysBefore", { count: vs }) }
        : undefined,
    [vs, earlier.data, t],
  );
  const marks = useEventMarks(search);
  return (
    <>
      {now.isError && <FailureNotice error={now.error} onRetry={now.refetch} besideData={now.data !== undefined} />}
      <div className="metric-chunk" ref={box}>
        {attributes.map((attribute) => (
          <MetricCard
            key={attribute.name}
            attribute={attribute}
            curves={now.data}
            before={before}
            marks={marks}
            hide={search.hide}
            actions={actions}
          />
        ))}
      </div>
    </>
  );
}

/** What was done to the service of a page, as marks. */
export function useEventMarks(search: MonitorSearch) {
  return useMarks(search.service ?? "", monitorGrid(search, serverNow()));
}
