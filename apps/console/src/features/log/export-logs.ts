import { ExportFormat } from "@msec/api/console/v1/logs_pb.js";
import type { Api } from "../../lib/api.ts";
import type { Filter } from "./queries.ts";

/** The most lines that a file takes. */
export const EXPORT_LINES = 100_000;
const TIMEOUT_MS = 300_000;

/** Saves what a filter finds as a file of the browser: the newest `EXPORT_LINES` of it. */
export async function exportLogs(api: Api, filter: Filter, kind: "ndjson" | "csv"): Promise<void> {
  const format = kind === "csv" ? ExportFormat.CSV : ExportFormat.NDJSON;
  const pieces: BlobPart[] = [];
  for await (const { piece } of api.log.exportLogs(
    { filter, format, limit: EXPORT_LINES },
    { timeoutMs: TIMEOUT_MS },
  )) {
    pieces.push(piece as BlobPart);
  }
  const url = URL.createObjectURL(new Blob(pieces, { type: kind === "csv" ? "text/csv" : "application/x-ndjson" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `msec-logs-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${kind}`;
  link.click();
  URL.revokeObjectURL(url);
}
