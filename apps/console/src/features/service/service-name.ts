import { isServiceName } from "@msec/api/service-name";

/** Whether a text can be the name of a new service, by the registry's rule (apps/server/src/registry/service-name.ts). */
export function isNewServiceName(text: string): boolean {
  return isServiceName(text) && !text.split(".").includes("agent");
}
