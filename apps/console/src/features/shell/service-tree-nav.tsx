import type { Service } from "@msec/api/console/v1/registry_pb.js";
import { Link } from "@tanstack/react-router";
import { Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../ui/icon.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { healthMark } from "../service/health-mark.ts";
import { countInstances, serviceHealth, takesCalls } from "../service/service-health.ts";
import { buildServiceTree, splitServiceName, type TreeBranch } from "./service-tree.ts";

/** The service tree with its filter. */
export function ServiceTreeNav({ services }: { readonly services: readonly Service[] }) {
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
        <Group title={t("kind.standard")} branches={tree.standard} filtered={filter !== ""} />
        <Group title={t("kind.external")} branches={tree.external} filtered={filter !== ""} />
        {nothing && <p className="nothing">{filter === "" ? t("shell.noServices") : t("shell.noMatch", { filter })}</p>}
      </nav>
    </>
  );
}

function Group({ title, branches, filtered }: { title: string; branches: readonly TreeBranch[]; filtered: boolean }) {
  if (branches.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {branches.map((branch) => (
          <Branch key={branch.name} branch={branch} forceOpen={filtered} />
        ))}
      </ul>
    </section>
  );
}

function Branch({ branch, forceOpen }: { branch: TreeBranch; forceOpen: boolean }) {
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
            <Leaf key={service.name} service={service} />
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
