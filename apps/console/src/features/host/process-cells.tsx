import type { Process } from "@msec/api/agent/v1/common_pb.js";
import { useTranslation } from "react-i18next";
import { formatBytes, formatElapsed, formatRate } from "../../lib/format.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";

/** The heads of `ProcessCells`. */
export function ProcessHeads() {
  const { t } = useTranslation();
  return (
    <>
      <th className="num col-wide">{t("column.pid")}</th>
      <th className="num">{t("column.uptime")}</th>
      <th className="num">{t("column.memory")}</th>
      <th className="num">{t("column.cpu")}</th>
      <th className="num">{t("column.restarts")}</th>
    </>
  );
}

/** How many columns `ProcessHeads` and `ProcessCells` are. */
export const PROCESS_COLUMNS = 5;

/**
 * What a process takes, wherever processes are rows: its number, uptime, memory and CPU together with its workers', restarts.
 *
 * @param process  undefined: nobody reports on it
 */
export function ProcessCells({ process }: { readonly process: Process | undefined }) {
  const language = useLanguage();
  const now = useNow();
  const nothing = <span className="zero">–</span>;
  const alive = process !== undefined && process.pid !== 0;
  const workers = process?.workers ?? [];
  const memory = workers.reduce((sum, one) => sum + one.memoryBytes, process?.memoryBytes ?? 0);
  const cpu = workers.reduce((sum, one) => sum + one.cpuPercent, process?.cpuPercent ?? 0);
  return (
    <>
      <td className="num mono col-wide">{alive ? process.pid : nothing}</td>
      <td className="num">{alive ? formatElapsed(now - process.startedMs, language) : nothing}</td>
      <td className="num">{alive ? formatBytes(memory) : nothing}</td>
      <td className="num">{alive ? `${formatRate(cpu)} %` : nothing}</td>
      <td className={process !== undefined && process.restarts > 0 ? "num warn" : "num zero"}>
        {process?.restarts ?? "–"}
      </td>
    </>
  );
}
