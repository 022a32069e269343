import { Code, ConnectError } from "@connectrpc/connect";
import { createRoute, redirect, useRouter } from "@tanstack/react-router";
import { sessionQuery } from "../features/session/queries.ts";
import { EntryFrame } from "../features/shell/entry-frame.tsx";
import { monitoringPath } from "../features/shell/monitoring-only.ts";
import { Shell } from "../features/shell/shell.tsx";
import { FailureNotice } from "../lib/failure-notice.tsx";
import { setOnlyMonitors } from "../lib/product-name.ts";
import { type RouteContext, rootRoute } from "./context.ts";

/** Whether this browser has a session; throws when nobody answers. */
export async function isSignedIn({ queryClient, api }: RouteContext): Promise<boolean> {
  try {
    const session = await queryClient.ensureQueryData(sessionQuery(api));
    setOnlyMonitors(session.monitoringOnly !== undefined);
    return session.signedIn;
  } catch (error) {
    if (ConnectError.from(error).code === Code.Unauthenticated) return false;
    throw error;
  }
}

/** Everything that needs a session, inside the shell. */
export const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "app",
  beforeLoad: async ({ context, location }) => {
    if (!(await isSignedIn(context))) throw redirect({ to: "/sign-in", search: { next: location.href } });
    const { monitoringOnly } = await context.queryClient.ensureQueryData(sessionQuery(context.api));
    const elsewhere = monitoringOnly === undefined ? undefined : monitoringPath(location.pathname);
    if (elsewhere !== undefined) throw redirect({ href: elsewhere, replace: true });
  },
  component: function AppRoute() {
    const router = useRouter();
    return <Shell onSignedOut={() => void router.navigate({ to: "/sign-in", search: {} })} />;
  },
  errorComponent: function AppFailed({ error, reset }) {
    const router = useRouter();
    const retry = async () => {
      await router.invalidate();
      reset();
    };
    return (
      <EntryFrame>
        <section className="panel">
          <FailureNotice error={error} onRetry={retry} />
        </section>
      </EntryFrame>
    );
  },
});
