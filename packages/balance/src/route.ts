/** One instance of a service to which calls may go: the fields of `msec.agent.v1.Route` that choosing needs. */
export type Route = {
  readonly instanceId: string;
  /** IPv4 or IPv6 literal, or a host name. */
  readonly address: string;
  /** 1…65535. */
  readonly port: number;
  /** Share relative to the others, 1…10000, usually 100; anything else counts as 100. */
  readonly weight: number;
  /** The host that it runs on; for locality. */
  readonly hostId?: string | undefined;
  /** Where that host is: whatever the operator calls a zone; for locality. */
  readonly zone?: string | undefined;
};

/** How one call to a route ended. */
export type CallResult = {
  /** Whether the instance did its work. An error that is the caller's own fault (a bad argument, not found) is `true`. */
  readonly ok: boolean;
  /** Milliseconds from handing the call over to its answer. */
  readonly durationMs: number;
  /** The instance could not be reached, or the connection broke under the call. */
  readonly transportFailed: boolean;
};

/** What a balancer thinks of an instance. */
export const InstanceState = {
  /** Takes its full share. */
  serving: "serving",
  /** New or just returned: its share grows from a quarter to the whole. */
  warming: "warming",
  /** So much worse than the others that it gets only probes. */
  suppressed: "suppressed",
  /** Takes no calls until its back-off is over. */
  ejected: "ejected",
  /** Its back-off is over and one call is on its way to find out. */
  probing: "probing",
} as const;
/** What a balancer thinks of an instance. */
export type InstanceState = (typeof InstanceState)[keyof typeof InstanceState];

/** Why an instance gets the calls that it gets. */
export type Explanation = {
  readonly instanceId: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  /** Expected part of the next calls, 0…1, while none are in flight; all together 1 unless there are none. */
  readonly share: number;
  readonly state: InstanceState;
  readonly inFlight: number;
  /** Moving mean of successful calls; 0 until the first that was measured. */
  readonly latencyMs: number;
  /** Moving mean, 0…1. */
  readonly successRatio: number;
  /** Failures of any kind in a row. */
  readonly failuresInRow: number;
  /** Milliseconds until it is tried again; 0 unless ejected. */
  readonly retryInMs: number;
  /** One sentence for people. */
  readonly reason: string;
};
