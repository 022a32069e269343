import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const FlowPage = lazy(async () => ({ default: (await import("../features/request/flow-page.tsx")).FlowPage }));

/** `/requests/4bf92f3577b34da6a3ce929d0e0e4736?hop=00f067aa0ba902b7` */
export const flowRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/requests/$id",
  // A span id of digits only arrives as a number.
  validateSearch: (search: Record<string, unknown>): { hop?: string } =>
    typeof search.hop === "string" || typeof search.hop === "number" ? { hop: String(search.hop) } : {},
  component: function FlowRoute() {
    const { id } = flowRoute.useParams();
    const { hop } = flowRoute.useSearch();
    const navigate = flowRoute.useNavigate();
    useTitle(`${useTranslation().t("flow.title")} ${id.slice(0, 8)}`);
    return (
      <FlowPage
        id={id}
        hop={hop}
        onHop={(next) => void navigate({ search: next === undefined ? {} : { hop: next }, replace: true })}
      />
    );
  },
});
