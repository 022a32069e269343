import type { Client } from "@connectrpc/connect";
import type { SessionService } from "@msec/api/console/v1/session_pb.js";

/** A link that signs its first user in. */
export interface SignInLink {
  /** The token stands after `#`, which browsers do not send: it is in no log. */
  readonly url: string;
  /** Milliseconds since 1970 UTC. */
  readonly expiresMs: number;
}

/**
 * Make a new one-time sign-in link to the console at `baseUrl`.
 *
 * @param name  who will sign in with it; default who asks: the operating system's user
 */
export async function createSignInLink(
  baseUrl: string,
  session: Client<typeof SessionService>,
  name = "",
): Promise<SignInLink> {
  const { token, expiresMs } = await session.createSignInToken({ name });
  return { url: `${baseUrl}/sign-in#${token}`, expiresMs };
}
