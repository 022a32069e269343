import { type InstanceSettings, Transport } from "@msec/api/agent/v1/common_pb.js";
import type { TFunction } from "i18next";
import { formatBytes, formatCount } from "../../lib/format.ts";

/** What an instance is reached over, in the words of the original's page. */
export const transportName: Readonly<Record<Transport, string>> = {
  [Transport.UNSPECIFIED]: "TCP",
  [Transport.TCP]: "TCP",
  [Transport.UDP]: "UDP",
  [Transport.TCP_AND_UDP]: "TCP + UDP",
};

/** The limits of an instance in one line; `none` where it has none. */
export function limitsText(t: TFunction, settings: InstanceSettings | undefined): string {
  const { procnum = 0, memoryBytes = 0, cpus = 0, openFiles = 0 } = settings ?? {};
  const parts = [
    procnum > 0 && t("instanceForm.limitProcnum", { count: procnum }),
    memoryBytes > 0 && t("instanceForm.limitMemory", { size: formatBytes(memoryBytes) }),
    cpus > 0 && t("instanceForm.limitCpus", { count: cpus }),
    openFiles > 0 && t("instanceForm.limitFiles", { files: formatCount(openFiles) }),
  ].filter((part) => part !== false);
  return parts.length === 0 ? t("instanceForm.noLimits") : parts.join(" · ");
}

/** A weight and limits as a form has them; 0: none. */
export interface LimitsDraft {
  readonly weight: number;
  readonly procnum: number;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly openFiles: number;
}

const MIB = 2 ** 20;

/** What a form begins with. */
export function limitsDraft(weight: number, settings: InstanceSettings | undefined): LimitsDraft {
  const { procnum = 0, memoryBytes = 0, cpus = 0, openFiles = 0 } = settings ?? {};
  return { weight, procnum, memoryMiB: Math.round(memoryBytes / MIB), cpus, openFiles };
}

/** The limits of a form as the API has them. */
export function settingsOf({ procnum, memoryMiB, cpus, openFiles }: LimitsDraft) {
  return { procnum, memoryBytes: memoryMiB * MIB, cpus, openFiles };
}
