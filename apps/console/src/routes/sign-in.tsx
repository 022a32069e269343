import { createRoute, redirect, useRouter } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { useTitle } from "../lib/use-title.ts";
import { isSignedIn } from "./app.tsx";
import { rootRoute } from "./context.ts";

const SignInPage = lazy(async () => ({ default: (await import("../features/session/sign-in-page.tsx")).SignInPage }));

// Only pages of this console: `//elsewhere` and `/\elsewhere` are other hosts.
function localPath(next: unknown): string | undefined {
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? next : undefined;
}

/** `/sign-in#token` */
export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string; ended?: true } => {
    const next = localPath(search.next);
    return { ...(next === undefined ? {} : { next }), ...(search.ended === true ? { ended: true } : {}) };
  },
  beforeLoad: async ({ context, search, location }) => {
    // A token in the address is used even where there is a session. A server that does not answer is said by the page.
    if (location.hash === "" && (await isSignedIn(context).catch(() => false))) {
      throw redirect({ href: search.next ?? "/" });
    }
  },
  component: function SignInRoute() {
    const router = useRouter();
    const { next, ended = false } = signInRoute.useSearch();
    useTitle(useTranslation().t("signIn.title"));
    return <SignInPage ended={ended} onSignedIn={() => router.history.push(next ?? "/")} />;
  },
});
