import { parentPort, workerData } from "node:worker_threads";
import { End, runTasks, type Task } from "./run-tasks.ts";

// Takes its part of the tasks and says what came of each.
const port = parentPort;
if (port === null) throw new Error("this is started by simulate-all.ts");
const { tasks, taken } = workerData as { tasks: readonly Task[]; taken: Int32Array };
runTasks(tasks, taken, End.back, (task, result) => port.postMessage({ task, result }));
