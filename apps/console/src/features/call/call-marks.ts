import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { formatDateTime } from "../../lib/format.ts";
import type { ChartMark } from "../../ui/curve-chart.tsx";
import { eventMarks } from "../metric/chart-lines.ts";
import { eventsQuery } from "../metric/queries.ts";
import type { Grid } from "./series.ts";

/** What was done to a service in a range, as marks on its curves. */
export function useCallMarks(service: string, grid: Grid): ChartMark[] {
  const { t } = useTranslation();
  const { data } = useQuery(eventsQuery(useApi(), service, grid));
  return useMemo(() => eventMarks(data?.events ?? [], (key) => t(key), formatDateTime), [data, t]);
}
