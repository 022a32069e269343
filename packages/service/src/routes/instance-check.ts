import { AsyncLocalStorage } from "node:async_hooks";
import type { Route } from "@msec/balance";
import { Health } from "@msec/rpc-node";
import { isAnswer } from "../call-repeat.ts";
import type { ChannelPool } from "../channel-pool.ts";

// A call that wants to know if an instance is there must not end with the request in which it was found out, nor be a part of its trace.
const outside = AsyncLocalStorage.snapshot();

/**
 * Asks an instance whether anybody is there, over the very channel that calls go over, which it connects where it must.
 *
 * Any answer will do, an error too: the original's services have no health check. A channel that is open and gives none is done with: new calls get a new one.
 *
 * @returns whether it asks; `false` where this process has no channel to it, because its calls go by other means
 */
export function askInstance(
  channels: ChannelPool,
  service: string,
  route: Route,
  timeoutMs: number,
  told: (isThere: boolean) => void,
): boolean {
  const channel = channels.find(route, service);
  if (channel === undefined) return false;
  const answer = outside(() => channel.call(Health.method.check, {}, { timeoutMs }));
  answer.then(
    () => told(true),
    (error: unknown) => {
      const isThere = isAnswer(error);
      if (!isThere) channels.renew(route, service);
      told(isThere);
    },
  );
  return true;
}
