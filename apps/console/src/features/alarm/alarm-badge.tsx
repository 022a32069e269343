import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { alarmStatusQuery } from "./queries.ts";
import "./alarms.css";

/** How many alarms are open, beside the section's name; nothing where none is. */
export function AlarmBadge() {
  const { t } = useTranslation();
  const status = useQuery(alarmStatusQuery(useApi()));
  const { open = 0, critical = 0 } = status.data ?? {};
  if (open === 0) return null;
  return (
    <span className={critical > 0 ? "alarm-badge critical" : "alarm-badge"} title={t("alarm.badge", { count: open })}>
      {open}
    </span>
  );
}
