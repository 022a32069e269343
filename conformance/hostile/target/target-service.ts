import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import type { CallContext, ServiceImplementation } from "@msec/rpc";

const field = (number: number, name: string, type: Type, typeName = "", label = Label.OPTIONAL) => ({
  name,
  number,
  type,
  typeName,
  label,
});
const method = (name: string) => ({ name, inputType: ".target.Value", outputType: ".target.Value" });

// Described here instead of in a .proto, so that a plain folder needs no code generation: two dozen lines, one message that can
// nest in itself and has a field of every shape that a decoder treats differently.
const file = create(FileDescriptorProtoSchema, {
  name: "target.proto",
  package: "target",
  syntax: "proto3",
  messageType: [
    {
      name: "Value",
      field: [
        field(1, "data", Type.BYTES),
        field(2, "text", Type.STRING),
        field(3, "number", Type.INT32),
        field(4, "big", Type.UINT64),
        field(5, "ratio", Type.DOUBLE),
        field(6, "numbers", Type.INT32, "", Label.REPEATED),
        field(7, "children", Type.MESSAGE, ".target.Value", Label.REPEATED),
        field(8, "map", Type.MESSAGE, ".target.Value.MapEntry", Label.REPEATED),
      ],
      nestedType: [
        {
          name: "MapEntry",
          options: { mapEntry: true },
          field: [field(1, "key", Type.STRING), field(2, "value", Type.STRING)],
        },
      ],
    },
  ],
  service: [{ name: "Target", method: ["Echo", "Tell", "Hold", "Grow"].map(method) }],
});

const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));

/** `target.Target`: what hostile peers aim at. */
export const Target: DescService = registry.getService("target.Target")!;

/** `target.Value`, its only message. */
export const Value = registry.getMessage("target.Value")!;

/** A `target.Value` as handlers see it. */
export interface TargetValue {
  data: Uint8Array;
  text: string;
  number: number;
}

/** What has happened to the target. */
export interface TargetCounts {
  /** Handlers entered. */
  entered: number;
  /** `Hold` calls that heard that they were given up. */
  canceled: number;
}

/**
 * `Echo` answers with its request at once; `Tell` with JSON of what its context says; `Hold` only when it is cancelled; `Grow`, a turn later,
 * with `number` bytes.
 */
export function targetHandlers(counts: TargetCounts): ServiceImplementation<DescService> {
  const entered = () => {
    counts.entered++;
  };
  return {
    echo: (request: TargetValue) => {
      entered();
      return request;
    },
    tell: (_request: TargetValue, context: CallContext) => {
      entered();
      const { method: name, caller, metadata, hops, requestId } = context;
      const remainingMs = Number.isFinite(context.deadline) ? context.remainingMs() : null;
      return { text: JSON.stringify({ method: name, caller, metadata, hops, requestId, remainingMs }) };
    },
    hold: (_request: TargetValue, context: CallContext) => {
      entered();
      const { promise, reject } = Promise.withResolvers<object>();
      context.onCancel((reason) => {
        counts.canceled++;
        reject(reason);
      });
      return promise;
    },
    grow: async (request: TargetValue) => {
      entered();
      await null;
      return { data: new Uint8Array(request.number) };
    },
  } as unknown as ServiceImplementation<DescService>;
}
