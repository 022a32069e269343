const part = /^[a-zA-Z][a-zA-Z0-9_]{1,31}$/;

/** Whether a text can be the name of a service, by the server's rule (apps/server/src/registry/service-name.ts). */
export function isServiceName(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 2 && parts.every((one) => part.test(one) && one !== "agent");
}
