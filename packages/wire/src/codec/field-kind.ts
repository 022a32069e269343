import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { WireType } from "../reader.ts";

type MessageField = DescField & { message: NonNullable<DescField["message"]> };

/** How a field of a message type is kept in its parent: as the message, as a wrapper's bare value, or as a JSON object. */
export const LocalForm = { Message: "message", Wrapper: "wrapper", Json: "json" } as const;
export type LocalForm = (typeof LocalForm)[keyof typeof LocalForm];

/** The form that protobuf-es gives to values of this field. */
export function localForm(field: MessageField): LocalForm {
  if (field.message.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value") {
    return LocalForm.Json;
  }
  if (field.fieldKind === "message" && !field.oneof && isWrapperDesc(field.message)) {
    return LocalForm.Wrapper;
  }
  return LocalForm.Message;
}

/** The wire type of a scalar's single value. */
export function wireTypeOf(scalar: ScalarType): number {
  switch (scalar) {
    case ScalarType.BYTES:
    case ScalarType.STRING:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
