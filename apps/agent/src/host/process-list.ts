import { create } from "@bufbuild/protobuf";
import { type Process, ProcessSchema, ProcessState } from "@msec/api/agent/v1/common_pb.js";
import {
  isAlive,
  type ProcessInfo,
  readProcess,
  readRunRecords,
  type SupervisedState,
  TICKS_PER_SECOND,
} from "@msec/process";
import type { Instance } from "../supervisor/instance.ts";
import type { InstanceSet } from "../supervisor/instance-set.ts";
import type { ProcessOwner } from "./top-processes.ts";

const STATES: Readonly<Record<SupervisedState, ProcessState>> = {
  stopped: ProcessState.STOPPED,
  starting: ProcessState.STARTING,
  running: ProcessState.RUNNING,
  stopping: ProcessState.STOPPING,
  "backing-off": ProcessState.BACKING_OFF,
};

interface CpuSample {
  readonly startTicks: number;
  readonly cpuTicks: number;
  readonly atMs: number;
  readonly percent: number;
}

/** An interval shorter than this says little of CPU, since the kernel counts in hundredths of a second. */
const CPU_INTERVAL_MIN_MS = 1_000;

/** The processes of the system on this host: its own parts from their run records, instances from the supervisor. */
export class ProcessList {
  readonly #state: string;
  readonly #instances: InstanceSet;
  #cpu = new Map<number, CpuSample>();

  constructor(state: string, instances: InstanceSet) {
    this.#state = state;
    this.#instances = instances;
  }

  /** All of them, as they are now. CPU is that of the time since the sample before. */
  sample(): Process[] {
    const seen = new Map<number, CpuSample>();
    const processes = [
      ...this.#parts(seen),
      ...this.#instances.list().map((instance) => this.#instance(instance, seen)),
    ];
    this.#cpu = seen;
    return processes;
  }

  /** Which processes of the host are the system's own: parts by their pid, instances by their process group. */
  owners(): Map<number, ProcessOwner> {
    const owners = new Map<number, ProcessOwner>();
    for (const { pid, role } of this.#partRecords()) owners.set(pid, { service: role, instanceId: "" });
    for (const { assignment, supervised } of this.#instances.list()) {
      const { service, instanceId } = assignment;
      if (supervised.run !== undefined) owners.set(supervised.run.pid, { service, instanceId });
    }
    return owners;
  }

  #partRecords() {
    return readRunRecords(this.#state).filter((record) => record.role !== "instance" && isAlive(record));
  }

  #parts(seen: Map<number, CpuSample>): Process[] {
    return this.#partRecords().map((record) =>
      create(ProcessSchema, {
        name: record.role,
        state: ProcessState.RUNNING,
        pid: record.pid,
        startedMs: record.startedMs,
        listen: record.listen,
        ...this.#usage(record.pid, seen),
      }),
    );
  }

  #instance(instance: Instance, seen: Map<number, CpuSample>): Process {
    const { assignment, listen, supervised } = instance;
    const { run, state, restarts, reason } = supervised;
    return create(ProcessSchema, {
      name: assignment.service,
      instanceId: assignment.instanceId,
      state: STATES[state],
      pid: run?.pid ?? 0,
      startedMs: run?.startedMs ?? 0,
      restarts,
      reason,
      listen,
      ...instance.facts(),
      workers: instance.workers().map(({ pid, startedMs }) => ({ pid, startedMs, ...this.#usage(pid, seen) })),
      ...(run === undefined ? {} : this.#usage(run.pid, seen)),
    });
  }

  #usage(pid: number, seen: Map<number, CpuSample>): { memoryBytes: number; cpuPercent: number } {
    const info = readProcess(pid);
    if (info === undefined) return { memoryBytes: 0, cpuPercent: 0 };
    const sample = nextCpuSample(this.#cpu.get(pid), info, performance.now());
    seen.set(pid, sample);
    return { memoryBytes: info.memoryBytes, cpuPercent: sample.percent };
  }
}

function nextCpuSample(
  before: CpuSample | undefined,
  { startTicks, cpuTicks }: Pick<ProcessInfo, "startTicks" | "cpuTicks">,
  nowMs: number,
): CpuSample {
  if (before === undefined || before.startTicks !== startTicks)
    return { startTicks, cpuTicks, atMs: nowMs, percent: 0 };
  if (nowMs - before.atMs < CPU_INTERVAL_MIN_MS) return before;
  const usedMs = ((cpuTicks - before.cpuTicks) * 1000) / TICKS_PER_SECOND;
  return { startTicks, cpuTicks, atMs: nowMs, percent: (100 * usedMs) / (nowMs - before.atMs) };
}
