import { Code, codeFromRet, isCode, RpcError, retCodes } from "@msec/rpc";
import type { RpcHead } from "@msec/wire";
import { decodeDetails } from "../error-details.ts";

/** The failure that an answer's head tells of. */
export function errorFromHead(answer: RpcHead): RpcError {
  const code = isCode(answer.code) && answer.code !== Code.Ok ? answer.code : codeFromRet(answer.err);
  const message = answer.errMsg || (retCodes[-answer.err]?.text ?? `the other end answered with error ${answer.err}`);
  const details = decodeDetails(answer.details);
  return new RpcError(code, message, { details: answer.err === 0 ? details : { ...details, ret: answer.err } });
}
