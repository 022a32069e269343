import { Agent, type AgentOptions } from "node:http";
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { clusterSettings, shardDatabase } from "./schema/cluster.ts";

/** Where a telemetry store is: the embedded engine's socket, or a ClickHouse server or cluster. */
export type StoreAddress =
  | { readonly socket: string }
  | {
      /** `http://user:password@host:8123`; `https` as well. */
      readonly url: string;
      /** Name of the cluster that the server belongs to, see `clusterStatements`; absent: the server alone. */
      readonly cluster?: string;
    };

/** How a telemetry store is opened. */
export type StoreOptions = StoreAddress & {
  /** Database of the tables, made where it is missing; default `msec`. */
  readonly database?: string;
  /** Milliseconds for one statement, 100…600_000; default 30_000. */
  readonly timeoutMs?: number;
};

/** Milliseconds for a statement that fills a table from another one. */
const patientMs = 6 * 3_600_000;

/** The clients of one store and what to call it in messages. */
export interface StoreClients {
  /** For the database `default`. */
  root: ClickHouseClient;
  /** For the store's database. */
  client: ClickHouseClient;
  /** As `client`, for what takes as long as there are rows: at most `patientMs`. */
  patient: ClickHouseClient;
  database: string;
  /** For the database of the tables that hold rows: the same, or on a cluster the shards'. */
  rows: ClickHouseClient;
  rowsDatabase: string;
  /** Absent where there is one server. */
  cluster: string | undefined;
  /** Address for people, without a password. */
  where: string;
}

/**
 * Make the clients. Connects to nothing yet.
 *
 * @throws TypeError for a URL that cannot be one
 */
export function storeClients(options: StoreOptions): StoreClients {
  const { database = "msec", timeoutMs = 30_000 } = options;
  const embedded = "socket" in options;
  const url = embedded ? "http://telemetry-store" : options.url;
  const cluster = embedded ? undefined : options.cluster;
  const clientOf = (name: string, requestMs = timeoutMs) =>
    createClient({
      url,
      database: name,
      request_timeout: requestMs,
      log: { level: ClickHouseLogLevel.OFF },
      ...(cluster !== undefined && { clickhouse_settings: clusterSettings }),
      // An agent of its own: a client ends idle connections of its agent by a timer that only its own requests stop, so one
      // that shared the agent would break another's request. The engine never ends an idle connection, hence no timer.
      ...(embedded && {
        http_agent: socketAgent(options.socket),
        keep_alive: { idle_socket_ttl: 0 },
        set_basic_auth_header: false,
      }),
    });
  const client = clientOf(database);
  const rowsDatabase = cluster === undefined ? database : shardDatabase(database);
  return {
    root: clientOf("default"),
    client,
    patient: clientOf(database, patientMs),
    database,
    rows: cluster === undefined ? client : clientOf(rowsDatabase),
    rowsDatabase,
    cluster,
    where: embedded ? options.socket : withoutPassword(url),
  };
}

/** Give their connections back. */
export async function closeClients({ root, client, patient, rows }: StoreClients): Promise<void> {
  await Promise.all([...new Set([root, client, patient, rows])].map((each) => each.close()));
}

function socketAgent(socketPath: string): Agent {
  // Node passes an agent's options on to each connection; its types do not know this one.
  const options: AgentOptions & { socketPath: string } = { socketPath, keepAlive: true, maxSockets: 16 };
  return new Agent(options);
}

function withoutPassword(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
