import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { parseMonitorSearch } from "../features/metric/monitor-search.ts";
import { changesOnly } from "../lib/changes-only.ts";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const MonitorPage = lazy(async () => ({ default: (await import("../features/metric/monitor-page.tsx")).MonitorPage }));
const HowToReportPage = lazy(async () => ({
  default: (await import("../features/metric/how-to-report-page.tsx")).HowToReportPage,
}));
const RetentionPage = lazy(async () => ({
  default: (await import("../features/metric/retention-page.tsx")).RetentionPage,
}));

/** `/monitor?service=Flight.mod_flight&names=^usr.*$&range=24h&vs=1` */
export const monitorRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/monitor",
  validateSearch: parseMonitorSearch,
  component: function MonitorRoute() {
    const search = monitorRoute.useSearch();
    const navigate = monitorRoute.useNavigate();
    useTitle(useTranslation().t("nav.monitor"));
    return (
      <MonitorPage
        search={search}
        onSearch={(next) =>
          void navigate({ search: next, replace: changesOnly(search, next, ["hide"]), resetScroll: false })
        }
      />
    );
  },
});

/** `/monitor/reporting` */
export const reportingRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/monitor/reporting",
  component: function ReportingRoute() {
    useTitle(useTranslation().t("monitoring.title"));
    return <HowToReportPage />;
  },
});

/** `/monitor/retention` */
export const retentionRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/monitor/retention",
  component: function RetentionRoute() {
    useTitle(useTranslation().t("retention.title"));
    return <RetentionPage />;
  },
});
