import { isAbsolute } from "node:path";
import { isZone } from "@msec/api/routes";
import {
  choiceKey,
  integerKey,
  LOG_LEVELS,
  parseAddressPort,
  parsedKey,
  parsePlaces,
  peerLimitKeys,
  sizeKey,
  textKey,
} from "@msec/process";
import { z } from "zod";

/** One key of `[agent]`. */
export interface AgentKey {
  /** What `msec.ini` may say. */
  readonly type: z.ZodType;
  /** As written in `msec.ini`; what holds where the key is absent. */
  readonly default: string;
  /** One sentence, as in docs/reference/configuration.md. */
  readonly summary: string;
}

/**
 * Every key of `[agent]` in `msec.ini`: the only list of them. docs/reference/configuration.md repeats it for people, and
 * a test compares the two.
 */
export const agentKeys = {
  server: {
    type: parsedKey(
      "empty, or the server's address:port for agents, with standbys separated by commas",
      optional((text) => (parsePlaces(text) === undefined ? undefined : text)),
    ),
    default: "",
    summary:
      "Address and port of the server for agents, and those of its standbys, separated by commas (at most 8); empty: what the agent enrolled with.",
  },
  server_fingerprint: {
    type: parsedKey("empty, or 64 hex digits", optional(parseFingerprint)),
    default: "",
    summary: "SHA-256 of the server's certificate, 64 hex digits; empty: the one that the agent enrolled with.",
  },
  host_name: {
    type: parsedKey(
      "empty, or 1…63 letters, digits and ._- beginning with a letter or digit",
      optional((text) => (/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/.test(text) ? text : undefined)),
    ),
    default: "",
    summary: "The host's name for people; empty: what the system calls it. Takes effect when the agent enrols.",
  },
  address: {
    type: textKey(255),
    default: "127.0.0.1",
    summary: "The address under which other hosts reach the services of this one. Takes effect when the agent enrols.",
  },
  zone: {
    type: parsedKey("at most 64 letters, digits and ._-, or empty", (text) => (isZone(text) ? text : undefined)),
    default: "",
    summary: "Where this host is, in your words (`az1`), for routing by locality; empty: what the console says.",
  },
  root: {
    type: parsedKey(
      "empty, or a directory",
      optional((text) => text),
    ),
    default: "",
    summary:
      "Directory of the services, `<root>/<L1>/<L2>/{bin,etc,log}`; relative to `msec.ini`; empty: `<state>/root`.",
  },
  spool_bytes: {
    type: sizeKey({ minBytes: 4 * 1024 ** 2, maxBytes: 1024 ** 4 }),
    default: "256M",
    summary:
      "Most telemetry that is kept on disk while the server is away; above it the oldest is dropped and counted.",
  },
  spans_per_second: {
    type: integerKey({ min: 1, max: 10_000 }),
    default: "1000",
    summary:
      "Calls a second, of all processes of this host together, up to which each one is kept as a span; above it a sample of requests, the same in all processes, and every failed, slow and dyed call.",
  },
  local_port: {
    type: integerKey({ min: 0, max: 65_535 }),
    default: "0",
    summary: "Port of 127.0.0.1 for the local API, with the token in `<state>/agent/local.token`; 0: none.",
  },
  local_socket: {
    type: parsedKey(
      "empty, or a path from the root of at most 107 bytes",
      optional((text) => (isAbsolute(text) && Buffer.byteLength(text) <= 107 ? text : undefined)),
    ),
    default: "",
    summary: "One more unix socket for the local API, in a directory that no other user can write; empty: none.",
  },
  local_socket_mode: {
    type: choiceKey(["0600", "0660"]),
    default: "0600",
    summary: "Permissions of `local_socket`; with `0660` its group may use it.",
  },
  otlp_listen: {
    type: parsedKey("empty, or address:port such as 127.0.0.1:4318", optional(parseAddressPort)),
    default: "",
    summary: "Address and port for OpenTelemetry over HTTP, by convention 127.0.0.1:4318; empty: none.",
  },
  otlp_grpc_listen: {
    type: parsedKey("empty, or address:port such as 127.0.0.1:4317", optional(parseAddressPort)),
    default: "",
    summary: "Address and port for OpenTelemetry over gRPC, by convention 127.0.0.1:4317; empty: none.",
  },
  otlp_token_file: {
    type: textKey(1_024).or(z.literal("")),
    default: "",
    summary: "File (0600) of the token that OpenTelemetry's exporters must bring; needed beyond loopback addresses.",
  },
  otlp_export: {
    type: parsedKey("empty, or the http:// or https:// URL of a collector", optional(parseCollector)),
    default: "",
    summary: "A collector to which all telemetry of this host goes as well (OTLP over HTTP); empty: none.",
  },
  otlp_export_headers_file: {
    type: textKey(1_024).or(z.literal("")),
    default: "",
    summary: "File (0600) of headers for that collector, one `name: value` a line.",
  },
  ...peerLimitKeys("OpenTelemetry"),
  metrics_port: {
    type: integerKey({ min: 0, max: 65_535 }),
    default: "0",
    summary: "Port of 127.0.0.1 where Prometheus reads `/metrics` of this host; 0: none.",
  },
  log_level: {
    type: choiceKey(LOG_LEVELS),
    default: "info",
    summary: "The least level that the agent's own log shows.",
  },
} as const satisfies Record<string, AgentKey>;

/** Name of a key of `[agent]`. */
export type AgentKeyName = keyof typeof agentKeys;

/** `""` stands for absent. */
function optional<T>(parse: (text: string) => T | undefined): (text: string) => T | "" | undefined {
  return (text) => (text === "" ? "" : parse(text));
}

function parseFingerprint(text: string): string | undefined {
  const hex = text.replaceAll(":", "").toLowerCase();
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined;
}

function parseCollector(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isUsable =
    url !== undefined && ["http:", "https:"].includes(url.protocol) && url.username === "" && url.search === "";
  return isUsable ? text.replace(/\/+$/, "") : undefined;
}
