/** Names of fields whose values never appear in a log. */
export const SECRET_FIELDS = [
  "authorization",
  "cookie",
  "key",
  "operatorKey",
  "password",
  "privateKey",
  "secret",
  "token",
] as const;

/** How many objects deep fields are searched for secrets, the fields themselves being the first: our code logs nothing deeper. */
export const SECRET_DEPTH = 3;

/** `SECRET_FIELDS` as paths of pino's `redact`, at the top and in objects within: `token`, `*.token`, `*.*.token`. */
export function* secretPaths(): Generator<string> {
  for (const field of SECRET_FIELDS) {
    for (let depth = 0; depth < SECRET_DEPTH; depth++) yield `${"*.".repeat(depth)}${field}`;
  }
}
