import { type DescMessage, fromJson, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import { compileCodec } from "@msec/wire";

/**
 * Decode an export request.
 *
 * @throws Error of any kind where the bytes are not one
 */
export function requestFromProtobuf<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  return compileCodec(schema).decode(bytes, 0, bytes.length);
}

/**
 * Decode an export request in OTLP's JSON, which is protobuf's but for ids: hex, not base64.
 *
 * @throws Error of any kind where the text is not one
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function requestFromJson<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  const json = JSON.parse(new TextDecoder("utf-8").decode(bytes), readValue);
  return fromJson(schema, json as JsonValue, { ignoreUnknownFields: true });
}

const idNames = new Set(["traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"]);

function readValue(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  // An exporter that writes integers of 64 bits without quotes, such as times in nanoseconds: as numbers they would be rounded, as digits they are exact, and a double is the same by either.
  if (typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")) {
    return context!.source;
  }
  if (typeof value !== "string") return value;
  // Half of a pair, where a program cut a text: one line must not cost the others of its request.
  if (!idNames.has(key)) return value.toWellFormed();
  if (!/^([0-9a-f]{2}){0,16}$/i.test(value))
    throw new Error(`${key} ${JSON.stringify(value.slice(0, 40))} is no hex id`);
  return Buffer.from(value, "hex").toString("base64");
}
