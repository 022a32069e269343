import type { AlarmSilence } from "@msec/api/console/v1/alarms_pb.js";
import { useQuery } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { failureFrom } from "../../lib/failure.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDateTime } from "../../lib/format.ts";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { AlarmHead } from "./alarm-head.tsx";
import { rulesQuery, silencesQuery, useAlarmChange } from "./queries.ts";
import { SilenceForm } from "./silence-form.tsx";

const nothing = { ruleId: "", service: "", instance: "", host: "" };

/** What is kept quiet at the moment. */
export function SilencesPage() {
  const { t } = useTranslation();
  const api = useApi();
  const { message } = App.useApp();
  const [creating, setCreating] = useState(false);
  const silences = useQuery(silencesQuery(api));
  const rules = useQuery(rulesQuery(api));
  const end = useAlarmChange((id: string) => api.alarm.endAlarmSilence({ id }));
  const list = silences.data?.silences ?? [];
  const endNow = async (id: string) => {
    try {
      await end.mutateAsync(id);
    } catch (error) {
      void message.error(failureFrom(error).detail);
    }
  };
  const ruleName = (id: string) => rules.data?.rules.find((rule) => rule.id === id)?.name ?? id;
  const matcherText = ({ ruleId, service, instance, host }: AlarmSilence) =>
    [ruleId === "" ? "" : ruleName(ruleId), service, instance, host].filter((part) => part !== "").join(" · ");
  return (
    <div className="page">
      <AlarmHead lead={t("alarm.quiet.lead")} />
      <Panel
        title={t("alarm.silences")}
        count={list.length}
        tools={
          <Button size="small" type="primary" onClick={() => setCreating(true)}>
            {t("alarm.quiet.new")}
          </Button>
        }
      >
        {silences.isPending && <Loading label={t("alarm.silences")} />}
        {silences.isError && (
          <FailureNotice error={silences.error} onRetry={silences.refetch} besideData={list.length > 0} />
        )}
        {silences.data !== undefined && list.length === 0 && (
          <Notice title={t("alarm.quiet.emptyTitle")}>{t("alarm.quiet.emptyTodo")}</Notice>
        )}
        {list.length > 0 && (
          <div className="scroll-x">
            <table className="grid" aria-label={t("alarm.silences")}>
              <thead>
                <tr>
                  <th>{t("alarm.column.matches")}</th>
                  <th>{t("alarm.column.until")}</th>
                  <th>{t("alarm.column.by")}</th>
                  <th>{t("alarm.column.comment")}</th>
                  <th>
                    <span className="visually-hidden">{t("alarm.quiet.end")}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.map((silence) => (
                  <tr key={silence.id} className="row">
                    <td>{matcherText(silence)}</td>
                    <td>{formatDateTime(silence.untilMs).slice(0, -3)}</td>
                    <td>{silence.author}</td>
                    <td className="wrap">{silence.comment}</td>
                    <td className="num">
                      <Button size="small" onClick={() => void endNow(silence.id)}>
                        {t("alarm.quiet.end")}
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
      {creating && <SilenceForm matcher={nothing} onClose={() => setCreating(false)} />}
    </div>
  );
}
