/** One of pino's JSON lines as text for people: `12:00:01.234 info  agent: connected  server="127.0.0.1:7960"`; other text stays as it is. */
export function readableLine(line: string): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line);
  } catch {
    return line;
  }
  const { time, level, msg, name, ...fields } = record;
  const clock = typeof time === "string" ? time.slice(11, 23) : "";
  const rest = Object.entries(fields)
    .map(([key, value]) => `  ${key}=${typeof value === "number" ? value : JSON.stringify(value)}`)
    .join("");
  return `${clock} ${String(level).padEnd(5)} ${name === undefined ? "" : `${name}: `}${msg ?? ""}${rest}`;
}
