import { isUtf8 } from "node:buffer";
import { Code, RpcError, type ServedMethod } from "@msec/rpc";
import { compileJsonCodec } from "@msec/wire";
import { parseJson } from "./json-text.ts";

/**
 * The request message that a JSON body holds.
 *
 * @param bytes  `undefined` for none
 * @throws RpcError InvalidArgument
 */
export function parseRequest(method: ServedMethod, bytes: Buffer | undefined): unknown {
  if (bytes !== undefined && !isUtf8(bytes)) {
    throw badBody("it is not UTF-8");
  }
  const body = bytes === undefined ? "" : bytes.toString();
  const parsed = parseJson(body);
  if ("fault" in parsed) {
    throw badBody(parsed.fault);
  }
  try {
    return compileJsonCodec(method.desc.input).read(parsed.value, body);
  } catch (cause) {
    throw badBody(`it is not a ${method.desc.input.typeName}: ${(cause as Error).message}`, cause);
  }
}

function badBody(text: string, cause?: unknown): RpcError {
  return new RpcError(Code.InvalidArgument, `the body cannot be read: ${text}`, { cause, details: { ret: -5 } });
}
