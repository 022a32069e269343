import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { ControlService } from "@msec/api/agent/v1/control_pb.js";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { createLog, createTlsIdentity, parseAddressPort, type TlsIdentity } from "@msec/process";
import { createClient as createRpcClient, type Client as RpcClient } from "@msec/rpc";
import { type Channel, createChannel } from "@msec/rpc-node";
import type { AlarmTimes } from "../alarms/alarms.ts";
import { readServerConfig } from "../config/server-config.ts";
import type { ServerKeyName } from "../config/server-keys.ts";
import { type Server, startServer } from "../server.ts";

/** A server of a test's own: ports of the kernel's choice, a temporary state directory, a clock that the test moves. */
export interface TestServer extends AsyncDisposable {
  readonly server: Server;
  readonly state: string;
  readonly operatorKey: string;
  /** The server's time is the real one plus this, milliseconds. */
  readonly clock: { offsetMs: number };
  /** Lines of its log, as JSON. */
  readonly log: string[];
  /** A client of the console API with the operator's key. */
  operator<Service extends DescService>(service: Service): Client<Service>;
  /** A client as a browser is one: `Origin`, and whatever cookies it was given. */
  browser<Service extends DescService>(service: Service, cookies?: Map<string, string>): Client<Service>;
  /** Stop it and start another one on the same state directory. */
  restart(options?: { replaceRoutes?: boolean }): Promise<void>;
}

/** An agent's end of the connection. */
export interface TestAgent extends AsyncDisposable {
  readonly client: RpcClient<typeof ControlService>;
  readonly channel: Channel;
  readonly identity: TlsIdentity;
}

/**
 * Start a server.
 *
 * @param overrides   keys of `[server]`; telemetry is a port where nobody answers unless it is given
 * @param alarmTimes  see `ServerOptions`
 */
export async function startTestServer(
  overrides: Partial<Record<ServerKeyName, string>> = {},
  alarmTimes: Partial<AlarmTimes> = {},
): Promise<TestServer> {
  const state = mkdtempSync(join(tmpdir(), "msec-server-"));
  mkdirSync(join(state, "run"), { mode: 0o700 });
  const clock = { offsetMs: 0 };
  const log: string[] = [];
  const start = async (replaceRoutes: boolean) =>
    await startServer({
      state,
      config: readServerConfig(undefined, {
        listen: "127.0.0.1:0",
        agent_listen: "127.0.0.1:0",
        telemetry: "http://127.0.0.1:1",
        ...overrides,
      }),
      log: createLog({ name: "server", readable: false, to: collectLines(log) }),
      replaceRoutes,
      now: () => Date.now() + clock.offsetMs,
      alarmTimes,
    });
  const removeState = () => rmSync(state, { recursive: true, force: true });
  let server = await start(false).catch((error: unknown) => {
    removeState();
    throw error;
  });
  const operatorKey = readFileSync(join(state, "server", "operator.key"), "utf8").trim();
  return {
    get server() {
      return server;
    },
    state,
    operatorKey,
    clock,
    log,
    operator: (service) =>
      connectClient(service, server.console, setHeaders({ authorization: `Bearer ${operatorKey}` })),
    browser: (service, cookies = new Map()) =>
      connectClient(service, server.console, setHeaders({ origin: server.console }), keepCookies(cookies)),
    async restart({ replaceRoutes = false } = {}) {
      await server.close();
      server = await start(replaceRoutes);
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      removeState();
    },
  };
}

/** Dial a server's port for agents, with a new identity unless one is given. */
export function dialAgent({ server }: TestServer, identity = createTlsIdentity("msec agent")): TestAgent {
  const target = parseAddressPort(server.agents);
  if (target === undefined) {
    throw new Error(`not an address: ${server.agents}`);
  }
  const channel = createChannel(target, {
    tls: { key: identity.key, cert: identity.certificate, verify: () => true },
  });
  const close = () => channel.close({ graceMs: 0 });
  return { client: createRpcClient(ControlService, channel.call), channel, identity, [Symbol.asyncDispose]: close };
}

/** Dial and enrol. */
export async function enrollAgent(server: TestServer, hostName: string): Promise<TestAgent & { hostId: string }> {
  const { token } = await server.operator(RegistryService).createEnrollToken({ hostName });
  const agent = dialAgent(server);
  const { hostId } = await agent.client.enroll({ token, hostName, address: "10.0.0.1" });
  return { ...agent, hostId };
}

function connectClient<Service extends DescService>(
  service: Service,
  url: string,
  ...interceptors: Interceptor[]
): Client<Service> {
  return createClient(service, createConnectTransport({ baseUrl: `${url}/api`, httpVersion: "1.1", interceptors }));
}

function setHeaders(headers: Record<string, string>): Interceptor {
  return (next) => async (request) => {
    for (const [name, value] of Object.entries(headers)) {
      request.header.set(name, value);
    }
    return await next(request);
  };
}

function keepCookies(cookies: Map<string, string>): Interceptor {
  return (next) => async (request) => {
    request.header.set("cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await next(request);
    for (const line of response.header.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return response;
  };
}

function collectLines(lines: string[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
}
