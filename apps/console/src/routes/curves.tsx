import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { parseCurvesSearch } from "../features/call/curves-search.ts";
import { changesOnly } from "../lib/changes-only.ts";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const ServiceCurves = lazy(async () => ({
  default: (await import("../features/service/service-curves.tsx")).ServiceCurves,
}));

/** `/services/Flight.mod_flight/curves?range=1h&split=true` */
export const curvesRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/services/$name/curves",
  validateSearch: parseCurvesSearch,
  component: function CurvesRoute() {
    const { name } = curvesRoute.useParams();
    const search = curvesRoute.useSearch();
    const navigate = curvesRoute.useNavigate();
    useTitle(`${name} ${useTranslation().t("nav.curves")}`);
    return (
      <ServiceCurves
        name={name}
        search={search}
        onSearch={(next) =>
          void navigate({ search: next, replace: changesOnly(search, next, ["hide"]), resetScroll: false })
        }
      />
    );
  },
});
