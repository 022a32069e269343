import type { Socket } from "node:net";
import { Code, RpcError, retFromError } from "@msec/rpc";
import {
  createFrameSpan,
  type FrameLimits,
  FrameState,
  type HeadDecoder,
  parseFrame,
  RpcHead,
  Writer,
} from "@msec/wire";
import type { ListenerLimits } from "./limits.ts";
import { Protocol, sniff } from "./sniff.ts";
import { writeGoAway } from "./srpc/go-away.ts";
import { writeErrorFrame } from "./srpc/response-frame.ts";

/** More is not read of it: a request's head, and what of a body comes with it. */
const maxBytes = 64 * 1024;
/** Refused connections of a listener that are told why at once; further ones are closed on arrival. */
const maxTold = 64;

/** What answers of refused connections are made with. */
export interface RefusalShared {
  readonly heads: HeadDecoder;
  readonly frameLimits: FrameLimits;
  readonly limits: ListenerLimits;
}

/** Tells peers that have too many connections why the next is closed, in the protocol that they speak, as far as it can say so. */
export class Refusals {
  readonly #shared: RefusalShared;
  readonly #told = new Set<Socket>();

  constructor(shared: RefusalShared) {
    this.#shared = shared;
  }

  /** Answer the first that comes on a connection with `message`, then close it. */
  refuse(socket: Socket, message: string): void {
    const error = new RpcError(Code.ResourceExhausted, message, { details: { notExecuted: true } });
    socket.on("error", () => {});
    if (this.#told.size >= maxTold) {
      socket.destroy();
      return;
    }
    this.#told.add(socket);
    // So long it may take to say which protocol it speaks, and to read why it is refused. What has come meanwhile is read first, as of all peers.
    const timer = setTimeout(() => setImmediate(() => socket.destroy()), this.#shared.limits.connections.firstByteMs);
    timer.unref();
    let first: Buffer = Buffer.alloc(0);
    let isAnswered = false;
    socket.on("data", (chunk: Buffer) => {
      // What comes behind the answer is read and forgotten, so that the answer is not lost to a reset.
      if (isAnswered) {
        return;
      }
      first = Buffer.concat([first, chunk]);
      const answer = this.#answerTo(first, error);
      if (answer) {
        isAnswered = true;
        socket.end(answer);
      } else if (first.length > maxBytes || sniff(first) === Protocol.Unknown) {
        socket.destroy();
      }
    });
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      clearTimeout(timer);
      this.#told.delete(socket);
    });
  }

  /** Close those that are being told. */
  close(): void {
    for (const socket of this.#told) {
      socket.destroy();
    }
  }

  /** `undefined`: too little has come to answer. */
  #answerTo(bytes: Buffer, error: RpcError): Buffer | undefined {
    switch (sniff(bytes)) {
      case Protocol.Srpc:
        return this.#srpcAnswer(bytes, error);
      case Protocol.Http1:
        return http1Answer(error);
      case Protocol.Http2:
        return http2Answer(error.message);
      default:
        return undefined;
    }
  }

  #srpcAnswer(bytes: Buffer, error: RpcError): Buffer | undefined {
    const { heads, frameLimits } = this.#shared;
    const span = createFrameSpan();
    const state = parseFrame(bytes, 0, bytes.length, span, frameLimits);
    const hasHead = bytes.length >= 9 && bytes.length >= 9 + bytes.readUInt32BE(1);
    if (state === FrameState.NeedMore && !hasHead) {
      return undefined;
    }
    const head = new RpcHead();
    if (hasHead) {
      try {
        heads.decodeRequest(bytes, span.headStart, span.headEnd, head);
      } catch {
        // Answered with what of the head could be read.
      }
    }
    const writer = new Writer();
    writeErrorFrame(writer, head, error, frameLimits);
    if (head.hasTrace) {
      // It understands that what is behind its first request was not executed either.
      writeGoAway(writer, frameLimits);
    }
    return Buffer.from(writer.bytes.subarray(0, writer.position));
  }
}

function http1Answer(error: RpcError): Buffer {
  const { message } = error;
  // For callers of HTTP+JSON and for those of Connect.
  const body = JSON.stringify({ ret: retFromError(error), errmsg: message, code: "resource_exhausted", message });
  return Buffer.from(
    [
      "HTTP/1.1 429 Too Many Requests",
      "connection: close",
      "content-type: application/json; charset=utf-8",
      "msec-code: ResourceExhausted",
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
}

/** SETTINGS, and a GOAWAY that says that no call was looked at: gRPC's clients make it anew elsewhere. */
function http2Answer(message: string): Buffer {
  const text = Buffer.from(message);
  const goAway = Buffer.alloc(8);
  goAway.writeUInt32BE(11, 4); // ENHANCE_YOUR_CALM
  return Buffer.concat([http2Frame(4, Buffer.alloc(0)), http2Frame(7, Buffer.concat([goAway, text]))]);
}

function http2Frame(type: number, payload: Buffer): Buffer {
  const start = Buffer.alloc(9);
  start.writeUIntBE(payload.length, 0, 3);
  start[3] = type;
  return Buffer.concat([start, payload]);
}
