import { type CallServer, Code, RpcError, rpcErrorFromUnknown, type ServedMethod } from "@msec/rpc";
import { CallRoom } from "../call-room.ts";
import type { Envelope } from "../grpc/envelope-reader.ts";
import { decompressedBytes, readEnvelope } from "../grpc/grpc-compression.ts";
import type { ReadTurn } from "../read-turn.ts";
import type { Http2Shared } from "./http2-exchange.ts";
import { type ArrivedHeaders, WebCall } from "./web-call.ts";

/**
 * A unary call of gRPC or Connect: how it goes on when its request's bytes have come, which is the same in both.
 *
 * States: the request comes (`isIncomplete`) → it is complete → (there is room for what it decompresses to) → (there is room for it) → the handler runs → answered.
 */
export abstract class UnaryWebCall extends WebCall {
  /** `performance.now()` since when bytes could come: while it waits for room, none can. */
  comesSinceMs: number;
  protected readonly served: ServedMethod;
  protected readonly calls: CallServer;
  protected readonly maxBytes: number;
  protected readonly room: CallRoom;
  protected readonly reads: ReadTurn;
  /** Whether more of the request is to come. */
  protected awaitsMore = true;

  constructor(arrived: ArrivedHeaders, method: ServedMethod, shared: Http2Shared) {
    super(arrived);
    this.served = method;
    this.calls = shared.calls;
    this.maxBytes = shared.limits.frames.maxBytes;
    this.room = new CallRoom(arrived.connection.room, method);
    this.reads = arrived.connection.reads;
    this.comesSinceMs = this.receivedMs;
  }

  /** Whether its peer is to be hurried; what waits for room here is not slow. */
  get isIncomplete(): boolean {
    return this.awaitsMore && !this.room.isWaiting;
  }

  /** The request message in these bytes. @throws for what is none */
  protected abstract messageFrom(bytes: Buffer): unknown;

  /** The peer has closed the stream or connection. */
  protected closed(): void {
    this.room.end();
    this.calls.abandon(this, new RpcError(Code.Canceled, "the caller gave the call up"));
  }

  /** Decompress the request when there is room for it, then run the handler. */
  protected runCompressed(envelope: Envelope, encoding: string): void {
    const bytes = decompressedBytes(envelope.body.length, this.maxBytes);
    this.room.take(bytes, () => void this.#decompress(envelope, encoding));
  }

  async #decompress(envelope: Envelope, encoding: string): Promise<void> {
    try {
      this.run(await readEnvelope(envelope, encoding, this.maxBytes));
    } catch (thrown) {
      this.calls.refuse(this, rpcErrorFromUnknown(thrown));
    }
  }

  /** Run the handler when there is room for the request. */
  protected run(bytes: Buffer): void {
    this.requestBytes = bytes.length;
    if (!this.settled) {
      this.room.takeFor(this, bytes.length, () => this.#serve(bytes));
    }
  }

  #serve(bytes: Buffer): void {
    const refusal = this.calls.admit(this);
    if (refusal) {
      this.calls.refuse(this, refusal);
      return;
    }
    let message: unknown;
    try {
      message = this.messageFrom(bytes);
    } catch (cause) {
      this.calls.refuse(this, cause instanceof RpcError ? cause : badRequest(this.served, cause));
      return;
    }
    this.room.runs(bytes.length);
    this.calls.serve(this, this.served, message);
  }
}

/** The bytes are not the request message. */
export function badRequest(method: { desc: { input: { typeName: string } } }, cause: unknown): RpcError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new RpcError(Code.InvalidArgument, `the body is not a ${method.desc.input.typeName}: ${text}`, { cause });
}
