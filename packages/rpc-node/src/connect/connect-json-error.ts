import { type Code, codeName, type RpcError } from "@msec/rpc";
import { detailsFromError } from "../grpc/grpc-status.ts";

// By code, 0…16; https://connectrpc.com/docs/protocol#error-codes
const statuses: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];

/** The HTTP status that a unary Connect call is answered with for a code. */
export function statusFromCode(code: Code): number {
  return statuses[code] ?? 500;
}

/** An error as Connect writes it in JSON. */
export function connectJsonFromError(error: RpcError): string {
  const details = detailsFromError(error);
  return JSON.stringify({
    code: codeName(error.code)
      .replace(/(?!^)([A-Z])/g, "_$1")
      .toLowerCase(),
    message: error.message,
    ...(details.length > 0 ? { details: details.map(({ type, value }) => ({ type, value: unpadded(value) })) } : {}),
  });
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
