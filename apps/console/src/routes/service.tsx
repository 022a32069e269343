import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { parseServiceSearch } from "../features/service/service-search.ts";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const ServicePage = lazy(async () => ({ default: (await import("../features/service/service-page.tsx")).ServicePage }));

/** `/services/Flight.mod_flight?open=["instance id"]` */
export const serviceRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/services/$name",
  validateSearch: parseServiceSearch,
  component: function ServiceRoute() {
    const { name } = serviceRoute.useParams();
    const search = serviceRoute.useSearch();
    const navigate = serviceRoute.useNavigate();
    useTitle(name);
    return (
      <ServicePage
        name={name}
        search={search}
        onSearch={(next) => void navigate({ search: next, replace: true, resetScroll: false })}
      />
    );
  },
});

const PolicyPage = lazy(async () => ({ default: (await import("../features/service/policy-page.tsx")).PolicyPage }));

/** `/services/Flight.mod_flight/policy` */
export const policyRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/services/$name/policy",
  component: function PolicyRoute() {
    const { name } = policyRoute.useParams();
    useTitle(`${name} ${useTranslation().t("policy.tab")}`);
    return <PolicyPage name={name} />;
  },
});
