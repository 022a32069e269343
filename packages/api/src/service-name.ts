const part = "[a-zA-Z][a-zA-Z0-9_]{1,31}";
const serviceName = new RegExp(`^${part}\\.${part}$`);

/**
 * Whether a text has the form of a service's name, `Flight.mod_flight`: two parts with a dot between, each a letter and then 1…31 letters, digits or
 * underscores. The registry accepts no service with a part `agent`.
 */
export function isServiceName(text: string): boolean {
  return serviceName.test(text);
}
