import { create } from "@bufbuild/protobuf";
import { ProcessSchema, ProcessState, type RouteTable } from "@msec/api/agent/v1/common_pb.js";
import { ControlService } from "@msec/api/agent/v1/control_pb.js";
import { DyeingService } from "@msec/api/agent/v1/dyeing_pb.js";
import { ProcessesService } from "@msec/api/agent/v1/processes_pb.js";
import { applyRouteDelta, combineDigests, routeTableDigest } from "@msec/api/routes";
import type { TlsIdentity } from "@msec/process";
import { type Client, createClient } from "@msec/rpc";
import { type Channel, createChannel } from "@msec/rpc-node";

const waitMs = 25_000;
const reportEveryMs = 5_000;

/** Where a simulated agent dials, and as whom. */
export interface SimulatedHost {
  readonly server: { readonly address: string; readonly port: number };
  /** SHA-256 of the server's certificate, hex. */
  readonly fingerprint: string;
  readonly name: string;
  readonly identity: TlsIdentity;
}

/**
 * An agent without a host: the real protocol over a TLS connection of its own, tables and digests as a real one keeps them, and reports
 * of instances that it says run. What it leaves out is the disk and the processes.
 */
export class SimulatedAgent {
  readonly #host: SimulatedHost;
  readonly #channel: Channel;
  readonly #client: Client<typeof ControlService>;
  readonly #tables = new Map<string, { table: RouteTable; digest: bigint }>();
  readonly #stop = new AbortController();
  readonly #waiting = new Map<bigint, () => void>();
  #instanceIds: readonly string[] = [];
  /** The highest version that it has applied, and when (`performance.now()`). */
  version = 0n;
  appliedMs = 0;
  /** Answers whose digest was not that of what they led to. */
  mismatches = 0;
  /** Exchanges that failed. */
  failures = 0;

  constructor(host: SimulatedHost) {
    this.#host = host;
    const { key, certificate } = host.identity;
    const verify = (fingerprint: string) => fingerprint === host.fingerprint;
    this.#channel = createChannel(host.server, {
      caller: "msec.agent",
      tls: { key, cert: certificate, verify },
      limits: { connect: { timeoutMs: 30_000 }, frames: { maxBytes: 32 * 1024 * 1024 } },
    });
    this.#client = createClient(ControlService, this.#channel.call);
  }

  /** Routes, assignment and reports, until `close`. Settles when it has the first tables. */
  async start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    void this.#repeat(async () => {
      await this.#watchRoutes();
      resolve();
    });
    void this.#repeat(() => this.#watchAssignment());
    void this.#repeat(() => this.#watchDyeing());
    void this.#repeat(() => this.#watchLookers());
    // Agents start at different times; all reports in one moment would be no cluster's.
    setTimeout(() => void this.#keepReporting(), Math.random() * reportEveryMs);
    await promise;
  }

  /** Settles when a version is applied. */
  async untilApplied(version: bigint): Promise<void> {
    if (this.version >= version) return;
    await new Promise<void>((resolve) => this.#waiting.set(version, resolve));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#channel.close({ graceMs: 0 });
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await step();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (this.failures++ === 0)
          console.error(`${this.#host.name}: ${error instanceof Error ? error.message : error}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  async #watchRoutes(): Promise<void> {
    const request = { appliedVersion: this.version, waitMs: this.version === 0n ? 0 : waitMs, acceptsDeltas: true };
    const answer = await this.#client.watchRoutes(request, { timeoutMs: waitMs + 10_000, signal: this.#stop.signal });
    for (const table of answer.tables) this.#take(table);
    for (const delta of answer.deltas) {
      const before = this.#tables.get(delta.service);
      if (before === undefined) throw new Error(`a change of ${delta.service}, which is not here`);
      this.#take(applyRouteDelta(before.table, delta));
    }
    const digest = combineDigests([...this.#tables.values()].map((each) => each.digest));
    if (answer.digest !== digest) this.mismatches++;
    const isNews = answer.version !== this.version;
    this.version = answer.version;
    this.appliedMs = performance.now();
    for (const [version, resolve] of this.#waiting) {
      if (version > answer.version) continue;
      this.#waiting.delete(version);
      resolve();
    }
    if (isNews) {
      const { version } = this;
      // As a real one: beside the next poll, not before it.
      void this.#client
        .reportRoutes({ appliedVersion: version, usedVersion: version, digest }, { timeoutMs: 10_000 })
        .catch(() => {});
    }
  }

  #take(table: RouteTable): void {
    this.#tables.set(table.service, { table, digest: routeTableDigest(table) });
  }

  async #watchAssignment(): Promise<void> {
    const request = { appliedVersion: this.#assignmentVersion, waitMs };
    const answer = await this.#client.watchAssignment(request, {
      timeoutMs: waitMs + 10_000,
      signal: this.#stop.signal,
    });
    this.#assignmentVersion = answer.version;
    this.#instanceIds = answer.assignments.map(({ instanceId }) => instanceId);
  }

  // What a real agent asks beside: there are no rules, and nobody looks.
  async #watchDyeing(): Promise<void> {
    const client = createClient(DyeingService, this.#channel.call);
    const request = { appliedVersion: this.#dyeingVersion, waitMs };
    const options = { timeoutMs: waitMs + 10_000, signal: this.#stop.signal };
    this.#dyeingVersion = (await client.watchDyeing(request, options)).version;
  }

  async #watchLookers(): Promise<void> {
    const client = createClient(ProcessesService, this.#channel.call);
    await client.watchLookers({ waitMs }, { timeoutMs: waitMs + 10_000, signal: this.#stop.signal });
  }

  #assignmentVersion = 0n;
  #dyeingVersion = "";

  async #keepReporting(): Promise<void> {
    await this.#repeat(async () => {
      const processes = this.#instanceIds.map((instanceId, index) =>
        create(ProcessSchema, {
          name: "Bench.service",
          instanceId,
          state: ProcessState.RUNNING,
          pid: 1_000 + index,
          startedMs: Date.now(),
          memoryBytes: 6e7,
          cpuPercent: 3.5,
          listen: "10.0.0.1:7963",
          registered: true,
          answers: true,
          inFlight: 2,
          callsBegun: 1_000n,
        }),
      );
      const load = { load1m: 0.5, memoryTotalBytes: 8e9, memoryAvailableBytes: 4e9, cpuPercent: 20, cpus: 4 };
      await this.#client.reportHost({ ...load, processes, agentVersion: "0.1.0" }, { timeoutMs: 10_000 });
      await new Promise((resolve) => setTimeout(resolve, reportEveryMs));
    });
  }
}
