import { type AlarmRule, AlarmSubject } from "@msec/api/console/v1/alarms_pb.js";
import { useMutation } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { Loading } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { AlarmCurveChart } from "./alarm-curve.tsx";
import { targetText } from "./alarm-words.ts";

/** What a rule would have done in the last day, when it is asked. */
export function RulePreview({ rule }: { readonly rule: AlarmRule }) {
  const { t } = useTranslation();
  const api = useApi();
  // The name is not needed to look at the past.
  const named = rule.name.trim() === "" ? { ...rule, name: "preview" } : rule;
  const preview = useMutation({ mutationFn: () => api.alarm.previewAlarmRule({ rule: named, hours: 24 }) });
  const { data, variables: _ } = preview;
  return (
    <Panel
      title={t("alarm.rule.preview")}
      tools={
        <Button
          size="small"
          disabled={rule.subject === AlarmSubject.LIVENESS}
          loading={preview.isPending}
          onClick={() => preview.mutate()}
        >
          {t("alarm.rule.preview")}
        </Button>
      }
    >
      <div className="panel-body">
        {rule.subject === AlarmSubject.LIVENESS && <p className="muted">{t("alarm.rule.noPast")}</p>}
        {preview.isIdle && rule.subject !== AlarmSubject.LIVENESS && (
          <p className="muted">{t("alarm.rule.previewHint")}</p>
        )}
        {preview.isPending && <Loading label={t("alarm.rule.previewing")} lines={3} />}
        {preview.isError && <FailureNotice error={preview.error} />}
        {data !== undefined && data.seen === 0 && <p className="muted">{t("alarm.rule.nothingSeen")}</p>}
        {data !== undefined && data.seen > 0 && (
          <>
            <p style={{ marginBottom: 10 }}>
              <Status mark={data.fired > 0 ? Mark.Warn : Mark.Ok}>
                {t("alarm.rule.fired", { count: data.fired })}
                {data.fired > 0 && ` ${t("alarm.rule.atTargets", { count: data.targets })}`}
                <span className="muted"> {t("alarm.rule.ofSeen", { count: data.seen })}</span>
              </Status>
            </p>
            {data.worst.map((target) =>
              target.curve === undefined ? (
                <p key={targetText(target)}>
                  {targetText(target)} <span className="muted">{t("alarm.rule.fired", { count: target.fired })}</span>
                </p>
              ) : (
                <AlarmCurveChart
                  key={targetText(target)}
                  curve={target.curve}
                  rule={rule}
                  target={targetText(target)}
                  height={150}
                />
              ),
            )}
          </>
        )}
      </div>
    </Panel>
  );
}
