import { type ArrivedCall, Code, RpcError, ServedCall, type ServedMethod } from "@msec/rpc";
import {
  beginFrame,
  encodeResponseHead,
  endFrame,
  endHead,
  HeadFeature,
  type RpcHead,
  WireError,
  WireReason,
} from "@msec/wire";
import { entriesFromReply } from "../metadata.ts";
import { writeErrorFrame } from "../srpc/response-frame.ts";
import { returnWriter, takeWriter } from "../writer-pool.ts";
import { datagramLimits, maxDatagramBytes } from "./datagram.ts";

/** Marks what we send as an answer, so that another server at which a forged sender aims it never answers in turn. */
const answerMark = { features: HeadFeature.Answer };

/** One request that came as a datagram. */
export class UdpCall extends ServedCall {
  readonly #method: ServedMethod | undefined;
  readonly #head: RpcHead;
  readonly #send: (frame: Uint8Array, call: UdpCall) => void;
  /** Its answer was longer than its request, whose sender may be forged. */
  isRefusedForLength = false;

  /** @param send  takes one whole frame; copies it if it keeps it */
  constructor(
    arrived: ArrivedCall,
    method: ServedMethod | undefined,
    head: RpcHead,
    send: (frame: Uint8Array, call: UdpCall) => void,
  ) {
    super(arrived);
    this.#method = method;
    this.#head = head;
    this.#send = send;
  }

  respond(fields: object): number {
    const writer = takeWriter();
    try {
      const frame = beginFrame(writer);
      const metadata = this.givenReply && entriesFromReply(this.givenReply);
      encodeResponseHead(writer, this.#head, { ...answerMark, metadata });
      const body = endHead(writer, frame);
      this.#method!.response.encode(fields, writer);
      const bytes = writer.position - body;
      endFrame(writer, frame, body, datagramLimits);
      this.#send(writer.written(), this);
      return bytes;
    } catch (thrown) {
      if (thrown instanceof WireError && thrown.reason === WireReason.TooLarge) {
        throw new RpcError(
          Code.ResourceExhausted,
          `the response of ${this.method} does not fit in a datagram of ${maxDatagramBytes} bytes; call over TCP`,
          { cause: thrown },
        );
      }
      throw thrown;
    } finally {
      returnWriter(writer);
    }
  }

  respondError(error: RpcError): void {
    const writer = takeWriter();
    writeErrorFrame(writer, this.#head, error, datagramLimits, answerMark);
    this.#send(writer.written(), this);
    returnWriter(writer);
  }
}
