import type { Transport } from "@connectrpc/connect";
import type { RouterHistory } from "@tanstack/react-router";
import { Console } from "./app.tsx";
import { createApi } from "./lib/api.ts";
import { createQueryClient } from "./lib/query-client.ts";
import { createConsoleRouter } from "./routes/router.tsx";

/**
 * Puts the console together over one transport.
 *
 * @param history where addresses come from; default the browser's
 */
export function createConsole(transport: Transport, history?: RouterHistory) {
  const api = createApi(transport);
  const queryClient = createQueryClient(() => {
    const { pathname, href } = router.state.location;
    if (pathname === "/sign-in") return;
    queryClient.removeQueries({ queryKey: ["session"] });
    void router.navigate({ to: "/sign-in", search: { next: href, ended: true } });
  });
  const router = createConsoleRouter({ api, queryClient }, history);
  return { element: <Console api={api} queryClient={queryClient} router={router} />, router, queryClient };
}
