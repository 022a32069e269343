import type { Message } from "@bufbuild/protobuf";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** The generated functions of one message type. Filled in after creation, so that recursive types can refer to themselves. */
export interface TypeUnit {
  /** A new message with defaults, as `create(desc)`. */
  make: () => Message;
  /** Read `[reader.position, reader.end)`, or up to the end of group `group` when it is not 0, into a message; depth starts at 1. */
  read: (reader: Reader, message: Message, depth: number, group: number) => void;
  /** Append a message's fields. */
  write: (writer: Writer, fields: object) => void;
}
