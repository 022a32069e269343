import { useTranslation } from "react-i18next";
import { useMonitoringOnly } from "../session/queries.ts";
import { HowToReport, HowToReportToAgent } from "./how-to-report.tsx";

/** How programs report to this server or to the agents of its hosts, for whoever adds the next one. */
export function HowToReportPage() {
  const { t } = useTranslation();
  const doors = useMonitoringOnly();
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{t("monitoring.title")}</h1>
          <p className="lead">{t(doors === undefined ? "monitoring.wholeLead" : "monitoring.lead")}</p>
        </div>
      </div>
      {doors !== undefined ? <HowToReport doors={doors} /> : <HowToReportToAgent />}
    </div>
  );
}
