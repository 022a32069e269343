import type { Socket } from "node:net";
import { Code, codeName, RpcError, retFromError } from "@msec/rpc";
import {
  createFrameSpan,
  type FrameLimits,
  FrameState,
  type HeadDecoder,
  parseFrame,
  RpcHead,
  Writer,
} from "@msec/wire";
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
  /** So long it may take to say which protocol it speaks, and to read why it is refused, in milliseconds. */
  readonly waitMs: number;
}

/** Why a connection is refused, as each protocol says it. */
export interface Refusal {
  readonly error: RpcError;
  /** `400 Bad Request`. */
  readonly httpStatus: string;
  /** Of RFC 9113, 7; with it GOAWAY says that no call was looked at. */
  readonly http2Code: number;
}

/** A peer has too many connections. */
export function refusalOfTooMany(message: string): Refusal {
  return { error: refused(Code.ResourceExhausted, message), httpStatus: "429 Too Many Requests", http2Code: 11 };
}

/** The peer speaks without TLS where there is nothing else. */
export function refusalOfPlain(): Refusal {
  return {
    error: refused(Code.FailedPrecondition, "this port speaks TLS only; call it with TLS (https)"),
    httpStatus: "400 Bad Request",
    http2Code: 12,
  };
}

/** The peer's certificate is not one that is let in. */
export function refusalOfCertificate(message: string): Refusal {
  return { error: refused(Code.Unauthenticated, message), httpStatus: "403 Forbidden", http2Code: 12 };
}

function refused(code: Code, message: string): RpcError {
  return new RpcError(code, message, { details: { notExecuted: true } });
}

/** Tells peers why their connection is closed, in the protocol that they speak, as far as it can say so. */
export class Refusals {
  readonly #shared: RefusalShared;
  readonly #told = new Set<Socket>();

  constructor(shared: RefusalShared) {
    this.#shared = shared;
  }

  /**
   * Answer the first that comes on a connection, then close it.
   *
   * @param first  what has come of it already
   */
  refuse(socket: Socket, refusal: Refusal, first?: Buffer): void {
    socket.on("error", () => {});
    if (this.#told.size >= maxTold) {
      socket.destroy();
      return;
    }
    this.#told.add(socket);
    // What has come meanwhile is read first, as of all peers.
    const timer = setTimeout(() => setImmediate(() => socket.destroy()), this.#shared.waitMs);
    timer.unref();
    let bytes: Buffer = Buffer.alloc(0);
    let isAnswered = false;
    const onData = (chunk: Buffer) => {
      // What comes behind the answer is read and forgotten, so that the answer is not lost to a reset.
      if (isAnswered) {
        return;
      }
      bytes = Buffer.concat([bytes, chunk]);
      const answer = this.#answerTo(bytes, refusal);
      if (answer) {
        isAnswered = true;
        socket.end(answer);
      } else if (bytes.length > maxBytes || sniff(bytes) === Protocol.Unknown) {
        socket.destroy();
      }
    };
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      clearTimeout(timer);
      this.#told.delete(socket);
    });
    if (first) {
      onData(first);
    }
    socket.on("data", onData);
  }

  /** Close those that are being told. */
  close(): void {
    for (const socket of this.#told) {
      socket.destroy();
    }
  }

  /** `undefined`: too little has come to answer. */
  #answerTo(bytes: Buffer, refusal: Refusal): Buffer | undefined {
    switch (sniff(bytes)) {
      case Protocol.Srpc:
        return this.#srpcAnswer(bytes, refusal.error);
      case Protocol.Http1:
        return http1Answer(refusal);
      case Protocol.Http2:
        return http2Answer(refusal);
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

function http1Answer({ error, httpStatus }: Refusal): Buffer {
  const { message } = error;
  const name = codeName(error.code);
  // For callers of HTTP+JSON and for those of Connect.
  const code = name.replace(/(?!^)([A-Z])/g, "_$1").toLowerCase();
  const body = JSON.stringify({ ret: retFromError(error), errmsg: message, code, message });
  return Buffer.from(
    [
      `HTTP/1.1 ${httpStatus}`,
      "connection: close",
      "content-type: application/json; charset=utf-8",
      `msec-code: ${name}`,
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
}

/** SETTINGS, and a GOAWAY that says that no call was looked at: gRPC's clients make it anew elsewhere. */
function http2Answer({ error, http2Code }: Refusal): Buffer {
  const text = Buffer.from(error.message);
  const goAway = Buffer.alloc(8);
  goAway.writeUInt32BE(http2Code, 4);
  return Buffer.concat([http2Frame(4, Buffer.alloc(0)), http2Frame(7, Buffer.concat([goAway, text]))]);
}

function http2Frame(type: number, payload: Buffer): Buffer {
  const start = Buffer.alloc(9);
  start.writeUIntBE(payload.length, 0, 3);
  start[3] = type;
  return Buffer.concat([start, payload]);
}
