import { AlarmDelivery, type AlarmNotification } from "@msec/api/console/v1/alarms_pb.js";
import { useTranslation } from "react-i18next";
import { formatDateTime } from "../../lib/format.ts";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { outcomeText } from "./outcome-words.ts";

const marks: Readonly<Record<AlarmDelivery, Mark>> = {
  [AlarmDelivery.UNSPECIFIED]: Mark.Unknown,
  [AlarmDelivery.PENDING]: Mark.Progress,
  [AlarmDelivery.SENT]: Mark.Ok,
  [AlarmDelivery.FAILED]: Mark.Fail,
  [AlarmDelivery.DIGEST]: Mark.Ok,
};

/** Who was told of an alarm, and what came of it. */
export function NotificationTable({ notifications }: { readonly notifications: readonly AlarmNotification[] }) {
  const { t } = useTranslation();
  if (notifications.length === 0) return <p className="panel-body muted">{t("alarm.noNotifications")}</p>;
  return (
    <div className="scroll-x">
      <table className="grid" aria-label={t("alarm.notifications")}>
        <thead>
          <tr>
            <th>{t("column.time")}</th>
            <th>{t("alarm.column.channel")}</th>
            <th>{t("alarm.column.event")}</th>
            <th>{t("alarm.column.outcome")}</th>
          </tr>
        </thead>
        <tbody>
          {notifications.map((one) => (
            <tr key={one.id} className="row">
              <td>{formatDateTime(one.doneMs || one.createdMs).slice(5)}</td>
              <td>{one.channelName || <span className="mono">{one.channelId}</span>}</td>
              <td>{t(`alarm.event.n${one.event}`)}</td>
              <td className="wrap outcome">
                <Status mark={marks[one.delivery]}>{t(`alarm.delivery.n${one.delivery}`)}</Status>
                <span className="muted">
                  {one.attempts > 1 && ` ×${one.attempts}`} {outcomeText(t, one.outcome)}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
