import { Link } from "@tanstack/react-router";
import { Segmented, Select } from "antd";
import { useTranslation } from "react-i18next";
import {
  type CapacitySearch,
  CapacityView,
  LoadSort,
  loadBounds,
  parseCapacitySearch,
  ResourceName,
} from "./capacity-search.ts";
import { DistributionLine, DistributionPanel, PushButton } from "./distribution.tsx";
import { HostLoads } from "./host-loads.tsx";
import { OperationList } from "./operation-list.tsx";
import { RunningOperations } from "./running-operations.tsx";
import { ServiceLoads } from "./service-loads.tsx";
import "../../ui/tabs.css";
import "./capacity.css";

/** What is shown, as the address has it. */
export interface CapacityPageProps {
  readonly search: CapacitySearch;
  readonly onSearch: (search: CapacitySearch) => void;
}

/** Loads of services and hosts, changes of capacity, and who has which routes. */
export function CapacityPage({ search, onSearch }: CapacityPageProps) {
  const { t } = useTranslation();
  const { view = CapacityView.Services, above = 0, sort = LoadSort.Load } = search;
  const change = (part: Partial<Record<keyof CapacitySearch, unknown>>) =>
    onSearch(parseCapacitySearch({ ...search, ...part }));
  const common = {
    above,
    sort,
    onSort: (next: LoadSort) => change({ sort: next }),
    open: search.open ?? [],
    onOpen: (open: readonly string[]) => change({ open }),
  };
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{t("capacity.title")}</h1>
          <p className="lead">{t("capacity.lead")}</p>
        </div>
        <span className="row-flex">
          <DistributionLine />
          <PushButton />
        </span>
      </div>
      <nav className="tabs" aria-label={t("capacity.pages")}>
        {Object.values(CapacityView).map((one) => (
          <Link
            key={one}
            to="/capacity"
            search={parseCapacitySearch({
              ...search,
              view: one,
              sort: undefined,
              operation: undefined,
              open: undefined,
            })}
            activeOptions={{ exact: true, includeSearch: true }}
            aria-current={one === view ? "page" : undefined}
          >
            {t(`capacity.${one}`)}
          </Link>
        ))}
      </nav>
      {view !== CapacityView.Operations && (
        <div className="capacity-filter">
          <span className="muted">{t("capacity.above")}</span>
          <Segmented
            aria-label={t("capacity.above")}
            value={above}
            options={[
              { value: 0, label: t("capacity.any") },
              ...loadBounds.map((percent) => ({ value: percent as number, label: t("capacity.aboveOf", { percent }) })),
            ]}
            onChange={(next) => change({ above: next })}
          />
          {view === CapacityView.Hosts && (
            <Select
              aria-label={t("capacity.column.load")}
              style={{ width: 150 }}
              value={search.resource ?? ResourceName.Highest}
              options={Object.values(ResourceName).map((value) => ({ value, label: t(`capacity.resource.${value}`) }))}
              onChange={(next) => change({ resource: next })}
            />
          )}
        </div>
      )}
      <DistributionPanel />
      <RunningOperations service="" withEnded={view !== CapacityView.Operations} />
      {view === CapacityView.Services && <ServiceLoads {...common} />}
      {view === CapacityView.Hosts && <HostLoads {...common} resource={search.resource ?? ResourceName.Highest} />}
      {view === CapacityView.Operations && (
        <OperationList open={search.operation} onOpen={(operation) => change({ operation })} />
      )}
    </div>
  );
}
