import { mergeLimits, type PartialLimits } from "../limits.ts";

/** What one external channel may use. Every number is checked by `createExternalChannel`. */
export interface ExternalLimits {
  /** Milliseconds that a call waits unless it says otherwise, 1…2_147_483_647. Default 10_000. */
  timeoutMs: number;
  connect: {
    /** Milliseconds for connecting, 1…600_000. Default 3_000. */
    timeoutMs: number;
    /** First pause after a failed connect in milliseconds, doubled at each further one, 1…60_000. Default 100. */
    backoffMs: number;
    /** Longest pause in milliseconds, 1…600_000. Default 5_000. */
    maxBackoffMs: number;
  };
  packets: {
    /** Largest packet in bytes, request or answer, 16…268_435_456. Default 4 MiB. On UDP also never more than 65_507. */
    maxBytes: number;
  };
  connections: {
    /** Connections (on UDP: sockets) at once where a connection carries one call at a time, 1…1_000. Default 16. */
    max: number;
    /** Milliseconds without a call after which a connection is closed, 10…2_147_483_647. Default 60_000. */
    idleMs: number;
  };
  calls: {
    /** Calls outstanding at once, those that wait for a connection included, 1…1_000_000. Default 10_000. */
    max: number;
  };
}

/** The defaults of {@link ExternalLimits}. */
export const defaultExternalLimits: ExternalLimits = {
  timeoutMs: 10_000,
  connect: { timeoutMs: 3_000, backoffMs: 100, maxBackoffMs: 5_000 },
  packets: { maxBytes: 4 * 1024 * 1024 },
  connections: { max: 16, idleMs: 60_000 },
  calls: { max: 10_000 },
};

const ranges = {
  timeoutMs: [1, 2_147_483_647],
  connect: { timeoutMs: [1, 600_000], backoffMs: [1, 60_000], maxBackoffMs: [1, 600_000] },
  packets: { maxBytes: [16, 268_435_456] },
  connections: { max: [1, 1_000], idleMs: [10, 2_147_483_647] },
  calls: { max: [1, 1_000_000] },
};

/** Defaults with what was asked for over them. @throws RangeError for a number outside its range or a name that does not exist */
export function externalLimits(asked: PartialLimits<ExternalLimits> | undefined): ExternalLimits {
  return mergeLimits(defaultExternalLimits, asked ?? {}, ranges, "limits") as ExternalLimits;
}
