import { ExportFormat } from "@msec/api/console/v1/logs_pb.js";
import { Code, RpcError } from "@msec/rpc";
import type { LogFilter, LogRow, LogStore } from "@msec/telemetry-store";
import { askTelemetry } from "../telemetry/telemetry-error.ts";

const linesMax = 100_000;
const linesDefault = 10_000;
const pageLines = 1_000;
/** UTF-16 units of one piece. */
const pieceUnits = 256 * 1024;

const columns = [
  ..."time level service host instance method caller peer source function requestId spanId dyed text fields".split(" "),
] as const;

/** A piece of an exported text. */
export interface ExportPiece {
  piece: Uint8Array;
  lines: number;
}

/**
 * Lines as text, newest first, a piece at a time: nothing is read before the one before is taken.
 *
 * @param limit  1…100000; 0: 10000
 * @throws RpcError InvalidArgument, and what the store says
 */
export async function* exportLogs(
  logs: LogStore,
  filter: LogFilter,
  format: ExportFormat,
  limit: number,
): AsyncGenerator<ExportPiece> {
  if (format !== ExportFormat.NDJSON && format !== ExportFormat.CSV) {
    throw new RpcError(Code.InvalidArgument, `format ${format} must be 1 (NDJSON) or 2 (CSV)`);
  }
  if (limit > linesMax) throw new RpcError(Code.InvalidArgument, `limit ${limit} must be 1…${linesMax}`);
  const write = format === ExportFormat.NDJSON ? jsonLine : csvLine;
  let text = format === ExportFormat.CSV ? `${columns.join(",")}\r\n` : "";
  let lines = 0;
  let before = "";
  const most = limit || linesDefault;
  do {
    const page = await askTelemetry(logs.find({ ...filter, limit: Math.min(pageLines, most - lines), before }));
    for (const row of page.rows) {
      text += write(row);
      lines++;
      if (text.length >= pieceUnits) {
        yield { piece: Buffer.from(text), lines };
        text = "";
      }
    }
    before = page.next;
  } while (before !== "" && lines < most);
  yield { piece: Buffer.from(text), lines };
}

function timeText(timeUs: number): string {
  const micros = String(timeUs % 1_000).padStart(3, "0");
  return new Date(Math.floor(timeUs / 1_000)).toISOString().replace("Z", `${micros}Z`);
}

function jsonLine({ id: _, timeUs, ...row }: LogRow): string {
  return `${JSON.stringify({ time: timeText(timeUs), ...row })}\n`;
}

function csvLine(row: LogRow): string {
  const values: Record<string, unknown> = { ...row, time: timeText(row.timeUs), fields: JSON.stringify(row.fields) };
  return `${columns.map((column) => csvCell(String(values[column]))).join(",")}\r\n`;
}

/** What a spreadsheet would take for a formula gets an apostrophe before it: a log line must not compute. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
