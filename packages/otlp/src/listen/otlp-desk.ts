import type { Log } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import type { Intake } from "../intake.ts";
import { foldedText, type ReportedBatch, type Taken } from "../intake-output.ts";
import { otlpLimits as limits } from "../otlp-limits.ts";
import { Allowance } from "./allowance.ts";
import type { TokenCheck } from "./read-token.ts";

/** Keeps batches so that what was accepted is not lost; rejects with an `RpcError` (Unavailable) what cannot be kept now. */
export type KeepBatches = (batches: readonly ReportedBatch[]) => void | Promise<void>;

/** What came, since the start. */
export type OtlpCounts = {
  requests: number;
  refused: number;
  rejectedRows: number;
  leftOutSpans: number;
  /** Requests of which something was kept under `(other)`: too many services or instances report. */
  foldedRequests: number;
};

/** Between two words of the same in the log. */
const SAID_AGAIN_MS = 600_000;

/** What both doors share: who may, how much, and where it goes. */
export class OtlpDesk {
  readonly intake: Intake;
  readonly counts: OtlpCounts = { requests: 0, refused: 0, rejectedRows: 0, leftOutSpans: 0, foldedRequests: 0 };
  readonly #keep: KeepBatches;
  readonly #isToken: TokenCheck | undefined;
  readonly #requests = new Allowance(limits.requests, limits.requests * 2, performance.now());
  readonly #bytes = new Allowance(limits.bytesPerSecond, limits.bytesPerSecond * 4, performance.now());

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
    if (!this.#requests.take(1, performance.now())) throw tooMuch();
  }

  /** @throws RpcError ResourceExhausted */
  admitBytes(bytes: number): void {
    if (!this.#bytes.take(bytes, performance.now())) throw tooMuch();
  }

  /** Keep what was taken. @throws RpcError Unavailable */
  async keep(taken: Taken): Promise<void> {
    if (taken.batches.length > 0) await this.#keep(taken.batches);
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

// google.rpc.RetryInfo { retry_delay = 1: google.protobuf.Duration { seconds = 1: 1 } }. Without it exporters over gRPC take ResourceExhausted as for good
// and drop what they have: https://opentelemetry.io/docs/specs/otlp/#failures
const retryInSecond = { type: "google.rpc.RetryInfo", value: Uint8Array.of(0x0a, 2, 0x08, 1) };

function tooMuch(): RpcError {
  return new RpcError(Code.ResourceExhausted, "more is reported than is taken; report again in a second", {
    details: { messages: [retryInSecond] },
  });
}
