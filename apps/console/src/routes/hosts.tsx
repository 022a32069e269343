import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const HostsPage = lazy(async () => ({ default: (await import("../features/host/hosts-page.tsx")).HostsPage }));

/** `/hosts?open=["host id"]` */
export const hostsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/hosts",
  validateSearch: (search: Record<string, unknown>): { open?: readonly string[] } =>
    Array.isArray(search.open) ? { open: search.open.filter((id): id is string => typeof id === "string") } : {},
  component: function HostsRoute() {
    const { open } = hostsRoute.useSearch();
    const navigate = hostsRoute.useNavigate();
    useTitle(useTranslation().t("nav.hosts"));
    return <HostsPage open={open} onOpen={(next) => void navigate({ search: { open: next }, replace: true })} />;
  },
});
