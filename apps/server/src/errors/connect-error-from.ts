import { type Code as ConnectCode, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Log } from "@msec/process";
import { Code, codeName, type RpcError } from "@msec/rpc";
import { rpcErrorFrom } from "./rpc-error-from.ts";
import { saidIn, saidLanguageOf } from "./said-in.ts";

/**
 * Translate for the console API. The numbers of both sides are gRPC's.
 *
 * @param headers  of the request: in which language its reader wants to be told
 */
export function connectErrorFrom(error: RpcError, headers: Headers): ConnectError {
  const message = saidIn(saidLanguageOf(headers.get("accept-language")), error.message);
  return new ConnectError(message, error.code as number as ConnectCode, undefined, undefined, error.cause);
}

/**
 * Translate what handlers of the console API throw, and log what only the operator may see.
 */
export function createErrorInterceptor(log: Log): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (thrown) {
      // From Connect itself: a message that cannot be read, a deadline.
      if (thrown instanceof ConnectError) {
        throw thrown;
      }
      const error = rpcErrorFrom(thrown);
      if (error.cause !== undefined) {
        const method = `${request.service.typeName}.${request.method.name}`;
        const level = error.code === Code.Internal ? "error" : "warn";
        log[level](`${method} failed: ${codeName(error.code)}`, { error: error.cause });
      }
      throw connectErrorFrom(error, request.header);
    }
  };
}
