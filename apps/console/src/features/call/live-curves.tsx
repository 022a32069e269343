import { CallSide } from "@msec/api/console/v1/telemetry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatTick } from "../../lib/format.ts";
import { Loading, Notice } from "../../ui/notice.tsx";
import { chartLines } from "./chart-data.ts";
import { LazyChart } from "./lazy-chart.tsx";
import { callsQuery } from "./queries.ts";
import "./charts.css";

const SPAN_MS = 5 * 60_000;

/** Whose curves. */
export interface LiveCurvesProps {
  readonly service: string;
  /** It does not count its own calls: its callers do. */
  readonly external: boolean;
  /** Curves that are switched off. */
  readonly hidden: readonly string[] | undefined;
  readonly onToggle: (id: string) => void;
}

/** Calls and failures of a service's methods in the last five minutes, second by second. */
export function LiveCurves({ service, external, hidden: names, onToggle }: LiveCurvesProps) {
  const { t } = useTranslation();
  const hidden = new Set(names);
  const side = external ? CallSide.CLIENT : CallSide.SERVER;
  const calls = useQuery(
    callsQuery(useApi(), { service, side, spanMs: SPAN_MS, stepS: 1, byMethod: true, pollMs: 1000 }),
  );
  if (calls.data === undefined) {
    return calls.isError ? (
      <FailureNotice error={calls.error} onRetry={calls.refetch} />
    ) : (
      <Loading label={t("curves.loading")} lines={6} />
    );
  }
  const { timesMs, curves } = calls.data;
  if (curves.length === 0) return <Notice title={t("curves.emptyTitle")}>{t("curves.emptyTodo")}</Notice>;
  const common = {
    timesMs,
    syncKey: `live ${service}`,
    seconds: true,
    whole: true,
    formatValue: formatTick,
    onToggle,
    height: 150,
  };
  return (
    <>
      {calls.isError && <FailureNotice error={calls.error} onRetry={calls.refetch} besideData />}
      <div className="charts two">
        <LazyChart
          {...common}
          title={t("curves.calls")}
          unit={t("unit.perSecond")}
          label={t("curves.callsOf", { service })}
          curves={chartLines(curves, "calls", hidden)}
          filled={curves.length === 1}
        />
        <LazyChart
          {...common}
          title={t("curves.failures")}
          unit={t("unit.perSecond")}
          label={t("curves.failuresOf", { service })}
          curves={chartLines(curves, "failures", hidden)}
        />
      </div>
    </>
  );
}
