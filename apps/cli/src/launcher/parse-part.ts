import { usageError } from "../context.ts";
import type { Messages } from "../messages/messages.ts";
import { type Part, parts } from "./control-protocol.ts";

/** A part of the system from what the user typed. @throws UserError with exit status 2 */
export function parsePart(word: string, messages: Messages): Part {
  const part = parts.find((name) => name === word);
  if (part === undefined) throw usageError(messages.badPart(word), messages.badPartHint);
  return part;
}
