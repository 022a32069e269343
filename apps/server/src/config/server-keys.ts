import {
  booleanKey,
  choiceKey,
  durationKey,
  LOG_LEVELS,
  listenKey,
  parseAddressPort,
  parsedKey,
  parsePlaces,
  peerLimitKeys,
  textKey,
} from "@msec/process";
import { z } from "zod";
import { parseNetworks } from "../alarms/notify/address-guard.ts";

/** One key of `[server]`. */
export interface ServerKey {
  /** What `msec.ini` may say. */
  readonly type: z.ZodType;
  /** As written in `msec.ini`; what holds where the key is absent. */
  readonly default: string;
  /** One sentence, as in docs/reference/configuration.md. */
  readonly summary: string;
}

/**
 * Every key of `[server]` in `msec.ini`: the only list of them. docs/reference/configuration.md repeats it for people,
 * and a test compares the two.
 */
export const serverKeys = {
  listen: {
    type: listenKey(),
    default: "127.0.0.1:8080",
    summary: "Address and port of the console and its API (plain HTTP).",
  },
  allowed_hosts: {
    type: parsedKey("host names without port, separated by commas", parseHosts),
    default: "",
    summary:
      "Names beside `localhost` and the address itself under which browsers may reach the console; others are refused.",
  },
  agent_listen: {
    type: listenKey(),
    default: "127.0.0.1:7960",
    summary: "Address and port for agents (SRPC over mutually authenticated TLS).",
  },
  agent_address: {
    type: parsedKey("empty, or address:port that agents can reach, with standbys separated by commas", (text) =>
      text === "" || parsePlaces(text) !== undefined ? text : undefined,
    ),
    default: "",
    summary:
      "Address and port that agents are told to dial, and those of standbys, separated by commas (at most 8); empty: `agent_listen`. Needed where that is a wildcard.",
  },
  database: {
    type: parsedKey("empty, sqlite:<file> or postgres://user@host:5432/database", parseDatabase),
    default: "",
    summary: "Database of the control plane; empty: SQLite in `<state>/server/control.db`.",
  },
  standby: {
    type: booleanKey(),
    default: "false",
    summary:
      "Wait while another server uses the database and take over when that one ends, instead of refusing to start; its state directory needs the other's `identity.json`, `operator.key` and `secrets.key`.",
  },
  telemetry: {
    type: parsedKey("embedded, or the http:// or https:// URL of a ClickHouse server", parseTelemetry),
    default: "embedded",
    summary: "Where logs, spans and metrics go: `embedded`, or the URL of a ClickHouse server.",
  },
  telemetry_cluster: {
    type: textKey().or(z.literal("")),
    default: "",
    summary:
      "Name of the cluster that the ClickHouse server of `telemetry` belongs to: tables are replicated and distributed then; empty: that server alone.",
  },
  only: {
    type: choiceKey(["everything", "monitoring"]),
    default: "everything",
    summary:
      "`monitoring`: curves, logs, request flow and alarms of what is reported, without registering, routing or moving services.",
  },
  otlp_listen: {
    type: parsedKey("empty, or address:port such as 127.0.0.1:4318", parseOptionalPlace),
    default: "",
    summary: "Address and port for OpenTelemetry over HTTP and reports of one line of JSON; empty: none.",
  },
  otlp_grpc_listen: {
    type: parsedKey("empty, or address:port such as 127.0.0.1:4317", parseOptionalPlace),
    default: "",
    summary: "Address and port for OpenTelemetry over gRPC; empty: none.",
  },
  otlp_token_file: {
    type: textKey().or(z.literal("")),
    default: "",
    summary: "File (0600) of the token that reporters must bring; needed beyond loopback addresses.",
  },
  ...peerLimitKeys("console, agents and OpenTelemetry"),
  metrics_loopback: {
    type: booleanKey(),
    default: "no",
    summary: "Whether Prometheus on this machine may read `/metrics` of the console's port without the operator's key.",
  },
  silence_grace: {
    type: durationKey({ minMs: 20_000, maxMs: 86_400_000, bareUnit: "s" }),
    default: "60s",
    summary:
      "After so long without a sign of life an instance leaves callers' route tables until it is heard again; never more than half of a service.",
  },
  console_url: {
    type: parsedKey("empty, or the http:// or https:// URL of the console", parseConsoleUrl),
    default: "",
    summary: "Where people reach the console: the beginning of links in notifications of alarms; empty: no links.",
  },
  notify_allow: {
    type: parsedKey("addresses or networks such as 10.1.0.0/16, separated by commas", parseNetworks),
    default: "",
    summary:
      "Private addresses and networks that notifications of alarms may be sent to; other private and local ones are refused.",
  },
  console_files: {
    type: textKey().or(z.literal("")),
    default: "",
    summary: "Directory of the built console; empty: `apps/console/dist` of this checkout.",
  },
  log_level: {
    type: choiceKey(LOG_LEVELS),
    default: "info",
    summary: "The least level that the server's own log shows.",
  },
} as const satisfies Record<string, ServerKey>;

/** Name of a key of `[server]`. */
export type ServerKeyName = keyof typeof serverKeys;

function parseHosts(text: string): readonly string[] | undefined {
  const hosts = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((host) => host !== "");
  return hosts.every((host) => /^([a-z0-9][a-z0-9._-]*|\[[0-9a-f:.]+\])$/.test(host)) ? hosts : undefined;
}

function parseOptionalPlace(text: string): { address: string; port: number } | "" | undefined {
  return text === "" ? "" : parseAddressPort(text);
}

function parseDatabase(text: string): string | undefined {
  return text === "" || /^(sqlite:.|postgres(ql)?:\/\/.)/.test(text) ? text : undefined;
}

function parseConsoleUrl(text: string): string | undefined {
  const isUrl = URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
  return text === "" || isUrl ? text.replace(/\/+$/, "") : undefined;
}

function parseTelemetry(text: string): string | undefined {
  const isUrl = URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
  return text === "embedded" || isUrl ? text : undefined;
}
