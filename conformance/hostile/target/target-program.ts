import { MethodTable } from "@msec/rpc";
import { type ListenerLimits, listen, type PartialLimits } from "@msec/rpc-node";
import { Target, type TargetCounts, targetHandlers } from "./target-service.ts";

/**
 * The program under attack: `node --expose-gc target-program.ts <variant>`, started with an IPC channel.
 *
 * `default` is the bare listener, `tight` the same with small limits, so that time-outs end within a test; `service` is the SDK's `serve` with its
 * defaults. Sends its ports when it serves, and answers every message with its state. An unhandled rejection or exception ends it, as in every service.
 */
export interface TargetPorts {
  readonly port: number;
  /** Of a bare listener with its defaults, which serves the same. */
  readonly patientPort: number;
}

/** What a target says of itself. */
export interface TargetState extends TargetCounts {
  /** Resident bytes after a collection. */
  readonly rss: number;
  /** What is referred to, on the heap and outside of it. */
  readonly liveBytes: number;
  /**
   * The most that the process worked (processor time of all its threads, in milliseconds) without looking at its sockets, since it was asked last: so long a good peer was
   * held up, whatever else the machine did.
   */
  readonly blockedMs: number;
  /** Whether an object that has no such property answers for one: a prototype was changed. */
  readonly polluted: boolean;
}

/** Limits of the `tight` variant. */
const tightLimits: PartialLimits<ListenerLimits> = {
  connections: { max: 1_000, idleMs: 60_000, firstByteMs: 400 },
  frames: { completeMs: 800 },
  unsent: { stalledMs: 800, maxTotalBytes: 64 * 1024 * 1024 },
};

/** Longest that a call over UDP runs, in every variant. */
const udpCallMs = 1_500;

/** Measures `TargetState.blockedMs`. */
class BlockedTime {
  #longestMs = 0;
  #last = process.cpuUsage();

  constructor() {
    setInterval(() => this.#look(), 10).unref();
  }

  /** The longest so far; forgets it. */
  take(): number {
    this.#look();
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }

  /** What was worked since the last look does not count. */
  leaveOut(): void {
    this.#last = process.cpuUsage();
  }

  #look(): void {
    const { user, system } = process.cpuUsage(this.#last);
    this.#longestMs = Math.max(this.#longestMs, (user + system) / 1_000);
    this.#last = process.cpuUsage();
  }
}

const counts: TargetCounts = { entered: 0, canceled: 0 };

async function open(variant: string | undefined): Promise<number> {
  if (variant === "service") {
    // Not above: the bare listener's memory is measured without the SDK's.
    const { serve } = await import("@msec/service");
    const service = serve(Target, targetHandlers(counts), {
      name: "Hostile.target",
      agent: false,
      // How long calls wait here is the busy machine's doing as well: what is refused for it would be taken for a row's result.
      queueTargetMs: 0,
      listen: { address: "127.0.0.1", port: 0 },
      udp: { callMs: udpCallMs },
      onNotice: () => {},
    });
    return (await service.ready).port;
  }
  const methods = new MethodTable().add(Target, targetHandlers(counts));
  const limits = variant === "tight" ? tightLimits : {};
  return (await listen({ methods, port: 0, limits, udp: { callMs: udpCallMs } })).port;
}

if (import.meta.main) {
  const ports: TargetPorts = { port: await open(process.argv[2]), patientPort: await open("default") };
  const known = new Set(Object.getOwnPropertyNames(Object.prototype));
  const blocked = new BlockedTime();
  process.on("message", (question) => {
    const blockedMs = blocked.take();
    if (question === "blocked") {
      process.send!(blockedMs);
      return;
    }
    globalThis.gc?.();
    blocked.leaveOut();
    const { rss, heapUsed, external } = process.memoryUsage();
    const state: TargetState = {
      ...counts,
      rss,
      liveBytes: heapUsed + external,
      blockedMs,
      polluted: Object.getOwnPropertyNames(Object.prototype).some((name) => !known.has(name)),
    };
    process.send!(state);
  });
  process.on("disconnect", () => process.exit(0));
  process.send!(ports);
}
