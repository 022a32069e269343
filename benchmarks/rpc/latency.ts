import type { OpenLoopResult } from "../lib/open-loop.ts";
import { freePort, startServer } from "../lib/pinned.ts";
import { formatSpread, spreadOf } from "../lib/spread.ts";
import { startWindowClient, type WindowClient } from "../lib/windows.ts";
import { OURS, type Peer, pauses } from "./peers.ts";

/** How latencies are measured. */
export interface LatencyOptions {
  /** How many windows of each. */
  readonly windows: number;
  readonly warmupMs: number;
  readonly say: (line: string) => void;
}

const connections = 8;
/** With this many calls under way on each connection a server's most is measured, right before each window. */
const outstanding = 8;
const load = 0.7;
const capacityMs = 200;
const windowMs = 400;
const pauseMs = 200;
const quantiles = [0.5, 0.99, 0.999] as const;

/** A server and a client of its kind that stay while windows of others are measured. */
interface Pair {
  readonly client: WindowClient;
  stop(): Promise<void>;
}

/** Windows of one program. */
class Windows {
  readonly results: OpenLoopResult[] = [];

  /** Microseconds, of each window. */
  each(q: number): number[] {
    return this.results.map(({ samplesUs }) => quantile(samplesUs, q));
  }

  /** Microseconds, of all calls of all windows. */
  pooled(q: number): number {
    return quantile(Float64Array.from(this.results.flatMap(({ samplesUs }) => samplesUs)).sort(), q);
  }

  get errors(): number {
    return this.results.reduce((sum, { errors }) => sum + errors, 0);
  }

  row(name: string): string {
    const cells = quantiles.map((q) => `${formatSpread(spreadOf(this.each(q)))}; ${Math.round(this.pooled(q))}`);
    return `| ${name}${this.errors > 0 ? `, ${this.errors} errors` : ""} | ${cells.join(" | ")} |`;
  }
}

/**
 * Latency of ours and of a peer at the rate that is 70 % of what the peer could do a moment before, and of ours at 70 % of what ours could do, where the peer cannot follow.
 *
 * Both servers and clients run all the time and take turns in short windows, as a machine that stands still for a while then spoils windows of both, not the whole of one; each window's rate
 * follows closed loops right before it, as a machine drifts between speeds and a peer above what it can do has no latency worth the name. Windows of calls that go nowhere stand beside: what they
 * wait, the machine made them wait.
 */
export async function printLatency(peer: Peer, options: LatencyOptions): Promise<void> {
  const started: { stop(): Promise<void> }[] = [];
  const keep = <Started extends { stop(): Promise<void> }>(one: Started): Started => {
    started.push(one);
    return one;
  };
  try {
    const own = keep(await startPair(OURS));
    const other = keep(await startPair(peer));
    const idle: WindowClient[] = [];
    for (const cpu of [0, 1]) idle.push(keep(await startWindowClient(cpu, [...pauses, "--port", "0"])));
    const warm = async ({ client }: Pair) =>
      client.open((await client.closed(outstanding, options.warmupMs)) * load, 1000);
    await warm(own);
    await warm(other);
    await Promise.all(idle.map((client) => client.open(20_000, 1000)));
    await atPeersRate(own.client, other.client, idle, peer, options);
    await atOwnRate(own.client, options);
  } finally {
    for (const one of started) await one.stop();
  }
}

async function startPair(peer: Peer): Promise<Pair> {
  const port = String(await freePort());
  const server = await startServer(0, [...peer.server, "--port", port]);
  const client = await startWindowClient(1, [
    ...peer.client,
    "--port",
    port,
    "--connections",
    String(connections),
  ]).catch(async (error) => {
    await server.stop();
    throw error;
  });
  return {
    client,
    async stop() {
      await client.stop();
      await server.stop();
    },
  };
}

async function atPeersRate(
  own: WindowClient,
  other: WindowClient,
  idle: readonly WindowClient[],
  peer: Peer,
  { windows, say }: LatencyOptions,
): Promise<void> {
  const figures = { own: new Windows(), other: new Windows() };
  const pauses = idle.map(() => new Windows());
  const rates: number[] = [];
  const rateOfLoad = steadyRate(other);
  for (let window = 0; window < windows; window++) {
    const rate = await rateOfLoad();
    rates.push(rate);
    const turns = [
      async () => figures.own.results.push(await own.open(rate, windowMs)),
      async () => figures.other.results.push(await other.open(rate, windowMs)),
    ];
    for (const turn of window % 2 === 0 ? turns : turns.reverse()) await turn();
    await Promise.all(idle.map(async (client, cpu) => pauses[cpu]?.results.push(await client.open(rate, pauseMs))));
    if (window % 10 === 9) say(`latency at ${rate} calls/s: ${window + 1} of ${windows} windows`);
  }
  const ratios = figures.own.each(0.99).map((p99, window) => p99 / (figures.other.each(0.99)[window] as number));
  const noWorse = ratios.filter((ratio) => ratio <= 1).length;
  console.log(
    `\n### Latency at ${formatSpread(spreadOf(rates))} calls/s, 70 % of what ${peer.name} did right before\n`,
  );
  console.log(
    `${connections} connections, ${windows} windows of ${windowMs} ms of each in turn, in µs from when a call was due: median of the windows (min–max); all calls together.\n`,
  );
  printHead();
  console.log(figures.own.row("msec"));
  console.log(figures.other.row(peer.name));
  for (const [cpu, figure] of pauses.entries()) console.log(figure.row(`calls that go nowhere, processor ${cpu}`));
  console.log(
    `\np99 of msec / p99 of ${peer.name}, window by window: ${formatSpread(spreadOf(ratios))}; no worse in ${noWorse} of ${windows}; ` +
      `of all calls together ${(figures.own.pooled(0.99) / figures.other.pooled(0.99)).toFixed(2)}.`,
  );
}

async function atOwnRate(own: WindowClient, { windows }: LatencyOptions): Promise<void> {
  const figures = new Windows();
  const rates: number[] = [];
  const rateOfLoad = steadyRate(own);
  for (let window = 0; window < windows; window++) {
    const rate = await rateOfLoad();
    rates.push(rate);
    figures.results.push(await own.open(rate, windowMs));
  }
  console.log(
    `\n### Latency at ${formatSpread(spreadOf(rates))} calls/s, 70 % of what msec did right before; nothing else follows there\n`,
  );
  printHead();
  console.log(figures.row("msec"));
}

/** Calls a second at 70 % load: of the middle one of the last five closed loops, as a pause in one would make the rate of the next window too low, and its absence too high. */
function steadyRate(client: WindowClient): () => Promise<number> {
  const last: number[] = [];
  return async () => {
    if (last.length === 5) last.shift();
    do last.push(await client.closed(outstanding, capacityMs));
    while (last.length < 5);
    return Math.round(spreadOf(last).median * load);
  };
}

function printHead(): void {
  console.log("| | p50 | p99 | p99.9 |\n|---|---|---|---|");
}

function quantile(ascending: ArrayLike<number>, q: number): number {
  return ascending[Math.floor(ascending.length * q)] ?? 0;
}
