import { z } from "zod";

// Builders of zod types for the values of INI files: from text to what the program works with, with messages that name
// unit and range.

const TIME_UNITS_MS = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS_BYTES = { "": 1, B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

/** A whole number of `unit`s, `min`…`max`. */
export function integerKey(range: { readonly min: number; readonly max: number; readonly unit?: string }) {
  const unit = range.unit === undefined ? "" : ` ${range.unit}`;
  return parsedKey(`a whole number of ${range.min}…${range.max}${unit}`, (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= range.min && value <= range.max ? value : undefined;
  });
}

/**
 * A time in milliseconds, `minMs`…`maxMs`, written with a unit (`800ms`, `30s`, `5min`, `2h`, `7d`), or as a bare number of
 * `bareUnit`s.
 *
 * @param bareUnit  default `ms`
 */
export function durationKey(range: {
  readonly minMs: number;
  readonly maxMs: number;
  readonly bareUnit?: keyof typeof TIME_UNITS_MS;
}) {
  const bareUnit = range.bareUnit ?? "ms";
  const expected = `a time of ${formatDuration(range.minMs)}…${formatDuration(range.maxMs)} (a bare number is ${bareUnit})`;
  return parsedKey(expected, (text) => {
    const match = /^(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)?$/.exec(text);
    if (match === null) return undefined;
    const value = Number(match[1]) * TIME_UNITS_MS[(match[2] ?? bareUnit) as keyof typeof TIME_UNITS_MS];
    return value >= range.minMs && value <= range.maxMs ? value : undefined;
  });
}

/**
 * A size in bytes, `minBytes`…`maxBytes`, written with a binary unit (`512K`, `256M`, `2G`), or as a bare number of
 * `bareUnit`s.
 *
 * @param bareUnit  default `B`
 */
export function sizeKey(range: {
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly bareUnit?: "B" | "K" | "M" | "G";
}) {
  const bareUnit = range.bareUnit ?? "B";
  const expected = `a size of ${formatSize(range.minBytes)}…${formatSize(range.maxBytes)} (a bare number is ${bareUnit === "B" ? "bytes" : bareUnit})`;
  return parsedKey(expected, (text) => {
    const match = /^(\d+)\s*([BKMG]?)B?$/i.exec(text);
    if (match === null) return undefined;
    const unit = (match[2] === "" ? bareUnit : match[2]!.toUpperCase()) as keyof typeof SIZE_UNITS_BYTES;
    const value = Number(match[1]) * SIZE_UNITS_BYTES[unit];
    return value >= range.minBytes && value <= range.maxBytes ? value : undefined;
  });
}

/** One of a few words; case does not count. */
export function choiceKey<const C extends readonly string[]>(choices: C) {
  return parsedKey<C[number]>(`one of ${choices.join(", ")}`, (text) =>
    choices.find((choice) => choice.toLowerCase() === text.toLowerCase()),
  );
}

/** `true` or `false` (also yes/no, on/off, 1/0). */
export function booleanKey() {
  return parsedKey("true or false", (text) => {
    if (/^(true|yes|on|1)$/i.test(text)) return true;
    return /^(false|no|off|0)$/i.test(text) ? false : undefined;
  });
}

/** Text of 1…`maxLength` characters. */
export function textKey(maxLength = 1024) {
  return parsedKey(`text of 1…${maxLength} characters`, (text) =>
    text.length >= 1 && text.length <= maxLength ? text : undefined,
  );
}

/** `address:port`: IPv4, `[IPv6]` or a host name, and a port of 0…65535. */
export function listenKey() {
  return parsedKey("address:port, such as 127.0.0.1:8080 or [::1]:8080", parseAddressPort);
}

/** Split `address:port`; IPv6 addresses stand in brackets. @returns `undefined` when it is none */
export function parseAddressPort(text: string): { address: string; port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) return undefined;
  return { address: (match[1] ?? match[2])!, port: Number(match[3]) };
}

/**
 * The places where one of several servers is: `address:port, address:port`, 1…8 of them, no port 0.
 *
 * @returns `undefined` when it is none
 */
export function parsePlaces(text: string): { address: string; port: number }[] | undefined {
  const places = text.split(",", 9).map((place) => parseAddressPort(place.trim()));
  return places.length <= 8 && places.every((place) => place !== undefined && place.port > 0)
    ? (places as { address: string; port: number }[])
    : undefined;
}

/** Addresses and networks that stand for many peers, at most 1,000, between blanks or commas; whoever uses them looks at them once more. */
export function peersKey() {
  return parsedKey("addresses and networks such as 10.0.0.5 10.1.0.0/16", (text) => {
    const peers = text.split(/[\s,]+/).filter((peer) => peer !== "");
    return peers.length <= 1_000 && peers.every((peer) => /^[0-9A-Fa-f:.]+(\/\d{1,3})?$/.test(peer))
      ? peers
      : undefined;
  });
}

/**
 * The keys by which a program says how many connections one address may have at its ports.
 *
 * @param ports  what the ports are for, as its reference calls them
 */
export function peerLimitKeys(ports: string) {
  return {
    shared_peers: {
      type: peersKey(),
      default: "",
      summary:
        "Addresses and networks behind which there are many peers, such as proxies and gateways (`10.0.0.5 10.1.0.0/16`): `connections_per_peer` does not hold for them, nor for loopback.",
    },
    connections_per_peer: {
      type: integerKey({ min: 0, max: 1_000_000 }),
      default: "0",
      summary: `Connections that one IPv4 address, or one IPv6 network of 64 bits, may have at each port for ${ports}; 0: a quarter of what the port has.`,
    },
  };
}

/** A key whose text `parse` turns into a value, or `undefined` when it is not what is `expected`. */
export function parsedKey<T>(expected: string, parse: (text: string) => T | undefined) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `expected ${expected}, found ${JSON.stringify(text.slice(0, 80))}` });
    return z.NEVER;
  });
}

function formatDuration(ms: number): string {
  for (const unit of ["d", "h", "min", "s"] as const) {
    if (ms >= TIME_UNITS_MS[unit] && ms % TIME_UNITS_MS[unit] === 0) return `${ms / TIME_UNITS_MS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

function formatSize(bytes: number): string {
  for (const unit of ["G", "M", "K"] as const) {
    if (bytes >= SIZE_UNITS_BYTES[unit] && bytes % SIZE_UNITS_BYTES[unit] === 0) {
      return `${bytes / SIZE_UNITS_BYTES[unit]}${unit}`;
    }
  }
  return `${bytes} bytes`;
}
