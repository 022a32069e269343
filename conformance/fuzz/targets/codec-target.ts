import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { RouteTableSchema } from "@msec/api/agent/v1/common_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { compileCodec, WireError, Writer } from "@msec/wire";
import { field, nested } from "../../hostile/srpc-bytes.ts";
import { Value } from "../../hostile/target/target-service.ts";
import { type FuzzTarget, promise } from "../target.ts";

const types: readonly DescMessage[] = [Value, RouteTableSchema, BatchSchema];
const codecs = types.map((type) => ({ type, codec: compileCodec(type) }));

function encoded(type: DescMessage, fields: object): Uint8Array {
  const writer = new Writer();
  compileCodec(type).encode(fields, writer);
  return writer.copy();
}

const value = {
  data: new Uint8Array([1, 2, 3]),
  text: "täxt",
  number: -5,
  big: 2n ** 64n - 1n,
  ratio: 0.1,
  numbers: [1, -1, 300],
  children: [{ text: "child", children: [{ number: 1 }] }],
  map: { key: "value", __proto__x: "y" },
};

/**
 * Compiled codecs: nothing but a `WireError`; what they take, `@bufbuild/protobuf` takes too, and what they write of it comes back as
 * the same bytes.
 */
export const codecTarget: FuzzTarget = {
  seeds: [
    encoded(Value, value),
    encoded(RouteTableSchema, {
      service: "A.b",
      version: 7n,
      routes: [{ instanceId: "i", address: "127.0.0.1", port: 1, weight: 100 }],
    }),
    encoded(BatchSchema, { droppedRows: 3n, strings: ["a", "b"] }),
    nested(7, 90),
    field(99, "unknown"),
  ],
  run(input) {
    for (const { type, codec } of codecs) {
      let message: object;
      try {
        message = codec.decode(input, 0, input.length);
      } catch (error) {
        promise(error instanceof WireError, `only a WireError, found ${error}`);
        continue;
      }
      fromBinary(type, input);
      const writer = new Writer();
      codec.encode(message, writer);
      const first = writer.copy();
      writer.reset();
      codec.encode(codec.decode(first, 0, first.length), writer);
      promise(
        Buffer.compare(first, writer.written()) === 0,
        `${type.typeName}: written, read and written again is the same`,
      );
    }
  },
};
