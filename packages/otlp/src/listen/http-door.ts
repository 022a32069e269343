import { hash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { create, type DescMessage, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import type { Log } from "@msec/process";
import { Code, codeName, RpcError } from "@msec/rpc";
import { limitPeers, type PeerLimits } from "@msec/rpc-node";
import { compileCodec, Writer } from "@msec/wire";
import { foldedText } from "../intake-output.ts";
import { otlpLimits as limits } from "../otlp-limits.ts";
import { requestFromJson, requestFromProtobuf } from "../read-request.ts";
import { type OtlpDesk, REPEAT_AFTER_S } from "./otlp-desk.ts";
import { findSignal, type Signal } from "./signals.ts";

const statusOfCode: ReadonlyMap<Code, number> = new Map([
  [Code.InvalidArgument, 400],
  [Code.Unauthenticated, 401],
  [Code.PermissionDenied, 403],
  [Code.NotFound, 404],
  [Code.Unimplemented, 405],
  [Code.OutOfRange, 413],
  [Code.ResourceExhausted, 429],
  [Code.Unavailable, 503],
]);

/** A body in a form that is not taken. */
class UnsupportedType extends RpcError {
  constructor(message: string) {
    super(Code.InvalidArgument, message);
  }
}

const protobufType = "application/x-protobuf";
const jsonType = "application/json";
const unzip = promisify(gunzip);

/** An HTTP server for OTLP (`/v1/traces`, `/v1/metrics`, `/v1/logs`) and one line of JSON (`/v1/report`); the caller has it listen. */
export function createHttpDoor(desk: OtlpDesk, log: Log, peers: PeerLimits = {}): Server {
  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      requestTimeout: limits.requestMs,
      headersTimeout: limits.requestMs / 2,
      keepAliveTimeout: 60_000,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      answer(request, response, desk).catch((error: unknown) => {
        desk.counts.refused++;
        const known = error instanceof RpcError ? error : new RpcError(Code.Internal, "this failed; the log says why");
        if (known !== error) log.error("OTLP over HTTP failed", { error });
        // What is left of the body is read and forgotten, `requestMs` at most: who still sends would not see the answer.
        request.resume();
        sendError(request, response, known);
      });
    },
  );
  server.maxConnections = limits.connections;
  server.maxHeadersCount = 100;
  limitPeers(server, { onNotice: (notice) => log.warn(`OTLP over HTTP: ${notice}`), ...peers });
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, desk: OtlpDesk): Promise<void> {
  const path = (request.url ?? "").split("?", 1)[0] as string;
  const signal = findSignal(path);
  if (signal === undefined && path !== "/v1/report") {
    throw new RpcError(Code.NotFound, "expected /v1/traces, /v1/metrics, /v1/logs or /v1/report");
  }
  if (request.method !== "POST") throw new RpcError(Code.Unimplemented, "expected POST");
  desk.admit(request.headers);
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();
  if (signal === undefined ? type !== jsonType : type !== jsonType && type !== protobufType) {
    throw new UnsupportedType(`Content-Type must be ${signal === undefined ? "" : `${protobufType} or `}${jsonType}`);
  }
  const body = await readBody(request);
  desk.admitBytes(body.length);
  if (signal === undefined) {
    // Without a print: a script that says the same twice means it twice.
    const taken = await desk.take(undefined, () => invalidUnless(() => desk.intake.plain(body)));
    send(
      response,
      200,
      jsonType,
      JSON.stringify({
        ...(taken.rejected === 0 ? {} : { rejected: taken.rejected, why: taken.why }),
        ...(taken.folded === "" ? {} : { warning: foldedText(taken) }),
      }),
    );
    return;
  }
  // All that is reported over OTLP has its times, spans their ids too: the same bytes again are the same request again.
  const taken = await desk.take(`${path}#${hash("sha256", body, "base64url")}`, () => {
    const message = invalidUnless(() =>
      type === jsonType ? requestFromJson(signal.request, body) : requestFromProtobuf(signal.request, body),
    );
    return signal.take(desk.intake, message);
  });
  send(response, 200, type, encodeAnswer(signal, signal.answer(taken), type));
}

function encodeAnswer({ response }: Signal, fields: object, type: string): Uint8Array | string {
  const message = create(response, fields as MessageInitShape<DescMessage>);
  if (type === jsonType) return JSON.stringify(toJson(response, message));
  const writer = new Writer();
  compileCodec(response).encode(message, writer);
  return writer.detach();
}

/** Whatever fails in reading what came from outside is its fault. */
function invalidUnless<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 300).toWellFormed() : String(cause);
    throw new RpcError(Code.InvalidArgument, `the body cannot be read: ${why}`, { cause });
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (encoding !== "identity" && encoding !== "gzip") {
    throw new UnsupportedType("Content-Encoding must be gzip or identity");
  }
  if (Number(request.headers["content-length"] ?? 0) > limits.requestBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limits.requestBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (encoding === "identity") return body;
  return (await unzip(body, { maxOutputLength: limits.requestBytes }).catch((cause: { code?: string }) => {
    throw cause.code === "ERR_BUFFER_TOO_LARGE"
      ? tooLarge()
      : new RpcError(Code.InvalidArgument, "the body is not gzip, as its Content-Encoding says", { cause });
  })) as Buffer;
}

function tooLarge(): RpcError {
  return new RpcError(Code.OutOfRange, `the body has more than ${limits.requestBytes} bytes; send smaller batches`);
}

function sendError(request: IncomingMessage, response: ServerResponse, error: RpcError): void {
  const { code, message } = error;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = error instanceof UnsupportedType ? 415 : (statusOfCode.get(code) ?? 500);
  if (status === 429 || status === 503) response.setHeader("retry-after", String(REPEAT_AFTER_S));
  if (status === 405) response.setHeader("allow", "POST");
  if (status === 415) response.setHeader("accept-encoding", "gzip, identity");
  if (status === 401) response.setHeader("www-authenticate", "Bearer");
  if (request.headers["content-type"]?.startsWith(protobufType)) {
    // google.rpc.Status { int32 code = 1; string message = 2 }
    const writer = new Writer();
    writer.byte(0x08);
    writer.uint32(code);
    writer.byte(0x12);
    writer.string(message);
    send(response, status, protobufType, writer.detach());
  } else {
    send(response, status, jsonType, JSON.stringify({ code: codeName(code), message }));
  }
}

function send(response: ServerResponse, status: number, type: string, body: Uint8Array | string): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}
