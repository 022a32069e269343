import {
  create,
  type DescMessage,
  type DescOneof,
  fromBinary,
  isMessage,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { WireError, WireReason } from "../wire-error.ts";
import type { Codec } from "./codec.ts";
import { encodeFailure } from "./encode-failure.ts";

/**
 * A codec for realms that forbid generated code: `@bufbuild/protobuf` behind our interface, several times slower.
 *
 * Differs in nothing that a correct peer can see. It is more lenient with broken bytes (a length inside a message may
 * reach past that message's end) and with wrong user values (a number in a string field becomes text).
 */
export function createLibraryCodec(desc: DescMessage): Codec {
  return {
    desc,
    encode(fields, writer) {
      const start = writer.position;
      try {
        writer.raw(toBinary(desc, create(desc, adopt(desc, fields) as MessageInitShape<DescMessage>)));
      } catch (error) {
        writer.truncate(start);
        if (error instanceof Error && error.message.endsWith("required field not set")) {
          throw new WireError(WireReason.MissingField, error.message, { cause: error });
        }
        throw encodeFailure(desc, error);
      }
    },
    decode(bytes, start, end) {
      try {
        return fromBinary(desc, Uint8Array.prototype.slice.call(bytes, start, end));
      } catch (cause) {
        throw new WireError(WireReason.Malformed, cause instanceof Error ? cause.message : String(cause), { cause });
      }
    },
  };
}

/**
 * What `create` can take: messages of another type become plain objects of their own properties, so that defaults on
 * their prototype do not count as set and their unknown fields stay behind.
 */
function adopt(desc: DescMessage, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WireError(WireReason.BadValue, `cannot encode message ${desc.typeName}: invalid object: ${typeof value}`);
  }
  if (isMessage(value, desc)) {
    return value;
  }
  const foreign = isMessage(value);
  const source = value as Record<string, unknown>;
  const init: Record<string, unknown> = {};
  for (const member of desc.members) {
    const item = source[member.localName];
    if (item === undefined || item === null || (foreign && !Object.hasOwn(value, member.localName))) {
      continue;
    }
    init[member.localName] = member.kind === "oneof" ? adoptOneof(member, item) : item;
    if (member.kind === "field" && member.message !== undefined) {
      init[member.localName] = adoptField(member.fieldKind, member.message, item);
    }
  }
  return init;
}

function adoptOneof(oneof: DescOneof, item: unknown): unknown {
  const { case: name, value } = item as { case?: string; value?: unknown };
  const field = oneof.fields.find((candidate) => candidate.localName === name);
  return field?.fieldKind === "message" ? { case: name, value: adoptField("message", field.message, value) } : item;
}

function adoptField(kind: string, desc: DescMessage, item: unknown): unknown {
  if (desc.typeName.startsWith("google.protobuf.")) {
    return item;
  }
  if (kind === "list") {
    return Array.isArray(item) ? item.map((entry) => adopt(desc, entry)) : item;
  }
  if (kind === "map") {
    return Object.fromEntries(Object.entries(item as object).map(([key, entry]) => [key, adopt(desc, entry)]));
  }
  return adopt(desc, item);
}
