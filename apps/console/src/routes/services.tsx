import { createRoute, redirect } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { OverviewSort, parseOverviewSearch } from "../features/service/overview-sort.ts";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const OverviewPage = lazy(async () => ({
  default: (await import("../features/service/overview-page.tsx")).OverviewPage,
}));

/** `/?sort=failed` */
export const servicesRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/",
  validateSearch: parseOverviewSearch,
  component: function ServicesRoute() {
    useTitle(useTranslation().t("nav.services"));
    const { sort = OverviewSort.Name } = servicesRoute.useSearch();
    const navigate = servicesRoute.useNavigate();
    const change = (next: OverviewSort) =>
      void navigate({ search: next === OverviewSort.Name ? {} : { sort: next }, replace: true });
    return <OverviewPage sort={sort} onSort={change} />;
  },
});

/** `/services`: where one comes to who shortens the address of a service. */
export const servicesAliasRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/services",
  beforeLoad: () => {
    throw redirect({ to: "/", replace: true });
  },
});
