import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { parseView } from "../features/request/diagram-view.ts";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const FlowPage = lazy(async () => ({ default: (await import("../features/request/flow-page.tsx")).FlowPage }));

/** `/requests/4bf92f3577b34da6a3ce929d0e0e4736?hop=00f067aa0ba902b7&view=420_130_80` */
export const flowRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/requests/$id",
  validateSearch: ({ hop, view }: Record<string, unknown>): { hop?: string; view?: string } => ({
    // A span id of digits only arrives as a number.
    ...(typeof hop === "string" || typeof hop === "number" ? { hop: String(hop) } : {}),
    ...(typeof view === "string" && parseView(view) !== undefined ? { view } : {}),
  }),
  component: function FlowRoute() {
    const { id } = flowRoute.useParams();
    const search = flowRoute.useSearch();
    const navigate = flowRoute.useNavigate();
    const set = (change: { hop?: string | undefined; view?: string | undefined }) => {
      const entries = Object.entries({ ...search, ...change }).filter(([, value]) => value !== undefined);
      void navigate({ search: Object.fromEntries(entries), replace: true, resetScroll: false });
    };
    useTitle(`${useTranslation().t("flow.title")} ${id.slice(0, 8)}`);
    return (
      <FlowPage
        id={id}
        hop={search.hop}
        onHop={(hop) => set({ hop })}
        diagram={{ view: search.view, onView: (view) => set({ view }) }}
      />
    );
  },
});
