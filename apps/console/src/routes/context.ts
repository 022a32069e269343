import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext } from "@tanstack/react-router";
import type { Api } from "../lib/api.ts";

/** What routes need before their pages are there. */
export interface RouteContext {
  readonly api: Api;
  readonly queryClient: QueryClient;
}

/** The root of all routes. */
export const rootRoute = createRootRouteWithContext<RouteContext>()();
