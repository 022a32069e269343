import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { parseCapacitySearch } from "../features/capacity/capacity-search.ts";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const CapacityPage = lazy(async () => ({
  default: (await import("../features/capacity/capacity-page.tsx")).CapacityPage,
}));

/** `/capacity?view=hosts&above=60&resource=memory` */
export const capacityRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/capacity",
  validateSearch: parseCapacitySearch,
  component: function CapacityRoute() {
    const search = capacityRoute.useSearch();
    const navigate = capacityRoute.useNavigate();
    useTitle(useTranslation().t("capacity.title"));
    return <CapacityPage search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />;
  },
});
