import { setTimeout as delay } from "node:timers/promises";
import { Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import { serve } from "@msec/service";
import { WorkService } from "../../gen/work_pb.js";

const instance = `${process.env.MSEC_ADDRESS}:${process.env.MSEC_PORT}`;
let errors = 0;
let delayMs = 0;

const handlers: ServiceImplementation<typeof WorkService> = {
  async work() {
    // A little work that waits, as for a database: so that calls are in flight when something happens.
    await delay(2 + delayMs);
    if (Math.random() < errors) throw new RpcError(Code.Unavailable, "told to fail");
    return { instance };
  },
  setFault(fault) {
    errors = fault.errors;
    delayMs = fault.delayMs;
    return {};
  },
};
// However long calls wait: a busy machine, or a clock that runs fast, is no overload of the service.
serve(WorkService, handlers, { queueTargetMs: 0 });
