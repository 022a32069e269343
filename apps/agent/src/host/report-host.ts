import type { ControlLink } from "../control/control-link.ts";
import { sleep } from "../control/retry.ts";
import { AGENT_VERSION } from "./agent-version.ts";
import { HostLoadSampler } from "./host-load.ts";
import type { ProcessList } from "./process-list.ts";

const INTERVAL_MS = 5_000;
/** Changes that come together (an instance ends, backs off, starts) are one report. */
const GATHER_MS = 30;
const ANSWER_MS = 5_000;

/** Tells the server of the host: every five seconds, and at once when a state changes. */
export class HostReporter {
  readonly #processes: ProcessList;
  readonly #load = new HostLoadSampler();
  #changed = Promise.withResolvers<void>();

  constructor(processes: ProcessList) {
    this.#processes = processes;
  }

  /** Something changed: report soon. */
  notify(): void {
    this.#changed.resolve();
  }

  /** Report until the signal aborts. */
  async run(link: ControlLink, signal: AbortSignal): Promise<void> {
    await link.repeat("reporting the host", signal, async (client) => {
      this.#changed = Promise.withResolvers<void>();
      const request = { ...this.#load.sample(), processes: this.#processes.sample(), agentVersion: AGENT_VERSION };
      await client.reportHost(request, { timeoutMs: ANSWER_MS, signal });
      await this.#untilNext(signal);
    });
  }

  async #untilNext(signal: AbortSignal): Promise<void> {
    const timeout = new AbortController();
    const both = AbortSignal.any([signal, timeout.signal]);
    await Promise.race([sleep(INTERVAL_MS, both), this.#changed.promise]);
    timeout.abort();
    await sleep(GATHER_MS, signal);
  }
}
