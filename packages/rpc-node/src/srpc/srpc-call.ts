import { type ArrivedCall, Code, RpcError, ServedCall, type ServedMethod } from "@msec/rpc";
import {
  beginFrame,
  encodeResponseHead,
  endFrame,
  endHead,
  type ResponseHeadFields,
  type RpcHead,
  type Uint64,
  WireError,
  WireReason,
} from "@msec/wire";
import { learnAnswerBytes } from "./answer-size.ts";
import { returnHead } from "./head-pool.ts";
import { writeErrorFrame } from "./response-frame.ts";
import type { SrpcServerConnection } from "./server-connection.ts";

/** One request that came as an SRPC frame. */
export class SrpcCall extends ServedCall {
  readonly #connection: SrpcServerConnection;
  readonly #method: ServedMethod | undefined;
  readonly #head: RpcHead;
  /** What its connection expects of its answer while it runs, in bytes. */
  expectedBytes = 0;
  /** Its place among the calls that its connection counts as running; -1 for none. */
  runningAt = -1;

  constructor(arrived: ArrivedCall, connection: SrpcServerConnection, method: ServedMethod | undefined, head: RpcHead) {
    super(arrived);
    this.#connection = connection;
    this.#method = method;
    this.#head = head;
  }

  /** Under which the caller waits for the answer. */
  get sequence(): Uint64 {
    return this.#head.sequence;
  }

  respond(fields: object): number {
    const { output, frameLimits } = this.#connection;
    const writer = output.writer;
    const frame = beginFrame(writer);
    let body: number;
    let bytes: number;
    try {
      encodeResponseHead(writer, this.#head, this.#connection.answerFields(this.givenReply));
      body = endHead(writer, frame);
      this.#method!.response.encode(fields, writer);
      bytes = writer.position - body;
      endFrame(writer, frame, body, frameLimits);
    } catch (thrown) {
      if (writer.position > frame) {
        writer.truncate(frame);
      }
      if (thrown instanceof WireError && thrown.reason === WireReason.TooLarge) {
        throw new RpcError(Code.ResourceExhausted, `the response of ${this.method} is too large: ${thrown.message}`, {
          cause: thrown,
        });
      }
      throw thrown;
    }
    learnAnswerBytes(this.#method!, bytes);
    output.wrote();
    this.#done();
    return bytes;
  }

  respondError(error: RpcError): void {
    const { output, frameLimits } = this.#connection;
    writeErrorFrame(output.writer, this.#head, error, frameLimits, this.#answerFields());
    output.wrote();
    this.#done();
  }

  #answerFields(): ResponseHeadFields | undefined {
    try {
      return this.#connection.answerFields(this.givenReply);
    } catch {
      // Metadata that cannot be sent: `respond` has said so, or the handler failed anyway, which is what matters to the caller.
      return undefined;
    }
  }

  #done(): void {
    this.#connection.finished(this);
    returnHead(this.#head);
  }
}
