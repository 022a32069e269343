import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { parseMapSearch } from "../features/map/map-search.ts";
import { changesOnly } from "../lib/changes-only.ts";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const MapPage = lazy(async () => ({ default: (await import("../features/map/map-page.tsx")).MapPage }));

/** `/map?range=1h&service=Flight.mod_flight&failed=true` */
export const mapRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/map",
  validateSearch: parseMapSearch,
  component: function MapRoute() {
    const search = mapRoute.useSearch();
    const navigate = mapRoute.useNavigate();
    useTitle(useTranslation().t("map.title"));
    return (
      <MapPage
        search={search}
        onSearch={(next) =>
          void navigate({ search: next, replace: changesOnly(search, next, ["view"]), resetScroll: false })
        }
      />
    );
  },
});
