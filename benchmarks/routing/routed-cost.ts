import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@msec/service";
import { TestingAgent } from "@msec/service/testing";
import { assertEcho, PAYLOAD } from "../lib/client-main.ts";
import { type Spread, spreadOf } from "../lib/spread.ts";
import { EchoService } from "../rpc/gen/echo_pb.js";

/** A routed call beside a direct one, microseconds. */
export type RoutedCost = {
  /** Median of one call at a time, to the address and by name, and of the differences between two that follow each other. */
  readonly direct: Spread;
  readonly routed: Spread;
  readonly added: Spread;
  /** The caller's processor time of a call with 32 under way; each pair of rounds is one difference. */
  readonly directCpu: Spread;
  readonly routedCpu: Spread;
  readonly addedCpu: Spread;
};

const callsOfRound = 2_000;
const loadedCalls = 8_000;
const outstanding = 32;
const message = new TextEncoder().encode(PAYLOAD);

type Call = () => Promise<unknown>;

/**
 * Measures both kinds of call through one caller of the SDK, everything on, in turns: one server process, which is also the
 * service's only instance, and this process.
 *
 * @param port    of an `echo-server.ts`
 * @param rounds  pairs, >= 1
 */
export async function routedCost(port: number, rounds: number): Promise<RoutedCost> {
  const directory = await mkdtemp(join(tmpdir(), "msec-bench-"));
  const agent = await new TestingAgent(join(directory, "agent.sock")).start();
  // One instance and so one connection, as the direct calls have: calls that are spread over several have fewer companions in each write.
  agent.setRoutes("Bench.echo", [port]);
  const caller = connect({ name: "Bench.client", agent: agent.path, onNotice: () => {} });
  try {
    const callOf = (target: string): Call => {
      const client = caller.call(EchoService, target);
      return async () => assertEcho((await client.echo({ message })).message?.length);
    };
    return await compare(callOf(`127.0.0.1:${port}`), callOf("Bench.echo"), rounds);
  } finally {
    await caller.close();
    await agent[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  }
}

async function compare(direct: Call, routed: Call, rounds: number): Promise<RoutedCost> {
  await mediansUs(direct, routed);
  for (const call of [direct, routed, direct, routed]) await cpuUs(call);
  const one: Medians[] = [];
  const many: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    one.push(await mediansUs(direct, routed));
    // Who is first changes, so that what the first leaves behind (garbage, a warm cache) falls to both.
    const first = round % 2 === 0 ? await cpuUs(direct) : 0;
    const second = await cpuUs(routed);
    many.push([first || (await cpuUs(direct)), second]);
  }
  return {
    direct: spreadOf(one.map(({ directUs }) => directUs)),
    routed: spreadOf(one.map(({ routedUs }) => routedUs)),
    added: spreadOf(one.map(({ addedUs }) => addedUs)),
    directCpu: spreadOf(many.map(([of]) => of)),
    routedCpu: spreadOf(many.map(([, of]) => of)),
    addedCpu: spreadOf(many.map(([from, to]) => to - from)),
  };
}

type Medians = { readonly directUs: number; readonly routedUs: number; readonly addedUs: number };

// One of the one kind, one of the other, and so on: whatever disturbs the machine disturbs both. Of every other pair the routed one is first.
async function mediansUs(direct: Call, routed: Call): Promise<Medians> {
  const directMs = new Float64Array(callsOfRound);
  const routedMs = new Float64Array(callsOfRound);
  for (let index = 0; index < callsOfRound; index++) {
    if (index % 2 === 0) directMs[index] = await timeOf(direct);
    routedMs[index] = await timeOf(routed);
    if (index % 2 === 1) directMs[index] = await timeOf(direct);
  }
  const addedMs = routedMs.map((ms, index) => ms - directMs[index]!);
  const [directUs, routedUs, addedUs] = [directMs, routedMs, addedMs].map(
    (ms) => ms.sort()[callsOfRound >> 1]! * 1_000,
  );
  return { directUs: directUs!, routedUs: routedUs!, addedUs: addedUs! };
}

async function timeOf(call: Call): Promise<number> {
  const begunMs = performance.now();
  await call();
  return performance.now() - begunMs;
}

async function cpuUs(call: Call): Promise<number> {
  const begun = process.cpuUsage();
  let left = loadedCalls;
  const loop = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: outstanding }, loop));
  const used = process.cpuUsage(begun);
  return (used.user + used.system) / loadedCalls;
}
