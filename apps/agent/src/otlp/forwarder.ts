import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type OutgoingRequest, readPartialSuccess } from "@msec/otlp";
import { BackOff, type Log } from "@msec/process";

/** Bytes of requests that may wait; beyond it the oldest is dropped. */
export const FORWARD_QUEUE_BYTES = 16 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
const PATIENCE_MS = 300_000;
/** How long a stop waits for what is left to go: a host that shuts down gives its programs ten seconds. */
const FLUSH_MS = 3_000;
const RETRY_AFTER_MAX_MS = 60_000;
const ANSWER_MAX_BYTES = 64 * 1024;
// What OTLP says may be tried again.
const again = new Set([429, 502, 503, 504]);
const compress = promisify(gzip);

/** Where to, and what to say with each request. */
export interface ForwarderOptions {
  /** `http://collector:4318`, without a slash at the end. */
  readonly collector: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly log: Log;
  /** Pauses between tries; default half a second to thirty. */
  readonly backOff?: () => { afterExit(livedMs: number): number };
  /** How long `close` waits for what is left to go, milliseconds; default 3,000. */
  readonly flushMs?: number;
}

/**
 * Sends export requests to a collector, one at a time, in order. What waits is bounded: the oldest goes, and is counted.
 *
 * waiting → sending → gone (taken, refused for good, or tried for five minutes). `close` sends what is left for three seconds, and then drops and
 * says how much it was.
 */
export class Forwarder {
  /** `rejectedRows`: spans, points and lines of requests sent that the collector said it did not take. */
  readonly counts = { sent: 0, dropped: 0, queuedBytes: 0, rejectedRows: 0 };
  readonly #options: ForwarderOptions;
  readonly #queue: OutgoingRequest[] = [];
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #lastSaid = "";

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Queue a request; never waits, never throws. */
  push(request: OutgoingRequest): void {
    this.#queue.push(request);
    this.counts.queuedBytes += request.body.length;
    // The first may be on its way.
    while (this.counts.queuedBytes > FORWARD_QUEUE_BYTES && this.#queue.length > 2) {
      const [oldest] = this.#queue.splice(1, 1);
      this.counts.queuedBytes -= oldest?.body.length ?? 0;
      this.counts.dropped++;
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Send what is left, at most `flushMs`, then drop and count the rest; nothing may be pushed any more. */
  async close(): Promise<void> {
    const { flushMs = FLUSH_MS, log } = this.#options;
    const timer = setTimeout(() => this.#closing.abort(), flushMs);
    await this.#running;
    clearTimeout(timer);
    const left = this.#queue.length;
    if (left === 0) return;
    this.counts.dropped += left;
    log.warn(
      `${left} requests of telemetry for the collector were dropped: it did not take them before the agent stopped`,
      {
        bytes: this.counts.queuedBytes,
      },
    );
    this.#queue.length = 0;
    this.counts.queuedBytes = 0;
  }

  async #run(): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined && !this.#closing.signal.aborted; next = this.#queue[0]) {
      const problem = await this.#deliver(next);
      if (this.#closing.signal.aborted && problem !== "") return;
      this.#queue.shift();
      this.counts.queuedBytes -= next.body.length;
      if (problem === "") this.counts.sent++;
      else this.counts.dropped++;
      if (problem !== "") this.#say(`dropped: ${problem}`, `telemetry for the collector was dropped: ${problem}`);
      else if (this.#lastSaid !== "") {
        this.#lastSaid = "";
        this.#options.log.info("the collector takes telemetry again");
      }
    }
  }

  /** Once for each new reason, not for each request. */
  #say(reason: string, text: string): void {
    if (reason === this.#lastSaid) return;
    this.#lastSaid = reason;
    this.#options.log.warn(text);
  }

  #noteRejected(answer: Uint8Array): void {
    const { rejected, why } = readPartialSuccess(answer);
    if (rejected === 0) return;
    if (this.counts.rejectedRows === 0) {
      this.#options.log.warn(`the collector did not take all telemetry of a request: ${why}`, { rejected });
    }
    this.counts.rejectedRows += rejected;
  }

  /** @returns why it was given up; "" when the collector has it */
  async #deliver(request: OutgoingRequest): Promise<string> {
    const backOff = this.#options.backOff?.() ?? new BackOff();
    const body = await compress(request.body);
    const sinceMs = performance.now();
    for (;;) {
      const { status, problem, waitMs } = await this.#send(request.path, body);
      if (status >= 200 && status < 300) return "";
      if (status !== 0 && !again.has(status)) return problem;
      if (performance.now() - sinceMs > PATIENCE_MS) return problem;
      this.#say(problem, `the collector does not take telemetry: ${problem}; trying again`);
      const pauseMs = Math.max(backOff.afterExit(0), waitMs);
      const aborted = await delay(pauseMs, false, { signal: this.#closing.signal }).catch(() => true);
      if (aborted) return "the agent stops";
    }
  }

  async #send(path: string, body: Uint8Array<ArrayBuffer>): Promise<Answer> {
    const { collector, headers } = this.#options;
    try {
      const response = await fetch(`${collector}${path}`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/x-protobuf", "content-encoding": "gzip" },
        body,
        // A redirect would carry the headers, which may be a secret, elsewhere.
        redirect: "manual",
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      // Read so that the connection is used again.
      for await (const chunk of response.body ?? []) {
        bytes += chunk.length;
        if (bytes > ANSWER_MAX_BYTES) break;
        chunks.push(chunk);
      }
      if (response.ok) this.#noteRejected(Buffer.concat(chunks));
      const waitMs = retryAfterMs(response.headers.get("retry-after"));
      return { status: response.status, problem: `it answered ${response.status}`, waitMs };
    } catch (error) {
      const { cause } = error as { cause?: { code?: string } };
      return { status: 0, problem: `it cannot be reached (${cause?.code ?? (error as Error).name})`, waitMs: 0 };
    }
  }
}

/** How a collector answered; `status` 0: it did not. `waitMs`: how long it wants to be left alone. */
type Answer = { readonly status: number; readonly problem: string; readonly waitMs: number };

/** Milliseconds of `Retry-After`, in seconds or as a date; 0 where there is none, at most a minute. */
export function retryAfterMs(header: string | null, nowMs = Date.now()): number {
  if (header === null) return 0;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS);
}
