import type { JobCost } from "./pool.ts";

/** What building the console costs: it comes first, for the end-to-end tests wait for it. */
export const buildCost: JobCost = { seconds: 1_000, cores: 1 };

/** What the console's pages in a simulated browser cost; Vitest takes one core for them. */
export const pagesCost: JobCost = { seconds: 50, cores: 1 };

/**
 * What the longest test files cost: seconds of a run of one after the other, and cores by and large, less than one where a file mostly waits. It only decides
 * what runs beside what: a file that is not here is taken for a short one that works all the time.
 */
const known: Readonly<Record<string, JobCost>> = {
  // As if they took longest, so that they begin before the browsers: those give up what they load when a network interface is made.
  "conformance/hosts/faults.integration.test.ts": { seconds: 200, cores: 1 },
  "conformance/hosts/operations.integration.test.ts": { seconds: 200, cores: 0.5 },
  "conformance/hosts/hour.integration.test.ts": { seconds: 200, cores: 0.4 },
  "e2e/console.test.ts": { seconds: 100, cores: 1 },
  "e2e/capacity-console.test.ts": { seconds: 70, cores: 1 },
  "e2e/failures.test.ts": { seconds: 50, cores: 0.9 },
  "e2e/calls.test.ts": { seconds: 40, cores: 1 },
  "e2e/capacity.test.ts": { seconds: 36, cores: 1 },
  "e2e/monitoring-alone.test.ts": { seconds: 35, cores: 1 },
  "conformance/hostile/hostile.integration.test.ts": { seconds: 40, cores: 1 },
  "packages/rpc-node/src/back-pressure.integration.test.ts": { seconds: 36, cores: 1 },
  "packages/service/src/routes/faults.integration.test.ts": { seconds: 32, cores: 1 },
  "apps/agent/src/agent.integration.test.ts": { seconds: 31, cores: 0.8 },
  "packages/service/src/workers/workers.integration.test.ts": { seconds: 28, cores: 1 },
  "apps/server/src/alarms/alarms.integration.test.ts": { seconds: 23, cores: 0.9 },
  "apps/agent/src/supervisor/instance-set.integration.test.ts": { seconds: 19, cores: 0.7 },
  "scripts/node-tests.integration.test.ts": { seconds: 19, cores: 0.7 },
  "packages/telemetry-store/src/telemetry-store.integration.test.ts": { seconds: 17, cores: 1 },
  "apps/server/src/main.integration.test.ts": { seconds: 14, cores: 1 },
  // It finds out how much the machine can do, and needs all of it.
  "packages/service/src/overload.integration.test.ts": { seconds: 14, cores: 2 },
  "apps/cli/src/commands/reload.integration.test.ts": { seconds: 12, cores: 1 },
  "apps/server/src/registry/registry.integration.test.ts": { seconds: 11, cores: 1 },
  "apps/agent/src/full-disk.integration.test.ts": { seconds: 10, cores: 0.7 },
  "apps/agent/src/spans/span-rates.integration.test.ts": { seconds: 10, cores: 0.8 },
  "apps/server/src/alarms/alarm-life.integration.test.ts": { seconds: 10, cores: 0.8 },
};

/** What a test file costs, by its path in the checkout. */
export function costOf(file: string): JobCost {
  return known[file] ?? (file.startsWith("e2e/") ? { seconds: 20, cores: 1 } : { seconds: 5, cores: 1 });
}

/** The files whose cost is known; all exist. */
export const knownFiles: readonly string[] = Object.keys(known);
