import { Code, type RpcError, retFromError } from "@msec/rpc";
import {
  beginFrame,
  encodeResponseHead,
  endFrame,
  endHead,
  type FrameLimits,
  type ResponseHeadFields,
  type RpcHead,
  type Writer,
} from "@msec/wire";
import { encodeDetails } from "../error-details.ts";

/** Longest error text that is sent, in UTF-16 code units. */
const maxMessageLength = 4096;

/** Append the frame that answers `head` with a failure. `own`: what the head says beside the error. */
export function writeErrorFrame(
  writer: Writer,
  head: RpcHead,
  error: RpcError,
  limits: FrameLimits,
  own?: ResponseHeadFields,
): void {
  const frame = beginFrame(writer);
  encodeResponseHead(writer, head, {
    ...own,
    err: error.code === Code.Ok ? -18 : retFromError(error),
    errMsg: error.message.slice(0, Math.min(maxMessageLength, limits.maxHeadBytes >> 3)),
    code: error.code,
    details: encodeDetails(error.details, limits.maxHeadBytes >> 2),
  });
  const body = endHead(writer, frame);
  endFrame(writer, frame, body, limits);
}
