import type { Process } from "@msec/api/agent/v1/common_pb.js";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { readProcess } from "@msec/process";
import { openOperatorApi } from "../api/operator-client.ts";
import { askLauncher } from "../launcher/control-client.ts";
import type { PartStatus } from "../launcher/control-protocol.ts";
import type { Messages } from "../messages/messages.ts";
import { ProcessWord, wordsOfStates } from "../output/process-state.ts";
import { processName, readSystemProcesses, type SystemProcess } from "./system-processes.ts";

/** One line of `msec ps`. */
export interface ProcessRow {
  /** `server`, `agent`, …, or an instance's service. */
  readonly name: string;
  readonly role: string;
  /** Empty for parts of the system itself. */
  readonly instanceId: string;
  readonly state: ProcessWord;
  /** 0 where there is none. */
  readonly pid: number;
  readonly uptimeMs: number;
  readonly memoryBytes: number;
  /** How often it was started again; `null` where nobody is there who would know. */
  readonly restarts: number | null;
  readonly listen: string;
  /** What an instance was started from; empty for parts of the system, and where nobody knows. */
  readonly release: string;
  /** Why it ended last time, empty where nothing went wrong or nobody knows. */
  readonly reason: string;
  /** The worker processes of an instance that has several, as its agent last reported them; `pid` is then their controller. */
  readonly workers: readonly WorkerRow[];
}

/** One worker process of an instance. */
export interface WorkerRow {
  readonly pid: number;
  readonly uptimeMs: number;
  readonly memoryBytes: number;
}

/** Others are asked for what they know, and not waited for longer than this. */
const askMs = 1000;

/**
 * Every process of the system on this host. What runs comes from run records and /proc and needs nobody alive; restarts and
 * reasons are added by whoever looks after the process, where it answers: the launcher, and the server for the agent.
 */
export async function collectProcesses(state: string, messages: Messages): Promise<ProcessRow[]> {
  const [parts, supervised] = await Promise.all([askParts(state), askServer(state, messages)]);
  const rows = readSystemProcesses(state, Date.now()).map((process) => rowOf(process, parts, supervised));
  const known = new Set(rows.map((row) => row.instanceId));
  // Instances that do not run have no record: only their agent's report tells of them.
  const others = supervised.filter((process) => process.instanceId !== "" && !known.has(process.instanceId));
  return [...rows, ...others.map(rowOfReported)];
}

function rowOf(
  found: SystemProcess,
  parts: Readonly<Record<string, PartStatus>>,
  supervised: readonly Process[],
): ProcessRow {
  const { record, alive } = found;
  const instanceId = record.instanceId ?? "";
  const reported = supervised.find((process) =>
    instanceId === "" ? process.name === record.role : process.instanceId === instanceId,
  );
  const part = parts[record.role];
  return {
    name: reported?.name || processName(record),
    role: record.role,
    instanceId,
    state: alive ? aliveState(part?.state, reported) : ProcessWord.Dead,
    pid: alive ? record.pid : 0,
    uptimeMs: found.uptimeMs,
    memoryBytes: found.memoryBytes,
    restarts: part?.restarts ?? reported?.restarts ?? null,
    listen: record.listen,
    release: alive && reported?.pid === record.pid ? reported.release : "",
    reason: part?.reason || reported?.reason || "",
    workers: alive ? workersOf(reported) : [],
  };
}

// Seen five seconds ago at most: those that are gone by now are left out.
function workersOf(reported: Process | undefined): WorkerRow[] {
  return (reported?.workers ?? []).flatMap(({ pid, startedMs }) => {
    const info = readProcess(pid);
    if (info === undefined) return [];
    return [{ pid, uptimeMs: Math.max(0, Date.now() - startedMs), memoryBytes: info.memoryBytes }];
  });
}

function aliveState(partState: string | undefined, reported: Process | undefined): ProcessWord {
  const word = Object.values(ProcessWord).find((value) => value === partState) ?? wordsOfStates[reported?.state ?? 0];
  // It is alive, whatever was last said of it.
  return word === "starting" || word === "stopping" ? word : ProcessWord.Running;
}

function rowOfReported(process: Process): ProcessRow {
  return {
    name: process.name,
    role: "instance",
    instanceId: process.instanceId,
    state: wordsOfStates[process.state] ?? ProcessWord.Unknown,
    pid: 0,
    uptimeMs: 0,
    memoryBytes: 0,
    restarts: process.restarts,
    listen: process.listen,
    release: "",
    reason: process.reason,
    workers: [],
  };
}

async function askParts(state: string): Promise<Readonly<Record<string, PartStatus>>> {
  try {
    return (await askLauncher(state, { command: "status" }, askMs))?.parts ?? {};
  } catch {
    return {}; // A launcher that does not answer is one more thing that ps must work without.
  }
}

async function askServer(state: string, messages: Messages): Promise<readonly Process[]> {
  try {
    const { hosts } = await openOperatorApi(state, messages, askMs).client(RegistryService).listHosts({});
    return hosts.flatMap((host) => host.processes);
  } catch {
    return []; // The same for a server.
  }
}
