import type { IncomingMessage } from "node:http";
import { EngineException, ExceptionCode } from "./exception.ts";

/** What a request to ClickHouse's HTTP interface asks for, apart from its body. */
export interface HttpRequest {
  /** The part of the statement that is in the address; the body follows it. */
  query: string | undefined;
  queryId: string;
  database: string;
  defaultFormat: string;
  settings: Map<string, string>;
  params: Map<string, string>;
}

// Parameters of the interface itself that need nothing here: answers are always complete before they are sent, are
// never compressed (the socket does not leave the machine), and who may connect is decided by the socket's mode.
const ignored = new Set([
  "wait_end_of_query",
  "buffer_size",
  "enable_http_compression",
  "http_zlib_compression_level",
  "send_progress_in_http_headers",
  "http_headers_progress_interval_ms",
  "http_write_exception_in_output_format",
  "cancel_http_readonly_queries_on_client_disconnect",
  "add_http_cors_header",
  "user",
  "password",
  "quota_key",
]);

// Those that would silently do something else than asked.
const refused = new Map([
  ["session_id", "sessions of the HTTP interface are not kept: send settings with each request"],
  ["session_timeout", "sessions of the HTTP interface are not kept: send settings with each request"],
  ["role", "there are no roles in the embedded engine"],
  ["compress", "the native compressed format is not supported: use Accept-Encoding"],
  ["decompress", "the native compressed format is not supported: use Content-Encoding"],
]);

/**
 * Read the address and headers of a request to ClickHouse's HTTP interface: `query`, `query_id`, `database`,
 * `default_format`, `param_*`; every other parameter is a setting.
 *
 * @throws EngineException BAD_REQUEST_PARAMETER (a name that cannot be one), NOT_IMPLEMENTED (sessions, roles, `compress`)
 */
export function parseHttpRequest(request: IncomingMessage, newQueryId: () => string): HttpRequest {
  const search = new URL(request.url ?? "/", "http://engine").searchParams;
  const parsed: HttpRequest = {
    query: undefined,
    queryId: "",
    database: header(request, "x-clickhouse-database") ?? "default",
    defaultFormat: header(request, "x-clickhouse-format") ?? "TabSeparated",
    settings: new Map(),
    params: new Map(),
  };
  for (const [name, value] of search) {
    if (name === "query") parsed.query = value;
    else if (name === "query_id") parsed.queryId = value;
    else if (name === "database") parsed.database = value;
    else if (name === "default_format") parsed.defaultFormat = value;
    else if (name.startsWith("param_")) parsed.params.set(assertName(name.slice("param_".length)), value);
    else if (refused.has(name)) throw new EngineException(ExceptionCode.NotImplemented, refused.get(name)!);
    else if (!ignored.has(name)) parsed.settings.set(assertName(name), value);
  }
  // Goes into a header of the answer: only what a header can carry.
  if (!/^[\x21-\x7e]{1,200}$/.test(parsed.queryId)) parsed.queryId = newQueryId();
  assertName(parsed.defaultFormat);
  return parsed;
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function assertName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length <= 200) return name;
  throw new EngineException(
    ExceptionCode.BadRequestParameter,
    `${JSON.stringify(name.slice(0, 200))} is not a name: expected letters, digits and underscores`,
  );
}
