import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { MonitoringOnlySchema, SessionService } from "@msec/api/console/v1/session_pb.js";
import { Code, RpcError } from "@msec/rpc";
import type { AttemptLimit } from "./attempt-limit.ts";
import { callerName, requestOriginKey } from "./caller.ts";
import { endedSessionCookie, sessionCookie } from "./cookie.ts";
import { personName } from "./person-name.ts";
import type { SessionStore } from "./store.ts";

/** What a server tells of itself to those who are signed in. */
export interface ToldOfServer {
  /** msec's version. */
  readonly version: string;
  /** How one reports to a server that only monitors. */
  readonly monitoringOnly?: MessageInitShape<typeof MonitoringOnlySchema>;
}

/**
 * `msec.console.v1.SessionService`: sign in, look, sign out. Who may call what is in `access.ts`.
 *
 * @param told  what those who are signed in are told of this server
 */
export function createSessionHandler(
  sessions: SessionStore,
  attempts: AttemptLimit,
  told: ToldOfServer,
): ServiceImpl<typeof SessionService> {
  return {
    async signIn({ token }, context) {
      const { peer } = context.values.get(requestOriginKey);
      const waitMs = attempts.waitMs(peer);
      if (waitMs > 0) {
        throw new RpcError(
          Code.ResourceExhausted,
          `too many failed sign-ins from ${peer}; try again in ${Math.ceil(waitMs / 1000)} s`,
        );
      }
      const secret = await sessions.signIn(token.slice(0, 256));
      if (secret === undefined) {
        attempts.failed(peer);
        throw new RpcError(
          Code.Unauthenticated,
          "this sign-in token is unknown, used or expired; get a new one with: npx msec token",
        );
      }
      context.responseHeader.append("set-cookie", sessionCookie(secret));
      return {};
    },

    getSession(_request, context) {
      const { caller } = context.values.get(requestOriginKey);
      switch (caller.kind) {
        case "anonymous":
          return { signedIn: false };
        case "session":
          return { signedIn: true, expiresMs: caller.session.expiresMs, name: callerName(caller), ...told };
        case "operator":
          return { signedIn: true, name: callerName(caller), ...told };
      }
    },

    async signOut(_request, context) {
      const { caller } = context.values.get(requestOriginKey);
      if (caller.kind === "session") {
        await sessions.signOut(caller.session.hash);
        context.responseHeader.append("set-cookie", endedSessionCookie());
      }
      return {};
    },

    async createSignInToken({ name }, context) {
      const { caller } = context.values.get(requestOriginKey);
      return await sessions.createSignInToken(name === "" ? callerName(caller) : personName(name));
    },
  };
}
