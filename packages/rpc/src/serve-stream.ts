import { runInContext } from "./call-context.ts";
import type { CallServer } from "./call-server.ts";
import { Code } from "./code.ts";
import type { ServedStream } from "./method-table.ts";
import { RpcError, rpcErrorFromUnknown } from "./rpc-error.ts";
import type { ServedCall } from "./served-call.ts";

const done: IteratorResult<object, undefined> = { done: true, value: undefined };

/**
 * Run the handler of a streaming method: gives the responses' fields as the protocol asks for them, which is the back-pressure.
 *
 * Ends by: the handler's end; its error; the deadline, the caller's going or the listener's forced close (then at once, whatever the
 * handler is doing). The call is observed once, and counts as running until the handler itself has ended. The protocol's own failure
 * to write is told by `return()`.
 *
 * @param input          the request, or an iterable of them, as the method's kind has it
 * @param responseBytes  bytes that were sent so far, asked for at the end
 * @returns its `next` rejects with `RpcError` only
 */
export function serveStream(
  calls: CallServer,
  call: ServedCall,
  method: ServedStream,
  input: unknown,
  responseBytes: () => number,
): AsyncIterableIterator<object> {
  calls.enter(call);
  const canceled = Promise.withResolvers<never>();
  // Nobody may be asking for a response when the cancellation comes.
  canceled.promise.catch(() => {});
  const stopListening = call.onCancel((reason) => canceled.reject(reason));
  let responses: AsyncIterator<object> | undefined;
  let pending: Promise<unknown> | undefined;
  let isOver = false;

  const end = () => {
    // Whoever goes away while a response is being waited for ends it twice: here, and where that wait is given up.
    if (isOver) {
      return;
    }
    isOver = true;
    stopListening();
    // A generator runs its `finally` blocks only when the step that it is in has ended.
    const last = Promise.allSettled([pending, responses?.return?.()]);
    void last.then(() => calls.leave(call));
  };
  const start = () => {
    const result = runInContext(call, method.handle, input, call);
    return Symbol.asyncIterator in result ? result[Symbol.asyncIterator]() : single(result as Promise<object>);
  };
  const step = (): Promise<IteratorResult<object>> => {
    responses ??= start();
    return responses.next();
  };
  return {
    async next() {
      if (isOver) {
        return done;
      }
      try {
        // The context is that of the code that asks for the next value, so each step gets it anew.
        const asked = runInContext(call, step, undefined, undefined);
        pending = asked;
        const result = await Promise.race([asked, canceled.promise]);
        if (!result.done) {
          return result;
        }
        calls.complete(call, responseBytes());
        end();
        return done;
      } catch (thrown) {
        const error = rpcErrorFromUnknown(thrown);
        end();
        calls.refuse(call, error);
        throw error;
      }
    },
    async return() {
      if (!isOver) {
        calls.abandon(call, goneError());
        end();
      }
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function goneError(): RpcError {
  return new RpcError(Code.Canceled, "the caller went away before the stream ended");
}

/** A promised response as an iterator of one. */
function single(promise: Promise<object>): AsyncIterator<object> {
  let given = false;
  return {
    async next() {
      if (given) {
        return done;
      }
      given = true;
      return { done: false, value: await promise };
    },
  };
}
