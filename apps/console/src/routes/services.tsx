import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const OverviewPage = lazy(async () => ({
  default: (await import("../features/service/overview-page.tsx")).OverviewPage,
}));

/** `/` */
export const servicesRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/",
  component: function ServicesRoute() {
    useTitle(useTranslation().t("nav.services"));
    return <OverviewPage />;
  },
});
