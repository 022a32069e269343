import type { Client } from "@connectrpc/connect";
import type { LogService } from "@msec/api/console/v1/logs_pb.js";
import { usageError } from "../context.ts";
import type { Messages } from "../messages/messages.ts";
import { harmlessText } from "./log-text.ts";

/**
 * Have the server read the expression of `--where`; empty: nothing to read.
 *
 * @throws UserError (exit status 2) in the user's language, with the fault between marks
 */
export async function checkExpression(
  logs: Client<typeof LogService>,
  where: string,
  messages: Messages,
): Promise<void> {
  if (where === "") return;
  const { problem } = await logs.checkExpression({ where, language: messages.languageCode });
  if (problem === undefined) return;
  const { position, length, text } = problem;
  const before = harmlessText(where.slice(Math.max(0, position - 40), position));
  const fault = harmlessText(where.slice(position, position + Math.min(length, 40)));
  const after = harmlessText(where.slice(position + length, position + length + 20));
  throw usageError(`--where: ${text}`, `${before}▶${fault}◀${after}`);
}
