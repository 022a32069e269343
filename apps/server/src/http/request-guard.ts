import type { IncomingMessage } from "node:http";

/** Why a request is refused before anybody looks at what it asks. */
export interface Refusal {
  readonly status: 403 | 421;
  readonly message: string;
}

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuse requests that a browser was tricked into.
 *
 * - A host name that is not ours: a page of another site whose name was pointed at us (DNS rebinding) has that site's
 *   name in `Host`.
 * - A change that another site asks for (CSRF): browsers say where a request comes from in `Sec-Fetch-Site` or `Origin`.
 *   A request that says neither must carry a bearer key, which no browser adds by itself.
 *
 * @param allowedHosts  lower-case names and addresses without port, IPv6 in brackets
 */
export function findRefusal(request: IncomingMessage, allowedHosts: ReadonlySet<string>): Refusal | undefined {
  const { host = "", authorization, origin } = request.headers;
  if (!allowedHosts.has(hostNameOf(host))) {
    return {
      status: 421,
      message: `this server does not answer for the host ${JSON.stringify(host.slice(0, 80))}; add it to allowed_hosts in [server] of msec.ini`,
    };
  }
  if (safeMethods.has(request.method ?? "")) {
    return undefined;
  }
  const site = request.headers["sec-fetch-site"];
  const isOurs =
    site !== undefined
      ? site === "same-origin" || site === "none"
      : origin !== undefined
        ? isSameOrigin(origin, host)
        : authorization !== undefined;
  return isOurs
    ? undefined
    : {
        status: 403,
        message: "a change must come from the console itself (Sec-Fetch-Site, Origin) or carry the operator's key",
      };
}

function hostNameOf(host: string): string {
  return host.replace(/:\d{1,5}$/, "").toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
