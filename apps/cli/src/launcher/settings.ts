import { dirname, join, resolve } from "node:path";
import { booleanKey, integerKey, listenKey, parsedKey, readIni, SYSTEM_SECTIONS, textKey } from "@msec/process";
import { z } from "zod";

/** The name of the system's configuration file, looked for in the working directory. */
export const settingsFileName = "msec.ini";

/** An address and a port to listen on. */
export interface Listen {
  readonly address: string;
  readonly port: number;
}

/** What the launcher takes from `msec.ini`; server and agent read their own keys themselves. */
export interface Settings {
  /** The file they come from, absolute; it need not exist. */
  readonly file: string;
  /** `[system] state`, absolute; default `.msec` beside the file. */
  readonly state: string;
  /** `[server] listen`: console and API; default 127.0.0.1:8080. */
  readonly listen: Listen;
  /** `[server] agent_listen`: agents; default 127.0.0.1:7960. */
  readonly agentListen: Listen;
  /** `[agent] root`, absolute: where services live; default `root` in the state directory. */
  readonly root: string | undefined;
  /** `[agent] host_name`: what this host is called; default: what the system calls it. */
  readonly hostName: string | undefined;
  readonly example: ExampleSettings;
}

/** `[example]`: the flight system that the first start sets up. */
export interface ExampleSettings {
  /** Default true. */
  readonly enabled: boolean;
  /** The one instance of Login.mod_user; default 7965. */
  readonly userPort: number;
  /** One instance of Flight.mod_flight for each; default 7963 and 7964. */
  readonly flightPorts: readonly number[];
  /** Queries of the traffic source in a second, 0…1000; 0: no traffic source; default: what its own config.ini says. */
  readonly trafficPerSecond: number | undefined;
}

const port = { min: 1, max: 65_535 };

/** The sections and keys of `msec.ini` that the launcher reads. */
export const settingsSchema = {
  sections: {
    system: z.object({ state: textKey(4096).optional() }),
    server: z
      .object({
        listen: listenKey().default({ address: "127.0.0.1", port: 8080 }),
        agent_listen: listenKey().default({ address: "127.0.0.1", port: 7960 }),
      })
      .catchall(z.string()),
    agent: z.object({ root: textKey(4096).optional(), host_name: textKey(63).optional() }).catchall(z.string()),
    example: z.object({
      enabled: booleanKey().default(true),
      user_port: integerKey(port).default(7965),
      flight_ports: parsedKey("1…16 ports with spaces between them, such as 7963 7964", parsePorts).default([
        7963, 7964,
      ]),
      traffic_per_second: integerKey({ min: 0, max: 1000, unit: "queries" }).optional(),
    }),
  },
  elsewhere: SYSTEM_SECTIONS,
} as const;

/**
 * Read `msec.ini`; a file that does not exist counts as an empty one, so that every default applies.
 *
 * @param required  whether a file that does not exist is an error (it was named by the user); default false
 * @throws UserError as `readIni` does
 */
export function readSettings(file: string, required = false): Settings {
  const { system, server, agent, example } = readIni(file, settingsSchema, { optional: !required }).values;
  const directory = dirname(resolve(file));
  return {
    file: resolve(file),
    state: resolve(directory, system.state ?? ".msec"),
    listen: server.listen,
    agentListen: server.agent_listen,
    root: agent.root === undefined ? undefined : resolve(directory, agent.root),
    hostName: agent.host_name,
    example: {
      enabled: example.enabled,
      userPort: example.user_port,
      flightPorts: example.flight_ports,
      trafficPerSecond: example.traffic_per_second,
    },
  };
}

/** Where services live: `[agent] root`, else `root` in the state directory. */
export function serviceRoot(settings: Settings, state: string): string {
  return settings.root ?? join(state, "root");
}

function parsePorts(text: string): number[] | undefined {
  const ports = text.split(/[\s,]+/).filter((part) => part !== "");
  const valid = ports.every((part) => /^\d{1,5}$/.test(part) && Number(part) >= port.min && Number(part) <= port.max);
  const unique = new Set(ports.map(Number)).size === ports.length;
  return valid && unique && ports.length >= 1 && ports.length <= 16 ? ports.map(Number) : undefined;
}
