import { CapacityService, type OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import type { Instance } from "@msec/api/console/v1/registry_pb.js";
import type { OperatorApi } from "../api/operator-client.ts";
import type { CommandContext } from "../context.ts";
import type { Messages } from "../messages/messages.ts";
import { followOperation, operationJson } from "./follow-operation.ts";
import { wholeNumber } from "./limits-options.ts";

/** What commander finds of `--timeout <seconds>`, `--batch <n>` and `--force`. */
export interface ChangeOptions {
  readonly timeout?: string;
  readonly batch?: string;
  readonly force?: boolean;
}

/** The part of a request to start an operation that options say. @throws UserError, exit status 2 */
export function changeRequest({ timeout, batch, force }: ChangeOptions, messages: Messages) {
  return {
    stepTimeoutMs: timeout === undefined ? 0 : wholeNumber("--timeout", timeout, 1, 3600, messages) * 1000,
    batch: batch === undefined ? 0 : wholeNumber("--batch", batch, 1, 1000, messages),
    force: force === true,
  };
}

/**
 * Start an operation on instances; follow it to its end where that is wanted, else say its id.
 *
 * @throws UserError as `followOperation` does
 */
export async function startOperation(
  api: OperatorApi,
  request: ReturnType<typeof changeRequest> & { readonly kind: OperationKind },
  instances: readonly Instance[],
  { wait, json }: { readonly wait: boolean; readonly json: boolean },
  context: CommandContext,
): Promise<void> {
  const instanceIds = instances.map(({ id }) => id);
  const { operation } = await api.client(CapacityService).startOperation({ ...request, instanceIds });
  if (operation === undefined) return;
  if (wait) await followOperation(api, operation.id, context, json);
  else if (json) context.terminal.out(JSON.stringify(operationJson(operation), null, 2));
  else context.terminal.out(context.messages.operationBegun(operation.id));
}
