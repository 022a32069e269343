import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { compileCodec, Writer } from "@msec/wire";
import type { MessageFields } from "./message-fields.ts";
import { RpcError, type RpcErrorDetails } from "./rpc-error.ts";

/** A protobuf message that tells more of an error: full type name and bytes. */
export type ErrorDetail = NonNullable<RpcErrorDetails["messages"]>[number];

/**
 * A message of the service's own that goes with an error, for programs to read where the error's text is for people; it reaches callers over SRPC, gRPC and Connect. All messages of an
 * error may have 4,096 bytes together, or none is sent.
 *
 * @throws WireError  a required field is missing, or a value is none of its field's type
 * @example
 * throw new RpcError(Code.FailedPrecondition, `only ${left} left`, { details: { messages: [errorDetail(OutOfStockSchema, { left })] } });
 */
export function errorDetail<Desc extends DescMessage>(schema: Desc, fields: MessageFields<Desc>): ErrorDetail {
  const writer = new Writer({ initialBytes: 64 });
  compileCodec(schema).encode(fields, writer);
  return { type: schema.typeName, value: Uint8Array.from(writer.written()) };
}

/**
 * The first message of a type that came with an error; `undefined` where there is none that can be read, and for whatever is no `RpcError`.
 *
 * @example
 * const outOfStock = findErrorDetail(error, OutOfStockSchema);
 * if (outOfStock !== undefined) console.log(outOfStock.left);
 */
export function findErrorDetail<Desc extends DescMessage>(
  error: unknown,
  schema: Desc,
): MessageShape<Desc> | undefined {
  if (!(error instanceof RpcError)) return undefined;
  const found = error.details.messages?.find(({ type }) => type === schema.typeName);
  if (found === undefined) return undefined;
  try {
    return compileCodec(schema).decode(found.value, 0, found.value.length);
  } catch {
    // Bytes that are no such message: another program's mistake, and code and text of the error are still there.
    return undefined;
  }
}
