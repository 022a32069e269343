import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { parseLogsSearch } from "../features/log/logs-search.ts";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const LogsPage = lazy(async () => ({ default: (await import("../features/log/logs-page.tsx")).LogsPage }));
const FieldsPage = lazy(async () => ({ default: (await import("../features/log/fields-page.tsx")).FieldsPage }));
const DyeingPage = lazy(async () => ({ default: (await import("../features/dyeing/dyeing-page.tsx")).DyeingPage }));

/** `/logs?service=Flight.mod_flight&level=error&range=6h` */
export const logsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/logs",
  validateSearch: parseLogsSearch,
  component: function LogsRoute() {
    const search = logsRoute.useSearch();
    const navigate = logsRoute.useNavigate();
    useTitle(useTranslation().t("logs.title"));
    return <LogsPage search={search} onSearch={(next, replace) => void navigate({ search: next, replace })} />;
  },
});

/** `/logs/fields` */
export const logFieldsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/logs/fields",
  component: function LogFieldsRoute() {
    useTitle(useTranslation().t("logs.fieldsTitle"));
    return <FieldsPage />;
  },
});

/** `/dyeing` */
export const dyeingRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/dyeing",
  component: function DyeingRoute() {
    useTitle(useTranslation().t("dyeing.title"));
    return <DyeingPage />;
  },
});
