import { ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useApi } from "../../lib/api.ts";
import { Loading } from "../../ui/notice.tsx";
import { CurvesPage } from "../call/curves-page.tsx";
import type { CurvesSearch } from "../call/curves-search.ts";
import { useMonitoringOnly } from "../session/queries.ts";
import { servicesQuery } from "./queries.ts";
import { ServiceHead, UnknownService } from "./service-page.tsx";
import { ServiceTabs } from "./service-tabs.tsx";

/** Which service, and what its address says to show. */
export interface ServiceCurvesProps {
  readonly name: string;
  readonly search: CurvesSearch;
  readonly onSearch: (search: CurvesSearch) => void;
}

/** The curves of one service below its name and facts. */
export function ServiceCurves({ name, search, onSearch }: ServiceCurvesProps) {
  const services = useQuery(servicesQuery(useApi()));
  const navigate = useNavigate();
  // What reports to a server that only monitors counts its calls itself, though it is on no host of ours.
  const onlyMonitors = useMonitoringOnly() !== undefined;
  const service = services.data?.services.find((one) => one.name === name);
  if (services.isPending) return <Loading label={name} lines={8} />;
  if (service === undefined) return <UnknownService name={name} />;
  return (
    <CurvesPage
      key={name}
      service={name}
      external={service.kind === ServiceKind.EXTERNAL && !onlyMonitors}
      search={search}
      onSearch={onSearch}
      onSlowest={({ from, to, ...conditions }) => {
        const known = Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== ""));
        void navigate({ to: "/requests", search: { ...known, from, to, order: "slowest" } });
      }}
      head={
        <>
          <ServiceHead service={service} />
          <ServiceTabs name={name} />
        </>
      }
    />
  );
}
