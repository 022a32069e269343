import type { DyeRuleView } from "@msec/api/console/v1/dyeing_pb.js";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { type Api, useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDateTime, formatElapsed } from "../../lib/format.ts";
import { useDraft } from "../../lib/use-draft.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { withCondition } from "../log/logs-search.ts";
import { servicesQuery } from "../service/queries.ts";
import "../log/logs.css";

const POLL_MS = 2_000;
const durations = [
  [60, "minute"],
  [600, "minutes10"],
  [3_600, "hour"],
  [21_600, "hours6"],
  [86_400, "day"],
] as const;

function dyeRulesQuery(api: Api) {
  return queryOptions({
    queryKey: ["dyeing"],
    queryFn: ({ signal }) => api.dyeing.listDyeRules({}, { signal }),
    refetchInterval: POLL_MS,
  });
}

const nothing = { field: "", value: "", service: "", caller: "", note: "", durationS: 600 };

function readDraft(kept: unknown): typeof nothing | undefined {
  if (typeof kept !== "object" || kept === null) return undefined;
  const isSame = ([name, value]: [string, unknown]) => typeof (kept as Record<string, unknown>)[name] === typeof value;
  return Object.entries(nothing).every(isSame) ? (kept as typeof nothing) : undefined;
}

/** Which requests are recorded in full: the rules that hold, and a form for a new one. */
export function DyeingPage() {
  const { t } = useTranslation();
  const api = useApi();
  const queryClient = useQueryClient();
  const rules = useQuery(dyeRulesQuery(api));
  const services = useQuery(servicesQuery(api));
  const { message } = App.useApp();
  const { value: draft, set: setDraft, forget } = useDraft("dyeing", nothing, { base: "", read: readDraft });
  const onSettled = () => queryClient.invalidateQueries({ queryKey: ["dyeing"] });
  const create = useMutation({
    mutationFn: () => api.dyeing.createDyeRule(draft),
    onSuccess: () => {
      void message.success(t("dyeing.started"));
      forget();
    },
    onSettled,
  });
  const end = useMutation({
    mutationFn: (id: string) => api.dyeing.endDyeRule({ id }),
    onSuccess: () => void message.success(t("dyeing.endedNow")),
    onSettled,
  });
  const names = services.data?.services.map((service) => service.name) ?? [];
  const list = rules.data?.rules ?? [];
  const set = (change: Partial<typeof nothing>) => setDraft((old) => ({ ...old, ...change }));
  const isComplete = draft.field.trim() !== "" || draft.caller !== "";
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{t("dyeing.title")}</h1>
          <p className="lead">{t("dyeing.lead")}</p>
        </div>
        <span className="spacer" />
        <Link className="link" to="/logs" search={{ dyed: true }}>
          {t("dyeing.toLogs")}
        </Link>
      </div>
      <Panel title={t("dyeing.create")}>
        <form
          className="panel-body dye-form"
          onSubmit={(event) => {
            event.preventDefault();
            if (isComplete) create.mutate();
          }}
        >
          <div className="labelled">
            {t("dyeing.field")}
            <Input
              aria-label={t("dyeing.field")}
              className="mono"
              value={draft.field}
              maxLength={128}
              placeholder="uid"
              onChange={(event) => set({ field: event.target.value })}
            />
          </div>
          <div className="labelled">
            {t("dyeing.value")}
            <Input
              aria-label={t("dyeing.value")}
              className="mono"
              value={draft.value}
              maxLength={256}
              placeholder="12345"
              onChange={(event) => set({ value: event.target.value })}
            />
          </div>
          <div className="labelled">
            {t("dyeing.service")}
            <Select
              showSearch
              value={draft.service}
              aria-label={t("dyeing.service")}
              options={[
                { value: "", label: t("dyeing.everyService") },
                ...names.map((name) => ({ value: name, label: name })),
              ]}
              onChange={(service) => set({ service })}
            />
          </div>
          <div className="labelled">
            {t("dyeing.caller")}
            <Select
              showSearch
              value={draft.caller}
              aria-label={t("dyeing.caller")}
              options={[
                { value: "", label: t("dyeing.anyCaller") },
                ...names.map((name) => ({ value: name, label: name })),
                { value: "http.json", label: "http.json" },
              ]}
              onChange={(caller) => set({ caller })}
            />
          </div>
          <div className="labelled">
            {t("dyeing.duration")}
            <Select
              value={draft.durationS}
              aria-label={t("dyeing.duration")}
              options={durations.map(([value, name]) => ({ value, label: t(`dyeing.durations.${name}`) }))}
              onChange={(durationS) => set({ durationS })}
            />
          </div>
          <div className="labelled wide">
            {t("dyeing.note")}
            <Input
              aria-label={t("dyeing.note")}
              value={draft.note}
              maxLength={200}
              onChange={(event) => set({ note: event.target.value })}
            />
          </div>
          <Button type="primary" htmlType="submit" disabled={!isComplete} loading={create.isPending}>
            {t("dyeing.start")}
          </Button>
        </form>
        {(create.isError || end.isError) && <FailureNotice error={create.error ?? end.error} besideData />}
      </Panel>
      <Panel
        title={t("dyeing.rules")}
        count={list.filter(({ active }) => active).length}
        tools={
          rules.data !== undefined && (
            <Status mark={rules.data.hostsApplied === rules.data.hostsConnected ? Mark.Ok : Mark.Warn}>
              {t("dyeing.applied", { applied: rules.data.hostsApplied, connected: rules.data.hostsConnected })}
            </Status>
          )
        }
      >
        {rules.isPending && <Loading label={t("dyeing.title")} lines={3} />}
        {rules.isError && <FailureNotice error={rules.error} onRetry={rules.refetch} besideData={list.length > 0} />}
        {rules.data !== undefined && list.length === 0 && (
          <Notice title={t("dyeing.emptyTitle")}>{t("dyeing.emptyTodo")}</Notice>
        )}
        {list.length > 0 && (
          <div className="scroll-x">
            <table className="grid dyeing" aria-label={t("dyeing.rules")}>
              <thead>
                <tr>
                  <th>{t("dyeing.what")}</th>
                  <th>{t("dyeing.service")}</th>
                  <th>{t("dyeing.caller")}</th>
                  <th>{t("dyeing.note")}</th>
                  <th className="col-wide">{t("dyeing.since")}</th>
                  <th>{t("dyeing.left")}</th>
                  <th>
                    <span className="visually-hidden">{t("dyeing.lines")}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.map((rule) => (
                  <RuleRow key={rule.id} rule={rule} onEnd={() => end.mutate(rule.id)} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
    </div>
  );
}

function RuleRow({ rule, onEnd }: { rule: DyeRuleView; onEnd: () => void }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const leftMs = rule.expiresMs - useNow();
  const active = rule.active && leftMs > 0;
  return (
    <tr className={active ? "row" : "row muted"}>
      <td className="mono clip" title={rule.value}>
        {rule.field === "" ? t("dyeing.everyRequest") : `${rule.field} = ${rule.value}`}
      </td>
      <td className="clip" title={rule.service}>
        {rule.service || t("dyeing.everyService")}
      </td>
      <td className="clip" title={rule.caller}>
        {rule.caller || t("dyeing.anyCaller")}
      </td>
      <td className="clip note" title={rule.note}>
        {rule.note}
      </td>
      <td className="mono nowrap col-wide">{formatDateTime(rule.createdMs)}</td>
      <td className="nowrap">{active ? formatElapsed(leftMs, language) : t("dyeing.ended")}</td>
      <td className="num nowrap">
        <Link
          className="link"
          to="/logs"
          search={{
            dyed: true,
            from: Math.floor(rule.createdMs),
            to: Math.ceil(rule.expiresMs) + 60_000,
            ...(rule.service === "" ? {} : { where: withCondition("", "service", rule.service) }),
          }}
        >
          {t("dyeing.lines")}
        </Link>
        {active && (
          <Button size="small" onClick={onEnd}>
            {t("dyeing.end")}
          </Button>
        )}
      </td>
    </tr>
  );
}
