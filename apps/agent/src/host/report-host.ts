import type { ControlLink } from "../control/control-link.ts";
import { sleep, sleepUnless } from "../control/retry.ts";
import { AGENT_VERSION } from "./agent-version.ts";
import { HostIoSampler } from "./host-io.ts";
import { HostLoadSampler } from "./host-load.ts";
import type { ProcessList } from "./process-list.ts";

const INTERVAL_MS = 5_000;
/** Changes that come together (an instance ends, backs off, starts) are one report. */
const GATHER_MS = 30;
const ANSWER_MS = 5_000;
/** Reports of what changes often have at least this between them. */
const SOON_MS = 200;

/** Tells the server of the host: every five seconds, and at once when a state changes. */
export class HostReporter {
  readonly #processes: ProcessList;
  readonly #load = new HostLoadSampler();
  readonly #io: HostIoSampler;
  readonly #zone: string;
  readonly #onZone: (zone: string) => Promise<void>;
  #changed = Promise.withResolvers<void>();
  #reportedMs = Number.NEGATIVE_INFINITY;
  #soon: NodeJS.Timeout | undefined;

  /**
   * @param root  directory of the services: its disk is the one that is reported
   * @param zone  `[agent] zone`
   * @param onZone  hears from the server where this host is
   */
  constructor(processes: ProcessList, root: string, zone: string, onZone: (zone: string) => Promise<void>) {
    this.#onZone = onZone;
    this.#processes = processes;
    this.#io = new HostIoSampler(root, performance.now());
    this.#zone = zone;
  }

  /** Something changed: report soon. */
  notify(): void {
    this.#changed.resolve();
  }

  /** Something changed that changes often: report within a fifth of a second. */
  notifySoon(): void {
    const waitMs = this.#reportedMs + SOON_MS - performance.now();
    if (waitMs <= 0) this.notify();
    else this.#soon ??= setTimeout(() => this.notify(), waitMs).unref();
  }

  /** Report until the signal aborts. */
  async run(link: ControlLink, signal: AbortSignal): Promise<void> {
    await link.repeat("reporting the host", signal, async (client) => {
      this.#changed = Promise.withResolvers<void>();
      this.#reportedMs = performance.now();
      clearTimeout(this.#soon);
      this.#soon = undefined;
      const request = {
        ...this.#load.sample(),
        ...this.#io.sample(performance.now()),
        processes: this.#processes.sample(),
        agentVersion: AGENT_VERSION,
        zone: this.#zone,
        clockMs: Date.now(),
      };
      const { zone } = await client.reportHost(request, { timeoutMs: ANSWER_MS, signal });
      await this.#onZone(zone);
      await this.#untilNext(signal);
    });
  }

  async #untilNext(signal: AbortSignal): Promise<void> {
    await sleepUnless(this.#changed.promise, INTERVAL_MS, signal);
    await sleep(GATHER_MS, signal);
  }
}
