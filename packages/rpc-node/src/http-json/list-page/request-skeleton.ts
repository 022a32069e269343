import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** More members than anybody fills in by hand; a type may contain itself by many ways. */
const maxMembers = 200;

const wellKnown: Readonly<Record<string, unknown>> = {
  "google.protobuf.Timestamp": "1970-01-01T00:00:00Z",
  "google.protobuf.Duration": "0s",
  "google.protobuf.FieldMask": "",
  "google.protobuf.Struct": {},
  "google.protobuf.Value": null,
  "google.protobuf.ListValue": [],
  "google.protobuf.Any": {},
  "google.protobuf.BoolValue": false,
  "google.protobuf.BytesValue": "",
  "google.protobuf.StringValue": "",
  "google.protobuf.DoubleValue": 0,
  "google.protobuf.FloatValue": 0,
  "google.protobuf.Int32Value": 0,
  "google.protobuf.UInt32Value": 0,
  "google.protobuf.Int64Value": "0",
  "google.protobuf.UInt64Value": "0",
};

/**
 * JSON text of a message with every field present, for people to fill in: one element in each list and map, the first field of each
 * oneof, nothing that contains itself. Names as in the interface file. The message can be read from it as it stands.
 */
export function requestSkeleton(desc: DescMessage): string {
  return JSON.stringify(messageValue(desc, { left: maxMembers, inside: [] }), undefined, 2);
}

/** Whether a type has a form of its own in JSON (a time is text), in which its fields do not appear. */
export function hasOwnJson(desc: DescMessage): boolean {
  return desc.typeName in wellKnown;
}

interface Progress {
  left: number;
  readonly inside: readonly DescMessage[];
}

function messageValue(desc: DescMessage, progress: Progress): unknown {
  if (hasOwnJson(desc)) {
    return wellKnown[desc.typeName];
  }
  const members: Record<string, unknown> = Object.create(null);
  const within: Progress = { ...progress, inside: [...progress.inside, desc] };
  for (const field of desc.fields) {
    const isLaterOfOneof = field.oneof !== undefined && field.oneof.fields[0] !== field;
    if (isLaterOfOneof || (field.message && within.inside.includes(field.message)) || within.left <= 0) {
      continue;
    }
    within.left--;
    members[field.name] = fieldValue(field, within);
  }
  progress.left = within.left;
  return members;
}

function fieldValue(field: DescField, progress: Progress): unknown {
  const one = field.message
    ? messageValue(field.message, progress)
    : field.enum
      ? enumValue(field.enum)
      : scalarValue(field.scalar!);
  switch (field.fieldKind) {
    case "list":
      return [one];
    case "map":
      return { [mapKey(field.mapKey)]: one };
    default:
      return one;
  }
}

function enumValue(desc: DescEnum): unknown {
  return desc.typeName === "google.protobuf.NullValue" ? null : (desc.values[0]?.name ?? 0);
}

function mapKey(key: ScalarType): string {
  return key === ScalarType.STRING ? "key" : key === ScalarType.BOOL ? "false" : "0";
}

function scalarValue(scalar: ScalarType): unknown {
  switch (scalar) {
    case ScalarType.BOOL:
      return false;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return "";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      // Text, since a number of JSON does not hold 64 bits.
      return "0";
    default:
      return 0;
  }
}
