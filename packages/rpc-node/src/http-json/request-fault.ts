import type { IncomingMessage } from "node:http";

/** A request that is refused for its form, before its body is read. */
export interface RequestFault {
  readonly status: 400 | 403;
  readonly text: string;
}

/**
 * What of a request Node's parser lets pass and we do not: another version than 1.0 and 1.1 (an HTTP/0.9 line), more than one Host, too many headers, a
 * request line that names another host than the Host header (proxies and we would disagree on who is meant, RFC 9112 §3.2),
 * codings of the transfer beside chunks, and requests that a browser sends for a page of another origin: any page could otherwise call services that only this machine reaches.
 */
export function requestFault(request: IncomingMessage, maxHeaders: number): RequestFault | undefined {
  if (request.httpVersion !== "1.1" && request.httpVersion !== "1.0") {
    return bad(`HTTP ${request.httpVersion} is not served here; use HTTP/1.1`);
  }
  // Node itself leaves out what passes its own limit, a second Host among it, and says nothing.
  if (request.rawHeaders.length > maxHeaders * 2) {
    return bad(`the request has more than ${maxHeaders} headers`);
  }
  if (countHosts(request.rawHeaders) > 1) {
    return bad("the request has more than one Host header");
  }
  const coding = request.headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked") {
    // Node takes the chunks apart and passes on what is still encoded.
    return bad(
      `transfer-encoding ${JSON.stringify(coding.slice(0, 40))} is not read here; send chunked, or a content-length`,
    );
  }
  const url = request.url ?? "";
  if (!url.startsWith("/") && url !== "*" && !isSameHost(url, request.headers.host)) {
    return bad("the request line names another host than the Host header");
  }
  return isFromOtherOrigin(request)
    ? { status: 403, text: "a web page of another origin must not call this service" }
    : undefined;
}

function bad(text: string): RequestFault {
  return { status: 400, text };
}

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === 4 && rawHeaders[i]!.toLowerCase() === "host") {
      count++;
    }
  }
  return count;
}

function isSameHost(url: string, host: string | undefined): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && (host === undefined || parsed.host === URL.parse(`${parsed.protocol}//${host}`)?.host);
}

// Programs send neither header; browsers send both with every POST, and no page can take them away.
function isFromOtherOrigin({ headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    return true;
  }
  const { origin, host } = headers;
  return origin !== undefined && (host === undefined || URL.parse(origin)?.host !== URL.parse(`http://${host}`)?.host);
}
