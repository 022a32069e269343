import type { IncomingHttpHeaders } from "node:http";
import { Code, RpcError } from "@msec/rpc";
import type { TokenCheck } from "./token-file.ts";

/** What a door asks of a request; the unix socket's file has asked already. */
export interface Door {
  /** The loopback port; `undefined` for a unix socket. */
  readonly port: number | undefined;
  readonly isToken: TokenCheck;
}

/**
 * Whether a request may be answered: not one that a web page sends, and over TCP only one with the token.
 *
 * @throws RpcError PermissionDenied, Unauthenticated
 */
export function admitRequest(headers: IncomingHttpHeaders, door: Door): void {
  // Browsers set these whatever the page does; programs have no reason to.
  if (headers.origin !== undefined || headers["sec-fetch-site"] !== undefined) {
    throw new RpcError(
      Code.PermissionDenied,
      "the local API is not for web pages (the request has Origin or Sec-Fetch-Site)",
    );
  }
  if (door.port === undefined) return;
  // A page whose name was made to resolve to 127.0.0.1 has its own name here.
  if (!isLoopbackHost(headers.host ?? "", door.port)) {
    throw new RpcError(Code.PermissionDenied, `Host must be 127.0.0.1:${door.port} or localhost:${door.port}`);
  }
  const given = /^Bearer ([A-Za-z0-9_-]{1,200})$/i.exec(headers.authorization ?? "")?.[1];
  if (given === undefined || !door.isToken(given)) {
    throw new RpcError(Code.Unauthenticated, "Authorization must be Bearer and the token in <state>/agent/local.token");
  }
}

function isLoopbackHost(host: string, port: number): boolean {
  return host === `127.0.0.1:${port}` || host.toLowerCase() === `localhost:${port}`;
}
