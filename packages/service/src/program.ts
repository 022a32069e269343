import type { DescMethodUnary, DescService } from "@bufbuild/protobuf";
import type { Explanation } from "@msec/balance";
import {
  busyWait,
  type CallOptions,
  type Client,
  createClient,
  currentContext,
  type parallel,
  type StreamCall,
  type UnaryCall,
  wallClockUs,
} from "@msec/rpc";
import type { ChannelTls, ExternalCodec } from "@msec/rpc-node";
import { createRecorder, type LevelName, type Recorder } from "@msec/telemetry";
import { AgentLink, type Identity } from "./agent-link.ts";
import { attemptOptions } from "./attempt-options.ts";
import { ChannelPool } from "./channel-pool.ts";
import { newTrace } from "./client-span.ts";
import { DyeRules } from "./dyeing/dye-rules.ts";
import { callExternal, type ExternalOptions } from "./external/call-external.ts";
import { ExternalPool } from "./external/external-pool.ts";
import { callJson, type Json, type JsonAnswer } from "./json-call.ts";
import { LastReply } from "./last-reply.ts";
import type { Launch } from "./launch.ts";
import { LoadReport, type ServedLoad } from "./load-report.ts";
import type { Place } from "./place.ts";
import { ProcessMetrics } from "./process-metrics.ts";
import { findConfigValue, type ProgramConfig } from "./program-config.ts";
import { type Log, ProgramLog } from "./program-log.ts";
import { type RepeatPolicy, repeatPolicy } from "./repeat-policy.ts";
import { ReportBuffer } from "./report-buffer.ts";
import { RouteCache } from "./route-cache.ts";
import { type CallTime, RoutedCalls } from "./routed-calls.ts";
import { RouteLoans, type RouteResult, type ServiceRoute } from "./routes/route-loans.ts";
import { SharedKnowledge } from "./sharing/shared-knowledge.ts";
import { streamCallTo } from "./stream-call.ts";

// Clients are made once for each service and target; more different ones than this are targets made up on the way.
const CLIENTS_MAX = 1_000;

/** What both kinds of programs, those that serve and those that only call, can do. */
export type Calling = {
  /**
   * A client of a service. Its streaming methods go over gRPC, to a service by name or an address with a port.
   *
   * @param target  `Flight.mod_flight`, `127.0.0.1:7963`, `[::1]:7963`, `127.0.0.1:7963@udp`, `127.0.0.1:50051@grpc`, `unix:/run/flight.sock`
   * @param options  for every call of this client; `timeoutMs` is 3000 unless given, and never more than what is left to the request being served
   */
  call<S extends DescService>(service: S, target: string, options?: CallOptions): Client<S>;
  /**
   * Calls a method without its generated types.
   *
   * @param method  full name, `flight.flight_service.queryFlight`
   * @param json  the request message: JSON text, or a value
   * @throws RpcError with `details.requestId`
   */
  callJson(target: string, method: string, json: Json, options?: CallTime): Promise<JsonAnswer>;
  /**
   * Calls a service that speaks a protocol of its own (an *external* one): routed by name, with the request's deadline, recorded under `options.method`.
   *
   * @param target  as for `call`; also `127.0.0.1:53@udp`
   * @param codec  the protocol; make it once
   * @throws RpcError
   * @see docs/guides/external-services.md
   */
  callExternal<Request, Response = Uint8Array>(
    target: string,
    request: Request,
    codec: ExternalCodec<Request, Response>,
    options: ExternalOptions,
  ): Promise<Response>;
  /**
   * Chooses an instance for a caller with a client library of its own (mysql, redis, …), who goes there and then calls `updateRoute`.
   *
   * @throws RpcError  Unavailable where no instance is known
   */
  getRoute(target: string, options?: CallTime): Promise<ServiceRoute>;
  /** Says how it went at a route: what fails three times in a row is left out for a while, what is slow gets less. */
  updateRoute(route: ServiceRoute, result: RouteResult): void;
  /** Adds `n` (default 1) to the counter `usr.<name>`. */
  count(name: string, n?: number): void;
  /** Sets the gauge `usr.<name>`. */
  gauge(name: string, value: number): void;
  /** The value of a key of `etc/config.ini`; `undefined` where it has none. */
  getConfig(section: string, key: string): string | undefined;
  /** Why each instance of a service that this process has called gets the calls that it gets. */
  explain(service: string): Explanation[];
  readonly log: Log;
  /** Does something for many items, at most so many at a time: see `parallel`. */
  readonly parallel: typeof parallel;
};

/** The parts of a running program, put together once. */
export class Program {
  readonly name: string;
  /** Says a sentence about the program itself, whatever the log's level. */
  readonly say: (text: string) => void;
  readonly recorder: Recorder;
  readonly log: ProgramLog;
  readonly dyeing: DyeRules;
  readonly calls: RoutedCalls;
  readonly #config: ProgramConfig;
  readonly externals: ExternalPool;
  /** `[SRPC] connect_timeout`. */
  readonly connectTimeoutMs: number;
  readonly routes: RouteLoans;
  /** Connections that its listener refused since it began. */
  refusedConnections: () => number = () => 0;
  readonly #channels: ChannelPool;
  readonly #routes: RouteCache;
  readonly #reports: ReportBuffer;
  readonly #shared: SharedKnowledge;
  readonly #agentPath: string | undefined;
  readonly #metrics: ProcessMetrics | undefined;
  readonly #clients = new Map<string, WeakMap<DescService, unknown>>();
  #link: AgentLink | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: Pick<Launch, "name" | "config" | "agentPath" | "onNotice" | "callTls">) {
    this.name = options.name;
    this.say = options.onNotice;
    this.#config = options.config;
    this.#agentPath = options.agentPath;
    busyWait.limit(options.config.config.values.SRPC.busy_wait);
    this.recorder = createRecorder({
      now: () => wallClockUs(performance.now()) / 1_000,
      onHalfFull: () => this.#link?.reportSoon(),
      onProblem: (problem) => this.log.of(undefined).error("a metric was not taken", { problem }),
    });
    const least = options.config.config.values.LOG.Level.toLowerCase() as LevelName;
    this.dyeing = new DyeRules({
      service: options.name,
      pairs: options.config.config.values.COLOR,
      onDyed: (traceId) => this.recorder.keepTrace(traceId),
    });
    this.log = new ProgramLog({ name: options.name, least, recorder: this.recorder, dyeing: this.dyeing });
    this.connectTimeoutMs = options.config.config.values.SRPC.connect_timeout;
    this.externals = new ExternalPool(this.connectTimeoutMs);
    this.#channels = new ChannelPool({
      caller: options.name,
      observer: this.recorder,
      tls: options.callTls,
      connectTimeoutMs: this.connectTimeoutMs,
    });
    this.#routes = new RouteCache((service) => {
      this.calls.routesChanged(service);
      this.externals.keepOnly(service, this.#routes.find(service) ?? []);
    });
    // Without an agent nobody would take them.
    this.#metrics = options.agentPath === undefined ? undefined : new ProcessMetrics(Date.now());
    const own = this.#metrics && {
      metrics: this.#metrics,
      now: Date.now,
      lostLines: () => this.log.lostLines,
      refusedConnections: () => this.refusedConnections(),
    };
    this.#reports = new ReportBuffer(this.recorder, undefined, own);
    const reason = () => this.#link?.reason ?? "this process has not begun";
    this.#shared = new SharedKnowledge(() => this.calls.balancers());
    this.calls = new RoutedCalls(
      {
        cache: this.#routes,
        hasAgent: options.agentPath !== undefined,
        reason,
        hearsayOf: (service) => this.#shared.hearsayOf(service),
        onProblem: (problem) => this.say(problem),
      },
      this.#channels,
      this.recorder,
    );
    this.routes = new RouteLoans(this.calls, this.recorder);
  }

  /**
   * Says who it is to the agent and follows the routes from now on. Without an agent it says so, on one line.
   *
   * @param load  the calls that it serves; not for programs that serve nothing
   */
  start(identity: Identity, load?: () => ServedLoad): void {
    this.#sweep = setInterval(() => this.#tick(), 1_000);
    this.#sweep.unref();
    const path = this.#agentPath;
    if (path === undefined) {
      this.say("no agent (MSEC_AGENT is not set): calls by name are off, and curves and logs stay in this process");
      return;
    }
    this.#link = new AgentLink({
      path,
      identity,
      routes: this.#routes,
      reports: this.#reports,
      dyeing: this.dyeing,
      shared: this.#shared,
      // The agent takes it from instances only.
      load:
        load === undefined || identity.instanceId === ""
          ? undefined
          : new LoadReport(load, this.#routes, identity.service, identity.listen),
      onHost: (hostId) => this.calls.runsOn(hostId),
      onState: ({ connected, reason }) => {
        if (connected) this.say(`connected to the agent at ${path}`);
        else this.say(`no agent at ${path} (${reason}): ${this.#withoutAgent()}; trying again`);
      },
    });
    this.#link.start();
  }

  client<S extends DescService>(service: S, target: string, options?: CallOptions): Client<S> {
    if (options !== undefined) return createClient(service, this.#unaryCall(target), options, this.#streamCall(target));
    let clients = this.#clients.get(target);
    if (clients === undefined) {
      if (this.#clients.size >= CLIENTS_MAX) this.#clients.clear();
      clients = new WeakMap();
      this.#clients.set(target, clients);
    }
    let client = clients.get(service) as Client<S> | undefined;
    if (client === undefined) {
      client = createClient(service, this.#unaryCall(target), undefined, this.#streamCall(target));
      clients.set(service, client);
    }
    return client;
  }

  callJson(target: string, method: string, json: Json, time?: CallTime): Promise<JsonAnswer> {
    return callJson(this, target, method, json, time);
  }

  callExternal<Request, Response>(
    target: string,
    request: Request,
    codec: ExternalCodec<Request, Response>,
    options: ExternalOptions,
  ): Promise<Response> {
    return callExternal(this, target, request, codec, options);
  }

  /** `[SRPC] msg_timeout`: how long a call may wait before it runs; 0: as long as it likes. */
  get messageTimeoutMs(): number {
    return this.#config.config.values.SRPC.msg_timeout;
  }

  /** The TLS with which a place is called. */
  tlsOf(place: Place, service: string): ChannelTls | undefined {
    return this.#channels.tlsOf(place, service);
  }

  getConfig(section: string, key: string): string | undefined {
    return findConfigValue(this.#config, section, key);
  }

  /** Waits for calls being made, hands over the last telemetry, and lets go of everything; at most about `graceMs`. */
  async close(graceMs: number): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all([this.#channels.close(graceMs), this.externals.close(graceMs)]);
    await this.#link?.close(graceMs);
    this.#metrics?.stop();
  }

  #streamCall(target: string): StreamCall {
    const call = streamCallTo(target, this.#channels, this.routes);
    return (method, requests, options) => call(method, requests, this.#keepDyed(options));
  }

  /** A call that is dyed by who makes it: its trace must be known before it goes out, so that its own span is kept here too. */
  #keepDyed(options: CallOptions | undefined): CallOptions | undefined {
    if (!options?.dyed) return options;
    const parent = options.parent ?? currentContext() ?? newTrace();
    this.recorder.keepTrace(parent.traceId);
    return { ...options, parent };
  }

  #unaryCall(target: string): UnaryCall {
    return (method, request, given) => {
      const options = this.#keepDyed(given);
      const name = `${method.parent.typeName}.${method.name}`;
      const desc = method as DescMethodUnary<typeof method.input, typeof method.output>;
      let repeat: RepeatPolicy | undefined;
      try {
        repeat = repeatPolicy(method, options);
      } catch (error) {
        return Promise.reject(error);
      }
      const replies = options?.onReply && new LastReply(options.onReply);
      const answer = this.calls.run(
        target,
        name,
        options ?? {},
        (place, service, timeoutMs, marks, follower) =>
          this.#channels
            .channelTo(place, service)
            .call(desc, request, attemptOptions(options, timeoutMs, marks, replies, follower)),
        undefined,
        repeat,
      );
      return replies ? replies.toldBefore(answer) : answer;
    };
  }

  // Without an agent nobody empties the recorder; what it holds would stay at its limit and count drops for ever.
  #tick(): void {
    this.#channels.sweep();
    this.externals.sweep();
    if (this.#link === undefined) this.recorder.drain();
  }

  #withoutAgent(): string {
    return this.#routes.isKnown ? "calls go on with the routes known so far" : "calls by name wait for it";
  }
}
