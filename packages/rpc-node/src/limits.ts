/** What one listener lets its peers have. Every number is checked by `listen`. */
export interface ListenerLimits {
  connections: {
    /** Connections at once, 1…1_000_000; more are closed on arrival. Default 20_000. */
    max: number;
    /**
     * Connections of one peer at once, 1…1_000_000: of one IPv4 address or one IPv6 network of 64 bits; not of this machine, of unix sockets and of `sharedPeers`. More are
     * answered with ResourceExhausted, and closed. Default a quarter of `max`, 5_000.
     */
    maxPerPeer: number;
    /** Milliseconds without a call after which a connection is closed; 0 never. Default 300_000 (the original: 60_000, fixed). */
    idleMs: number;
    /** Milliseconds until the first bytes (or the TLS handshake) must have come, 10…600_000. Default 3_000. */
    firstByteMs: number;
  };
  frames: {
    /** Largest SRPC frame in bytes, 1_024…268_435_456. Default 4 MiB. Also the largest HTTP body. */
    maxBytes: number;
    /** Largest SRPC head in bytes, 64…1_048_576. Default 64 KiB. */
    maxHeadBytes: number;
    /** Milliseconds in which a frame that has begun must be complete, 10…3_600_000. Default 30_000. */
    completeMs: number;
  };
  calls: {
    /** Handlers running at once on one connection of any protocol, 1…1_000_000. Default 4_096. */
    maxPerConnection: number;
    /** Handlers running at once on the listener, 1…1_000_000. Default 20_000. */
    max: number;
    /**
     * Bytes of the requests that run on one connection and of what their answers are expected to be (from earlier ones), above which
     * nothing more is read from it until some are answered,
     * 1_024…1_073_741_824. Default 16 MiB. One request always runs, whatever its size.
     */
    maxBytesPerConnection: number;
    /**
     * Bytes of the requests that run on all connections of the listener together, likewise, and as much again of HTTP bodies and
     * parts of SRPC frames that are still coming, 1_024…68_719_476_736. Default 256 MiB.
     */
    maxBytes: number;
    /** Services that a request may have been through before, 0…1_000; more is taken for a circle. Default 32. */
    maxHops: number;
  };
  http: {
    /**
     * Milliseconds in which the headers of a request must be complete, over HTTP/1.1 and HTTP/2, 10…3_600_000; `frames.completeMs` where that is shorter. Over HTTP/2 also
     * in which a client without calls must answer a PING. Default 10_000.
     */
    headMs: number;
    /** Bytes of all headers of a request together, 1_024…1_048_576. Default 16 KiB. */
    maxHeaderBytes: number;
    /** Headers of a request, 8…1_000. Default 100. */
    maxHeaders: number;
  };
  http2: {
    /** Calls at once on one HTTP/2 connection, 1…10_000; clients are told and wait. Default 128. */
    maxStreams: number;
    /**
     * Calls that a client may give up at once, 1…100_000: each time takes one of so many, and `resetsPerSecond` come back. A client that
     * gives up more is taken for an attack (CVE-2023-44487) and closed with GOAWAY. Default 256, twice `maxStreams`: all calls of a
     * connection may well have one deadline.
     */
    resetBurst: number;
    /** Calls that a client may give up per second in the long run, 1…100_000. Default 100. */
    resetsPerSecond: number;
    /** Memory that one connection's HTTP/2 state (headers, windows, frames in hand) may take, in MiB, 1…1_024. Default 10. */
    sessionMiB: number;
  };
  unsent: {
    /** Bytes of answers that a connection may leave unread before its requests are no longer read, 1_024…1_073_741_824. Default 1 MiB. */
    bytes: number;
    /** Bytes of answers above which a connection that does not read them is closed, 1_024…1_073_741_824. Default 64 MiB. */
    maxBytes: number;
    /** The same for all connections of the listener together; the one that passes it is closed, 1_024…68_719_476_736. Default 256 MiB. */
    maxTotalBytes: number;
    /** Milliseconds in which a connection that leaves answers unread must take some, 10…3_600_000; else it is closed. Default 30_000. */
    stalledMs: number;
  };
}

/** What one channel may use. Every number is checked by `createChannel`. */
export interface ChannelLimits {
  /** Milliseconds that a call waits unless it says otherwise, 1…2_147_483_647. Default 10_000. */
  timeoutMs: number;
  connect: {
    /** Milliseconds for connecting, TLS included, 1…600_000. Default 3_000. */
    timeoutMs: number;
    /** First pause after a failed connect in milliseconds, doubled at each further one, 1…60_000. Default 100. */
    backoffMs: number;
    /** Longest pause in milliseconds, 1…600_000. Default 5_000. */
    maxBackoffMs: number;
  };
  frames: {
    /** Largest SRPC frame in bytes, 1_024…268_435_456. Default 4 MiB. */
    maxBytes: number;
    /** Largest SRPC head in bytes, 64…1_048_576. Default 64 KiB. */
    maxHeadBytes: number;
  };
  calls: {
    /** Calls outstanding at once, 1…1_000_000. Default 10_000. */
    max: number;
    /** Bytes of requests that wait for the socket, 1_024…1_073_741_824. Default 16 MiB. */
    maxUnsentBytes: number;
  };
}

/** The defaults of {@link ListenerLimits}. */
export const defaultListenerLimits: ListenerLimits = {
  connections: { max: 20_000, maxPerPeer: 5_000, idleMs: 300_000, firstByteMs: 3_000 },
  frames: { maxBytes: 4 * 1024 * 1024, maxHeadBytes: 64 * 1024, completeMs: 30_000 },
  calls: {
    maxPerConnection: 4_096,
    max: 20_000,
    maxBytesPerConnection: 16 * 1024 * 1024,
    maxBytes: 256 * 1024 * 1024,
    maxHops: 32,
  },
  http: { headMs: 10_000, maxHeaderBytes: 16 * 1024, maxHeaders: 100 },
  http2: { maxStreams: 128, resetBurst: 256, resetsPerSecond: 100, sessionMiB: 10 },
  unsent: { bytes: 1024 * 1024, maxBytes: 64 * 1024 * 1024, maxTotalBytes: 256 * 1024 * 1024, stalledMs: 30_000 },
};

/** The defaults of {@link ChannelLimits}. */
export const defaultChannelLimits: ChannelLimits = {
  timeoutMs: 10_000,
  connect: { timeoutMs: 3_000, backoffMs: 100, maxBackoffMs: 5_000 },
  frames: { maxBytes: 4 * 1024 * 1024, maxHeadBytes: 64 * 1024 },
  calls: { max: 10_000, maxUnsentBytes: 16 * 1024 * 1024 },
};

/** Any subset of a nested object. */
export type PartialLimits<T> = { readonly [K in keyof T]?: T[K] extends number ? T[K] : PartialLimits<T[K]> };

type Ranges<T> = { readonly [K in keyof T]: T[K] extends number ? readonly [number, number] : Ranges<T[K]> };

const frameRanges = { maxBytes: [1_024, 268_435_456], maxHeadBytes: [64, 1_048_576] } as const;

const listenerRanges: Ranges<ListenerLimits> = {
  connections: {
    max: [1, 1_000_000],
    maxPerPeer: [1, 1_000_000],
    idleMs: [0, 2_147_483_647],
    firstByteMs: [10, 600_000],
  },
  frames: { ...frameRanges, completeMs: [10, 3_600_000] },
  calls: {
    maxPerConnection: [1, 1_000_000],
    max: [1, 1_000_000],
    maxBytesPerConnection: [1_024, 1_073_741_824],
    maxBytes: [1_024, 68_719_476_736],
    maxHops: [0, 1_000],
  },
  http: { headMs: [10, 3_600_000], maxHeaderBytes: [1_024, 1_048_576], maxHeaders: [8, 1_000] },
  http2: { maxStreams: [1, 10_000], resetBurst: [1, 100_000], resetsPerSecond: [1, 100_000], sessionMiB: [1, 1_024] },
  unsent: {
    bytes: [1_024, 1_073_741_824],
    maxBytes: [1_024, 1_073_741_824],
    maxTotalBytes: [1_024, 68_719_476_736],
    stalledMs: [10, 3_600_000],
  },
};

const channelRanges: Ranges<ChannelLimits> = {
  timeoutMs: [1, 2_147_483_647],
  connect: { timeoutMs: [1, 600_000], backoffMs: [1, 60_000], maxBackoffMs: [1, 600_000] },
  frames: frameRanges,
  calls: { max: [1, 1_000_000], maxUnsentBytes: [1_024, 1_073_741_824] },
};

/** Defaults with what was asked for over them. @throws RangeError for a number outside its range or a name that does not exist */
export function listenerLimits(asked: PartialLimits<ListenerLimits> | undefined): ListenerLimits {
  const limits = mergeLimits(defaultListenerLimits, asked ?? {}, listenerRanges, "limits") as ListenerLimits;
  const { connections } = limits;
  const maxPerPeer = asked?.connections?.maxPerPeer ?? Math.ceil(connections.max / 4);
  return { ...limits, connections: { ...connections, maxPerPeer } };
}

/**
 * Limits as they are named in docs/reference/limits.md and in messages (`frames.maxBytes`), as `listen` takes them.
 *
 * @throws RangeError for a number outside its range or a name that does not exist
 */
export function listenerLimitsFromNames(named: Readonly<Record<string, number>>): PartialLimits<ListenerLimits> {
  const nested: Record<string, Record<string, number>> = Object.create(null);
  for (const [name, value] of Object.entries(named)) {
    const [group = "", own, ...rest] = name.split(".");
    const range = (listenerRanges as Record<string, Record<string, unknown>>)[group];
    if (own === undefined || rest.length > 0 || !Object.hasOwn(listenerRanges, group) || !Object.hasOwn(range!, own)) {
      throw new RangeError(`limits.${name} does not exist; known are ${listenerLimitNames().join(", ")}`);
    }
    nested[group] ??= {};
    nested[group][own] = value;
  }
  listenerLimits(nested as PartialLimits<ListenerLimits>);
  return nested as PartialLimits<ListenerLimits>;
}

function listenerLimitNames(): string[] {
  return Object.entries(listenerRanges).flatMap(([group, own]) => Object.keys(own).map((name) => `${group}.${name}`));
}

/** Defaults with what was asked for over them. @throws RangeError for a number outside its range or a name that does not exist */
export function channelLimits(asked: PartialLimits<ChannelLimits> | undefined): ChannelLimits {
  return mergeLimits(defaultChannelLimits, asked ?? {}, channelRanges, "limits") as ChannelLimits;
}

/** Nested defaults with what was asked for over them. @throws RangeError for a number outside its range or a name that does not exist */
export function mergeLimits(defaults: object, asked: object, ranges: object, path: string): object {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(asked)) {
    const range: unknown = (ranges as Record<string, unknown>)[name];
    const where = `${path}.${name}`;
    if (range === undefined) {
      throw new RangeError(`${where} does not exist; known are ${Object.keys(ranges).join(", ")}`);
    }
    if (value === undefined) {
      continue;
    }
    if (!Array.isArray(range)) {
      if (typeof value !== "object" || value === null) {
        throw new RangeError(`${where} must be an object, found ${typeof value}`);
      }
      merged[name] = mergeLimits(merged[name] as object, value, range as object, where);
    } else if (!Number.isInteger(value) || value < range[0] || value > range[1]) {
      throw new RangeError(`${where} ${String(value)} must be an integer in ${range[0]}…${range[1]}`);
    } else {
      merged[name] = value;
    }
  }
  return merged;
}
