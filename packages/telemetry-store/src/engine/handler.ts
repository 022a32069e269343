import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { discardBody, readBody, writeBody } from "./body.ts";
import { EngineException, ExceptionCode, engineException, statusOfException } from "./exception.ts";
import { type HttpRequest, parseHttpRequest } from "./request.ts";
import type { Statement, StatementResult } from "./session.ts";
import type { EngineSessions } from "./sessions.ts";
import {
  formatOf,
  type InsertWithData,
  insertFromFile,
  parseInsertWithData,
  StatementKind,
  statementKind,
} from "./statement.ts";

/** What the handler of requests works with. */
export interface HandlerOptions {
  sessions: EngineSessions;
  /** Directory for bodies of inserts while the engine reads them; must not hold pattern characters in its name. */
  inbox: string;
  /** ClickHouse's version, as its error messages end with. */
  version: string;
}

/**
 * Serve one request of ClickHouse's HTTP interface: `GET /ping`, and statements by GET (reading only) and POST.
 *
 * Never rejects: a failure becomes ClickHouse's text with ClickHouse's status.
 */
export async function handleRequest(
  options: HandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0];
  if (path === "/ping") return plain(response, 200, "Ok.\n");
  if (path !== "/") return plain(response, 404, `There is no handle ${path}\nUse / or /ping for health checks.\n`);
  try {
    const parsed = parseHttpRequest(request, randomUUID);
    response.setHeader("X-ClickHouse-Query-Id", parsed.queryId);
    await answer(options, request, response, parsed);
  } catch (error) {
    await discardBody(request);
    if (response.headersSent || response.destroyed) return void response.destroy();
    const exception = engineException(error);
    response.setHeader("X-ClickHouse-Exception-Code", String(exception.code));
    if (!request.complete) response.setHeader("Connection", "close");
    plain(response, statusOfException(exception.code), `${exception.message} (version ${options.version})\n`);
  }
}

async function answer(
  options: HandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  parsed: HttpRequest,
): Promise<void> {
  const result = await execute(options, request, parsed);
  response.setHeader("X-ClickHouse-Format", result.format);
  response.setHeader("X-ClickHouse-Summary", JSON.stringify(summary(result)));
  response.setHeader("Content-Type", contentType(result.format));
  response.setHeader("Content-Length", result.bytes.length);
  response.end(result.bytes);
}

interface Executed extends StatementResult {
  format: string;
  rowsWritten: number;
}

async function execute(options: HandlerOptions, request: IncomingMessage, parsed: HttpRequest): Promise<Executed> {
  if (request.headers["content-type"]?.startsWith("multipart/")) {
    throw new EngineException(
      ExceptionCode.NotImplemented,
      "Multipart bodies are not supported: send parameters as param_*",
    );
  }
  const insert = parsed.query === undefined ? undefined : insertWithData(parsed.query);
  if (insert !== undefined) {
    return insertFile(options, request, parsed, insert, (path) => writeBody(request, path));
  }
  const body = await readBody(request);
  const data = parsed.query === undefined ? insertWithData(body.toString("latin1", 0, insertHeadMaxBytes)) : undefined;
  if (data !== undefined && data.length < body.length) {
    return insertFile(options, request, parsed, data, async (path) => {
      await writeFile(path, body.subarray(data.length), { mode: 0o600 });
    });
  }
  return executeSql(options, request, parsed, [parsed.query, body.toString()].filter(Boolean).join("\n"));
}

/** An INSERT's statement at the head of a body is looked for in this many bytes. */
const insertHeadMaxBytes = 65_536;

function insertWithData(sql: string): InsertWithData | undefined {
  return statementKind(sql) === StatementKind.Insert ? parseInsertWithData(sql) : undefined;
}

async function executeSql(
  { sessions }: HandlerOptions,
  request: IncomingMessage,
  parsed: HttpRequest,
  sql: string,
): Promise<Executed> {
  const format = formatOf(sql) ?? parsed.defaultFormat;
  const kind = statementKind(sql);
  if (sql.trim() === "") throw new EngineException(ExceptionCode.SyntaxError, "Empty query");
  if (kind === StatementKind.Read) return { ...(await sessions.read(statement(parsed, sql))), format, rowsWritten: 0 };
  assertWritable(request);
  if (kind === StatementKind.Session) {
    throw new EngineException(
      ExceptionCode.NotImplemented,
      "SET and USE have nothing to act on: send settings and the database with each request",
    );
  }
  const result = await sessions.write(statement(parsed, sql));
  return { ...result, format, rowsWritten: kind === StatementKind.Insert ? result.rowsRead : 0 };
}

async function insertFile(
  { sessions, inbox }: HandlerOptions,
  request: IncomingMessage,
  parsed: HttpRequest,
  insert: InsertWithData,
  write: (path: string) => Promise<unknown>,
): Promise<Executed> {
  assertWritable(request);
  const path = join(inbox, `${randomUUID()}.data`);
  try {
    await write(path);
    const result = await sessions.write(statement(parsed, insertFromFile(insert, path)));
    return { ...result, format: parsed.defaultFormat, rowsWritten: result.rowsRead };
  } finally {
    await rm(path, { force: true });
  }
}

function statement({ defaultFormat, database, settings, params }: HttpRequest, sql: string): Statement {
  return { sql, format: defaultFormat, database, settings, params };
}

/** As ClickHouse does it: what a GET asks for must not change anything. */
function assertWritable(request: IncomingMessage): void {
  if (request.method === "POST") return;
  throw new EngineException(ExceptionCode.ReadOnly, "Cannot execute query in readonly mode. Use POST to change data");
}

function summary({ rowsRead, bytesRead, rowsWritten, elapsedS }: Executed): Record<string, string> {
  return {
    read_rows: String(rowsRead),
    read_bytes: String(bytesRead),
    written_rows: String(rowsWritten),
    written_bytes: rowsWritten === 0 ? "0" : String(bytesRead),
    total_rows_to_read: "0",
    result_rows: "0",
    result_bytes: "0",
    elapsed_ns: String(Math.round(elapsedS * 1e9)),
  };
}

function contentType(format: string): string {
  if (/^JSON(?:Compact|Strings|Columns)?$|^JSONCompactStrings$/.test(format)) return "application/json; charset=UTF-8";
  if (/JSON.*EachRow/.test(format)) return "application/x-ndjson; charset=UTF-8";
  if (format.startsWith("TabSeparated") || format.startsWith("TSV")) return "text/tab-separated-values; charset=UTF-8";
  if (format.startsWith("CSV")) return "text/csv; charset=UTF-8; header=absent";
  return "application/octet-stream";
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(text);
}
