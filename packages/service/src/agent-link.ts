import { LoadService } from "@msec/api/agent/v1/load_pb.js";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { SharingService } from "@msec/api/agent/v1/sharing_pb.js";
import { type Client, Code, createClient, RpcError } from "@msec/rpc";
import { type Channel, createChannel } from "@msec/rpc-node";
import type { DyeRules } from "./dyeing/dye-rules.ts";
import { Latch } from "./latch.ts";
import type { LoadReport } from "./load-report.ts";
import type { ReportBuffer } from "./report-buffer.ts";
import type { RouteCache } from "./route-cache.ts";
import type { SharedKnowledge } from "./sharing/shared-knowledge.ts";

const REGISTER_TIMEOUT_MS = 5_000;
const REPORT_TIMEOUT_MS = 5_000;
// How long one question for newer routes may stay open; and how much later the agent's silence counts as its absence.
const WATCH_WAIT_MS = 30_000;
const WATCH_SLACK_MS = 10_000;
const REPORT_EVERY_MS = 1_000;
const EXCHANGE_EVERY_MS = 1_000;
// What others found only improves the choice of instances: not worth waiting for.
const EXCHANGE_TIMEOUT_MS = 500;
const LOAD_TIMEOUT_MS = 1_000;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 2_000;
// An agent that knows nothing yet answers at once; asking again at once would be a busy loop.
const UNKNOWN_PAUSE_MS = 500;

/** Who a process is, as it tells its agent. */
export type Identity = {
  readonly service: string;
  /** `127.0.0.1:7963`; empty where it listens on nothing. */
  readonly listen: string;
  readonly instanceId: string;
  /** Full names of the methods it serves. */
  readonly methods: readonly string[];
};

/** What a link to the agent is made of. */
export type AgentLinkOptions = {
  /** The agent's unix socket. */
  readonly path: string;
  readonly identity: Identity;
  readonly routes: RouteCache;
  readonly reports: ReportBuffer;
  /** Is kept up with the rules that the agent tells. */
  readonly dyeing: DyeRules;
  readonly shared: SharedKnowledge;
  /** What an instance says of the calls that it serves. */
  readonly load?: LoadReport | undefined;
  /** Hears which host this is, before the first routes. */
  readonly onHost: (hostId: string) => void;
  /** Hears once that the agent is away, with why, and once that it is there. */
  readonly onState: (state: { connected: boolean; reason: string }) => void;
};

/**
 * The link of a process to the agent of its host.
 *
 * States: `away` → `registered` when Register was answered; `registered` → `away` when the open question for routes fails, which it does
 * at once when the connection breaks. Each registration is a new one: the agent may be another process by then.
 */
export class AgentLink {
  readonly #options: AgentLinkOptions;
  readonly #channel: Channel;
  readonly #agent: Client<typeof LocalService>;
  readonly #sharing: Client<typeof SharingService>;
  readonly #stop = new AbortController();
  readonly #reportNow = new Latch();
  readonly #pauseOver = new Latch();
  readonly #exchangeOver = new Latch();
  readonly #loadPauseOver = new Latch();
  readonly #loads: Client<typeof LoadService>;
  /** Whether the agent takes loads; not before the first registration. */
  #takesLoads = false;
  #registered = false;
  /** Whether the agent knows how to share; not before the first registration. */
  #shares = false;
  #said: boolean | undefined;
  #running: Promise<unknown> = Promise.resolve();
  /** Why the agent is away, for messages; empty while it is there. */
  reason = "not connected yet";

  constructor(options: AgentLinkOptions) {
    this.#options = options;
    this.#channel = createChannel({ path: options.path }, { caller: options.identity.service });
    this.#agent = createClient(LocalService, this.#channel.call);
    this.#sharing = createClient(SharingService, this.#channel.call);
    this.#loads = createClient(LoadService, this.#channel.call);
  }

  /** Begins; runs until `close`. */
  start(): void {
    this.#running = Promise.all([
      this.#keepRegistered(),
      this.#keepReporting(),
      this.#keepExchanging(),
      this.#keepSayingLoad(),
      this.#options.dyeing.follow(this.#channel.call, () => this.#canReport(), this.#stop.signal),
    ]);
  }

  /** Asks for the recorder to be emptied before the second is over. */
  reportSoon(): void {
    // At once, not when the batch before has its answer: the recorder has room for so much again, the buffer for a dozen of them.
    setImmediate(() => this.#options.reports.collect());
    this.#reportNow.set();
  }

  /** Hands over the last telemetry, for at most `graceMs`, and ends. */
  async close(graceMs: number): Promise<void> {
    this.#stop.abort();
    this.#reportNow.set();
    this.#pauseOver.set();
    this.#exchangeOver.set();
    this.#loadPauseOver.set();
    await Promise.race([this.#running, expire(graceMs)]);
    await this.#channel.close();
  }

  async #keepRegistered(): Promise<void> {
    let pauseMs = PAUSE_FIRST_MS;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#register();
        pauseMs = PAUSE_FIRST_MS;
        // Before the routes: the first call by name must know which instances the others leave out.
        await this.#exchange();
        await this.#watch();
      } catch (error) {
        this.#say(false, error instanceof Error ? error.message : String(error));
      }
      this.#registered = this.#registered && this.#stop.signal.aborted;
      if (!this.#stop.signal.aborted) await this.#pauseOver.wait(pauseMs);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
    }
  }

  async #register(): Promise<void> {
    const { service, listen, instanceId, methods } = this.#options.identity;
    const request = { service, listen, instanceId, methods: [...methods], pid: process.pid };
    const { hostId } = await this.#agent.register(request, {
      timeoutMs: REGISTER_TIMEOUT_MS,
      signal: this.#stop.signal,
    });
    this.#options.onHost(hostId);
    this.#registered = true;
    this.#shares = true;
    this.#takesLoads = true;
    this.#options.shared.forget();
    this.#options.load?.forget();
    this.#say(true, "");
    this.#reportNow.set();
  }

  async #watch(): Promise<void> {
    const { routes } = this.#options;
    // Only Register may open a connection: an agent that went and came back between two questions must hear who is there.
    while (!this.#stop.signal.aborted && this.#channel.state === "open") {
      // The first answer is wanted at once, also when there is nothing: it tells that the agent knows its tables.
      const waitMs = routes.isKnown ? WATCH_WAIT_MS : 0;
      const began = performance.now();
      const response = await this.#agent.watchRoutes(
        { appliedVersion: routes.version, waitMs },
        { timeoutMs: waitMs + WATCH_SLACK_MS, signal: this.#stop.signal },
      );
      const isNew = routes.apply(response);
      // Before the routes are acknowledged: who waits for this instance to become idle must not take an older figure for news.
      if (this.#options.load?.routesChanged(performance.now()) === true) await this.#sayLoad();
      this.#loadPauseOver.set();
      if (!isNew && performance.now() - began < UNKNOWN_PAUSE_MS) await this.#pauseOver.wait(UNKNOWN_PAUSE_MS);
    }
    if (!this.#stop.signal.aborted) throw new Error("the agent closed the connection");
  }

  async #keepSayingLoad(): Promise<void> {
    const { load } = this.#options;
    if (load === undefined) return;
    while (!this.#stop.signal.aborted) {
      await this.#loadPauseOver.wait(load.pauseMs);
      if (this.#canReport()) await this.#sayLoad();
    }
  }

  async #sayLoad(): Promise<void> {
    const load = this.#takesLoads ? this.#options.load?.due(performance.now()) : undefined;
    if (load === undefined) return;
    try {
      await this.#loads.reportLoad(load, { timeoutMs: LOAD_TIMEOUT_MS, signal: this.#stop.signal });
    } catch (error) {
      // An older agent; the next one is asked again.
      if (error instanceof RpcError && error.code === Code.Unimplemented) this.#takesLoads = false;
      // Away or busy: it is said again.
      this.#options.load?.forget();
    }
  }

  async #keepExchanging(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#exchangeOver.wait(EXCHANGE_EVERY_MS);
      if (this.#shares && this.#canReport() && !this.#stop.signal.aborted) await this.#exchange();
    }
  }

  async #exchange(): Promise<void> {
    const { shared } = this.#options;
    const services = shared.collect();
    try {
      const options = { timeoutMs: EXCHANGE_TIMEOUT_MS, signal: this.#stop.signal };
      shared.take(await this.#sharing.exchange({ services }, options));
    } catch (error) {
      // An older agent; the next one is asked again.
      if (error instanceof RpcError && error.code === Code.Unimplemented) this.#shares = false;
      // Away or busy: everything is told again in a second, and what was heard fades by itself.
      shared.forget();
    }
  }

  async #keepReporting(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#reportNow.wait(REPORT_EVERY_MS);
      await this.#handOver();
    }
    // What was recorded while the last batch was on its way.
    await this.#handOver();
  }

  async #handOver(): Promise<void> {
    this.#options.reports.collect();
    await this.#report();
  }

  async #report(): Promise<void> {
    const { reports } = this.#options;
    for (let batch = reports.first(); batch !== undefined && this.#canReport(); batch = reports.first()) {
      try {
        const { callsPerSecond } = reports;
        reports.limitSpans(await this.#agent.report({ batch, callsPerSecond }, { timeoutMs: REPORT_TIMEOUT_MS }));
        reports.delivered(batch);
      } catch (error) {
        if (!isRefusal(error)) return; // away or busy: it stays, the next round tries again
        reports.refused(batch);
      }
    }
  }

  #canReport(): boolean {
    return this.#registered && this.#channel.state === "open";
  }

  #say(connected: boolean, reason: string): void {
    this.reason = reason;
    if (this.#said === connected || this.#stop.signal.aborted) return;
    this.#said = connected;
    this.#options.onState({ connected, reason });
  }
}

// The agent has read the batch and will say the same the next time.
function isRefusal(error: unknown): boolean {
  const codes: readonly Code[] = [Code.InvalidArgument, Code.OutOfRange, Code.Unimplemented, Code.PermissionDenied];
  return error instanceof RpcError && codes.includes(error.code);
}

function expire(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms).unref();
  return promise;
}
