import { Allowance, type Log } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import type { Intake } from "../intake.ts";
import { foldedText, type ReportedBatch, type Taken } from "../intake-output.ts";
import { otlpLimits as limits } from "../otlp-limits.ts";
import type { TokenCheck } from "./read-token.ts";

/**
 * Keeps batches so that what was accepted is not lost; rejects with an `RpcError` (Unavailable) what cannot be kept now.
 *
 * `print`, at most 100 visible ASCII characters, is the same for the same request again, and for no other one; missing where two that are alike are two.
 */
export type KeepBatches = (batches: readonly ReportedBatch[], print?: string) => void | Promise<void>;

/** What a request is answered with. */
export type Answered = Pick<Taken, "rejected" | "why" | "folded">;

/** What came, since the start. */
export type OtlpCounts = {
  requests: number;
  refused: number;
  rejectedRows: number;
  leftOutSpans: number;
  /** Requests that had come before, and were not taken twice. */
  repeatedRequests: number;
  /** Requests of which something was kept under `(other)`: too many services or instances report. */
  foldedRequests: number;
};

/** Between two words of the same in the log. */
const SAID_AGAIN_MS = 600_000;

/** What both doors share: who may, how much, and where it goes. */
export class OtlpDesk {
  readonly intake: Intake;
  readonly counts: OtlpCounts = {
    requests: 0,
    refused: 0,
    rejectedRows: 0,
    leftOutSpans: 0,
    repeatedRequests: 0,
    foldedRequests: 0,
  };
  readonly #keep: KeepBatches;
  readonly #isToken: TokenCheck | undefined;
  readonly #requests = new Allowance(limits.requests, limits.requests * 2, performance.now());
  readonly #bytes = new Allowance(limits.bytesPerSecond, limits.bytesPerSecond * 4, performance.now());

  /** Requests that are being kept, and the last ones that were, by their prints. */
  readonly #known = new Map<string, Promise<Answered>>();
  readonly #log: Pick<Log, "warn">;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(intake: Intake, keep: KeepBatches, isToken: TokenCheck | undefined, log: Pick<Log, "warn">) {
    this.#log = log;
    this.intake = intake;
    this.#keep = keep;
    this.#isToken = isToken;
  }

  /** @throws RpcError PermissionDenied (a web page), Unauthenticated, ResourceExhausted */
  admit(headers: { readonly [name: string]: string | string[] | undefined }): void {
    // Browsers set these whatever the page does; programs have no reason to.
    if (headers.origin !== undefined || headers["sec-fetch-site"] !== undefined) {
      throw new RpcError(Code.PermissionDenied, "OTLP is not for web pages (the request has Origin or Sec-Fetch-Site)");
    }
    if (this.#isToken !== undefined && !this.#isToken(String(headers.authorization ?? ""))) {
      throw new RpcError(Code.Unauthenticated, "Authorization must be Bearer and the token of otlp_token_file");
    }
    if (!this.#requests.take(performance.now())) throw tooMuch();
  }

  /** @throws RpcError ResourceExhausted */
  admitBytes(bytes: number): void {
    if (!this.#bytes.take(performance.now(), bytes)) throw tooMuch();
  }

  /**
   * Take a request and keep it. One that is known by its print is not taken again: its exporter had no answer in time, and gets the one that the first has, or will have.
   *
   * @throws RpcError Unavailable
   */
  async take(print: string | undefined, take: () => Taken): Promise<Answered> {
    if (print === undefined) return await this.#takeNew(take);
    const known = this.#known.get(print);
    if (known !== undefined) {
      this.counts.repeatedRequests++;
      return await known;
    }
    const [oldest] = this.#known.keys();
    if (this.#known.size >= limits.knownRequests && oldest !== undefined) this.#known.delete(oldest);
    const taking = this.#takeNew(take, print);
    this.#known.set(print, taking);
    try {
      return await taking;
    } catch (error) {
      this.#known.delete(print);
      throw error;
    }
  }

  async #takeNew(take: () => Taken, print?: string): Promise<Answered> {
    const taken = take();
    try {
      if (taken.batches.length > 0) await this.#keep(taken.batches, print);
    } catch (error) {
      taken.undo();
      throw error;
    }
    this.#count(taken);
    const { rejected, why, folded } = taken;
    return { rejected, why, folded };
  }

  #count(taken: Taken): void {
    this.counts.requests++;
    this.counts.rejectedRows += taken.rejected;
    this.counts.leftOutSpans += taken.leftOut;
    if (taken.folded === "") return;
    this.counts.foldedRequests++;
    if (performance.now() - this.#saidMs < SAID_AGAIN_MS) return;
    this.#saidMs = performance.now();
    this.#log.warn(`OTLP: ${foldedText(taken)}`);
  }
}

/** When an exporter is to come again. That of OpenTelemetry's JS SDK comes five times within ten seconds, and drops what it has then. */
export const REPEAT_AFTER_S = 2;

// google.rpc.RetryInfo { retry_delay = 1: google.protobuf.Duration { seconds = 1: 2 } }. Without it exporters over gRPC take ResourceExhausted as for good
// and drop what they have: https://opentelemetry.io/docs/specs/otlp/#failures
const retryLater = { type: "google.rpc.RetryInfo", value: Uint8Array.of(0x0a, 2, 0x08, REPEAT_AFTER_S) };

function tooMuch(): RpcError {
  return new RpcError(
    Code.ResourceExhausted,
    `more is reported than is taken; report again in ${REPEAT_AFTER_S} seconds`,
    {
      details: { messages: [retryLater] },
    },
  );
}
