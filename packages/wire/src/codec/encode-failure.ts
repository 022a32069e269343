import type { DescMessage } from "@bufbuild/protobuf";
import { WireError, WireReason } from "../wire-error.ts";

/** What `encode` throws for whatever went wrong while it read the user's object, such as a getter that throws or a cycle. */
export function encodeFailure(desc: DescMessage, error: unknown): WireError {
  if (error instanceof WireError) {
    return error;
  }
  const text = error instanceof Error ? error.message : String(error);
  return new WireError(WireReason.BadValue, `cannot encode message ${desc.typeName}: ${text}`, { cause: error });
}
