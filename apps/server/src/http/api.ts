import type { IncomingMessage, ServerResponse } from "node:http";
import { type ConnectRouter, createContextValues } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Log } from "@msec/process";
import { createErrorInterceptor } from "../errors/connect-error-from.ts";
import { saidIn, saidLanguageOf } from "../errors/said-in.ts";
import { Access, accessOf, isAllowed } from "../session/access.ts";
import { authenticate } from "../session/authenticate.ts";
import { type RequestOrigin, requestOriginKey } from "../session/caller.ts";
import type { SessionStore } from "../session/store.ts";

/** The path under which the console API is served: `/api/msec.console.v1.RegistryService/ListServices`. */
export const apiPrefix = "/api";

const readMaxBytes = 1024 * 1024;
// A curve of 5,000 points for a few hundred methods.
const writeMaxBytes = 32 * 1024 * 1024;

/** What the API needs. */
export interface ApiOptions {
  readonly sessions: SessionStore;
  readonly operatorKey: string;
  readonly log: Log;
  /** Adds the services of all capabilities. */
  readonly routes: (router: ConnectRouter) => void;
}

/**
 * The console API over the Connect protocol.
 *
 * Who calls is found out, and refused, before a byte of the body is read; handlers find it in `requestOriginKey`.
 */
export function createApi(options: ApiOptions): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const origins = new WeakMap<object, RequestOrigin>();
  const serve = connectNodeAdapter({
    routes: options.routes,
    requestPathPrefix: apiPrefix,
    // What console and CLI do not use is not offered; each protocol has error answers and streams of its own.
    grpc: false,
    grpcWeb: false,
    readMaxBytes,
    writeMaxBytes,
    interceptors: [createErrorInterceptor(options.log)],
    contextValues: (request) => {
      const values = createContextValues();
      const origin = origins.get(request);
      return origin === undefined ? values : values.set(requestOriginKey, origin);
    },
    fallback: (request, response) =>
      sendApiError(
        request as IncomingMessage,
        response as ServerResponse,
        404,
        "unimplemented",
        "there is no such method in this version of msec",
      ),
  });
  return async (request, response) => {
    response.setHeader("cache-control", "no-store");
    const caller = await authenticate(request.headers, options.sessions, options.operatorKey);
    const access = accessOf(new URL(request.url ?? "/", "http://host").pathname.slice(apiPrefix.length));
    if (!isAllowed(caller, access)) {
      if (access === Access.Operator && caller.kind === "session") {
        sendApiError(
          request,
          response,
          403,
          "permission_denied",
          "this needs the operator's key, which the msec command has",
        );
      } else {
        sendApiError(
          request,
          response,
          401,
          "unauthenticated",
          "sign in first: the session is missing, over or signed out",
        );
      }
      return;
    }
    origins.set(request, { caller, peer: request.socket.remoteAddress ?? "" });
    serve(request, response);
  };
}

/**
 * Answer with an error in Connect's form, in the language of the request.
 *
 * @see https://connectrpc.com/docs/protocol/#error-end-stream
 */
export function sendApiError(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
): void {
  const said = saidIn(saidLanguageOf(request.headers["accept-language"]), message);
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ code, message: said }));
}
