import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  type Message,
  type MessageInitShape,
  toJson,
} from "@bufbuild/protobuf";
import { withoutSecrets } from "@msec/process";
import { codeName, RpcError, type ServiceImplementation } from "@msec/rpc";
import type { ProgramLog } from "../program-log.ts";
import type { ServiceContext } from "../request-context.ts";
import type { DyeRules } from "./dye-rules.ts";

type AnyHandler = (request: unknown, context: ServiceContext) => unknown;

/**
 * The handlers of a service, which look at each arriving request whether a dye rule holds for it, and write two lines of a dyed one whatever the
 * handlers themselves write: the request, and the answer or the failure.
 *
 * Costs two comparisons a request while there are no rules and the request is not dyed.
 */
export function dyedHandlers<S extends DescService>(
  service: S,
  handlers: ServiceImplementation<S, ServiceContext>,
  { dyeing, log }: { readonly dyeing: DyeRules; readonly log: ProgramLog },
): ServiceImplementation<S, ServiceContext> {
  const given = handlers as Record<string, unknown>;
  const wrapped: Record<string, unknown> = {};
  for (const method of service.methods) {
    const handler = given[method.localName];
    wrapped[method.localName] =
      typeof handler === "function" ? dyedHandler(method, handler as AnyHandler, dyeing, log) : handler;
  }
  return wrapped as ServiceImplementation<S, ServiceContext>;
}

function dyedHandler(method: DescMethod, handler: AnyHandler, rules: DyeRules, log: ProgramLog): AnyHandler {
  // What streams has no message at the beginning.
  const hasMessage = method.methodKind === "unary" || method.methodKind === "server_streaming";
  const isUnary = method.methodKind === "unary";
  return (request, context) => {
    const hasMatch = rules.hasRules && rules.matchesArrival(context, hasMessage ? request : undefined, method.input);
    if (!context.dyed && !hasMatch) return handler(request, context);
    // Also where it came dyed: its spans are to be kept here too.
    context.dyed = true;
    log.write("debug", `request${hasMessage ? `: ${messageText(method.input, request)}` : ""}`);
    return isUnary ? recordAnswer(method, handler, request, context, log) : handler(request, context);
  };
}

function recordAnswer(
  method: DescMethod,
  handler: AnyHandler,
  request: unknown,
  context: ServiceContext,
  log: ProgramLog,
): unknown {
  try {
    const answer = handler(request, context);
    if (!(answer instanceof Promise)) {
      log.write("debug", `answer: ${messageText(method.output, answer)}`);
      return answer;
    }
    return answer.then(
      (fields: unknown) => {
        log.write("debug", `answer: ${messageText(method.output, fields)}`);
        return fields;
      },
      (thrown: unknown) => {
        recordFailure(thrown, log);
        throw thrown;
      },
    );
  } catch (thrown) {
    recordFailure(thrown, log);
    throw thrown;
  }
}

function recordFailure(thrown: unknown, log: ProgramLog): void {
  log.write(
    "debug",
    thrown instanceof RpcError ? `failed: ${codeName(thrown.code)} ${thrown.message}` : `failed: ${String(thrown)}`,
  );
}

/** A message as JSON, without what must not be in a log. Never throws: a line must not fail a request. */
function messageText(desc: DescMessage, fields: unknown): string {
  try {
    const message =
      (fields as Message).$typeName === undefined
        ? create(desc, fields as MessageInitShape<DescMessage>)
        : (fields as Message);
    const json = toJson(desc, message);
    return JSON.stringify(
      typeof json === "object" && json !== null && !Array.isArray(json) ? withoutSecrets(json) : json,
    );
  } catch (error) {
    return `(not readable: ${error instanceof Error ? error.message : String(error)})`;
  }
}
