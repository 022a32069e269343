import { createRoute, createRouter, type ErrorComponentProps, Link, type RouterHistory } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { FailureNotice } from "../lib/failure-notice.tsx";
import { useTitle } from "../lib/use-title.ts";
import { Loading, Notice } from "../ui/notice.tsx";
import { Mark } from "../ui/status-mark.tsx";
import { alarmChannelsRoute, alarmRoute, alarmRulesRoute, alarmSilencesRoute, alarmsRoute } from "./alarms.tsx";
import { appRoute } from "./app.tsx";
import { capacityRoute } from "./capacity.tsx";
import { type RouteContext, rootRoute } from "./context.ts";
import { curvesRoute } from "./curves.tsx";
import { flowRoute } from "./flow.tsx";
import { hostsRoute } from "./hosts.tsx";
import { dyeingRoute, logFieldsRoute, logsRoute } from "./logs.tsx";
import { mapRoute } from "./map.tsx";
import { monitorRoute, reportingRoute, retentionRoute } from "./monitor.tsx";
import { requestsRoute } from "./requests.tsx";
import { policyRoute, serviceRoute } from "./service.tsx";
import { servicesAliasRoute, servicesRoute } from "./services.tsx";
import { signInRoute } from "./sign-in.tsx";

/** Every address that there is no page for, so that it is said inside the shell. */
const unknownRoute = createRoute({ getParentRoute: () => appRoute, path: "$", component: PageNotFound });

const routeTree = rootRoute.addChildren([
  signInRoute,
  appRoute.addChildren([
    servicesRoute,
    servicesAliasRoute,
    serviceRoute,
    policyRoute,
    curvesRoute,
    mapRoute,
    requestsRoute,
    flowRoute,
    hostsRoute,
    capacityRoute,
    logsRoute,
    logFieldsRoute,
    dyeingRoute,
    alarmsRoute,
    alarmRulesRoute,
    alarmSilencesRoute,
    alarmChannelsRoute,
    alarmRoute,
    monitorRoute,
    reportingRoute,
    retentionRoute,
    unknownRoute,
  ]),
]);

/**
 * All pages.
 *
 * @param history where addresses come from; default the browser's
 */
export function createConsoleRouter(context: RouteContext, history?: RouterHistory) {
  return createRouter({
    routeTree,
    context,
    scrollRestoration: true,
    // Without it a page would also see what its own parser has refused.
    search: { strict: true },
    defaultPendingComponent: PagePending,
    defaultNotFoundComponent: PageNotFound,
    defaultErrorComponent: PageFailed,
    ...(history === undefined ? {} : { history }),
  });
}

function PagePending() {
  return <Loading label="msec" lines={6} />;
}

/** A page that could not be shown, in its place: its code is loaded when it is first opened, and the server may be away then. */
function PageFailed({ error }: ErrorComponentProps) {
  // What failed to load is not asked for again by this document: a new one is, as soon as somebody answers.
  const retry = async () => {
    const isThere = await fetch(window.location.href, { method: "HEAD" }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) window.location.reload();
  };
  return (
    <div className="page">
      <section className="panel">
        <FailureNotice error={error} onRetry={retry} />
      </section>
    </div>
  );
}

function PageNotFound() {
  const { t } = useTranslation();
  useTitle(t("failure.noPage"));
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("failure.noPage")}</h1>
      </div>
      <section className="panel">
        <Notice
          mark={Mark.Unknown}
          title={t("failure.notFound.title")}
          actions={
            <Link className="link" to="/">
              {t("service.all")}
            </Link>
          }
        >
          {t("failure.notFound.todo")}
        </Notice>
      </section>
    </div>
  );
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
