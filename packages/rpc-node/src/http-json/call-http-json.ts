import type { ClientRequestArgs, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import type { JsonValue } from "@bufbuild/protobuf";
import { Code, codeFromRet, currentContext, formatTraceParent, RpcError, type TraceParent } from "@msec/rpc";
import { type ChannelTls, isServerAccepted, nodeConnectTls } from "../channel/channel-tls.ts";
import { attemptsHeader } from "../http2/header-metadata.ts";
import { rpcErrorFromNode } from "../node-error.ts";
import { formatAddress } from "../socket-address.ts";
import { countJsonMembers, parseKeepingDigits } from "./json-text.ts";

type HttpJsonTarget = { readonly address: string; readonly port: number } | { readonly path: string };

/** What {@link callHttpJson} calls. */
export interface HttpJsonRequest {
  /** Full name, `package.Service.Method`. */
  readonly method: string;
  /** The request message: JSON text, or a value to be written as JSON. */
  readonly json: JsonValue;
  /** Default 10_000; never more than what is left of the request being served. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds for connecting, TLS included; then the call fails with Unavailable and `notSent`. Default: all of its time. */
  readonly connectTimeoutMs?: number | undefined;
  /** W3C header value, or a position in a trace; default: the service begins a new trace. */
  readonly traceparent?: string | TraceParent | undefined;
  /** Who calls, `L1.L2`. */
  readonly caller?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The call is a repeat of one that was made before. Calls made while serving a repeat always are. */
  readonly isRetry?: boolean | undefined;
  /** Dye the request: it is recorded in full by all that it passes. */
  readonly dyed?: boolean | undefined;
  /** Called when there is a connection and the request goes out on it. */
  readonly onSent?: (() => void) | undefined;
  /** Default: without TLS. */
  readonly tls?: ChannelTls | undefined;
  /** Largest answer in bytes. Default 16 MiB. */
  readonly maxResponseBytes?: number | undefined;
}

/** A successful answer. */
export interface HttpJsonResult {
  /** The response message as JSON, field names as in the interface file. Integers that a number would change are strings of their digits, as protobuf's JSON has them. */
  readonly resultObj: JsonValue;
  /** 32 hex digits; "" from a server that does not say (the original). */
  readonly requestId: string;
}

const defaultMaxBytes = 16 * 1024 * 1024;
/** A hundred messages inside each other, each in a list of its own, and what answers are wrapped in. */
const maxAnswerDepth = 202;

/**
 * Call a method without its descriptors, over HTTP+JSON; works with services of the original too.
 *
 * @throws RpcError  of the service, with `details.ret` and `details.requestId`; Unavailable where it cannot be reached (`details.notSent`
 *                   where the connect failed), DeadlineExceeded, Canceled, Internal for an answer that is not of this form
 */
export async function callHttpJson(target: HttpJsonTarget, call: HttpJsonRequest): Promise<HttpJsonResult> {
  const address = "path" in target ? `unix:${target.path}` : formatAddress(target.address, target.port);
  const timeoutMs = Math.ceil(
    Math.min(call.timeoutMs ?? 10_000, currentContext()?.remainingMs() ?? Number.POSITIVE_INFINITY),
  );
  if (timeoutMs <= 0) {
    throw new RpcError(Code.DeadlineExceeded, "the deadline of the request being served has passed", {
      details: { notSent: true },
    });
  }
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
  try {
    const { response, text } = await post(target, address, call, timeoutMs, signal);
    return readAnswer(response, text, call.method, address);
  } catch (thrown) {
    if (thrown instanceof RpcError) {
      throw thrown;
    }
    if (call.signal?.aborted) {
      throw new RpcError(Code.Canceled, `${call.method} was given up by its caller`, { cause: call.signal.reason });
    }
    if (timeout.aborted) {
      throw new RpcError(Code.DeadlineExceeded, `${call.method} at ${address}: no answer in ${timeoutMs} ms`);
    }
    const isConnect = (thrown as { syscall?: unknown }).syscall === "connect";
    throw rpcErrorFromNode(thrown, address, isConnect ? { notSent: true } : {});
  }
}

async function post(
  target: HttpJsonTarget,
  address: string,
  call: HttpJsonRequest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ response: IncomingMessage; text: string }> {
  const { traceparent } = call;
  // The rest is the affair of the call's own time.
  const connectMs = (call.connectTimeoutMs ?? timeoutMs) < timeoutMs ? call.connectTimeoutMs : undefined;
  const context = currentContext();
  const body = Buffer.from(typeof call.json === "string" ? call.json : JSON.stringify(call.json));
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  // 4 MB, which a program that makes no such calls need not load.
  const { request: httpRequest } = await import("node:http");
  const request = httpRequest(
    {
      ...("path" in target ? { socketPath: target.path } : { host: target.address, port: target.port }),
      path: `/?methodName=${encodeURIComponent(call.method)}`,
      method: "POST",
      // One call, one connection: nothing is left open behind it. Node heeds `createConnection` only where no agent is named.
      ...(call.tls === undefined
        ? { agent: false }
        : { createConnection: connectTls(target, address, call.tls, connectMs, signal) }),
      signal,
      headers: {
        "content-type": "application/json; charset=utf-8",
        "content-length": body.length,
        ...(call.caller === undefined ? {} : { caller: call.caller }),
        ...(call.dyed || context?.dyed ? { "msec-coloring": "1" } : {}),
        // What this side waits is what the other one has: it then need not go on for nobody.
        "connect-timeout-ms": String(timeoutMs),
        ...(context === undefined ? {} : { "msec-hops": String(context.hops + 1) }),
        ...(call.isRetry || context?.isRetry ? { [attemptsHeader]: "1" } : {}),
        ...(traceparent === undefined
          ? {}
          : { traceparent: typeof traceparent === "string" ? traceparent : formatTraceParent(traceparent) }),
        ...(typeof traceparent === "object" && traceparent.traceState ? { tracestate: traceparent.traceState } : {}),
      },
    },
    resolve,
  );
  request.on("error", reject);
  request.once("socket", (socket) => {
    // One with TLS comes when its handshake is over.
    if (!socket.connecting) {
      call.onSent?.();
      return;
    }
    if (call.onSent !== undefined) socket.once("connect", call.onSent);
    if (connectMs !== undefined && call.tls === undefined) limitConnect(socket, "connect", address, connectMs);
  });
  request.end(body);
  const response = await promise;
  return { response, text: await readText(response, call.maxResponseBytes ?? defaultMaxBytes) };
}

/** Gives a socket up that has not told of its connection in time. */
function limitConnect(socket: Socket, event: "connect" | "secureConnect", address: string, connectMs: number): void {
  let isConnected = false;
  const tooLate = () => {
    if (isConnected) return;
    const details = { notSent: true };
    socket.destroy(new RpcError(Code.Unavailable, `${address}: not connected within ${connectMs} ms`, { details }));
  };
  // Not at once: after a long turn timers come before what has arrived meanwhile.
  const timer = setTimeout(() => setImmediate(tooLate), connectMs);
  socket.once(event, () => {
    isConnected = true;
  });
  for (const end of [event, "close"]) socket.once(end, () => clearTimeout(timer));
}

/** A TLS connection for one request, handed over when the server has proven who it is. */
function connectTls(
  target: HttpJsonTarget,
  address: string,
  tls: ChannelTls,
  connectMs: number | undefined,
  signal: AbortSignal,
): ClientRequestArgs["createConnection"] {
  return (_options, onCreate) => {
    const where = "path" in target ? { path: target.path } : { host: target.address, port: target.port };
    const socket = tlsConnect({ ...where, ...nodeConnectTls(tls) });
    if (connectMs !== undefined) limitConnect(socket, "secureConnect", address, connectMs);
    // Node hears of neither before it has the socket.
    const onAbort = () => socket.destroy(signal.reason as Error);
    signal.addEventListener("abort", onAbort);
    socket.once("close", () => signal.removeEventListener("abort", onAbort));
    socket.once("error", (error) => onCreate(error, socket));
    socket.once("secureConnect", () => {
      if (isServerAccepted(tls, socket)) {
        onCreate(null, socket);
        return;
      }
      socket.destroy();
      onCreate(new RpcError(Code.Unauthenticated, "the server's certificate is not the expected one"), socket);
    });
    return undefined;
  };
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      response.destroy();
      throw new RpcError(Code.ResourceExhausted, `the answer is larger than maxResponseBytes ${maxBytes}`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function readAnswer(response: IncomingMessage, text: string, method: string, address: string): HttpJsonResult {
  const requestId = String(response.headers["msec-request-id"] ?? "");
  let answer: { ret?: unknown; errmsg?: unknown; resultObj?: JsonValue };
  // What walks the result would recurse, and end the caller's process. Messages nest a hundred deep at most.
  if (countJsonMembers(text, maxAnswerDepth) < 0) {
    throw new RpcError(Code.Internal, `${address}: the answer is nested deeper than ${maxAnswerDepth}`);
  }
  try {
    answer = parseKeepingDigits(text) as typeof answer;
  } catch (cause) {
    throw new RpcError(Code.Internal, `${address}: the answer (HTTP ${response.statusCode}) is not JSON`, { cause });
  }
  if (typeof answer?.ret !== "number") {
    throw new RpcError(Code.Internal, `${address}: the answer (HTTP ${response.statusCode}) has no ret`);
  }
  if (answer.ret !== 0) {
    const named = Code[String(response.headers["msec-code"]) as keyof typeof Code] as Code | undefined;
    const message = typeof answer.errmsg === "string" ? answer.errmsg : `${method} answered with ret ${answer.ret}`;
    throw new RpcError(named || codeFromRet(answer.ret), message, { details: { ret: answer.ret, requestId } });
  }
  return { resultObj: answer.resultObj ?? {}, requestId };
}
