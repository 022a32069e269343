import { Code } from "@msec/rpc";
import { beginFrame, encodeResponseHead, endFrame, endHead, type FrameLimits, RpcHead, type Writer } from "@msec/wire";

/**
 * The sequence of a frame that answers no request: "this server stops; call elsewhere". No channel of ours asks with it.
 *
 * After it the server refuses new calls and, when the running ones are answered, closes its side: what is then unanswered was
 * not executed.
 */
export const goAwaySequence = 0;

const head = new RpcHead();

/** Append that frame. Only for peers that send head fields of ours: a client of the original would take it for its answer. */
export function writeGoAway(writer: Writer, limits: FrameLimits): void {
  const frame = beginFrame(writer);
  head.sequence = goAwaySequence;
  encodeResponseHead(writer, head, {
    err: -11,
    errMsg: "the service is stopping; call another instance",
    code: Code.Unavailable,
  });
  const body = endHead(writer, frame);
  endFrame(writer, frame, body, limits);
}
