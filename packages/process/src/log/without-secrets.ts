import { SECRET_DEPTH, SECRET_FIELDS } from "./secret-fields.ts";

const secretNames: ReadonlySet<string> = new Set(SECRET_FIELDS.map((name) => name.toLowerCase()));

/** The fields of a log line with `[secret]` for what is named as one, as deep as `SECRET_DEPTH`. */
export function withoutSecrets<Fields extends object>(fields: Fields, depth = 1): Fields {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (secretNames.has(name.toLowerCase())) clean[name] = "[secret]";
    else clean[name] = depth < SECRET_DEPTH && isPlainObject(value) ? withoutSecrets(value, depth + 1) : value;
  }
  return clean as Fields;
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
