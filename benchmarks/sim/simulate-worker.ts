import { parentPort } from "node:worker_threads";
import { algorithms, scenarios, simulate } from "@msec/balance/simulator";
import type { Task } from "./simulate-all.ts";

// Runs what it is sent, one task after the other, and answers each with its result.
const port = parentPort;
if (port === null) throw new Error("this is started by simulate-all.ts");
port.on("message", ({ scenario, algorithm, seed }: Task) => {
  port.postMessage(simulate(scenarios[scenario]!, algorithms[algorithm]!, seed));
});
