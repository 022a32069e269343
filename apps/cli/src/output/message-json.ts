import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";

/** A message in protobuf's JSON, with fields that have their default value too: a script finds every key. */
export function messageJson<Schema extends DescMessage>(schema: Schema, message: MessageShape<Schema>): unknown {
  return toJson(schema, message, { alwaysEmitImplicit: true });
}
