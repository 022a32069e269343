const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
const pattern = /^(\d{1,8})([HMSmun])$/;

/**
 * Read a `grpc-timeout` header.
 *
 * @returns milliseconds, at least 0; `Infinity` where there is none; `undefined` for what is no timeout
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function parseGrpcTimeout(text: string | undefined): number | undefined {
  if (text === undefined) {
    return Number.POSITIVE_INFINITY;
  }
  const match = pattern.exec(text);
  return match ? Number(match[1]) * unitMs[match[2]!]! : undefined;
}

/**
 * Read a `connect-timeout-ms` header.
 *
 * @returns milliseconds, at least 0; `Infinity` where there is none; `undefined` for what is no timeout
 * @see https://connectrpc.com/docs/protocol
 */
export function parseConnectTimeout(text: string | undefined): number | undefined {
  if (text === undefined) {
    return Number.POSITIVE_INFINITY;
  }
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
