import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Select, Switch, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { failureFrom } from "../../lib/failure.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark } from "../../ui/status-mark.tsx";
import { servicesQuery } from "../service/queries.ts";
import { AlarmHead } from "./alarm-head.tsx";
import { openAlarmOrder } from "./alarm-order.ts";
import { AlarmTable } from "./alarm-table.tsx";
import type { AlarmsSearch } from "./alarms-search.ts";
import { alarmsQuery, rulesQuery, useAlarmChange } from "./queries.ts";
import { SilenceForm } from "./silence-form.tsx";

/** What the list shows and how its controls change the address. */
export interface AlarmsPageProps {
  readonly search: AlarmsSearch;
  readonly onSearch: (search: AlarmsSearch) => void;
}

/** Open alarms, or those that ended. */
export function AlarmsPage({ search, onSearch }: AlarmsPageProps) {
  const { t } = useTranslation();
  const api = useApi();
  const { message } = App.useApp();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [silencing, setSilencing] = useState(false);
  const alarms = useQuery(alarmsQuery(api, search));
  const acknowledge = useAlarmChange((ids: string[]) => api.alarm.acknowledgeAlarms({ ids }));
  const all = alarms.data?.alarms ?? [];
  const list = search.history
    ? all.filter(({ causeId }) => search.folded || causeId === "")
    : openAlarmOrder(all, search.folded ?? false);
  const ids = list.filter(({ id, acknowledgedMs }) => chosen.has(id) && acknowledgedMs === 0).map(({ id }) => id);
  const shown = list.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const acknowledgeChosen = async () => {
    try {
      await acknowledge.mutateAsync(ids);
      setChosen(new Set());
      void message.success(t("alarm.acknowledgedNow"));
    } catch (error) {
      void message.error(failureFrom(error).detail);
    }
  };
  const title = t(search.history ? "alarm.history" : "alarm.open");
  const filtered =
    search.rule !== undefined ||
    search.service !== undefined ||
    search.severity !== undefined ||
    search.unacknowledged === true;
  return (
    <div className="page">
      <AlarmHead lead={t(search.history ? "alarm.historyLead" : "alarm.lead")} />
      <Panel
        title={title}
        count={list.length}
        tools={
          <>
            {/* Above the list: below a hundred alarms nobody would find it. */}
            {ids.length > 0 && (
              <Button
                type="primary"
                size="small"
                title={t("alarm.acknowledgeHint")}
                loading={acknowledge.isPending}
                onClick={() => void acknowledgeChosen()}
              >
                {t("alarm.acknowledge")} ({ids.length})
              </Button>
            )}
            {shown.length > 0 && (
              <Button size="small" onClick={() => setSilencing(true)}>
                {t("alarm.silence")} ({shown.length})
              </Button>
            )}
            <Filters search={search} onSearch={onSearch} folded={all.length - list.length} />
          </>
        }
      >
        {alarms.isPending && <Loading label={title} lines={6} />}
        {alarms.isError && <FailureNotice error={alarms.error} onRetry={alarms.refetch} besideData={all.length > 0} />}
        {alarms.data !== undefined && list.length === 0 && (
          <Nothing history={search.history ?? false} filtered={filtered} />
        )}
        {list.length > 0 && (
          <AlarmTable
            alarms={list}
            label={title}
            byRule={!search.history && search.rule === undefined}
            {...(search.history ? {} : { chosen, onChoose: setChosen })}
          />
        )}
        {silencing && (
          <SilenceForm
            alarms={shown}
            onClose={(created) => {
              setSilencing(false);
              if (created) setChosen(new Set());
            }}
          />
        )}
      </Panel>
    </div>
  );
}

function Filters({ search, onSearch, folded }: AlarmsPageProps & { folded: number }) {
  const { t } = useTranslation();
  const services = useQuery(servicesQuery(useApi()));
  const names = services.data?.services.map(({ name }) => name) ?? [];
  const change = (next: { [Key in keyof AlarmsSearch]: AlarmsSearch[Key] | undefined }) =>
    onSearch(Object.fromEntries(Object.entries({ ...search, ...next }).filter(([, value]) => value !== undefined)));
  const rules = useQuery({ ...rulesQuery(useApi()), enabled: search.rule !== undefined });
  const rule = rules.data?.rules.find(({ id }) => id === search.rule);
  return (
    <>
      {search.rule !== undefined && (
        <Tag closable onClose={() => change({ rule: undefined })}>
          {t("alarm.quiet.rule")}: {rule?.name ?? search.rule}
        </Tag>
      )}
      {(folded > 0 || search.folded) && (
        <span className="row-flex">
          <Switch
            size="small"
            checked={search.folded ?? false}
            aria-labelledby="alarm-folded"
            onChange={(on) => change({ folded: on ? true : undefined })}
          />
          <span id="alarm-folded">{t("alarm.foldedHidden")}</span>
        </span>
      )}
      {!search.history && (
        <span className="row-flex">
          <Switch
            size="small"
            checked={search.unacknowledged ?? false}
            aria-labelledby="alarm-unacknowledged"
            onChange={(on) => change({ unacknowledged: on ? true : undefined })}
          />
          <span id="alarm-unacknowledged">{t("alarm.unacknowledgedOnly")}</span>
        </span>
      )}
      <Select
        size="small"
        style={{ width: 140 }}
        aria-label={t("alarm.column.severity")}
        value={search.severity ?? 0}
        options={[
          { value: 0, label: t("alarm.anySeverity") },
          { value: 2, label: t("alarm.atLeast", { severity: t("alarm.severity.n2") }) },
          { value: 3, label: t("alarm.severity.n3") },
        ]}
        onChange={(severity) => change({ severity: severity === 2 || severity === 3 ? severity : undefined })}
      />
      <Select
        size="small"
        style={{ width: 190 }}
        showSearch
        aria-label={t("alarm.rule.service")}
        value={search.service ?? ""}
        options={[{ value: "", label: t("alarm.anyService") }, ...names.map((name) => ({ value: name, label: name }))]}
        onChange={(service) => change({ service: service || undefined })}
      />
    </>
  );
}

function Nothing({ history, filtered }: { history: boolean; filtered: boolean }) {
  const { t } = useTranslation();
  if (filtered) return <Notice title={t("alarm.noMatch")} />;
  if (history) return <Notice title={t("alarm.emptyHistoryTitle")}>{t("alarm.emptyHistoryTodo")}</Notice>;
  return (
    <Notice
      mark={Mark.Ok}
      title={t("alarm.emptyTitle")}
      actions={
        <Link className="link" to="/alarms/rules" search={{}}>
          {t("alarm.rules")}
        </Link>
      }
    >
      {t("alarm.emptyTodo")}
    </Notice>
  );
}
