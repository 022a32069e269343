import type { Service } from "@msec/api/console/v1/registry_pb.js";
import { Link } from "@tanstack/react-router";
import { Input } from "antd";
import { type ComponentType, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatAge } from "../../lib/format.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Icon } from "../../ui/icon.tsx";
import { Mark, StatusMark } from "../../ui/status-mark.tsx";
import { healthMark } from "../service/health-mark.ts";
import { countInstances, serviceHealth, takesCalls } from "../service/service-health.ts";
import { buildServiceTree, splitServiceName, type TreeBranch } from "./service-tree.ts";

/** Which services, and whether they are those that report to a server that only monitors. */
export interface ServiceTreeNavProps {
  readonly services: readonly Service[];
  readonly onlyMonitors: boolean;
}

/** The service tree with its filter. */
export function ServiceTreeNav({ services, onlyMonitors }: ServiceTreeNavProps) {
  const { t } = useTranslation();
  const [filter, setFilter] = useState("");
  const tree = buildServiceTree(services, filter);
  const nothing = tree.standard.length === 0 && tree.external.length === 0;
  return (
    <>
      <div className="tree-filter">
        <Input
          size="small"
          allowClear
          prefix={<Icon name="search" size={13} />}
          placeholder={t("shell.filter")}
          aria-label={t("shell.filter")}
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      </div>
      <nav className="tree" aria-label={t("shell.tree")}>
        <Group title={t("kind.standard")} branches={tree.standard} filtered={filter !== ""} leaf={Leaf} />
        <Group
          title={t(onlyMonitors ? "monitoring.reporters" : "kind.external")}
          branches={tree.external}
          filtered={filter !== ""}
          leaf={onlyMonitors ? ReporterLeaf : Leaf}
        />
        {nothing && (
          <p className="nothing">
            {filter !== ""
              ? t("shell.noMatch", { filter })
              : t(onlyMonitors ? "monitoring.nothing" : "shell.noServices")}
          </p>
        )}
      </nav>
    </>
  );
}

interface GroupProps {
  readonly title: string;
  readonly branches: readonly TreeBranch[];
  readonly filtered: boolean;
  readonly leaf: ComponentType<{ readonly service: Service }>;
}

function Group({ title, branches, filtered, leaf }: GroupProps) {
  if (branches.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {branches.map((branch) => (
          <Branch key={branch.name} branch={branch} forceOpen={filtered} leaf={leaf} />
        ))}
      </ul>
    </section>
  );
}

function Branch({
  branch,
  forceOpen,
  leaf: LeafOf,
}: Pick<GroupProps, "leaf"> & { branch: TreeBranch; forceOpen: boolean }) {
  const [closed, setClosed] = useState(false);
  const open = forceOpen || !closed;
  return (
    <li>
      <button type="button" className="branch" aria-expanded={open} onClick={() => setClosed(open)}>
        <Icon name="chevron" size={13} />
        <span className="clip">{branch.name}</span>
      </button>
      {open && (
        <ul>
          {branch.services.map((service) => (
            <LeafOf key={service.name} service={service} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Leaf({ service }: { service: Service }) {
  const { t } = useTranslation();
  const health = serviceHealth(service);
  const { inRouting, running, total } = countInstances(service.instances);
  const callable = takesCalls(service);
  const [good, title] = callable
    ? [inRouting, t("shell.inRoutingOf", { inRouting, total })]
    : [running, t("shell.runningOf", { running, total })];
  const text = `${t(`health.${health}`)}, ${title}`;
  return (
    <li>
      <Link to="/services/$name" params={{ name: service.name }} className="leaf" title={`${service.name}: ${text}`}>
        <StatusMark mark={healthMark[health]} />
        <span className="name clip">{splitServiceName(service.name)[1] || service.name}</span>
        <span className={good < total ? "counts partial" : "counts"}>
          {good}/{total}
        </span>
        <span className="visually-hidden">{text}</span>
      </Link>
    </li>
  );
}

// What reports at all reports at least once a minute; a script may do it less often.
const SILENT_MS = 5 * 60_000;

/** A service that somebody reports: whether it was heard lately, and of how many instances. */
function ReporterLeaf({ service }: { readonly service: Service }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  const lastMs = Math.max(0, ...service.instances.map(({ reportedMs }) => reportedMs));
  const silent = now - lastMs > SILENT_MS;
  const text = t(silent ? "monitoring.silent" : "monitoring.heard", { age: formatAge(now - lastMs, language) });
  return (
    <li>
      <Link to="/monitor" search={{ service: service.name }} className="leaf" title={`${service.name}: ${text}`}>
        <StatusMark mark={silent ? Mark.Unknown : Mark.Ok} />
        <span className="name clip">{splitServiceName(service.name)[1] || service.name}</span>
        <span className="counts">{service.instances.length}</span>
        <span className="visually-hidden">{text}</span>
      </Link>
    </li>
  );
}
