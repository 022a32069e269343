import { Code, RpcError, type RpcErrorDetails } from "@msec/rpc";

// What a connect that fails so means: nobody is there, now. Everything else that Node says about a socket is no different to a caller.
const texts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOENT: "no such unix socket",
  ETIMEDOUT: "no answer to the connect",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ENOTFOUND: "no such host name",
  ECONNRESET: "the other end reset the connection",
  EPIPE: "the other end closed the connection",
  EACCES: "no permission to use this socket",
};

/** Translate an error of a socket to `Unavailable`, with the address and what to make of it. */
export function rpcErrorFromNode(error: unknown, address: string, details?: RpcErrorDetails): RpcError {
  const code = (error as { code?: unknown } | undefined)?.code;
  const name = typeof code === "string" ? code : undefined;
  const text = (name && texts[name]) ?? (error instanceof Error ? error.message : "the connection failed");
  return new RpcError(Code.Unavailable, `${address}: ${text}${name ? ` (${name})` : ""}`, { cause: error, details });
}
