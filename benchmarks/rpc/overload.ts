import { setTimeout as delay } from "node:timers/promises";
import { Code, createClient, RpcError } from "@msec/rpc";
import { createChannel } from "@msec/rpc-node";
import { serve } from "@msec/service";
import { CommandLine } from "../lib/command-line.ts";
import { freePort, startServer } from "../lib/pinned.ts";
import { scheduledSeconds } from "../lib/process-time.ts";
import { formatSpread, spreadOf } from "../lib/spread.ts";
import { EchoService } from "./gen/echo_pb.js";

/*
 * What is left of a service that is asked for twice what it can do, and whether one that is asked for less refuses anybody: `npm run bench -- overload`.
 *
 * For each kind of handler and each round: as many calls as the service can take (always so many outstanding), then `--factor` times that rate whether or not answers
 * come, over 8 connections, each with a deadline of 2 s, then 0.7 times. "Goodput" is what was answered in time, as a part of what the service could do before
 * and after; beside it as a part of what it could have done with the processor that it got meanwhile, which is the same on a quiet machine and hardly minds a busy one: the time that it ran
 * and would have run, by what a call takes before and after. With `--json` one line for each round. Latencies are from when a call was made; the service runs in a process of its own, not pinned: it and its clients need a processor each.
 */
const line = new CommandLine(
  "npm run bench -- overload",
  `What is left of a service that is asked for more than it can do, and whether one that is asked for less refuses anybody.
Kinds of handlers: cpu-1, cpu-10, async. Needs two processors.`,
  {
    kinds: { about: "regular expression for kinds of handlers", default: "" },
    rounds: { about: "how often, 1…100", default: "3" },
    seconds: { about: "how long, 1…600", default: "5" },
    factor: { about: "times what the service can do, 1…100", default: "2" },
    "no-protection": { about: "without overload protection", flag: true },
    json: { about: "one line of JSON for each round", flag: true },
    serve: { about: "only serve this kind (what the benchmark starts itself)" },
    port: { about: "with --serve: its port", default: "0" },
  },
);
const { values } = line;
const roundCount = line.integer("rounds", 1, 100);
const seconds = line.integer("seconds", 1, 600);
const factor = Number(values.factor);
if (!(factor >= 1 && factor <= 100)) line.refuse(`--factor ${values.factor} must be a number in 1…100`);

type Kind = { readonly title: string; readonly waitMs: number; readonly workMs: number; readonly outstanding: number };

const kinds: Readonly<Record<string, Kind>> = {
  "cpu-1": { title: "1 ms of processor", waitMs: 0, workMs: 1, outstanding: 16 },
  "cpu-10": { title: "10 ms of processor", waitMs: 0, workMs: 10, outstanding: 8 },
  async: { title: "a wait of 10 ms, then 1 ms of processor", waitMs: 10, workMs: 1, outstanding: 64 },
};
const connections = 8;
const deadlineMs = 2_000;
const calmFactor = 0.7;

if (values.serve === undefined) await measure();
else await serveWork(kindOf(values.serve), line.integer("port", 0, 65_535));

function kindOf(name: string): Kind {
  return kinds[name] ?? line.refuse(`--serve ${name}: there are ${Object.keys(kinds).join(", ")}`);
}

/** Of processor time, so that other programs on the machine take from capacity, not from the work of a call. */
function work(workMs: number): void {
  const before = process.cpuUsage();
  for (let used = { user: 0, system: 0 }; used.user + used.system < workMs * 1_000; used = process.cpuUsage(before));
}

async function serveWork({ waitMs, workMs }: Kind, port: number): Promise<void> {
  const echoAtOnce = (request: { message?: Uint8Array | undefined }) => {
    work(workMs);
    return { message: request.message };
  };
  const echoLater = async (request: { message?: Uint8Array | undefined }) => {
    await delay(waitMs);
    return echoAtOnce(request);
  };
  const service = serve(
    EchoService,
    { echo: (request) => (waitMs === 0 ? echoAtOnce(request) : echoLater(request)) },
    {
      name: "Bench.overload",
      agent: false,
      listen: { address: "127.0.0.1", port },
      ...(values["no-protection"] ? { queueTargetMs: 0 } : {}),
    },
  );
  await service.ready;
  console.log("ready");
}

async function measure(): Promise<void> {
  const chosen = line.chosen("--kinds", values.kinds, Object.entries(kinds), ([name]) => name);
  if (values.json) {
    for (const [name, kind] of chosen) {
      for (let round = 0; round < roundCount; round++) {
        console.log(JSON.stringify({ name, ...(await measureOnce(name, kind)) }));
      }
    }
    return;
  }
  console.log(
    `| handler | goodput at ${values.factor} × | of its share of the processor | p50 / p99, ms | p99 of the refused, ms | refused or late at ${calmFactor} × |`,
  );
  console.log("|---|---|---|---|---|---|");
  for (const [name, kind] of chosen) {
    const rounds: Awaited<ReturnType<typeof measureOnce>>[] = [];
    while (rounds.length < roundCount) rounds.push(await measureOnce(name, kind));
    const spread = (pick: (round: (typeof rounds)[number]) => number) => formatSpread(spreadOf(rounds.map(pick)));
    const sum = (pick: (round: (typeof rounds)[number]) => number) =>
      rounds.reduce((total, round) => total + pick(round), 0);
    console.log(
      `| ${kind.title} (${spread(({ most }) => most)}/s) | ${spread(({ goodput }) => goodput)} | ${spread(({ goodputOfShare }) => goodputOfShare)} ` +
        `| ${spread(({ over }) => over.p50)} / ${spread(({ over }) => over.p99)} | ${spread(({ over }) => over.refusedP99)} ` +
        `| ${sum(({ calm }) => calm.refused + calm.late)} of ${sum(({ calm }) => calm.made)} |`,
    );
  }
}

async function measureOnce(name: string, kind: Kind) {
  const port = await freePort();
  const flags = [`--serve=${name}`, `--port=${port}`, ...(values["no-protection"] ? ["--no-protection"] : [])];
  const server = await startServer(undefined, [process.execPath, import.meta.filename, ...flags]);
  const lengthMs = seconds * 1_000;
  try {
    const closed = () => scheduled(server.pid, () => closedLoop(port, kind.outstanding, 2_000));
    const first = await closed();
    const overload = await scheduled(server.pid, () => openLoop(port, first.result * factor, lengthMs));
    // The machine may have other things to do: what it could do before and after.
    const second = await closed();
    const [before, over, after] = [first.result, overload.result, second.result];
    const most = (before + after) / 2;
    // The closed loop does nothing but calls, so these took all that ran; of its first tenth the calls are not counted.
    const secondsOfCall = (first.ran + second.ran) / ((before + after) * 2.2);
    const couldRun = ((lengthMs / 1_000) * overload.ran) / (overload.ran + overload.waited);
    const goodputOfShare = (over.answered * secondsOfCall) / couldRun;
    const calm = await openLoop(port, Math.min(before, after) * calmFactor, lengthMs);
    return { most, goodput: over.answered / (lengthMs / 1_000) / most, goodputOfShare, over, calm };
  } finally {
    await server.stop();
  }
}

/** What comes of `act`, and how long the server ran meanwhile and had to wait for a processor. */
async function scheduled<T>(pid: number, act: () => Promise<T>) {
  const before = scheduledSeconds(pid);
  const result = await act();
  const { ran, waited } = scheduledSeconds(pid);
  return { result, ran: ran - before.ran, waited: waited - before.waited };
}

function callers(port: number) {
  const channels = Array.from({ length: connections }, () => createChannel({ address: "127.0.0.1", port }));
  const clients = channels.map((channel) => createClient(EchoService, channel.call, { timeoutMs: deadlineMs }));
  return { clients, close: () => Promise.all(channels.map((channel) => channel.close({ graceMs: 0 }))) };
}

/** @returns calls a second, the first tenth of the time left out */
async function closedLoop(port: number, outstanding: number, lengthMs: number): Promise<number> {
  const { clients, close } = callers(port);
  const message = new Uint8Array(100);
  let count = 0;
  const startMs = performance.now() + lengthMs / 10;
  const endMs = startMs + lengthMs;
  const loop = async (lane: number) => {
    while (performance.now() < endMs) {
      try {
        await clients[lane % connections]!.echo({ message });
        if (performance.now() >= startMs) count++;
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: outstanding }, (_, lane) => loop(lane)));
  await close();
  return (count / lengthMs) * 1_000;
}

async function openLoop(port: number, ratePerSecond: number, lengthMs: number) {
  const { clients, close } = callers(port);
  const message = new Uint8Array(100);
  const answered: number[] = [];
  const refused: number[] = [];
  let late = 0;
  const startMs = performance.now();
  const calls: Promise<void>[] = [];
  const call = async (lane: number) => {
    const begunMs = performance.now();
    try {
      await clients[lane % connections]!.echo({ message });
      answered.push(performance.now() - begunMs);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (error.code === Code.ResourceExhausted) refused.push(performance.now() - begunMs);
      else late++;
    }
  };
  for (let nowMs = startMs; nowMs - startMs < lengthMs; nowMs = performance.now()) {
    const due = ((nowMs - startMs) / 1_000) * ratePerSecond;
    while (calls.length < due) calls.push(call(calls.length));
    await delay(2);
  }
  await Promise.all(calls);
  await close();
  return {
    made: calls.length,
    answered: answered.length,
    refused: refused.length,
    late,
    p50: quantile(answered, 0.5),
    p99: quantile(answered, 0.99),
    refusedP99: quantile(refused, 0.99),
  };
}

function quantile(values: number[], q: number): number {
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(values.length * q))] ?? 0;
}
