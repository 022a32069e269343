import type { IncomingHttpHeaders } from "node:http";
import type { Caller } from "./caller.ts";
import { findSessionSecret } from "./cookie.ts";
import { authorHeader, nameFromHeader } from "./person-name.ts";
import type { SessionStore } from "./store.ts";
import { isSameToken } from "./token.ts";

/**
 * Tell who makes a request, by the operator's key (`Authorization: Bearer …`) or the session cookie.
 *
 * A wrong key is nobody, also where a good cookie is there: who sends a key means it. Who has it may do everything, and so is also believed the
 * name in `msec-author`.
 */
export async function authenticate(
  headers: IncomingHttpHeaders,
  sessions: SessionStore,
  operatorKey: string,
): Promise<Caller> {
  if (headers.authorization !== undefined) {
    const key = /^Bearer ([A-Za-z0-9_-]{1,256})$/i.exec(headers.authorization)?.[1];
    return key !== undefined && isSameToken(key, operatorKey)
      ? { kind: "operator", name: nameFromHeader(headers[authorHeader]) }
      : { kind: "anonymous" };
  }
  const secret = findSessionSecret(headers.cookie);
  const session = secret === undefined ? undefined : await sessions.findSession(secret);
  return session === undefined ? { kind: "anonymous" } : { kind: "session", session };
}
