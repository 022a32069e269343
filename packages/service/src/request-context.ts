import type { DescService } from "@bufbuild/protobuf";
import type { Explanation } from "@msec/balance";
import { type CallContext, type CallOptions, type Client, parallel, type Reply } from "@msec/rpc";
import type { ExternalCodec } from "@msec/rpc-node";
import type { ExternalOptions } from "./external/call-external.ts";
import type { Json, JsonAnswer } from "./json-call.ts";
import type { Calling, Program } from "./program.ts";
import type { Log } from "./program-log.ts";
import type { CallTime } from "./routed-calls.ts";
import type { RouteResult, ServiceRoute } from "./routes/route-loans.ts";

/** What a handler gets beside its request: what is known of the call, and what it can do. */
export type ServiceContext = CallContext & Calling;

/**
 * A handler's context: everything of the call's own context, and the program's abilities bound to this request.
 *
 * A thin shell with getters instead of a copy, because most handlers look at little of it.
 */
export class RequestContext implements ServiceContext {
  readonly #call: CallContext;
  readonly #program: Program;
  #log: Log | undefined;

  constructor(call: CallContext, program: Program) {
    this.#call = call;
    this.#program = program;
  }

  get method(): string {
    return this.#call.method;
  }
  get caller(): string {
    return this.#call.caller;
  }
  get peer(): string {
    return this.#call.peer;
  }
  get connection(): object {
    return this.#call.connection;
  }
  get peerCertificate(): string | undefined {
    return this.#call.peerCertificate;
  }
  get traceId(): Uint8Array {
    return this.#call.traceId;
  }
  get spanId(): Uint8Array {
    return this.#call.spanId;
  }
  get parentSpanId(): Uint8Array {
    return this.#call.parentSpanId;
  }
  get sampled(): boolean {
    return this.#call.sampled;
  }
  get traceState(): string {
    return this.#call.traceState ?? "";
  }
  get requestId(): string {
    return this.#call.requestId;
  }
  get deadline(): number {
    return this.#call.deadline;
  }
  get signal(): AbortSignal {
    return this.#call.signal;
  }
  get metadata(): Readonly<Record<string, string>> {
    return this.#call.metadata;
  }
  get hops(): number {
    return this.#call.hops;
  }
  get isRetry(): boolean {
    return this.#call.isRetry;
  }
  get reply(): Reply {
    return this.#call.reply;
  }
  get dyed(): boolean {
    return this.#call.dyed;
  }
  set dyed(dyed: boolean) {
    if (dyed) this.#program.dyeing.dye(this.#call);
  }
  remainingMs(): number {
    return this.#call.remainingMs();
  }
  onCancel(listener: (reason: Error) => void): () => void {
    return this.#call.onCancel(listener);
  }

  call<S extends DescService>(service: S, target: string, options?: CallOptions): Client<S> {
    return this.#program.client(service, target, options);
  }
  callJson(target: string, method: string, json: Json, options?: CallTime): Promise<JsonAnswer> {
    return this.#program.callJson(target, method, json, options);
  }
  callExternal<Request, Response = Uint8Array>(
    target: string,
    request: Request,
    codec: ExternalCodec<Request, Response>,
    options: ExternalOptions,
  ): Promise<Response> {
    return this.#program.callExternal(target, request, codec, options);
  }
  getRoute(target: string, options?: CallTime): Promise<ServiceRoute> {
    return this.#program.routes.get(target, options);
  }
  updateRoute(route: ServiceRoute, result: RouteResult): void {
    this.#program.routes.update(route, result);
  }
  explain(service: string): Explanation[] {
    return this.#program.calls.explain(service);
  }
  count(name: string, n?: number): void {
    this.#program.recorder.count(name, n);
  }
  gauge(name: string, value: number): void {
    this.#program.recorder.gauge(name, value);
  }
  getConfig(section: string, key: string): string | undefined {
    return this.#program.getConfig(section, key);
  }
  get parallel(): typeof parallel {
    return parallel;
  }
  get log(): Log {
    this.#log ??= this.#program.log.of(this.#call);
    return this.#log;
  }
}
