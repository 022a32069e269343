import { ClickHouseError } from "@clickhouse/client";
import type { StoreClients } from "../client.ts";
import { storeErrorFrom } from "../client-error.ts";
import { RowReader } from "./row-reader.ts";

// Compiling costs 7 ms of processor time a question, a fifth of a day's curve; none of ours computes long enough to get it back.
const uncompiled = { compile_expressions: 0, compile_aggregate_expressions: 0 } as const;

/**
 * Ask the store, with all values bound as parameters.
 *
 * @param doing what for, for people: `query calls`
 * @returns rows as objects
 * @throws StoreUnavailable, TelemetryStoreError (Overloaded, Failed)
 */
export async function ask<Row>(
  { client, where }: StoreClients,
  doing: string,
  query: string,
  params: Record<string, unknown>,
): Promise<Row[]> {
  try {
    const result = await client.query({
      query,
      query_params: params,
      format: "JSONEachRow",
      clickhouse_settings: {
        output_format_json_quote_64bit_integers: 0,
        output_format_json_quote_denormals: 0,
        ...uncompiled,
      },
    });
    return await result.json<Row>();
  } catch (error) {
    throw storeErrorFrom(error, doing, where);
  }
}

// By the earlier analyser, which takes 5 million instructions less for a statement as plain as these: as much as a tenth of what reading a request takes. By its
// old name, which all versions know.
const plain = { ...uncompiled, allow_experimental_analyzer: 0 } as const;

/** How a question for many numbers is asked. */
export interface AskBytesOptions {
  /** An answer of more rows is refused; `isTooMany` tells. */
  readonly rowsMax: number;
  /**
   * Read all columns at once, not those of the condition first: less work where a few granules are read, or most of what is read fits. Default: as the engine
   * sees fit.
   */
  readonly inOneStep?: boolean;
}

/**
 * Ask the store for many numbers: as `ask`, with the answer in RowBinary.
 *
 * @throws as `ask`; what it throws for too many rows, `isTooMany` tells
 */
export async function askRows(
  clients: StoreClients,
  doing: string,
  query: string,
  params: Record<string, unknown>,
  options: AskBytesOptions,
): Promise<RowReader> {
  return new RowReader(await askBytes(clients, doing, query, params, "RowBinary", options));
}

/**
 * As `askRows`, with the answer in Native.
 *
 * @returns what `readNative` reads
 */
export async function askBlocks(
  clients: StoreClients,
  doing: string,
  query: string,
  params: Record<string, unknown>,
  options: AskBytesOptions,
): Promise<Buffer> {
  return await askBytes(clients, doing, query, params, "Native", options);
}

async function askBytes(
  { client, where }: StoreClients,
  doing: string,
  query: string,
  params: Record<string, unknown>,
  format: "RowBinary" | "Native",
  { rowsMax, inOneStep = false }: AskBytesOptions,
): Promise<Buffer> {
  try {
    const { stream } = await client.exec({
      query: `${query}\nFORMAT ${format}`,
      query_params: params,
      // One thread: these are a few granules each, and a second one costs more than it reads.
      clickhouse_settings: {
        ...plain,
        max_threads: 1,
        max_result_rows: String(rowsMax),
        ...(inOneStep && { optimize_move_to_prewhere: 0 }),
      },
    });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch (error) {
    throw storeErrorFrom(error, doing, where);
  }
}

/** Whether a question was refused because of the size of its answer. */
export function isTooMany(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof ClickHouseError && cause.code === "396";
}
