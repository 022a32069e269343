import { Button, Input, Segmented, Select } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatDateTime } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { DayInput } from "../../ui/day-input.tsx";
import { Icon } from "../../ui/icon.tsx";
import {
  CurveSplit,
  changeSearch,
  compareDays,
  dayOf,
  endOfDay,
  families,
  GaugeStatistic,
  MonitorRange,
  type MonitorSearch,
  monitorGrid,
  monitorSpan,
  monitorSteps,
  movedSearch,
} from "./monitor-search.ts";
import { OwnRangeInput } from "./own-range-input.tsx";

const DAY_MS = 86_400_000;
// What ended no longer ago ends now.
const LATEST_MS = 60_000;
/** A range of one's own, beside those of the list. */
const OWN = "own" as const;

/** What can be chosen from. */
export interface MonitorChoices {
  readonly services: readonly string[];
  readonly hosts: readonly string[];
  readonly instances: readonly string[];
}

/** The form and the time of the page. */
export interface MonitorToolsProps {
  readonly search: MonitorSearch;
  readonly choices: MonitorChoices;
  readonly onSearch: (search: MonitorSearch) => void;
}

/** Whose attributes, and which: the form of the original's page. */
export function MonitorForm({ search, choices, onSearch }: MonitorToolsProps) {
  const { t } = useTranslation();
  const set = (change: Parameters<typeof changeSearch>[1]) =>
    onSearch(changeSearch(search, { table: undefined, ...change }));
  const [names, setNames] = useState(search.names ?? "");
  useEffect(() => setNames(search.names ?? ""), [search.names]);
  return (
    <form
      className="monitor-form"
      onSubmit={(event) => {
        event.preventDefault();
        set({ names: names.trim() });
      }}
    >
      <Choice
        label={t("monitor.service")}
        any={t("monitor.anyService")}
        value={search.service}
        options={choices.services}
        width={210}
        onChange={(service) => set({ service, instance: undefined })}
      />
      <Choice
        label={t("monitor.instance")}
        any={t("monitor.anyInstance")}
        value={search.instance}
        options={choices.instances}
        width={190}
        onChange={(instance) => set({ instance })}
      />
      <Choice
        label={t("monitor.host")}
        any={t("monitor.anyHost")}
        value={search.host}
        options={choices.hosts}
        width={150}
        onChange={(host) => set({ host })}
      />
      <span className="monitor-names">
        <Input
          aria-label={t("monitor.names")}
          placeholder={t("monitor.namesHint")}
          value={names}
          spellCheck={false}
          maxLength={500}
          allowClear
          onChange={(event) => setNames(event.target.value)}
        />
        <span className="families">
          {families.map(({ name, pattern }) => (
            <Button
              key={name}
              title={t(`monitor.family.${name}`)}
              type={search.names === pattern ? "primary" : "default"}
              onClick={() => set({ names: search.names === pattern ? undefined : pattern })}
            >
              {name}
            </Button>
          ))}
        </span>
        <Button htmlType="submit" type={names.trim() === (search.names ?? "") ? "default" : "primary"}>
          {t("monitor.show")}
        </Button>
      </span>
    </form>
  );
}

function Choice({
  label,
  any,
  value,
  options,
  width,
  onChange,
}: {
  label: string;
  any: string;
  value: string | undefined;
  options: readonly string[];
  width: number;
  onChange: (value: string | undefined) => void;
}) {
  // What the address names is shown even where nobody has reported it.
  const all = value === undefined || options.includes(value) ? options : [value, ...options];
  return (
    <Select
      aria-label={label}
      style={{ width }}
      value={value ?? ""}
      showSearch
      options={[{ value: "", label: any }, ...all.map((one) => ({ value: one, label: one }))]}
      onChange={(next) => onChange(next === "" ? undefined : next)}
    />
  );
}

/** Which time, compared with which, and how curves are made. */
export function MonitorTimes({ search, onSearch }: Omit<MonitorToolsProps, "choices">) {
  const { t } = useTranslation();
  const set = (change: Parameters<typeof changeSearch>[1]) => onSearch(changeSearch(search, change));
  const range = search.range ?? MonitorRange.Hour;
  const grid = monitorGrid(search, serverNow());
  const move = (byMs: number) => onSearch(movedSearch(search, byMs, serverNow()));
  const { spanMs } = monitorSpan(search, serverNow());
  const { from, until } = search;
  const own = from === undefined || until === undefined ? undefined : { from, until };
  return (
    <div className="curve-tools">
      <Segmented
        aria-label={t("curves.range")}
        value={own === undefined ? range : OWN}
        options={[...Object.values(MonitorRange), OWN].map((value) => ({
          value,
          label: t(`range.${value}`),
          ...(value === OWN ? { title: t("range.drag") } : {}),
        }))}
        onChange={(value) => {
          if (value === OWN) set({ range: undefined, from: grid.fromMs, until: grid.toMs });
          else
            set({
              range: value === MonitorRange.Hour ? undefined : value,
              from: undefined,
              // An end of one's own went with the start.
              ...(value === MonitorRange.Live || own !== undefined ? { until: undefined } : {}),
            });
        }}
      />
      {own !== undefined && (
        <div className="row-flex" style={{ gap: 2 }}>
          <Mover icon="back" label={t("curves.earlier")} onClick={() => move(-spanMs)} />
          <OwnRangeInput range={own} onChange={(next) => set({ ...next })} />
          <Mover
            icon="chevron"
            label={t("curves.later")}
            disabled={own.until >= serverNow() - LATEST_MS}
            onClick={() => move(spanMs)}
          />
        </div>
      )}
      {own === undefined && range !== MonitorRange.Live && (
        <div className="row-flex" style={{ gap: 2 }}>
          <Mover icon="back" label={t("monitor.weekEarlier")} twice onClick={() => move(-7 * DAY_MS)} />
          <Mover icon="back" label={t("curves.earlier")} onClick={() => move(-Math.min(spanMs, DAY_MS))} />
          <DayInput
            label={t("monitor.day")}
            value={dayOf(search.until ?? serverNow())}
            max={dayOf(serverNow())}
            onChange={(day) => {
              const isShort = monitorSteps[range].spanMs < DAY_MS;
              set({ until: endOfDay(day, serverNow()), ...(isShort ? { range: MonitorRange.Day } : {}) });
            }}
          />
          <Mover
            icon="chevron"
            label={t("curves.later")}
            disabled={search.until === undefined}
            onClick={() => move(Math.min(spanMs, DAY_MS))}
          />
          <Mover
            icon="chevron"
            label={t("monitor.weekLater")}
            twice
            disabled={search.until === undefined}
            onClick={() => move(7 * DAY_MS)}
          />
          <span className="muted nowrap monitor-span">
            {formatDateTime(grid.fromMs).slice(5, -3)} – {formatDateTime(grid.toMs).slice(spanMs > DAY_MS ? 5 : 11, -3)}
          </span>
        </div>
      )}
      <span className="spacer" />
      <div className="tool-group">
        <Select
          aria-label={t("monitor.compare")}
          style={{ minWidth: 150 }}
          value={search.vs ?? 0}
          options={[
            { value: 0, label: t("monitor.notCompared") },
            ...compareDays.map((days) => ({
              value: days as number,
              label: t("monitor.withDaysBefore", { count: days }),
            })),
          ]}
          onChange={(days) => set({ vs: days === 0 ? undefined : days })}
        />
        <Select
          aria-label={t("monitor.split")}
          style={{ minWidth: 128 }}
          value={search.split ?? ""}
          options={[
            { value: "", label: t("monitor.together") },
            { value: CurveSplit.Instance, label: t("monitor.byInstance") },
            { value: CurveSplit.Host, label: t("monitor.byHost") },
          ]}
          onChange={(split) => set({ split: split === "" ? undefined : (split as CurveSplit) })}
        />
        <Select
          aria-label={t("monitor.statistic")}
          style={{ minWidth: 96 }}
          value={search.stat ?? GaugeStatistic.Mean}
          options={Object.values(GaugeStatistic).map((value) => ({ value, label: t(`monitor.${value}`) }))}
          onChange={(stat) => set({ stat: stat === GaugeStatistic.Mean ? undefined : stat })}
        />
      </div>
    </div>
  );
}

function Mover({
  icon,
  label,
  twice = false,
  disabled = false,
  onClick,
}: {
  icon: "back" | "chevron";
  label: string;
  twice?: boolean;
  disabled?: boolean;
  onClick: () => void;
}) {
  return (
    <button type="button" className="bare mover" disabled={disabled} onClick={onClick} aria-label={label} title={label}>
      <Icon name={icon} />
      {twice && <Icon name={icon} />}
    </button>
  );
}
