import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { parseAddressPort } from "@msec/process";
import { CommandLine } from "../lib/command-line.ts";
import { quantileUs } from "../lib/quantile.ts";
import { seedCluster } from "./seed-cluster.ts";
import { ServerProcess } from "./server-process.ts";
import { SimulatedAgent } from "./simulated-agent.ts";

// How long a change of one instance takes to reach every agent of a cluster, and what it costs the server. Agents are simulated
// (simulated-agent.ts); the server, its database, the protocol and the TLS connections are real. Everything runs on one machine: the agents' own
// work is in the times.

const line = new CommandLine(
  "npm run bench -- distribution",
  "How long a change of one instance takes to reach every agent of a cluster, and what it costs the server.",
  {
    agents: { about: "simulated agents, 1…2000", default: "500" },
    instances: { about: "instances in routing, 1…20000", default: "5000" },
    services: { about: "services that they belong to, 1…5000", default: "100" },
    changes: { about: "changes that are measured, 1…1000", default: "30" },
    "pause-ms": { about: "milliseconds between changes, 0…60000", default: "500" },
    json: { about: "one line of JSON", flag: true },
  },
);
const { values } = line;
const agentCount = line.integer("agents", 1, 2_000);
const instanceCount = line.integer("instances", 1, 20_000);
const serviceCount = line.integer("services", 1, 5_000);
const changeCount = line.integer("changes", 1, 1_000);
const pauseMs = line.integer("pause-ms", 0, 60_000);
const say = (text: string) => {
  if (!values.json) console.log(text);
};

const state = ServerProcess.newState();
// The first start makes the tables.
await (await ServerProcess.start(state)).stop();
const { hosts, instanceIds: ids } = seedCluster(state, {
  hosts: agentCount,
  instances: instanceCount,
  services: serviceCount,
});
await using server = await ServerProcess.start(state);
const registry = server.client(RegistryService);
const target = parseAddressPort(server.agents);
if (target === undefined) throw new Error(`not an address: ${server.agents}`);
const { serverFingerprint: fingerprint } = await registry.createEnrollToken({});

say(`${agentCount} agents connect; ${instanceCount} instances of ${serviceCount} services …`);
const agents = hosts.map(
  ({ identity }, index) => new SimulatedAgent({ server: target, fingerprint, name: `host${index}`, identity }),
);
// A hundred key exchanges a second are what two cores can do at both ends; a server that comes back has its agents' pauses for that.
const waiting = [...agents];
await Promise.all(
  Array.from({ length: 10 }, async () => {
    for (let agent = waiting.shift(); agent !== undefined; agent = waiting.shift()) await agent.start();
  }),
);
const { routeVersion: first } = await registry.listHosts({});
await Promise.all(agents.map((agent) => agent.untilApplied(first)));

const connectedMiB = round(server.memoryBytes().peak / 1024 ** 2);
say(`connected; the server's memory was at most ${connectedMiB} MiB`);
say("at rest for ten seconds …");
const restMs = Math.min(10_000, pauseMs * 20);
const restCpu = await cpuWhile(() => new Promise((resolve) => setTimeout(resolve, restMs)));

say(`${changeCount} changes, one every ${pauseMs} ms …`);
const reachedMs: number[] = [];
const changeCpu = await cpuWhile(async () => {
  for (let change = 0; change < changeCount; change++) {
    const beganMs = performance.now();
    const id = ids[(change * 37) % ids.length] as string;
    const { routeVersion } = await registry.setRouting({ instanceIds: [id], inRouting: false });
    await Promise.all(
      agents.map(async (agent) => {
        await agent.untilApplied(routeVersion);
        reachedMs.push(agent.appliedMs - beganMs);
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, pauseMs - (performance.now() - beganMs))));
  }
});
const sorted = Float64Array.from(reachedMs).sort();
const result = {
  agents: agentCount,
  instances: instanceCount,
  services: serviceCount,
  changes: changeCount,
  p50Ms: round(quantileUs(sorted, 0.5) / 1000),
  p99Ms: round(quantileUs(sorted, 0.99) / 1000),
  maxMs: round(sorted.at(-1) ?? 0),
  restCores: round(restCpu.cores, 3),
  changeCores: round(changeCpu.cores, 3),
  cpuPerChangeMs: round(Math.max(0, (changeCpu.cpuS - restCpu.cores * changeCpu.seconds) * 1000) / changeCount),
  memoryMiB: round(server.memoryBytes().now / 1024 ** 2),
  peakMiB: round(server.memoryBytes().peak / 1024 ** 2),
  failures: agents.reduce((sum, agent) => sum + agent.failures, 0),
  mismatches: agents.reduce((sum, agent) => sum + agent.mismatches, 0),
};
await Promise.all(agents.map((agent) => agent.close()));
if (values.json) console.log(JSON.stringify(result));
else {
  console.log(`
| agents | instances | p50 | p99 | slowest | server at rest | during changes | CPU a change | memory | peak | wrong digests |
|---|---|---|---|---|---|---|---|---|---|---|
| ${result.agents} | ${result.instances} | ${result.p50Ms} ms | ${result.p99Ms} ms | ${result.maxMs} ms | ${result.restCores} cores | ${result.changeCores} cores | ${result.cpuPerChangeMs} ms | ${result.memoryMiB} MiB | ${result.peakMiB} MiB | ${result.mismatches} |

Goals for 500 agents and 5,000 instances: p99 ≤ 2000 ms, server ≤ 1 core, ≤ 512 MiB.`);
  const isMet = result.p99Ms <= 2_000 && result.changeCores <= 1 && result.peakMiB <= 512 && result.mismatches === 0;
  console.log(isMet ? "Met." : "NOT met.");
  if (!isMet) process.exitCode = 1;
}

async function cpuWhile(work: () => Promise<unknown>): Promise<{ cpuS: number; cores: number; seconds: number }> {
  const [cpu, beganMs] = [server.cpuSeconds(), performance.now()];
  await work();
  const seconds = (performance.now() - beganMs) / 1000;
  const cpuS = server.cpuSeconds() - cpu;
  return { cpuS, cores: cpuS / seconds, seconds };
}

function round(value: number, digits = 1): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
