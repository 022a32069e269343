import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ListValue, Struct, Value } from "@bufbuild/protobuf/wkt";
import { NullValue } from "@bufbuild/protobuf/wkt";
import { setOwn } from "./set-own.ts";

// protobuf-es keeps a field of type google.protobuf.Struct as a JSON object instead of a message; its own conversion is private.

/** The message for a JSON object. What is not JSON (undefined, functions) becomes a value without kind, as in protobuf-es. */
export function structFromJson(json: unknown): Struct {
  const fields: Struct["fields"] = {};
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    for (const [key, value] of Object.entries(json)) {
      setOwn(fields, key, valueFromJson(value));
    }
  }
  return { $typeName: "google.protobuf.Struct", fields };
}

function valueFromJson(json: unknown): Value {
  return { $typeName: "google.protobuf.Value", kind: kindFromJson(json) };
}

function kindFromJson(json: unknown): Value["kind"] {
  switch (typeof json) {
    case "number":
      return { case: "numberValue", value: json };
    case "string":
      return { case: "stringValue", value: json };
    case "boolean":
      return { case: "boolValue", value: json };
    case "object":
      if (json === null) return { case: "nullValue", value: NullValue.NULL_VALUE };
      if (Array.isArray(json)) return { case: "listValue", value: listFromJson(json) };
      return { case: "structValue", value: structFromJson(json) };
    default:
      return { case: undefined };
  }
}

function listFromJson(json: readonly unknown[]): ListValue {
  return { $typeName: "google.protobuf.ListValue", values: json.map(valueFromJson) };
}

/** The JSON object for a message; a value without kind is null. */
export function jsonFromStruct(struct: Struct): JsonObject {
  const json: JsonObject = {};
  for (const [key, value] of Object.entries(struct.fields)) {
    setOwn(json, key, jsonFromValue(value));
  }
  return json;
}

function jsonFromValue({ kind }: Value): JsonValue {
  switch (kind.case) {
    case "structValue":
      return jsonFromStruct(kind.value);
    case "listValue":
      return kind.value.values.map(jsonFromValue);
    case "nullValue":
    case undefined:
      return null;
    default:
      return kind.value;
  }
}
