import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { parseRequestsSearch } from "../features/request/requests-search.ts";
import { changesOnly } from "../lib/changes-only.ts";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const RequestsPage = lazy(async () => ({
  default: (await import("../features/request/requests-page.tsx")).RequestsPage,
}));

/** `/requests?service=Flight.mod_flight&failed=true` */
export const requestsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/requests",
  validateSearch: parseRequestsSearch,
  component: function RequestsRoute() {
    const search = requestsRoute.useSearch();
    const navigate = requestsRoute.useNavigate();
    useTitle(useTranslation().t("nav.requests"));
    return (
      <RequestsPage
        search={search}
        onSearch={(next) =>
          void navigate({ search: next, replace: changesOnly(search, next, ["paused"]), resetScroll: false })
        }
      />
    );
  },
});
