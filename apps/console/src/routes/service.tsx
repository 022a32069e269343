import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const ServicePage = lazy(async () => ({ default: (await import("../features/service/service-page.tsx")).ServicePage }));

/** `/services/Flight.mod_flight` */
export const serviceRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/services/$name",
  component: function ServiceRoute() {
    const { name } = serviceRoute.useParams();
    useTitle(name);
    return <ServicePage name={name} />;
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
