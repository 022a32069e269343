import type { StoreClients } from "../client.ts";
import { storeErrorFrom } from "../client-error.ts";

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
        // Compiling costs 7 ms of processor time a question, a fifth of a day's curve; none of ours computes long enough to get it back.
        compile_expressions: 0,
        compile_aggregate_expressions: 0,
      },
    });
    return await result.json<Row>();
  } catch (error) {
    throw storeErrorFrom(error, doing, where);
  }
}
