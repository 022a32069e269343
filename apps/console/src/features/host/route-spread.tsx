import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { hostsQuery } from "./queries.ts";
import { countApplied } from "./route-progress.ts";

/** A service's route version, and how many hosts have applied it: two entries of a `.facts` list. */
export function RouteSpread({ version }: { readonly version: bigint }) {
  const { t } = useTranslation();
  const hosts = useQuery(hostsQuery(useApi()));
  const { applied, total } = countApplied(hosts.data?.hosts ?? [], version);
  return (
    <div>
      <dt>{t("service.routes")}</dt>
      <dd>
        <span className="mono">{String(version)}</span>
        {total > 0 && (
          <span className={applied < total ? "warn" : "muted"}> · {t("service.appliedBy", { applied, total })}</span>
        )}
      </dd>
    </div>
  );
}
