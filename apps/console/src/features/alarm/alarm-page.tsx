import type { Alarm, GetAlarmResponse } from "@msec/api/console/v1/alarms_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureKind, failureFrom } from "../../lib/failure.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDateTime } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { AlarmCurveChart } from "./alarm-curve.tsx";
import { alarmLinks } from "./alarm-links.ts";
import { AlarmTable, AlarmTags } from "./alarm-table.tsx";
import { conditionText, severityMarks, targetText, valueText } from "./alarm-words.ts";
import { NotificationTable } from "./notification-table.tsx";
import { alarmQuery, useAlarmChange } from "./queries.ts";
import { SilenceForm } from "./silence-form.tsx";
import "./alarms.css";

/** One alarm: what it is about, its curve, who was told, what people said, what it explains. */
export function AlarmPage({ id }: { readonly id: string }) {
  const { t } = useTranslation();
  const alarm = useQuery(alarmQuery(useApi(), id));
  if (alarm.data?.alarm !== undefined) return <AlarmDetail data={alarm.data} alarm={alarm.data.alarm} />;
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("alarm.title")}</h1>
      </div>
      {alarm.isPending && <Loading label={t("alarm.title")} lines={8} />}
      {alarm.isError &&
        (failureFrom(alarm.error).kind === FailureKind.NotFound ? (
          <section className="panel">
            <Notice
              mark={Mark.Unknown}
              title={t("alarm.unknownTitle")}
              actions={
                <Link className="link" to="/alarms" search={{}}>
                  {t("alarm.title")}
                </Link>
              }
            >
              {t("alarm.unknownTodo")}
            </Notice>
          </section>
        ) : (
          <section className="panel">
            <FailureNotice error={alarm.error} onRetry={alarm.refetch} />
          </section>
        ))}
    </div>
  );
}

function AlarmDetail({ data, alarm }: { data: GetAlarmResponse; alarm: Alarm }) {
  const { t } = useTranslation();
  const { rule } = alarm;
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{targetText(alarm)}</h1>
          <p className="lead">{rule && conditionText(t, rule)}</p>
        </div>
        <Actions alarm={alarm} />
      </div>
      <Facts alarm={alarm} />
      {rule !== undefined && rule.note !== "" && (
        <Panel title={t("alarm.note")}>
          <p className="panel-body alarm-note">{rule.note}</p>
        </Panel>
      )}
      {data.cause !== undefined && (
        <Panel title={t("alarm.explainedBy")}>
          <AlarmTable alarms={[data.cause]} label={t("alarm.explainedBy")} />
        </Panel>
      )}
      <Panel title={t("alarm.curve")} tools={<Links alarm={alarm} />}>
        <div className="panel-body">
          {data.curve?.values.every(Number.isNaN) ? (
            <p className="muted">{t("alarm.nothingThere")}</p>
          ) : data.curve !== undefined && rule !== undefined ? (
            <AlarmCurveChart curve={data.curve} rule={rule} target={targetText(alarm)} />
          ) : (
            <p className="muted">
              {data.curveFailure === "" ? t("alarm.noCurve") : `${t("alarm.curveFailed")} ${data.curveFailure}`}
            </p>
          )}
        </div>
      </Panel>
      {data.folded.length > 0 && (
        <Panel title={t("alarm.explains")} count={data.folded.length}>
          <AlarmTable alarms={data.folded} label={t("alarm.explains")} />
        </Panel>
      )}
      <div className="alarm-columns">
        <Panel title={t("alarm.notifications")} count={data.notifications.length}>
          <NotificationTable notifications={data.notifications} />
        </Panel>
        <Comments data={data} alarm={alarm} />
      </div>
    </div>
  );
}

/** Where to look for the cause. */
function Links({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation();
  const [nowMs] = useState(serverNow);
  const { requests, curves, logs, monitor } = alarmLinks(alarm, nowMs);
  return (
    <span className="row-flex alarm-links">
      {requests !== undefined && (
        <Link className="link" to="/requests" search={requests}>
          {t("alarm.link.requests")}
        </Link>
      )}
      {curves !== undefined && (
        <Link className="link" to="/services/$name/curves" params={{ name: curves.service }} search={curves.search}>
          {t("nav.curves")}
        </Link>
      )}
      {monitor !== undefined && (
        <Link className="link" to="/monitor" search={monitor}>
          {t("nav.monitor")}
        </Link>
      )}
      {logs !== undefined && (
        <Link className="link" to="/logs" search={logs}>
          {t("nav.logs")}
        </Link>
      )}
    </span>
  );
}

function Facts({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation();
  const { rule } = alarm;
  return (
    <dl className="facts">
      <div>
        <dt>{t("alarm.column.severity")}</dt>
        <dd>
          <Status mark={severityMarks[alarm.severity]}>
            {alarm.severity === 0 ? "–" : t(`alarm.severity.n${alarm.severity}`)}
          </Status>
        </dd>
      </div>
      <div>
        <dt>{t("alarm.column.state")}</dt>
        <dd>
          <AlarmTags alarm={alarm} />
        </dd>
      </div>
      <div>
        <dt>{t("alarm.column.rule")}</dt>
        <dd>
          <Link className="link" to="/alarms/rules" search={{ edit: alarm.ruleId }}>
            {rule?.name}
          </Link>{" "}
          {rule !== undefined && (
            <span className="muted">{t("alarm.text.forMinutes", { n: rule.forMinutes, m: rule.ofMinutes })}</span>
          )}
        </dd>
      </div>
      <div>
        <dt>{t("alarm.column.first")}</dt>
        <dd>{formatDateTime(alarm.firstMs).slice(0, -3)}</dd>
      </div>
      <div>
        <dt>{t("alarm.column.last")}</dt>
        <dd>{formatDateTime(alarm.lastMs).slice(0, -3)}</dd>
      </div>
      {alarm.resolvedMs > 0 && (
        <div>
          <dt>{t("alarm.column.ended")}</dt>
          <dd>{formatDateTime(alarm.resolvedMs).slice(0, -3)}</dd>
        </div>
      )}
      <div>
        <dt>{t("alarm.column.minutes")}</dt>
        <dd>{alarm.count}</dd>
      </div>
      {rule !== undefined && alarm.peak !== undefined && (
        <div>
          <dt>{t("alarm.column.worst")}</dt>
          <dd>{valueText(rule, alarm.peak)}</dd>
        </div>
      )}
      {alarm.service !== "" && (
        <div>
          <dt>{t("column.service")}</dt>
          <dd>
            <Link className="link" to="/services/$name" params={{ name: alarm.service }}>
              {alarm.service}
            </Link>
          </dd>
        </div>
      )}
    </dl>
  );
}

function Actions({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation();
  const api = useApi();
  const { message } = App.useApp();
  const [silencing, setSilencing] = useState(false);
  const acknowledge = useAlarmChange(() => api.alarm.acknowledgeAlarms({ ids: [alarm.id] }));
  if (!alarm.open) return null;
  const run = async () => {
    try {
      await acknowledge.mutateAsync(undefined);
      void message.success(t("alarm.acknowledgedNow"));
    } catch (error) {
      void message.error(failureFrom(error).detail);
    }
  };
  return (
    <span className="row-flex">
      {alarm.acknowledgedMs === 0 && (
        <Button
          type="primary"
          title={t("alarm.acknowledgeHint")}
          loading={acknowledge.isPending}
          onClick={() => void run()}
        >
          {t("alarm.acknowledge")}
        </Button>
      )}
      <Button onClick={() => setSilencing(true)}>{t("alarm.silence")}</Button>
      {silencing && (
        <SilenceForm
          matcher={{
            ruleId: alarm.ruleId,
            service: alarm.service,
            instance: alarm.instance,
            host: alarm.host,
          }}
          onClose={() => setSilencing(false)}
        />
      )}
    </span>
  );
}

function Comments({ data, alarm }: { data: GetAlarmResponse; alarm: Alarm }) {
  const { t } = useTranslation();
  const api = useApi();
  const { message } = App.useApp();
  const [text, setText] = useState("");
  const comment = useAlarmChange(() => api.alarm.commentAlarm({ id: alarm.id, text }));
  const add = async () => {
    try {
      await comment.mutateAsync(undefined);
      setText("");
    } catch (error) {
      void message.error(failureFrom(error).detail);
    }
  };
  return (
    <Panel title={t("alarm.comments")} count={data.comments.length}>
      {data.comments.length === 0 && <p className="panel-body muted">{t("alarm.noComments")}</p>}
      <ul className="alarm-comments">
        {data.comments.map((one) => (
          <li key={`${one.timeMs} ${one.author} ${one.text}`}>
            <span className="muted">
              {formatDateTime(one.timeMs).slice(0, -3)} · {one.author}
              {one.acknowledges && ` · ${t("alarm.didAcknowledge")}`}
            </span>
            {one.text !== "" && <p>{one.text}</p>}
          </li>
        ))}
      </ul>
      <div className="alarm-comment-form">
        <Input.TextArea
          aria-label={t("alarm.commentLabel")}
          placeholder={t("alarm.commentLabel")}
          autoSize={{ minRows: 1, maxRows: 6 }}
          maxLength={2000}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button disabled={text.trim() === ""} loading={comment.isPending} onClick={() => void add()}>
          {t("alarm.addComment")}
        </Button>
      </div>
    </Panel>
  );
}
