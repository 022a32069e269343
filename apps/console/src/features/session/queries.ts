import { queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";

/** Whether this browser is signed in, and the server's version. */
export function sessionQuery(api: Api) {
  return queryOptions({
    queryKey: ["session"],
    queryFn: ({ signal }) => api.session.getSession({}, { signal }),
    staleTime: 60_000,
  });
}
