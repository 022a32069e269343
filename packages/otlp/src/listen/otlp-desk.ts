import { Code, RpcError } from "@msec/rpc";
import type { Intake } from "../intake.ts";
import type { ReportedBatch, Taken } from "../intake-output.ts";
import { otlpLimits as limits } from "../otlp-limits.ts";
import { Allowance } from "./allowance.ts";
import type { TokenCheck } from "./read-token.ts";

/** Keeps batches so that what was accepted is not lost; rejects with an `RpcError` (Unavailable) what cannot be kept now. */
export type KeepBatches = (batches: readonly ReportedBatch[]) => void | Promise<void>;

/** What came, since the start. */
export type OtlpCounts = { requests: number; refused: number; rejectedRows: number; leftOutSpans: number };

/** What both doors share: who may, how much, and where it goes. */
export class OtlpDesk {
  readonly intake: Intake;
  readonly counts: OtlpCounts = { requests: 0, refused: 0, rejectedRows: 0, leftOutSpans: 0 };
  readonly #keep: KeepBatches;
  readonly #isToken: TokenCheck | undefined;
  readonly #requests = new Allowance(limits.requests, limits.requests * 2, performance.now());
  readonly #bytes = new Allowance(limits.bytesPerSecond, limits.bytesPerSecond * 4, performance.now());

  constructor(intake: Intake, keep: KeepBatches, isToken: TokenCheck | undefined) {
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
  }
}

function tooMuch(): RpcError {
  return new RpcError(Code.ResourceExhausted, "more is reported than is taken; report again in a second");
}
