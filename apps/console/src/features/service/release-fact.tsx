import type { Instance } from "@msec/api/console/v1/registry_pb.js";
import { Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { runningReleases } from "./releases.ts";

/** The release of a service: one name, or how many there are at the same time and which. */
export function ReleaseFact({ instances }: { readonly instances: readonly Instance[] }) {
  const { t } = useTranslation();
  const releases = runningReleases(instances);
  const [only] = releases;
  if (only === undefined) return null;
  return (
    <div>
      <dt>{t("column.release")}</dt>
      <dd>
        {releases.length === 1 ? (
          <span className="mono clip release" title={only.release}>
            {only.release}
          </span>
        ) : (
          <Tooltip
            title={
              <ul className="releases">
                {releases.map(({ release, instances: count }) => (
                  <li key={release}>{t("release.of", { release, count })}</li>
                ))}
              </ul>
            }
          >
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what the tooltip says is for the keyboard too */}
            <span className="tag warn" tabIndex={0}>
              {t("release.mixed", { count: releases.length })}
            </span>
          </Tooltip>
        )}
      </dd>
    </div>
  );
}
