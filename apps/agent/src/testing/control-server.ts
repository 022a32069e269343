import { X509Certificate } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { RouteTableSchema } from "@msec/api/agent/v1/common_pb.js";
import {
  AssignmentSchema,
  ControlService,
  type ReportHostRequest,
  type ReportRoutesRequest,
  type ReportTelemetryRequest,
} from "@msec/api/agent/v1/control_pb.js";
import { type CallContext, Code, MethodTable, RpcError } from "@msec/rpc";
import { type Listener, listen } from "@msec/rpc-node";
import { createKeyAndCertificate, type KeyAndCertificate } from "../identity/create-identity.ts";

/** A control service for tests: the real protocol over real TLS, its state in memory and in the test's hands. */
export class ControlServer implements AsyncDisposable {
  readonly tokens = new Set<string>();
  /** Certificate fingerprint → host id. */
  readonly hosts = new Map<string, string>();
  readonly reports: ReportHostRequest[] = [];
  readonly telemetry: ReportTelemetryRequest[] = [];
  readonly routeReports: ReportRoutesRequest[] = [];
  /** Throws for telemetry that the server does not take. */
  refuseTelemetry: (request: ReportTelemetryRequest) => RpcError | undefined = () => undefined;
  readonly keys: KeyAndCertificate;
  #routes: { version: bigint; tables: MessageInitShape<typeof RouteTableSchema>[]; replaceAll: boolean } = {
    version: 0n,
    tables: [],
    replaceAll: false,
  };
  #assignment: { version: bigint; assignments: MessageInitShape<typeof AssignmentSchema>[]; replaceAll: boolean } = {
    version: 0n,
    assignments: [],
    replaceAll: false,
  };
  #changed = Promise.withResolvers<void>();
  #listener: Listener | undefined;
  #port = 0;

  private constructor(keys: KeyAndCertificate) {
    this.keys = keys;
  }

  static async start(): Promise<ControlServer> {
    const server = new ControlServer(createKeyAndCertificate("control"));
    await server.listen();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get fingerprint(): string {
    return new X509Certificate(this.keys.certificate).fingerprint256.replaceAll(":", "").toLowerCase();
  }

  /** What the launcher writes for an agent. */
  enrolment(token: string): string {
    this.tokens.add(token);
    return JSON.stringify({ server: this.address, fingerprint: this.fingerprint, token });
  }

  /** Open the port (the same as before). */
  async listen(): Promise<void> {
    this.#listener = await listen({
      methods: new MethodTable().add(ControlService, this.#handlers()),
      port: this.#port,
      tls: { key: this.keys.privateKey, cert: this.keys.certificate, requestCert: true },
    });
    this.#port = this.#listener.port;
  }

  /** Close the port and every connection, as a server that dies. */
  async die(): Promise<void> {
    await this.#listener?.close({ graceMs: 0 });
  }

  setRoutes(version: bigint, tables: MessageInitShape<typeof RouteTableSchema>[], replaceAll = false): void {
    this.#routes = { version, tables, replaceAll };
    this.#wake();
  }

  assign(version: bigint, assignments: MessageInitShape<typeof AssignmentSchema>[], replaceAll = false): void {
    this.#assignment = { version, assignments, replaceAll };
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wake();
    await this.die();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #hostOf(context: CallContext): string {
    const id = this.hosts.get(context.peerCertificate ?? "");
    if (id === undefined) throw new RpcError(Code.Unauthenticated, "this certificate belongs to no enrolled host");
    return id;
  }

  async #wait(waitMs: number, context: CallContext, isNews: () => boolean): Promise<void> {
    if (isNews()) return;
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, waitMs);
    await Promise.race([
      this.#changed.promise,
      timeout.promise,
      new Promise<void>((done) => context.onCancel(() => done())),
    ]);
    clearTimeout(timer);
  }

  #handlers() {
    return {
      enroll: ({ token }: { token: string }, context: CallContext) => {
        if (!this.tokens.delete(token)) throw new RpcError(Code.Unauthenticated, "this token is unknown or used");
        const hostId = `host${this.hosts.size + 1}`;
        this.hosts.set(context.peerCertificate!, hostId);
        return { hostId };
      },
      watchRoutes: async (request: { appliedVersion: bigint; waitMs: number }, context: CallContext) => {
        this.#hostOf(context);
        await this.#wait(request.waitMs, context, () => request.appliedVersion !== this.#routes.version);
        const { version, replaceAll } = this.#routes;
        const tables = this.#routes.tables
          .map((table) => create(RouteTableSchema, table))
          .filter((table) => replaceAll || table.version > request.appliedVersion);
        return { version, replaceAll, tables };
      },
      reportRoutes: (request: ReportRoutesRequest, context: CallContext) => {
        this.#hostOf(context);
        this.routeReports.push(request);
        return {};
      },
      watchAssignment: async (request: { appliedVersion: bigint; waitMs: number }, context: CallContext) => {
        this.#hostOf(context);
        await this.#wait(request.waitMs, context, () => request.appliedVersion !== this.#assignment.version);
        const assignments = this.#assignment.assignments.map((assignment) => create(AssignmentSchema, assignment));
        return { version: this.#assignment.version, assignments, replaceAll: this.#assignment.replaceAll };
      },
      reportHost: (request: ReportHostRequest, context: CallContext) => {
        this.#hostOf(context);
        this.reports.push(request);
        return {};
      },
      reportTelemetry: (request: ReportTelemetryRequest, context: CallContext) => {
        this.#hostOf(context);
        const refusal = this.refuseTelemetry(request);
        if (refusal !== undefined) throw refusal;
        // What hosts report of themselves comes by the clock, whatever a test does.
        const envelopes = request.envelopes.filter(({ service }) => service !== "");
        if (envelopes.length > 0) this.telemetry.push({ ...request, envelopes });
        return {};
      },
    };
  }
}
