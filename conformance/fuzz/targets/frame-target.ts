import { createFrameSpan, defaultFrameLimits, encodeFrame, FrameState, parseFrame, Writer } from "@msec/wire";
import { head, request } from "../../hostile/srpc-bytes.ts";
import { type FuzzTarget, promise } from "../target.ts";

const span = createFrameSpan();
const again = createFrameSpan();

/** `parseFrame`: what it calls whole is what `encodeFrame` would write, and every shorter piece of it needs more. */
export const frameTarget: FuzzTarget = {
  seeds: [request(1), Buffer.concat([request(2), request(3)]), request(4, "a.b", Buffer.alloc(300, 7)), head(5)],
  run(input) {
    for (let at = 0; at < input.length; ) {
      const state = parseFrame(input, at, input.length, span);
      if (state === FrameState.NeedMore) {
        promise(span.frameBytes <= defaultFrameLimits.maxFrameBytes, "an announced size is within the limit");
        promise(span.frameBytes === 0 || span.frameBytes > input.length - at, "what needs more is not there yet");
        return;
      }
      if (state === FrameState.Bad) {
        promise(span.fault !== undefined, "a bad frame has a reason");
        return;
      }
      const { headStart, headEnd, bodyStart, bodyEnd, next } = span;
      promise(at < headStart && headStart < headEnd && headEnd === bodyStart, "the head is inside");
      promise(bodyStart <= bodyEnd && bodyEnd + 1 === next && next <= input.length, "the body is inside");
      const writer = new Writer({ initialBytes: next - at });
      encodeFrame(writer, input.subarray(headStart, headEnd), input.subarray(bodyStart, bodyEnd));
      promise(
        Buffer.compare(writer.written(), input.subarray(at, next)) === 0,
        "a whole frame is what would be written",
      );
      for (const cut of [at + 1, at + 5, at + 9, next - 1]) {
        if (cut < next) {
          promise(parseFrame(input, at, cut, again) === FrameState.NeedMore, "a piece of a whole frame needs more");
        }
      }
      at = next;
    }
  },
};
