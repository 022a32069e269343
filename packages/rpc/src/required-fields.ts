import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { Code } from "./code.ts";
import { RpcError } from "./rpc-error.ts";

/** Says which required field a message lacks, as a path (`order.items[2].id`); `undefined` where it lacks none. */
export type RequiredCheck = (message: object) => string | undefined;

const checks = new Map<DescMessage, RequiredCheck | undefined>();
/** Of each type the fields that are required, or may hold a message that lacks one. */
const concerned = new Map<DescMessage, readonly DescField[]>();

/**
 * The check of a proto2 message's required fields, at every depth. Decoders, ours and protobuf's own, take a message without them.
 *
 * @returns `undefined` for types that can have none, nearly all there are: whoever serves those pays nothing
 */
export function requiredCheck(desc: DescMessage): RequiredCheck | undefined {
  if (!checks.has(desc)) {
    checks.set(desc, canLackRequired(desc, new Set()) ? (message) => findMissing(desc, message as Message) : undefined);
  }
  return checks.get(desc);
}

/** @throws RpcError InvalidArgument, where a required field is missing */
export function assertRequired(desc: DescMessage, check: RequiredCheck, message: object): void {
  const missing = check(message);
  if (missing !== undefined) {
    throw new RpcError(Code.InvalidArgument, `the ${desc.typeName} has no ${missing}, which is required`, {
      details: { ret: -5 },
    });
  }
}

function canLackRequired(desc: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(desc)) {
    return false;
  }
  seen.add(desc);
  return desc.fields.some((field) => {
    const inner = messageOf(field);
    return isRequired(field) || (inner !== undefined && canLackRequired(inner, seen));
  });
}

function findMissing(desc: DescMessage, message: Message): string | undefined {
  for (const field of fieldsOf(desc)) {
    const value = fieldValue(message, field);
    if (value === undefined) {
      if (isRequired(field)) {
        return field.name;
      }
      continue;
    }
    const inner = messageOf(field);
    if (inner === undefined) {
      continue;
    }
    const missing = findInside(field, inner, value);
    if (missing !== undefined) {
      return missing;
    }
  }
  return undefined;
}

function fieldsOf(desc: DescMessage): readonly DescField[] {
  let fields = concerned.get(desc);
  if (!fields) {
    fields = desc.fields.filter((field) => {
      const inner = messageOf(field);
      return isRequired(field) || (inner !== undefined && requiredCheck(inner) !== undefined);
    });
    concerned.set(desc, fields);
  }
  return fields;
}

function findInside(field: DescField, inner: DescMessage, value: unknown): string | undefined {
  if (field.fieldKind === "message") {
    const missing = findMissing(inner, value as Message);
    return missing && `${field.name}.${missing}`;
  }
  for (const [key, element] of Object.entries(value as object)) {
    const missing = findMissing(inner, element as Message);
    if (missing !== undefined) {
      return `${field.name}[${key}].${missing}`;
    }
  }
  return undefined;
}

function isRequired(field: DescField): boolean {
  // 3 is LEGACY_REQUIRED of google.protobuf.FeatureSet.FieldPresence, in editions as in proto2.
  return field.presence === 3;
}

function messageOf(field: DescField): DescMessage | undefined {
  return field.fieldKind === "message" || field.fieldKind === "list" || field.fieldKind === "map"
    ? (field.message ?? undefined)
    : undefined;
}

// Handlers may be called with plain objects too, in tests; defaults of proto2 are on a message's prototype.
function fieldValue(message: Message, field: DescField): unknown {
  const fields = message as unknown as Record<string, unknown>;
  if (field.oneof === undefined) {
    return Object.hasOwn(fields, field.localName) ? fields[field.localName] : undefined;
  }
  const chosen = fields[field.oneof.localName] as { case?: string; value?: unknown } | undefined;
  return chosen?.case === field.localName ? chosen.value : undefined;
}
