import { readFileSync } from "node:fs";
import { readProcess } from "@msec/process";

/** A tree deeper or wider than this is not followed further. */
const PROCESSES_MAX = 10_000;

/** Resident memory of a process and everything that it has started, bytes; pages that they share count for each. */
export function treeMemoryBytes(leader: number): number {
  let bytes = 0;
  for (const pid of processTree(leader)) bytes += readProcess(pid)?.memoryBytes ?? 0;
  return bytes;
}

/** A process and its descendants, as the kernel says (`/proc/<pid>/task/<tid>/children`). */
function processTree(leader: number): number[] {
  const pids = [leader];
  for (let index = 0; index < pids.length && pids.length < PROCESSES_MAX; index++)
    pids.push(...childrenOf(pids[index] as number));
  return pids;
}

function childrenOf(pid: number): number[] {
  try {
    // Of its main thread: programs start others from there, Node from its event loop.
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.split(" ").filter(Boolean).map(Number);
  } catch {
    return []; // It has ended by now.
  }
}
