import type { AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Switch } from "antd";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { failureFrom } from "../../lib/failure.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { AlarmHead } from "./alarm-head.tsx";
import { conditionText, severityMarks } from "./alarm-words.ts";
import { alarmStatusQuery, channelsQuery, rulesQuery, useAlarmChange } from "./queries.ts";
import { newRule } from "./rule-draft.ts";
import { RuleForm } from "./rule-form.tsx";

/** Which rule is edited; `new` for one that is not there yet. */
export interface RulesPageProps {
  readonly edit: string | undefined;
  readonly onEdit: (edit: string | undefined) => void;
}

/** The rules: what is bad, and who is told. */
export function RulesPage({ edit, onEdit }: RulesPageProps) {
  const { t } = useTranslation();
  const rules = useQuery(rulesQuery(useApi()));
  const list = rules.data?.rules ?? [];
  const edited = edit === "new" ? newRule() : list.find(({ id }) => id === edit);
  return (
    <div className="page">
      <AlarmHead lead={t("alarm.rulesLead")} />
      {edited !== undefined ? (
        <RuleForm key={edit} rule={edited} onDone={() => onEdit(undefined)} />
      ) : (
        <Panel
          title={t("alarm.rules")}
          count={
            rules.data === undefined ? undefined : t("alarm.rule.count", { count: list.length, max: rules.data.max })
          }
          tools={
            <Button size="small" type="primary" onClick={() => onEdit("new")}>
              {t("alarm.rule.new")}
            </Button>
          }
        >
          {rules.isPending && <Loading label={t("alarm.rules")} />}
          {rules.isError && <FailureNotice error={rules.error} onRetry={rules.refetch} besideData={list.length > 0} />}
          {rules.data !== undefined && list.length === 0 && (
            <Notice title={t("alarm.rule.emptyTitle")}>{t("alarm.rule.emptyTodo")}</Notice>
          )}
          {list.length > 0 && <RuleTable rules={list} />}
        </Panel>
      )}
    </div>
  );
}

function RuleTable({ rules }: { rules: readonly AlarmRule[] }) {
  const { t } = useTranslation();
  const api = useApi();
  const { message } = App.useApp();
  const status = useQuery(alarmStatusQuery(api));
  const channels = useQuery(channelsQuery(api));
  const save = useAlarmChange((rule: AlarmRule) => api.alarm.saveAlarmRule({ rule }));
  const toggle = async (rule: AlarmRule, enabled: boolean) => {
    try {
      await save.mutateAsync({ ...rule, enabled });
    } catch (error) {
      void message.error(failureFrom(error).detail);
    }
  };
  const nameOf = (id: string) => channels.data?.channels.find((one) => one.id === id)?.name ?? id;
  const moreOf = (id: string) => status.data?.overflows.find((one) => one.ruleId === id)?.more ?? 0;
  return (
    <div className="scroll-x">
      <table className="grid alarms rule-list" aria-label={t("alarm.rules")}>
        <thead>
          <tr>
            <th>{t("alarm.rule.enabled")}</th>
            <th>{t("alarm.rule.name")}</th>
            <th>{t("alarm.column.severity")}</th>
            <th>{t("alarm.column.target")}</th>
            <th>{t("alarm.column.condition")}</th>
            <th>{t("alarm.rule.channels")}</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <tr key={rule.id} className="row">
              <td>
                <Switch
                  size="small"
                  checked={rule.enabled}
                  aria-label={t("alarm.rule.enabledOf", { name: rule.name })}
                  onChange={(enabled) => void toggle(rule, enabled)}
                />
              </td>
              <td className="two target">
                <Link className="link clipped" to="/alarms/rules" search={{ edit: rule.id }} title={rule.name}>
                  {rule.name}
                </Link>
                {moreOf(rule.id) > 0 && (
                  <span className="under warn">{t("alarm.overflow", { more: moreOf(rule.id) })}</span>
                )}
              </td>
              <td>
                <Status mark={rule.enabled ? severityMarks[rule.severity] : Mark.Off}>
                  {rule.severity === 0 ? "–" : t(`alarm.severity.n${rule.severity}`)}
                </Status>
              </td>
              <td className="two">
                <span className="clipped" title={rule.service}>
                  {rule.service || "–"}
                </span>
                <span className="under">{rule.scope === 0 ? "" : t(`alarm.scope.n${rule.scope}`)}</span>
              </td>
              <td className="two condition">
                <span className="clip" style={{ display: "block" }} title={conditionText(t, rule)}>
                  {conditionText(t, rule)}
                </span>
                <span className="under">{t("alarm.text.forMinutes", { n: rule.forMinutes, m: rule.ofMinutes })}</span>
              </td>
              <td className="clip" title={rule.channelIds.map(nameOf).join(", ")}>
                {rule.channelIds.length === 0 ? (
                  <span className="zero">–</span>
                ) : (
                  rule.channelIds.map(nameOf).join(", ")
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
