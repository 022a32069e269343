import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type RouteSchema, RouteTableSchema, type RoutingPolicySchema } from "@msec/api/agent/v1/common_pb.js";
import { DyeingService, type DyeRule, DyeRuleSchema } from "@msec/api/agent/v1/dyeing_pb.js";
import { LocalService, type RegisterRequest } from "@msec/api/agent/v1/local_pb.js";
import { type Batch, BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { MethodTable } from "@msec/rpc";
import { type Listener, listen } from "@msec/rpc-node";
import { compileCodec } from "@msec/wire";
import type { Connection } from "./connect.ts";

/** A temporary directory that is removed when it goes out of scope. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "msec-service-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Waits until something holds that nobody announces; fails the test when it does not within a minute and a half: machines are busy. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 90_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what}: did not happen in ninety seconds`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Gives the calls of a program that name no time of their own twenty seconds instead of three: where the time is not what a test is about, a
 * busy machine may take more than users should wait.
 */
export function patiently(program: Connection): Connection {
  const { call, callJson, callExternal } = program;
  const timeoutMs = 20_000;
  return Object.assign(program, {
    call: (service, target, options) => call.call(program, service, target, { timeoutMs, ...options }),
    callJson: (target, method, json, options) =>
      callJson.call(program, target, method, json, { timeoutMs, ...options }),
    callExternal: (target, request, codec, options) =>
      callExternal.call(program, target, request, codec, { timeoutMs, ...options }),
  } as Pick<Connection, "call" | "callJson" | "callExternal">);
}

/**
 * The agent's side of LocalService over a real unix socket: keeps registrations and batches, and hands out the tables that a
 * test sets, to long polls as well.
 */
export class TestingAgent implements AsyncDisposable {
  readonly path: string;
  readonly registrations: RegisterRequest[] = [];
  /** What programs are told of the spans that they keep, as `msec.agent.v1.ReportResponse` has it; default: nothing. */
  spanAllowance: { readonly spansPerSecond?: number; readonly keptShare?: number } = {};
  readonly batches: Batch[] = [];
  #dyeRules: DyeRule[] = [];
  #dyeVersion = "";
  readonly #dyeWaiting = new Set<() => void>();
  readonly #tables = new Map<string, MessageInitShape<typeof RouteTableSchema> & { version: bigint }>();
  #version: bigint;
  #zone = "";
  #changed = Promise.withResolvers<void>();
  #listener: Listener | undefined;

  /** @param version  of the tables that it has, so that one can stand for another's successor */
  constructor(path: string, version = 0n) {
    this.path = path;
    this.#version = version;
  }

  async start(): Promise<this> {
    const methods = new MethodTable().add(LocalService, {
      register: (request) => {
        this.registrations.push(request);
        return { hostId: "h1", hostName: "testing" };
      },
      watchRoutes: async (request, context) => {
        if (request.appliedVersion === this.#version && request.waitMs > 0) {
          const timer = setTimeout(() => this.#wake(), request.waitMs);
          context.onCancel(() => this.#wake());
          await this.#changed.promise;
          clearTimeout(timer);
        }
        const from = request.appliedVersion > this.#version ? 0n : request.appliedVersion;
        const tables = [...this.#tables]
          .filter(([, { version }]) => version > from)
          .map(([, table]) => create(RouteTableSchema, table));
        return { tables, version: this.#version, zone: this.#zone, unknown: this.#version === 0n };
      },
      report: (request) => {
        this.batches.push(compileCodec(BatchSchema).decode(request.batch, 0, request.batch.length));
        return this.spanAllowance;
      },
      getStatus: () => ({}),
    });
    methods.add(DyeingService, {
      watchDyeing: async (request, context) => {
        if (request.appliedVersion === this.#dyeVersion && request.waitMs > 0) {
          const { promise, resolve } = Promise.withResolvers<void>();
          this.#dyeWaiting.add(resolve);
          context.onCancel(() => resolve());
          await promise;
          this.#dyeWaiting.delete(resolve);
        }
        return { version: this.#dyeVersion, rules: this.#dyeRules };
      },
    });
    this.#listener = await listen({ path: this.path, methods });
    return this;
  }

  /** Says where its host is. */
  setZone(zone: string): void {
    this.#zone = zone;
    this.#wake();
  }

  /** Replaces the table of a service. */
  setRoutes(service: string, ports: readonly number[]): void {
    this.setTable(
      service,
      ports.map((port) => ({ port })),
    );
  }

  /** Replaces the table of a service by routes on 127.0.0.1 of which more is said than the port, and says how to choose among them. */
  setTable(
    service: string,
    routes: readonly (MessageInitShape<typeof RouteSchema> & { port: number })[],
    policy?: MessageInitShape<typeof RoutingPolicySchema>,
  ): void {
    this.#version++;
    this.#tables.set(service, {
      service,
      version: this.#version,
      routes: routes.map((route) => ({ instanceId: `i${route.port}`, address: "127.0.0.1", weight: 100, ...route })),
      ...(policy && { policy }),
    });
    this.#wake();
  }

  /** Replaces the dye rules; each holds for a minute. */
  setDyeRules(rules: readonly Omit<MessageInitShape<typeof DyeRuleSchema>, "$typeName">[]): void {
    this.#dyeRules = rules.map((rule) => create(DyeRuleSchema, { remainingMs: 60_000, ...rule }));
    this.#dyeVersion = `${this.#dyeVersion}1`;
    for (const wake of this.#dyeWaiting) wake();
  }

  /** All log lines that were reported, with what a test compares. */
  logLines() {
    return this.batches.flatMap(({ logs, strings }) =>
      (logs?.text ?? []).map((text, row) => {
        const first = logs!.fieldLength.slice(0, row).reduce((sum, length) => sum + length, 0);
        const names = logs!.fieldNameRef.slice(first, first + logs!.fieldLength[row]!);
        return {
          text,
          level: logs!.level[row],
          caller: strings[logs!.callerRef[row]!],
          source: strings[logs!.sourceRef[row]!],
          function: strings[logs!.functionRef[row]!],
          dyed: logs!.dyed[row] === 1,
          fields: Object.fromEntries(names.map((name, index) => [strings[name]!, logs!.fieldValue[first + index]!])),
        };
      }),
    );
  }

  /** The texts of all log lines that were reported. */
  logTexts(): string[] {
    return this.batches.flatMap(({ logs }) => logs?.text ?? []);
  }

  /** The deadlines of all spans that were reported, in milliseconds that were left. */
  deadlines(): number[] {
    return this.batches.flatMap(({ spans }) => [...(spans?.deadlineMs ?? [])]);
  }

  /** All spans that were reported, with what a test compares. */
  spans() {
    return this.batches.flatMap(({ spans, strings }) =>
      (spans?.startUs ?? []).map((_, row) => ({
        side: spans!.side[row],
        method: strings[spans!.methodRef[row]!],
        peerService: strings[spans!.peerServiceRef[row]!],
        peerInstance: strings[spans!.peerInstanceRef[row]!],
        code: spans!.code[row],
        attempt: spans!.attempt[row] ?? 0,
        attemptReason: spans!.attemptReason[row] ?? 0,
        routeVersion: spans!.routeVersion[row] ?? 0,
        traceId: Buffer.from(spans!.traceIds.subarray(row * 16, row * 16 + 16)).toString("hex"),
        spanId: Buffer.from(spans!.spanIds.subarray(row * 8, row * 8 + 8)).toString("hex"),
        parentSpanId: Buffer.from(spans!.parentSpanIds.subarray(row * 8, row * 8 + 8)).toString("hex"),
      })),
    );
  }

  /** How long each call of `spans` took and how long it waited before it went out or was served, microseconds. */
  spanTimes() {
    return this.batches.flatMap(({ spans }) =>
      (spans?.startUs ?? []).map((_, row) => ({
        spanId: Buffer.from(spans!.spanIds.subarray(row * 8, row * 8 + 8)).toString("hex"),
        durationUs: spans!.durationUs[row]!,
        queueUs: spans!.queueUs[row]!,
      })),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wake();
    for (const wake of this.#dyeWaiting) wake();
    await this.#listener?.close({ graceMs: 0 });
    await rm(this.path, { force: true });
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
