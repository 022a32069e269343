import { join } from "node:path";
import { reloadSocketPath, UserError } from "@msec/process";
import type { Launch } from "../launch.ts";
import { CONTROLLER_VARIABLE, type ControllerSettings } from "./controller-settings.ts";
import { workerCount } from "./worker-count.ts";
import { currentWorker } from "./worker-link.ts";

/**
 * Makes this process the controller of the service's workers when its configuration asks for more than one, and then never returns:
 * the controller is another program in the same process (same pid, same standard output), which starts this one for each worker.
 *
 * Returns in workers, and where there is to be one process.
 *
 * @param given  what the program says itself; goes before `[SRPC] procnum`, and what the operator says of this instance before both
 * @throws UserError  a number that is none; where Node cannot replace a process (not on Windows, not in a worker thread)
 */
export function becomeController(launch: Launch, given?: number | "auto"): void {
  const { procnum, heartbeat, spare } = launch.config.config.values.SRPC;
  const wanted = launch.procnum ?? given ?? procnum;
  const workers = workerCount(wanted);
  if (workers === 1 || currentWorker() !== undefined) return;
  const [, program, ...programArguments] = process.argv;
  const execve = process.execve?.bind(process);
  if (execve === undefined || program === undefined) {
    throw new UserError(`more than one worker process (procnum ${wanted}) needs a program that Node can start again`, {
      hint: "run the service as a file, on Linux or macOS, or have one process (procnum = 1)",
    });
  }
  const settings: ControllerSettings = {
    service: launch.name,
    program,
    arguments: programArguments,
    nodeArguments: process.execArgv,
    workers,
    heartbeatMs: heartbeat,
    spare,
    reloadSocket:
      launch.agentPath !== undefined && launch.instanceId !== ""
        ? reloadSocketPath(launch.agentPath, launch.instanceId)
        : undefined,
  };
  // The debugger's port is for the workers, which hold the code that somebody wants to debug.
  const nodeArguments = process.execArgv.filter((argument) => !argument.startsWith("--inspect"));
  execve(process.execPath, [process.execPath, ...nodeArguments, join(import.meta.dirname, "controller-main.ts")], {
    ...process.env,
    [CONTROLLER_VARIABLE]: JSON.stringify(settings),
  });
}
