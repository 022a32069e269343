import { Code, codeFromRet, isCode, RpcError, retCodes } from "@msec/rpc";
import type { RpcHead } from "@msec/wire";
import { decodeDetails } from "../error-details.ts";

/** The failure that an answer's head tells of. */
export function errorFromHead(answer: RpcHead): RpcError {
  const { err, code, errMsg } = answer;
  const details = decodeDetails(answer.details);
  if (err === 0) {
    // A number that is none of gRPC's is a failure of unknown kind, not a success.
    const text = errMsg || `the other end answered with code ${code}`;
    return new RpcError(isCode(code) && code !== Code.Ok ? code : Code.Unknown, text, { details });
  }
  const text = errMsg || (retCodes[-err]?.text ?? `the other end answered with error ${err}`);
  const found = isCode(code) && code !== Code.Ok ? code : codeFromRet(err);
  return new RpcError(found, text, { details: { ...details, ret: err } });
}
