import type { ServiceImpl } from "@connectrpc/connect";
import type { ProcessesService as AgentProcessesService, ProcessSnapshot } from "@msec/api/agent/v1/processes_pb.js";
import type { ProcessesService } from "@msec/api/console/v1/processes_pb.js";
import { Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import { callingHost } from "./calling-host.ts";
import type { HostDirectory, HostState } from "./host-directory.ts";
import { Waiters } from "./waiters.ts";

const maxWaitMs = 60_000;
// As many as an agent sends; more is another program's.
const maxProcesses = 50;
const maxText = 80;
/** What is older is asked for anew; several who look share what there is. */
const freshMs = 1_200;
/** An agent that has not looked lately takes two looks, half a second apart. */
const answerMs = 3_000;
const never = Number.NEGATIVE_INFINITY;

interface Watched {
  /** Waits here while nobody looks. */
  readonly agent: Waiters;
  /** Who looks waits here. */
  readonly lookers: Waiters;
  /** When its agent last asked or was answered, and when somebody last wanted a new snapshot. */
  heardMs: number;
  wantedMs: number;
  snapshot: ProcessSnapshot | undefined;
  takenMs: number;
}

/** Brings those who look at a host's processes together with its agent. Nothing is kept but the last snapshot of a host that was looked at. */
export class LiveProcesses {
  readonly #hosts: HostDirectory;
  readonly #now: () => number;
  readonly #watched = new Map<string, Watched>();

  /** @param now  milliseconds since 1970 UTC */
  constructor(hosts: HostDirectory, now: () => number) {
    this.#hosts = hosts;
    this.#now = now;
  }

  /** An agent asks whether anybody looks, perhaps with what was asked for. @returns whether somebody wants a new snapshot */
  async watchLookers(
    host: HostState,
    snapshot: ProcessSnapshot | undefined,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const watched = this.#of(host.id);
    if (snapshot !== undefined) {
      watched.snapshot = sound(snapshot);
      watched.takenMs = this.#now();
      watched.lookers.wake();
    }
    watched.heardMs = this.#now();
    if (!isWanted(watched)) await watched.agent.wait(waitMs, signal);
    watched.heardMs = this.#now();
    return !signal.aborted && isWanted(watched);
  }

  /**
   * The processes of a host as they are now.
   *
   * @throws RpcError  NotFound, Unavailable: as the API says
   */
  async look(hostId: string, signal: AbortSignal): Promise<{ snapshot: ProcessSnapshot; takenMs: number }> {
    const host = this.#hosts.find(hostId);
    if (host === undefined) throw new RpcError(Code.NotFound, "there is no such host");
    const watched = this.#of(hostId);
    const askedMs = this.#now();
    if (watched.snapshot === undefined || askedMs - watched.takenMs >= freshMs) {
      // Nobody to ask: no question waits, nor has one just been answered.
      if (watched.agent.size === 0 && askedMs - watched.heardMs > answerMs) throw unavailable(host);
      watched.wantedMs = askedMs;
      watched.agent.wake();
      await watched.lookers.wait(answerMs, signal);
    }
    const { snapshot, takenMs } = watched;
    if (snapshot === undefined || askedMs - takenMs >= freshMs) throw unavailable(host);
    return { snapshot, takenMs };
  }

  /** A host was removed. */
  forget(hostId: string): void {
    this.#watched.delete(hostId);
  }

  #of(hostId: string): Watched {
    let watched = this.#watched.get(hostId);
    if (watched === undefined) {
      watched = {
        ...{ agent: new Waiters(), lookers: new Waiters() },
        ...{ heardMs: never, wantedMs: never, snapshot: undefined, takenMs: never },
      };
      this.#watched.set(hostId, watched);
    }
    return watched;
  }
}

function isWanted({ wantedMs, takenMs }: Watched): boolean {
  return wantedMs > takenMs;
}

function unavailable({ name }: HostState): RpcError {
  return new RpcError(
    Code.Unavailable,
    `the agent of ${name} does not tell its processes: it is not connected, or older than this server; look at its log`,
  );
}

// Agents are trusted with their own host, and no further: what they say has a size.
function sound({ processes, total, ...rest }: ProcessSnapshot): ProcessSnapshot {
  const short = (text: string) => text.slice(0, maxText);
  return {
    ...rest,
    total,
    processes: processes.slice(0, maxProcesses).map((one) => ({
      ...one,
      user: short(one.user),
      program: short(one.program),
      state: one.state.slice(0, 1),
      service: short(one.service),
      instanceId: short(one.instanceId),
    })),
  };
}

/** `msec.agent.v1.ProcessesService`, for agents. The host of a call is the one whose certificate the connection has. */
export function createProcessesFeed(
  live: LiveProcesses,
  hosts: HostDirectory,
): ServiceImplementation<typeof AgentProcessesService> {
  return {
    async watchLookers({ waitMs, snapshot }, context) {
      const host = callingHost(hosts, context);
      if (waitMs > maxWaitMs) throw new RpcError(Code.InvalidArgument, `wait_ms ${waitMs} must be 0…${maxWaitMs}`);
      return { isWanted: await live.watchLookers(host, snapshot, waitMs, context.signal) };
    },
  };
}

/** `msec.console.v1.ProcessesService`, for console and CLI. */
export function createProcessesHandler(live: LiveProcesses): ServiceImpl<typeof ProcessesService> {
  return {
    listProcesses: async ({ hostId }, { signal }) => await live.look(hostId, signal),
  };
}
