import type { ServiceMapEdge, ServiceMapNode } from "@msec/api/console/v1/requests_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, InputNumber, Select, Switch } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDateTime, formatDuration, formatPercent } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { Icon } from "../../ui/icon.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { CurveRange } from "../call/curves-search.ts";
import { ServiceSelect } from "../service/service-select.tsx";
import { curvesLink } from "./curves-link.ts";
import { MapDiagram } from "./map-diagram.tsx";
import { failingRatio, failureRatio, hasPage, mapEdgesDrawn, mapGraph, rateText } from "./map-graph.ts";
import { type MapSearch, mapTimes, shiftMap } from "./map-search.ts";
import { serviceMapQuery } from "./queries.ts";
import "./map.css";

/** What the map shows and how its controls change the address. */
export interface MapPageProps {
  readonly search: MapSearch;
  readonly onSearch: (search: MapSearch) => void;
}

type Change = { readonly [K in keyof MapSearch]?: MapSearch[K] | undefined };

/** Who calls whom, as a diagram and as a table. */
export function MapPage({ search, onSearch }: MapPageProps) {
  const { t } = useTranslation();
  const api = useApi();
  const live = search.until === undefined;
  const map = useQuery(serviceMapQuery(api, search));
  const set = (change: Change) => {
    const entries = Object.entries({ ...search, ...change }).filter(([, value]) => value !== undefined && value !== "");
    onSearch(Object.fromEntries(entries) as MapSearch);
  };
  const edges = map.data?.edges ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{t("map.title")}</h1>
          <p className="lead">{t("map.lead")}</p>
        </div>
      </div>
      {/* Another map is another diagram. */}
      <Filters search={search} onChange={(change) => set({ view: undefined, ...change })} />
      <Panel
        title={t("map.diagram")}
        count={
          map.data === undefined
            ? undefined
            : `${t("map.services", { count: map.data.nodes.length })} · ${t("map.edges", { count: edges.length })}`
        }
        tools={
          <button
            type="button"
            className="bare"
            aria-pressed={!live}
            onClick={() => set({ until: live ? mapTimes(search, Math.floor(serverNow())).toMs : undefined })}
          >
            <Icon name={live ? "pause" : "play"} size={14} />
            {t(live ? "action.pause" : "action.resume")}
          </button>
        }
      >
        {map.isPending && <Loading label={t("map.title")} lines={8} />}
        {map.isError && <FailureNotice error={map.error} onRetry={map.refetch} besideData={edges.length > 0} />}
        {map.data !== undefined && edges.length === 0 && (
          <Notice title={t("map.emptyTitle")}>{t("map.emptyTodo")}</Notice>
        )}
        {map.data?.truncated && <p className="panel-body warn">{t("map.truncated")}</p>}
        {edges.length > mapEdgesDrawn && <p className="panel-body">{t("map.many", { count: edges.length })}</p>}
        {map.data !== undefined && edges.length > 0 && edges.length <= mapEdgesDrawn && (
          <MapDiagram graph={mapGraph(map.data)} search={search} onView={(view) => set({ view })} />
        )}
      </Panel>
      {map.data !== undefined && edges.length > 0 && (
        <Panel title={t("map.calls")} count={edges.length}>
          <EdgeTable edges={edges} nodes={map.data.nodes} search={search} />
        </Panel>
      )}
    </div>
  );
}

function Filters({ search, onChange }: { search: MapSearch; onChange: (change: Change) => void }) {
  const { t } = useTranslation();
  const shift = (direction: -1 | 1) => onChange({ until: shiftMap(search, direction, serverNow()) });
  return (
    <div className="map-filters">
      <ServiceSelect
        label={t("map.service")}
        any={t("map.anyService")}
        value={search.service}
        onChange={(service) => onChange({ service })}
      />
      <Select
        style={{ width: 170 }}
        aria-label={t("map.range")}
        value={search.range ?? CurveRange.Live}
        options={Object.values(CurveRange).map((range) => ({
          value: range,
          label: range === CurveRange.Live ? t("map.live") : t(`range.${range}`),
        }))}
        onChange={(range) => onChange({ range: range === CurveRange.Live ? undefined : range })}
      />
      <span className="row-flex">
        <Button size="small" aria-label={t("map.earlier")} title={t("map.earlier")} onClick={() => shift(-1)}>
          ‹
        </Button>
        <Button
          size="small"
          aria-label={t("map.later")}
          title={t("map.later")}
          disabled={search.until === undefined}
          onClick={() => shift(1)}
        >
          ›
        </Button>
        {search.until !== undefined && (
          <>
            <span className="muted nowrap">{t("map.upTo", { time: formatDateTime(search.until) })}</span>
            <Button size="small" onClick={() => onChange({ until: undefined })}>
              {t("map.now")}
            </Button>
          </>
        )}
      </span>
      <RateFilter value={search.min} onChange={onChange} />
      <span className="row-flex">
        <Switch
          size="small"
          checked={search.failed ?? false}
          aria-labelledby="map-failed-only"
          onChange={(failed) => onChange({ failed: failed ? true : undefined })}
        />
        <span id="map-failed-only">{t("map.failedOnly")}</span>
      </span>
    </div>
  );
}

function RateFilter({ value, onChange }: { value: number | undefined; onChange: (change: Change) => void }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<number | null>(value ?? null);
  useEffect(() => setDraft(value ?? null), [value]);
  const settle = () => {
    if ((draft ?? undefined) !== value) onChange({ min: draft || undefined });
  };
  return (
    <InputNumber
      style={{ width: 120 }}
      prefix={draft === null ? undefined : "≥"}
      suffix={draft === null ? undefined : "/s"}
      min={0}
      max={1e9}
      controls={false}
      value={draft}
      placeholder={t("map.minRatePlaceholder")}
      aria-label={t("map.minRate")}
      onChange={setDraft}
      onBlur={settle}
      onPressEnter={settle}
    />
  );
}

interface EdgeTableProps {
  readonly edges: readonly ServiceMapEdge[];
  readonly nodes: readonly ServiceMapNode[];
  readonly search: MapSearch;
}

function EdgeTable({ edges, nodes, search }: EdgeTableProps) {
  const { t } = useTranslation();
  const kinds = new Map(nodes.map(({ name, kind }) => [name, kind]));
  const name = (service: string, nameless: string) => {
    const kind = kinds.get(service);
    if (kind === undefined || !hasPage(kind))
      return (
        <span className={service === "" ? "muted" : "clipped"} title={service}>
          {service || nameless}
        </span>
      );
    return (
      <Link className="link clipped" to="/services/$name" params={{ name: service }} title={service}>
        {service}
      </Link>
    );
  };
  return (
    <div className="scroll-x">
      <table className="grid" aria-label={t("map.calls")}>
        <thead>
          <tr>
            <th>{t("map.caller")}</th>
            <th>{t("map.callee")}</th>
            <th className="num">{t("map.rate")}</th>
            <th className="num">{t("map.failed")}</th>
            <th className="num">p50</th>
            <th className="num">p99</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {edges.map((edge) => (
            <tr className="row" key={`${edge.caller} ${edge.callee}`}>
              <td>{name(edge.caller, t("map.nobody"))}</td>
              <td>{name(edge.callee, t("map.addressed"))}</td>
              <td className="num" title={edge.fromSpans ? t("map.fromSpans") : undefined}>
                {rateText(edge)}
              </td>
              <td
                className={`num ${failureRatio(edge) >= failingRatio ? "fail" : failureRatio(edge) === 0 ? "zero" : ""}`}
              >
                {formatPercent(failureRatio(edge))}
              </td>
              <td className="num">{formatDuration(edge.p50Ms * 1_000)}</td>
              <td className="num">{formatDuration(edge.p99Ms * 1_000)}</td>
              <td>
                {hasPage(kinds.get(edge.callee) ?? 0) && (
                  <Link className="link" {...curvesLink(edge, search)}>
                    {t("nav.curves")}
                  </Link>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
