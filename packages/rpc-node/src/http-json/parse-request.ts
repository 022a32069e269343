import { isUtf8 } from "node:buffer";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { Code, RpcError, type ServedMethod } from "@msec/rpc";
import { isJsonWithinDepth } from "./json-depth.ts";

const maxJsonDepth = 64;
const longNumber = /[":,[\s]-?\d{1000}\d*(?=[",\]}\s.eE])/;

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
  if (!isJsonWithinDepth(body, maxJsonDepth)) {
    throw badBody(`it is nested deeper than ${maxJsonDepth}`);
  }
  // Reading digits into a 64-bit field takes time that grows with their square: three million of them block the process for over a second.
  if (longNumber.test(body)) {
    throw badBody("it has a number of more than 1,000 digits");
  }
  let json: JsonValue;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw badBody(body.trim() === "" ? "it is empty; send {} for a message without fields" : "it is not JSON", cause);
  }
  try {
    return fromJson(method.desc.input, json, { ignoreUnknownFields: true });
  } catch (cause) {
    throw badBody(`it is not a ${method.desc.input.typeName}: ${(cause as Error).message}`, cause);
  }
}

function badBody(text: string, cause?: unknown): RpcError {
  return new RpcError(Code.InvalidArgument, `the body cannot be read: ${text}`, { cause, details: { ret: -5 } });
}
