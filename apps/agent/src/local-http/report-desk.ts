import { isOutOfSpace, type Log, withoutSecrets } from "@msec/process";
import { Code, RpcError, wallClockUs } from "@msec/rpc";
import {
  createRecorder,
  Level,
  type LevelName,
  type LogFields,
  metricNameProblem,
  type Recorder,
} from "@msec/telemetry";
import { batchEnvelope } from "../spool/batch-envelope.ts";
import type { Spool } from "../spool/spool.ts";
import { spoolRefusal } from "../spool/spool-refusal.ts";
import { localLimits } from "./local-limits.ts";
import { traceIdOf } from "./request-id.ts";

/** Who reports. */
export interface Reporter {
  /** `Flight.web`. */
  readonly service: string;
  /** `127.0.0.1:7963`, or `local-api` for a program that is no instance of this host. */
  readonly instance: string;
}

/** A counter to add to, or a gauge to set. */
export interface Sample {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly value: number;
}

/** One log line. */
export interface Line {
  readonly level: LevelName;
  readonly text: string;
  readonly fields?: LogFields | undefined;
  /** The request that it belongs to. */
  readonly requestId?: string | undefined;
  /** 16 hex digits. */
  readonly spanId?: string | undefined;
  readonly method?: string | undefined;
}

/** The parts of the agent that the desk stands on. */
export interface ReportDeskParts {
  readonly spool: Pick<Spool, "append">;
  readonly log: Log;
  /** `[LOG] Level` of a service; `undefined`: all lines. */
  readonly leastLevel: (service: string) => string | undefined;
}

interface Kept extends Reporter {
  readonly recorder: Recorder;
  idleTurns: number;
}

// Ten minutes of a turn a second.
const IDLE_TURNS = 600;

/**
 * Counters, gauges and log lines of programs without an SDK: into a recorder as theirs, and from there once a second into the spool.
 */
export class ReportDesk {
  readonly #parts: ReportDeskParts;
  readonly #kept = new Map<string, Kept>();
  /** Envelopes that could not be spooled yet; only while the disk fails. */
  #unspooled: Uint8Array[] = [];

  constructor(parts: ReportDeskParts) {
    this.#parts = parts;
  }

  /** @throws RpcError InvalidArgument naming the sample, nothing is taken then; ResourceExhausted, Unavailable */
  samples(reporter: Reporter, samples: readonly Sample[]): void {
    for (const { name, kind, value } of samples) {
      const problem = metricNameProblem(name);
      if (problem !== undefined) throw new RpcError(Code.InvalidArgument, problem);
      if (kind === "counter" && value < 0) {
        throw new RpcError(
          Code.InvalidArgument,
          `counter ${JSON.stringify(name)} was given ${value}; counters only grow, a gauge may fall`,
        );
      }
    }
    const recorder = this.#recorderOf(reporter);
    for (const { name, kind, value } of samples) {
      if (kind === "counter") recorder.count(name, value);
      else recorder.gauge(name, value);
    }
  }

  /** @returns how many lines were kept; those below the service's `[LOG] Level` are not. @throws RpcError InvalidArgument, ResourceExhausted, Unavailable */
  lines(reporter: Reporter, lines: readonly Line[]): number {
    const contexts = lines.map(contextOf);
    const recorder = this.#recorderOf(reporter);
    const least = this.#parts.leastLevel(reporter.service);
    const leastNumber = least !== undefined && Object.hasOwn(Level, least) ? Level[least as LevelName] : 0;
    let kept = 0;
    for (const [position, { level, text, fields }] of lines.entries()) {
      if (Level[level] < leastNumber) continue;
      recorder.log(Level[level], text, fields && withoutSecrets(fields), contexts[position]);
      kept++;
    }
    return kept;
  }

  /** Hands over what was reported since the last time; once a second, and when the agent stops. */
  tick(): void {
    for (const [key, kept] of this.#kept) {
      const batch = kept.recorder.drain();
      if (batch === undefined) {
        if (++kept.idleTurns >= IDLE_TURNS) this.#kept.delete(key);
        continue;
      }
      kept.idleTurns = 0;
      this.#unspooled.push(batchEnvelope(kept.service, kept.instance, batch));
    }
    this.#spool();
  }

  #spool(): void {
    try {
      for (let next = this.#unspooled[0]; next !== undefined; next = this.#unspooled[0]) {
        this.#parts.spool.append(next);
        this.#unspooled.shift();
      }
    } catch (error) {
      // Nothing more is taken until it can be written; what was taken waits.
      if (!isOutOfSpace(error)) this.#parts.log.error("what the local API was told cannot be spooled", { error });
    }
  }

  #recorderOf({ service, instance }: Reporter): Recorder {
    if (this.#unspooled.length > 0) {
      throw spoolRefusal(this.#parts.log);
    }
    const key = `${service} ${instance}`;
    let kept = this.#kept.get(key);
    if (kept === undefined) {
      if (this.#kept.size >= localLimits.reporters) {
        throw new RpcError(
          Code.ResourceExhausted,
          `${localLimits.reporters} services report through the local API already`,
        );
      }
      const recorder = createRecorder({
        now: () => wallClockUs(performance.now()) / 1_000,
        // What all reporters may have waiting together: 16 MiB.
        limits: { bytes: 256 * 1024, logs: 2_000 },
        onProblem: (problem) => this.#parts.log.warn("a metric was not taken", { service, problem }),
      });
      kept = { service, instance, recorder, idleTurns: 0 };
      this.#kept.set(key, kept);
    }
    return kept.recorder;
  }
}

function contextOf({ requestId, spanId, method = "" }: Line) {
  if (requestId === undefined) {
    if (spanId === undefined && method === "") return undefined;
    throw new RpcError(Code.InvalidArgument, "spanId and method belong to a request: requestId is missing");
  }
  const traceId = traceIdOf(requestId);
  if (traceId === undefined) {
    throw new RpcError(
      Code.InvalidArgument,
      `requestId ${JSON.stringify(requestId.slice(0, 40))} is neither 32 nor 16 hex digits nor a decimal flow_id`,
    );
  }
  return { traceId, spanId: spanId === undefined ? new Uint8Array(8) : Buffer.from(spanId, "hex"), method };
}
