import type { RpcError } from "@msec/rpc";
import { Writer } from "@msec/wire";

/** How much of an error's message is sent, in characters: trailers count against the peer's limit of headers (often 8 KiB). */
const maxMessageChars = 1_024;
/** How much of an error's details is sent, in bytes, for the same reason. Above it they are left out, code and message stay. */
const maxDetailsBytes = 4_096;

/** The trailers that tell of a failure. */
export function trailersFromError(error: RpcError): Record<string, string> {
  const trailers: Record<string, string> = {
    "grpc-status": String(error.code),
    "grpc-message": encodeGrpcMessage(error.message.slice(0, maxMessageChars)),
  };
  const details = detailsFromError(error);
  if (details.length > 0) {
    const status = encodeStatus(error, details);
    if (status.length <= maxDetailsBytes) {
      trailers["grpc-status-details-bin"] = status.toString("base64").replace(/=+$/, "");
    }
  }
  return trailers;
}

/** Percent-encode what a header may not hold, as gRPC has it: all but printable ASCII, and `%` itself. */
export function encodeGrpcMessage(message: string): string {
  if (/^[ -$&-~]*$/.test(message)) {
    return message;
  }
  let encoded = "";
  for (const byte of Buffer.from(message, "utf8")) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** One message of an error's details: its full type name and its bytes. */
export interface ErrorDetail {
  readonly type: string;
  readonly value: Uint8Array<ArrayBuffer>;
}

// google.rpc.ErrorInfo { reason = 1: "NOT_EXECUTED", domain = 2: "msec" }
const notExecuted: ErrorDetail = {
  type: "google.rpc.ErrorInfo",
  value: Uint8Array.from(Buffer.from("\x0a\x0cNOT_EXECUTED\x12\x04msec", "latin1")),
};

/** What of an error's details protobuf callers get: the handler's own messages, and that the call was refused before it ran. */
export function detailsFromError(error: RpcError): ErrorDetail[] {
  const given = (error.details.messages ?? []) as readonly { type: string; value: Uint8Array }[];
  const details = given.map(({ type, value }) => ({ type, value: Uint8Array.from(value) }));
  return error.details.notExecuted === true ? [...details, notExecuted] : details;
}

/** Whether details that came over the wire say that the call was refused before it ran. */
export function saysNotExecuted(details: readonly { readonly type: string; readonly value: Uint8Array }[]): boolean {
  return details.some(({ type, value }) => type === notExecuted.type && Buffer.compare(value, notExecuted.value) === 0);
}

// google.rpc.Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3 }
function encodeStatus(error: RpcError, details: readonly ErrorDetail[]): Buffer {
  const writer = new Writer({ initialBytes: 256 });
  writer.byte(0x08);
  writer.uint32(error.code);
  writer.byte(0x12);
  writer.string(error.message.slice(0, maxMessageChars));
  for (const { type, value } of details) {
    const any = new Writer({ initialBytes: 256 });
    any.byte(0x0a);
    any.string(`type.googleapis.com/${type}`);
    any.byte(0x12);
    any.lengthDelimited(value);
    writer.byte(0x1a);
    writer.lengthDelimited(any.written());
  }
  return Buffer.from(writer.written());
}
