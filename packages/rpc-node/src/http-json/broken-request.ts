import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { ListenerLimits } from "../limits.ts";

/** An error of Node's HTTP parser or of its time limits. */
type ParserError = Error & { readonly code?: string; readonly reason?: string };

/**
 * Answer what is no HTTP request, or never became a whole one, with why, and close the connection. Node by itself says only the status.
 *
 * What was answered before it on the same connection keeps its answer: nothing is written behind one that is under way.
 */
export function refuseBroken(error: ParserError, socket: Socket, { http, frames }: ListenerLimits): void {
  // Node keeps the response that is under way here, and its own answer asks the same; there is no public word for it.
  const { _httpMessage: running } = socket as Socket & { readonly _httpMessage?: ServerResponse | null };
  if (!socket.writable || running?.headersSent || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, text] = whyBroken(error, Math.min(http.headMs, frames.completeMs), http.maxHeaderBytes);
  const body = JSON.stringify({ ret: -3, errmsg: text });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "connection: close",
    "content-type: application/json; charset=utf-8",
    "msec-code: InvalidArgument",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  socket.destroySoon();
}

function whyBroken({ code, reason, message }: ParserError, headMs: number, maxHeaderBytes: number): [number, string] {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return [431, `the request line and headers have more than http.maxHeaderBytes ${maxHeaderBytes} bytes`];
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return [413, "the extensions of a chunk are too long; send none"];
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return [
        408,
        `the headers did not come within http.headMs ${headMs}, or the request not within frames.completeMs`,
      ];
    default:
      return [400, `the request is not HTTP/1.1 as it should be: ${reason ?? message}`];
  }
}
