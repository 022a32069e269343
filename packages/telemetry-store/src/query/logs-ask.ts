import { ClickHouseError, type ClickHouseSettings } from "@clickhouse/client";
import type { StoreClients } from "../client.ts";
import { storeErrorFrom } from "../client-error.ts";
import { InvalidQuery } from "../store-error.ts";
import { type Expression, patternsOf } from "./logs-parser.ts";
import { InvalidExpression, ProblemKind, quoteFound } from "./logs-problem.ts";
import { type LogRow, logRow, type StoredLogRow } from "./logs-row.ts";

/** Seconds that one statement about logs may run. */
export const statementMaxS = 20;

// CANNOT_COMPILE_REGEXP; TIMEOUT_EXCEEDED, TOO_SLOW; TOO_MANY_ROWS_OR_BYTES (the result).
const badPattern = "427";
const tooSlow = new Set(["159", "160"]);
const tooLarge = "396";

/**
 * Ask the store about logs, with limits of its own for time and result, and tell what it says of the user's expression as such.
 *
 * @param expression  what the user asked, where he did
 * @param settings    of this statement
 * @throws InvalidExpression (a pattern), InvalidQuery (takes too long, too large), StoreUnavailable, TelemetryStoreError
 */
export async function askLogs<Row>(
  { client, where }: StoreClients,
  query: string,
  params: Readonly<Record<string, unknown>>,
  expression?: Expression | undefined,
  settings?: ClickHouseSettings,
): Promise<Row[]> {
  try {
    const result = await client.query({
      query,
      query_params: params,
      format: "JSONEachRow",
      clickhouse_settings: {
        output_format_json_quote_64bit_integers: 0,
        output_format_json_quote_denormals: 0,
        max_execution_time: statementMaxS,
        max_result_bytes: String(64 * 1024 * 1024),
        ...settings,
      },
    });
    return await result.json<Row>();
  } catch (error) {
    const { code } = error instanceof ClickHouseError ? error : { code: "" };
    const pattern = code === badPattern ? patternsOf(expression)[0]?.value : undefined;
    if (pattern !== undefined) {
      throw new InvalidExpression(ProblemKind.Pattern, pattern.position, pattern.length, quoteFound(pattern.text));
    }
    if (tooSlow.has(code)) {
      throw new InvalidQuery(
        `the question takes longer than ${statementMaxS} s; narrow the time, or name a service or a request`,
      );
    }
    if (code === tooLarge) throw new InvalidQuery("the answer is larger than 64 MiB; ask for fewer lines");
    throw storeErrorFrom(error, "read the log", where);
  }
}

// Two processors read a question from 4 MB on: by the engine's own 251 MB an hour of lines was read by one, and from 16 MB on a quarter of one was.
const rowSettings: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 1,
  // As in ask.ts.
  compile_expressions: 0,
  merge_tree_min_rows_for_concurrent_read: "16384",
  merge_tree_min_bytes_for_concurrent_read: String(4 * 1024 * 1024),
};

/**
 * Ask for lines, as `askLogs` does.
 *
 * @param query     selects `rowSql`
 * @param settings  of this statement
 */
export async function askLogRows(
  clients: StoreClients,
  query: string,
  params: Readonly<Record<string, unknown>>,
  expression?: Expression | undefined,
  settings?: ClickHouseSettings,
): Promise<LogRow[]> {
  const rows = await askLogs<StoredLogRow>(clients, query, params, expression, { ...rowSettings, ...settings });
  return rows.map(logRow);
}
