import type { MonitoringOnly } from "@msec/api/console/v1/session_pb.js";

type Doors = Pick<MonitoringOnly, "otlpHttp" | "otlpGrpc" | "tokenNeeded">;

/**
 * `http://127.0.0.1:4318` of a door as a program can reach it: a server that listens everywhere is reached by the name that the console was.
 *
 * @param door      `0.0.0.0:4318`
 * @param hostName  of the page's own address
 */
export function doorUrl(door: string, hostName: string): string {
  return `http://${door.replace(/^(0\.0\.0\.0|\[::\]):/, `${hostName}:`)}`;
}

/** One report of a counter, a gauge and a log line, for a shell. */
export function httpExample(doors: Doors, hostName: string): string {
  return [
    `curl -sS ${doorUrl(doors.otlpHttp, hostName)}/v1/report -H 'Content-Type: application/json' \\`,
    ...(doors.tokenNeeded ? [`  -H "Authorization: Bearer $(cat token)" \\`] : []),
    `  -d '{"service":"Nightly.backup","counters":{"files":120},"gauges":{"left_bytes":1048576},"text":"done"}'`,
  ].join("\n");
}

/** What makes a program with OpenTelemetry's SDK report here, for a shell. */
export function otlpExample(doors: Doors, hostName: string, protocol: "http" | "grpc"): string {
  const door = protocol === "http" ? doors.otlpHttp : doors.otlpGrpc;
  return [
    `export OTEL_SERVICE_NAME=checkout OTEL_EXPORTER_OTLP_ENDPOINT=${doorUrl(door, hostName)}`,
    `export OTEL_EXPORTER_OTLP_PROTOCOL=${protocol === "http" ? "http/protobuf" : "grpc"}`,
    ...(doors.tokenNeeded ? [`export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20$(cat token)"`] : []),
  ].join("\n");
}

/** What makes the file that an agent enrols with. */
export const ENROLL_EXAMPLE = "npx msec token --host db1 > enroll.json";

/** What starts an agent with that file. */
export const AGENT_EXAMPLE =
  "node_modules/.bin/node apps/agent/src/main.ts --state .msec --enroll-token-file enroll.json";

/** The door that `AGENT_DOOR_EXAMPLE` opens. */
export const AGENT_DOOR = { otlpHttp: "127.0.0.1:4318", otlpGrpc: "", tokenNeeded: false } as const;

/** What opens an agent's door for OpenTelemetry, in `msec.ini`. */
export const AGENT_DOOR_EXAMPLE = `[agent]\notlp_listen = ${AGENT_DOOR.otlpHttp}`;

/** One report to the local API of an agent. */
export const LOCAL_EXAMPLE = [
  "curl -sS --unix-socket .msec/run/local.sock http://localhost/v1/report -H 'Content-Type: application/json' \\",
  `  -d '{"service":"Nightly.backup","samples":[{"name":"files","kind":"counter","value":120}]}'`,
].join("\n");
