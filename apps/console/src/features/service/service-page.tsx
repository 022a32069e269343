import { type Service, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { formatDateTime } from "../../lib/format.ts";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { LiveCurves } from "../call/live-curves.tsx";
import { RunningOperations } from "../capacity/running-operations.tsx";
import { RouteSpread } from "../host/route-spread.tsx";
import { useMonitoringOnly } from "../session/queries.ts";
import { RemoveServiceButton } from "./add-service.tsx";
import { healthMark } from "./health-mark.ts";
import { InstancePanel } from "./instance-panel.tsx";
import { policySummary } from "./policy-draft.ts";
import { servicesQuery } from "./queries.ts";
import { ReleaseFact } from "./release-fact.tsx";
import { serviceHealth, takesCalls } from "./service-health.ts";
import { type ServiceSearch, toggleName } from "./service-search.ts";
import { ServiceTabs } from "./service-tabs.tsx";

/** Which service, what of it is open, and how that gets into the address. */
export interface ServicePageProps {
  readonly name: string;
  readonly search: ServiceSearch;
  readonly onSearch: (search: ServiceSearch) => void;
}

/** One service: its facts, its instances with their switch of routing, its live curves. */
export function ServicePage({ name, search, onSearch }: ServicePageProps) {
  const { t } = useTranslation();
  const services = useQuery(servicesQuery(useApi()));
  const service = services.data?.services.find((one) => one.name === name);
  if (services.isPending) return <Loading label={name} lines={8} />;
  if (service === undefined) return <UnknownService name={name} />;
  const callable = takesCalls(service);
  return (
    <div className="page">
      <ServiceHead service={service} />
      <ServiceTabs name={name}>
        <RemoveServiceButton service={service} />
      </ServiceTabs>
      <RunningOperations service={name} />
      <InstancePanel
        key={name}
        service={service}
        open={search.open}
        onToggle={(id) => onSearch(toggleName(search, "open", id))}
      />
      {callable ? (
        <Panel
          title={t("live.title")}
          count={t("live.span")}
          tools={
            <Link className="link" to="/services/$name/curves" params={{ name }} search={{}}>
              {t("live.more")}
            </Link>
          }
        >
          <LiveCurves
            service={name}
            external={service.kind === ServiceKind.EXTERNAL}
            hidden={search.hide}
            onToggle={(id) => onSearch(toggleName(search, "hide", id))}
          />
        </Panel>
      ) : (
        <Panel title={t("live.title")}>
          <Notice
            title={t("live.callerTitle")}
            actions={
              <Link className="link" to="/requests" search={{ service: name }}>
                {t("live.callerLink")}
              </Link>
            }
          >
            {t("live.callerTodo")}
          </Notice>
        </Panel>
      )}
    </div>
  );
}

/** Says that there is no such service. */
export function UnknownService({ name }: { readonly name: string }) {
  const { t } = useTranslation();
  return (
    <div className="page">
      <div className="page-head">
        <h1>{name}</h1>
      </div>
      <section className="panel">
        <Notice
          mark={Mark.Unknown}
          title={t("service.unknownTitle", { name })}
          actions={
            <Link className="link" to="/">
              {t("service.all")}
            </Link>
          }
        >
          {t("service.unknownTodo")}
        </Notice>
      </section>
    </div>
  );
}

/** The name of a service and what is known of the whole of it. */
export function ServiceHead({ service }: { readonly service: Service }) {
  const { t } = useTranslation();
  // A service that only reports has neither a port nor a policy, and nobody created it.
  const onlyMonitors = useMonitoringOnly() !== undefined;
  const health = serviceHealth(service);
  // Without a default each instance has named its own.
  const callable = service.instances.length === 0 || takesCalls(service);
  if (onlyMonitors) {
    return (
      <div className="page-head">
        <h1>{service.name}</h1>
      </div>
    );
  }
  return (
    <div className="page-head service-head">
      <h1>{service.name}</h1>
      <dl className="facts">
        <div>
          <dt className="visually-hidden">{t("column.health")}</dt>
          <dd>
            <Status mark={healthMark[health]}>{t(`health.${health}`)}</Status>
          </dd>
        </div>
        <div>
          <dt>{t("service.kind")}</dt>
          <dd>{t(service.kind === ServiceKind.EXTERNAL ? "kind.externalOne" : "kind.standardOne")}</dd>
        </div>
        <div>
          <dt>{t("service.port")}</dt>
          <dd className={service.defaultPort === 0 ? "" : "mono"}>
            {service.defaultPort !== 0 ? service.defaultPort : t(callable ? "service.anyPort" : "service.noPort")}
          </dd>
        </div>
        <div>
          <dt>{t("service.created")}</dt>
          <dd>{formatDateTime(service.createdMs)}</dd>
        </div>
        <ReleaseFact instances={service.instances} />
        {takesCalls(service) && <RouteSpread version={service.routeVersion} />}
        {takesCalls(service) && (
          <div>
            <dt>{t("policy.tab")}</dt>
            <dd>
              <Link className="link" to="/services/$name/policy" params={{ name: service.name }}>
                {policySummary(t, service.policy)}
              </Link>
            </dd>
          </div>
        )}
      </dl>
    </div>
  );
}
