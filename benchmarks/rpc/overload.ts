import { parseArgs } from "node:util";
import { Code, createClient, RpcError } from "@msec/rpc";
import { createChannel } from "@msec/rpc-node";
import { serve } from "@msec/service";
import { freePort, startServer } from "../lib/pinned.ts";
import { EchoService } from "./gen/echo_pb.js";

/*
 * What is left of a service that is asked for twice as much as it can do: `node benchmarks/rpc/overload.ts`.
 *
 * The handler works for `--work` milliseconds (default 1) of processor time. First as many calls as the service can take (16 outstanding, always), then twice that rate
 * whether or not answers come, over 8 connections, each with a deadline of 2 s. "Goodput" is what was answered in time.
 */
const { values } = parseArgs({
  options: {
    serve: { type: "string" },
    work: { type: "string", default: "1" },
    seconds: { type: "string", default: "6" },
    factor: { type: "string", default: "2" },
    "no-protection": { type: "boolean", default: false },
  },
});
const connections = 8;
const deadlineMs = 2_000;
const settledAfterMs = 2_000;

if (values.serve !== undefined) await serveWork(Number(values.serve));
else await measure();

async function serveWork(port: number): Promise<void> {
  const workMs = Number(values.work);
  const service = serve(
    EchoService,
    {
      echo: (request) => {
        // Of processor time, so that other programs on the machine take from capacity, not from the work of a call.
        const before = process.cpuUsage();
        for (
          let used = { user: 0, system: 0 };
          used.user + used.system < workMs * 1_000;
          used = process.cpuUsage(before)
        );
        return { message: request.message };
      },
    },
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
  const port = await freePort();
  const flags = [`--serve=${port}`, `--work=${values.work}`, ...(values["no-protection"] ? ["--no-protection"] : [])];
  const server = await startServer(0, [process.execPath, import.meta.filename, ...flags]);
  try {
    const before = await closedLoop(port, 2_000);
    const offered = before * Number(values.factor);
    const found = await openLoop(port, offered, Number(values.seconds) * 1_000);
    // The machine may have other things to do: what it could do before and after.
    const after = await closedLoop(port, 2_000);
    const best = (before + after) / 2;
    console.log(`at most ${before.toFixed(0)} and ${after.toFixed(0)} calls/s`);
    console.log(
      `offered ${offered.toFixed(0)}/s: ${found.goodput.toFixed(0)}/s answered (${((found.goodput / best) * 100).toFixed(0)} % of the most), ` +
        `p50 ${found.p50.toFixed(0)} ms, p99 ${found.p99.toFixed(0)} ms, after the first ${settledAfterMs / 1_000} s ${found.settledP99.toFixed(0)} ms; ${found.refused.toFixed(0)}/s refused ` +
        `(p99 ${found.refusedP99.toFixed(0)} ms), ${found.late.toFixed(0)}/s too late`,
    );
  } finally {
    await server.stop();
  }
}

function callers(port: number) {
  const channels = Array.from({ length: connections }, () => createChannel({ address: "127.0.0.1", port }));
  const clients = channels.map((channel) => createClient(EchoService, channel.call, { timeoutMs: deadlineMs }));
  return { clients, close: () => Promise.all(channels.map((channel) => channel.close({ graceMs: 0 }))) };
}

async function closedLoop(port: number, lengthMs: number): Promise<number> {
  const { clients, close } = callers(port);
  const message = new Uint8Array(100);
  let count = 0;
  const endMs = performance.now() + lengthMs;
  const loop = async (lane: number) => {
    while (performance.now() < endMs) {
      try {
        await clients[lane % connections]!.echo({ message });
        count++;
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: 2 * connections }, (_, lane) => loop(lane)));
  await close();
  return (count / lengthMs) * 1_000;
}

async function openLoop(port: number, ratePerSecond: number, lengthMs: number) {
  const { clients, close } = callers(port);
  const message = new Uint8Array(100);
  const taken: number[] = [];
  const settled: number[] = [];
  const startMs = performance.now();
  const refusedTook: number[] = [];
  let late = 0;
  const calls: Promise<void>[] = [];
  const call = async (lane: number) => {
    const begunMs = performance.now();
    try {
      await clients[lane % connections]!.echo({ message });
      const tookMs = performance.now() - begunMs;
      taken.push(tookMs);
      if (begunMs - startMs > settledAfterMs) settled.push(tookMs);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (error.code === Code.ResourceExhausted) refusedTook.push(performance.now() - begunMs);
      else late++;
    }
  };
  for (let nowMs = startMs; nowMs - startMs < lengthMs; nowMs = performance.now()) {
    const due = ((nowMs - startMs) / 1_000) * ratePerSecond;
    while (calls.length < due) calls.push(call(calls.length));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(calls);
  await close();
  const perSecond = (count: number) => (count / lengthMs) * 1_000;
  return {
    goodput: perSecond(taken.length),
    refused: perSecond(refusedTook.length),
    late: perSecond(late),
    p50: quantile(taken, 0.5),
    p99: quantile(taken, 0.99),
    settledP99: quantile(settled, 0.99),
    refusedP99: quantile(refusedTook, 0.99),
  };
}

function quantile(values: number[], q: number): number {
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(values.length * q))] ?? 0;
}
