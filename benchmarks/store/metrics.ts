import { MetricSplit, type TelemetryEnvelope } from "../../packages/telemetry-store/src/index.ts";
import type { BenchStore, Figure } from "./bench-store.ts";
import { questionMs } from "./bench-store.ts";
import { seededRandom } from "./seeded-random.ts";

const instances = 20;
const names = 50;
const stepS = 10;
const daySeconds = 86_400;
// What a request of an agent carries at most, times the agents that report at once.
const secondsPerInsert = 1_000;

/** A day of 50 attributes of 20 instances, every ten seconds: 8.6 million samples; half counters, half slowly moving gauges. */
export async function* metrics(bench: BenchStore): AsyncGenerator<Figure> {
  const { store } = bench;
  const endS = Math.floor(Date.now() / 60_000) * 60;
  const strings = ["", ...Array.from({ length: names }, (_, i) => `usr.order.attribute_${i}`)];
  const random = seededRandom(8);
  const gauges = Float64Array.from({ length: instances * names }, () => 40 + 20 * random());
  let rows = 0;
  let wallMs = 0;
  let insert = 0;
  const cpuBefore = bench.engineCpuMs();
  let ownUs = 0;
  const waiting: TelemetryEnvelope[][] = [];
  for (let fromS = endS - daySeconds; fromS < endS; fromS += secondsPerInsert) {
    const envelopes = Array.from({ length: instances }, (_, instance) => {
      const samples = { timeS: [] as number[], nameRef: [] as number[], kind: [] as number[], value: [] as number[] };
      for (let timeS = fromS; timeS < Math.min(endS, fromS + secondsPerInsert); timeS += stepS) {
        for (let name = 0; name < names; name++) {
          const isCounter = name % 2 === 0;
          const at = instance * names + name;
          gauges[at] = Math.max(0, gauges[at]! + random() - 0.5);
          samples.timeS.push(timeS);
          samples.nameRef.push(name + 1);
          samples.kind.push(isCounter ? 1 : 2);
          samples.value.push(isCounter ? Math.floor(random() * 200) : Math.round(gauges[at]! * 10) / 10);
        }
      }
      rows += samples.timeS.length;
      const identity = { host: `host-${instance % 5}`, service: "Shop.order", instance: `10.0.0.${instance}:7963` };
      return { identity, batch: { strings, samples, droppedRows: 0n } };
    });
    waiting.push(envelopes);
    if (waiting.length < 8 && fromS + secondsPerInsert < endS) continue;
    // Two at a time, as agents do not wait for each other.
    const begin = performance.now();
    const own = process.cpuUsage();
    const insertAll = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await store.ingestAll(next, `bench/${insert++}`);
      }
    };
    await Promise.all([insertAll(), insertAll()]);
    wallMs += performance.now() - begin;
    const { user, system } = process.cpuUsage(own);
    ownUs += user + system;
  }
  const engineMs = bench.engineCpuMs() - cpuBefore;
  const perSecond = (rows / wallMs) * 1_000;
  yield {
    what: "samples in, with roll-ups",
    goal: "≥ 1 million/s",
    found: `${(perSecond / 1e6).toFixed(2)} million/s`,
  };
  yield {
    what: "processor time of a sample: engine with merges / our encoding and sending, with roll-ups",
    goal: "",
    found: `${((engineMs * 1_000) / rows).toFixed(2)} µs / ${(ownUs / rows).toFixed(2)} µs`,
  };
  const bytes = await bench.tableBytes("series_sample");
  const rolled = (await bench.tableBytes("series_minute")) + (await bench.tableBytes("sample_hour"));
  yield { what: "a sample on disk", goal: "≤ 2 bytes", found: `${(bytes / rows).toFixed(2)} bytes` };
  yield { what: "its share of minutes and hours", goal: "", found: `${(rolled / rows).toFixed(2)} bytes` };
  const day = { fromMs: (endS - daySeconds) * 1_000, toMs: endS * 1_000, stepS: 60, service: "Shop.order" };
  const one = strings[4]!;
  const ask = (query: object) => questionMs(bench, () => store.queryMetrics({ ...day, names: [one], ...query }));
  yield { what: "a curve of a day, one instance", goal: "≤ 10 ms", found: await ask({ instance: "10.0.0.3:7963" }) };
  yield { what: "a curve of a day, sum of 20 instances", goal: "", found: await ask({}) };
  yield { what: "the same, a curve for each instance", goal: "", found: await ask({ split: MetricSplit.Instance }) };
  yield {
    what: "a page of 12 curves of a day, 20 instances",
    goal: "",
    found: await ask({ names: strings.slice(1, 13) }),
  };
  const week = { fromMs: (endS - 7 * daySeconds) * 1_000, stepS: 600 };
  yield { what: "a curve of a week by 10 minutes, one day of which there is", goal: "", found: await ask(week) };
  const list = () => questionMs(bench, () => store.listAttributes({ ...day, pattern: "^usr.*_1" }));
  yield { what: "the attributes of a service that match an expression", goal: "", found: await list() };
  yield { what: "memory of the engine", goal: "≤ 1 GB", found: `${bench.engineMiB().toFixed(0)} MiB` };
}
