import { parentPort, workerData } from "node:worker_threads";
import { runTasks, type Task } from "./run-tasks.ts";

// Takes its part of the tasks and says what came of each.
const port = parentPort;
if (port === null) throw new Error("this is started by simulate-all.ts");
const { tasks, next } = workerData as { tasks: readonly Task[]; next: Int32Array };
runTasks(tasks, next, (task, result) => port.postMessage({ task, result }));
