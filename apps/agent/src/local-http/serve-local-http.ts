import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Allowance, type Log } from "@msec/process";
import { Code, codeName, RpcError } from "@msec/rpc";
import { admitRequest, type Door } from "./admit-request.ts";
import type { LocalApi } from "./local-api.ts";
import { localLimits as limits } from "./local-limits.ts";

/** What the doors of the local API have in common. */
export interface LocalHttpParts {
  readonly api: LocalApi;
  /** For all doors together. */
  readonly allowance: Allowance;
  readonly log: Log;
}

const statusOfCode: ReadonlyMap<Code, number> = new Map([
  [Code.InvalidArgument, 400],
  [Code.Unauthenticated, 401],
  [Code.PermissionDenied, 403],
  [Code.NotFound, 404],
  [Code.Unimplemented, 405],
  [Code.FailedPrecondition, 409],
  [Code.OutOfRange, 413],
  [Code.ResourceExhausted, 429],
  [Code.Unavailable, 503],
]);

/** An HTTP server for one door of the local API; the caller has it listen. */
export function createLocalHttp(parts: LocalHttpParts, door: () => Door): Server {
  const allowances = new WeakMap<Socket, Allowance>();
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      requestTimeout: limits.requestMs,
      headersTimeout: limits.requestMs / 2,
      keepAliveTimeout: 60_000,
      // How often those times are looked at; Node's default is thirty seconds.
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      void answer(request, response, () => {
        const nowMs = performance.now();
        let own = allowances.get(request.socket);
        if (own === undefined) {
          own = new Allowance(limits.requestsPerConnection, limits.requestsPerConnection * 2, nowMs);
          allowances.set(request.socket, own);
        }
        if (!own.take(nowMs) || !parts.allowance.take(nowMs)) {
          throw new RpcError(Code.ResourceExhausted, "too many requests; ask again in a second");
        }
        admitRequest(request.headers, door());
      });
    },
  );
  server.maxConnections = limits.connections;
  server.maxHeadersCount = limits.headers;
  return server;

  async function answer(request: IncomingMessage, response: ServerResponse, admit: () => void): Promise<void> {
    try {
      admit();
      const { method = "", url = "" } = request;
      const [path = "", query = ""] = url.split("?", 2);
      const input = method === "GET" ? queryOf(query) : await readJson(request);
      send(response, 200, parts.api(method, path, input));
    } catch (error) {
      const known =
        error instanceof RpcError ? error : new RpcError(Code.Internal, "the agent failed; its log says why");
      if (known !== error) parts.log.error("the local API failed", { error });
      // What is left of the body is read and forgotten (`requestMs` at most): a client that is still sending would not see the answer.
      request.resume();
      const { code, message } = known;
      send(response, statusOfCode.get(code) ?? 500, { error: { code: codeName(code), message } });
    }
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
}

function queryOf(query: string): unknown {
  const values: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (Object.hasOwn(values, name)) throw new RpcError(Code.InvalidArgument, `${name.slice(0, 100)} is given twice`);
    if (name === "__proto__") throw new RpcError(Code.InvalidArgument, "__proto__ is no parameter");
    values[name] = value;
  }
  return values;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  // A web page cannot send this type without a preflight request, which is not answered.
  if (!/^application\/json(;|$)/i.test(request.headers["content-type"] ?? "")) {
    throw new RpcError(Code.InvalidArgument, "Content-Type must be application/json");
  }
  if (request.headers["content-encoding"] !== undefined) {
    throw new RpcError(Code.InvalidArgument, "Content-Encoding is not taken; send the body as it is");
  }
  if (Number(request.headers["content-length"] ?? 0) > limits.bodyBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limits.bodyBytes) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (cause) {
    throw new RpcError(Code.InvalidArgument, `the body is not JSON: ${(cause as Error).message.slice(0, 200)}`, {
      cause,
    });
  }
}

function tooLarge(): RpcError {
  return new RpcError(Code.OutOfRange, `the body has more than ${limits.bodyBytes} bytes`);
}
