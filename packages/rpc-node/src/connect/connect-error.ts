import { type Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { Code, isCode, RpcError } from "@msec/rpc";
import { detailsFromError, saysNotExecuted } from "../grpc/grpc-status.ts";

/** An error of ours as connect-es sends it: the same code (both count as gRPC does), message and protobuf details; never the cause. */
export function connectErrorFromRpcError(error: RpcError): ConnectError {
  const translated = new ConnectError(error.message, error.code as number as ConnectCode, undefined, undefined, error);
  translated.details = detailsFromError(error);
  return translated;
}

/** An error of connect-es (or anything that its clients throw) as ours. */
export function rpcErrorFromConnect(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) {
    return thrown;
  }
  const error = ConnectError.from(thrown);
  const code = isCode(error.code) ? error.code : Code.Unknown;
  const messages = error.details.flatMap((detail) =>
    "type" in detail ? [{ type: detail.type, value: detail.value }] : [],
  );
  const notExecuted = saysNotExecuted(messages);
  // Their names of limits are those of their own options; ours is `maxBytes` of the channel.
  const message = error.rawMessage.replace(/configured (?:read|write)MaxBytes/, "maxBytes");
  return new RpcError(code, message, {
    cause: error.cause ?? error,
    details: {
      ...(messages.length > 0 ? { messages } : {}),
      ...(notExecuted ? { notExecuted } : {}),
    },
  });
}
