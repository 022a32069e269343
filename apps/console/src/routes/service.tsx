import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
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
