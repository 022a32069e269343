import { sessionLifeMs } from "./store.ts";

const name = "msec_session";

/**
 * The `Set-Cookie` that gives a browser its session.
 *
 * Not `Secure`: the console is served over plain HTTP on the loopback interface. `SameSite=Strict` keeps other sites'
 * requests from carrying it, `HttpOnly` keeps it from scripts.
 */
export function sessionCookie(secret: string): string {
  return `${name}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${sessionLifeMs / 1000}`;
}

/** The `Set-Cookie` that takes it back. */
export function endedSessionCookie(): string {
  return `${name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
}

/** The session's secret in a `Cookie` header; `undefined` where there is none that looks like one. */
export function findSessionSecret(header: string | undefined): string | undefined {
  return /(?:^|;\s*)msec_session=([A-Za-z0-9_-]{43})(?:;|$)/.exec(header ?? "")?.[1];
}
