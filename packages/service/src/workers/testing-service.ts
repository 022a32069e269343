import { existsSync } from "node:fs";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import type { ServiceImplementation } from "@msec/rpc";
import type { ServiceContext } from "../request-context.ts";
import { serve } from "../serve.ts";

// A program for tests of worker processes. It does not start while the file TEST_FAULT is there. `register` says which process answers, after
// as many milliseconds as `pid` asks for; `report` never comes back, and holds its event loop.
if (existsSync(process.env.TEST_FAULT ?? "")) throw new Error("this code does not start");

const handlers: ServiceImplementation<typeof LocalService, ServiceContext> = {
  register: async ({ pid }) => {
    if (pid > 0) await new Promise((resolve) => setTimeout(resolve, pid));
    return { hostId: String(process.pid) };
  },
  watchRoutes: () => ({}),
  report: () => {
    for (;;);
  },
  getStatus: () => ({}),
};

// That the machine is busy is no reason to refuse calls.
serve(LocalService, handlers, { queueTargetMs: 0 });
