import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { formatClock, formatDateTime, isSameDay } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import type { ChartHappenings } from "../../ui/curve-chart.tsx";
import { eventMarks } from "./event-marks.ts";
import { eventsQuery } from "./queries.ts";

/** What was done to a service in a range, as marks on its curves. @param service empty: none */
export function useMarks(service: string, range: { readonly fromMs: number; readonly toMs: number }): ChartHappenings {
  const { t } = useTranslation();
  const { data } = useQuery(eventsQuery(useApi(), service, range));
  const { history } = useRouter();
  return useMemo(
    () => ({
      marks: eventMarks(data?.events ?? [], t, clockOf),
      label: t("event.marks"),
      onFollow: (href) => history.push(href),
    }),
    [data, t, history],
  );
}

/** The day only where it is not today. */
function clockOf(ms: number): string {
  return isSameDay(ms, serverNow()) ? formatClock(ms) : formatDateTime(ms);
}
