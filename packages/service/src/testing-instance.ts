import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import type { ServiceImplementation } from "@msec/rpc";
import type { ServiceContext } from "./request-context.ts";
import { serve } from "./serve.ts";

// A program for tests that need a process of its own: it answers with its process id, after as long as it is asked to wait.
const handlers: ServiceImplementation<typeof LocalService, ServiceContext> = {
  register: async ({ pid }) => {
    if (pid > 0) await new Promise((resolve) => setTimeout(resolve, pid));
    return { hostId: String(process.pid) };
  },
  watchRoutes: () => ({}),
  report: () => ({}),
  getStatus: () => ({}),
};

// That the machine is busy is no reason to refuse calls.
serve(LocalService, handlers, { queueTargetMs: 0 });
