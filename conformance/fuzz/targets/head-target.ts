import { defaultHeadLimits, encodeResponseHead, HeadDecoder, RpcHead, WireError, Writer } from "@msec/wire";
import { field, head } from "../../hostile/srpc-bytes.ts";
import { type FuzzTarget, promise } from "../target.ts";

const decoder = new HeadDecoder();
const decoded = new RpcHead();
const again = new RpcHead();
const metadata = [
  { key: "a", value: new Uint8Array(3) },
  { key: "b-c", value: new Uint8Array(0) },
];

/** Head decoders: nothing but a `WireError`, limits kept, and the answer to what was read is read as the same. */
export const headTarget: FuzzTarget = {
  seeds: [
    head(1),
    head(2n ** 64n - 1n, "a.b.C", { coloring: 1, timeoutMs: 5_000, hops: 3, metadata }),
    head(7, "x", { trace: new Uint8Array(24).fill(1), traceFlags: 1 }),
    Buffer.concat([
      field(10, 1),
      field(30, 9n),
      field(40, 6n),
      field(42, "no"),
      field(51, "m"),
      field(103, 5),
      field(104, "{}"),
    ]),
  ],
  run(input) {
    for (const decode of [decoder.decodeRequest, decoder.decodeResponse, decoder.decodeWholeResponse]) {
      try {
        decode.call(decoder, input, 0, input.length, decoded);
      } catch (error) {
        promise(error instanceof WireError, `only a WireError, found ${error}`);
        continue;
      }
      const { maxMethodBytes, maxCallerBytes, maxMetadataEntries } = defaultHeadLimits;
      promise(decoded.hasSequence, "a head that is read has a sequence");
      promise(decoded.method.bytes.length <= maxMethodBytes && decoded.caller.bytes.length <= maxCallerBytes, "names");
      promise(decoded.metadata.length <= maxMetadataEntries, "metadata entries");
      const writer = new Writer();
      encodeResponseHead(writer, decoded);
      const answer = writer.written();
      decoder.decodeWholeResponse(answer, 0, answer.length, again);
      promise(
        again.sequence === decoded.sequence && again.err === 0 && again.code === 0,
        "the answer is to this request",
      );
      promise(
        again.method.text === decoded.method.text && again.flowId() === decoded.flowId(),
        "the answer echoes names and flow",
      );
    }
  },
};
