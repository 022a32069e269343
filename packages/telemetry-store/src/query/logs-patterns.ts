import type { StoreClients } from "../client.ts";
import { askLogs } from "./logs-ask.ts";
import { parseExpression, patternsOf } from "./logs-parser.ts";

/**
 * Have the store read each regular expression (`=~`) of an expression: which ones its RE2 takes, only it knows.
 *
 * @throws InvalidExpression with the place of the first that it cannot read, or of another fault; StoreUnavailable
 */
export async function assertPatterns(clients: StoreClients, where: string): Promise<void> {
  for (const pattern of patternsOf(parseExpression(where))) {
    await askLogs(clients, "SELECT match('', {pattern:String})", { pattern: pattern.value.text }, pattern);
  }
}
