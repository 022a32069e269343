/**
 * The value of a message's field as text: a string, number, boolean or enumeration; `undefined` for anything else and where there is none.
 *
 * @param path  the name as in the interface file or in TypeScript, `user.id` for a field of a message within, at most four deep
 */
export function findMessageField(message: unknown, path: string): string | undefined {
  let value = message;
  const names = path.split(".");
  if (names.length > 4) return undefined;
  for (const name of names) value = ownField(value, name);
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    default:
      return undefined;
  }
}

function ownField(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  for (const key of [name, camelCase(name)]) if (Object.hasOwn(fields, key)) return fields[key];
  // One of several: `{ case: "name", value }` under the group's own name.
  for (const group of Object.values(fields)) {
    if (typeof group !== "object" || group === null) continue;
    const { case: chosen, value: inner } = group as { case?: unknown; value?: unknown };
    if (chosen === name || chosen === camelCase(name)) return inner;
  }
  return undefined;
}

function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}
