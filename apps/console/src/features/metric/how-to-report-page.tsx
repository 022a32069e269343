import { useTranslation } from "react-i18next";
import { useMonitoringOnly } from "../session/queries.ts";
import { HowToReport } from "./how-to-report.tsx";

/** How programs report to this server, for whoever adds the next one. */
export function HowToReportPage() {
  const { t } = useTranslation();
  const doors = useMonitoringOnly();
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{t("monitoring.title")}</h1>
          <p className="lead">{t("monitoring.lead")}</p>
        </div>
      </div>
      {doors !== undefined && <HowToReport doors={doors} />}
    </div>
  );
}
