import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { serve } from "./serve.ts";

// A program for tests that need a process of its own: it answers with its process id, after as long as it is asked to wait.
serve(LocalService, {
  register: async ({ pid }) => {
    if (pid > 0) await new Promise((resolve) => setTimeout(resolve, pid));
    return { hostId: String(process.pid) };
  },
  watchRoutes: () => ({}),
  report: () => ({}),
  getStatus: () => ({}),
});
