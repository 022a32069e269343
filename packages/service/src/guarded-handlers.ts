import type { DescService } from "@bufbuild/protobuf";
import { Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import type { ServiceContext } from "./request-context.ts";

type AnyHandler = (request: unknown, context: ServiceContext) => unknown;

/**
 * The handlers of a service, with what they throw made fit for callers: an `RpcError` passes, anything else is logged with
 * its stack and answered with Internal and a message that tells nothing of it.
 */
export function guardHandlers<S extends DescService>(
  service: S,
  handlers: ServiceImplementation<S, ServiceContext>,
): ServiceImplementation<S, ServiceContext> {
  const given = handlers as Record<string, unknown>;
  const guarded: Record<string, unknown> = {};
  for (const { localName } of service.methods) {
    const handler = given[localName];
    // Missing ones are left to the method table, which says so.
    guarded[localName] = typeof handler === "function" ? guard(handler.bind(handlers) as AnyHandler) : handler;
  }
  return guarded as ServiceImplementation<S, ServiceContext>;
}

function guard(handler: AnyHandler): AnyHandler {
  return (request, context) => {
    try {
      const answer = handler(request, context);
      if (isStream(answer)) return guardStream(answer, context);
      if (!(answer instanceof Promise)) return answer;
      return answer.catch((thrown: unknown) => {
        throw answerError(thrown, context);
      });
    } catch (thrown) {
      throw answerError(thrown, context);
    }
  };
}

function isStream(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}

/** The same values, asked for one by one as before; what fails in between is treated like what a unary handler throws. */
function guardStream(answer: AsyncIterable<unknown>, context: ServiceContext): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]() {
      const values = guarded(() => answer[Symbol.asyncIterator]());
      return {
        async next() {
          try {
            return await values.next();
          } catch (thrown) {
            throw answerError(thrown, context);
          }
        },
        // Also when nobody wants more: what `finally` blocks of a generator throw is no answer to anybody, but a fault.
        async return() {
          try {
            return (await values.return?.()) ?? { done: true, value: undefined };
          } catch (thrown) {
            throw answerError(thrown, context);
          }
        },
      };
    },
  };
  function guarded<T>(step: () => T): T {
    try {
      return step();
    } catch (thrown) {
      throw answerError(thrown, context);
    }
  }
}

function answerError(thrown: unknown, context: ServiceContext): RpcError {
  if (thrown instanceof RpcError) return ownError(thrown);
  if (isAbort(thrown) && context.signal.aborted) {
    // The handler stopped because it was told to; whoever called knows.
    return new RpcError(Code.Canceled, `${context.method} was given up`, { cause: thrown });
  }
  context.log.error(`${context.method} failed`, {
    error: thrown instanceof Error ? thrown : new Error(String(thrown)),
  });
  return new RpcError(
    Code.Internal,
    `${context.method} failed; the service's log has the reason under this request id`,
    {
      cause: thrown,
    },
  );
}

// The failure of a call that this handler made says "not sent" and "not executed" of that call. Passed on as it is, it would say so
// of the handler, which has run, and our caller would have another instance run it again.
function ownError(error: RpcError): RpcError {
  const { notSent, notExecuted, ...details } = error.details;
  if (notSent === undefined && notExecuted === undefined) return error;
  return new RpcError(error.code, error.message, { details, cause: error });
}

// What Node's own functions throw when their signal aborts.
function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "AbortError";
}
