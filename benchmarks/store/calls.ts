import type { BenchStore, Figure } from "./bench-store.ts";
import { questionMs } from "./bench-store.ts";
import { seededRandom } from "./seeded-random.ts";

const instances = 4;
const methods = 5;
const callers = 3;
const stepS = 10;
const daySeconds = 86_400;
const bucketsPerRow = 8;

/** A day of calls of one service: 5 methods, 4 instances, 3 callers, a row of 8 buckets every ten seconds. */
export async function* calls(bench: BenchStore): AsyncGenerator<Figure> {
  const { store } = bench;
  const endS = Math.floor(Date.now() / 60_000) * 60;
  const random = seededRandom(9);
  const strings = [
    "",
    ...Array.from({ length: methods }, (_, i) => `shop.order_service.method${i}`),
    ...Array.from({ length: callers }, (_, i) => `Front.web${i}`),
  ];
  let rows = 0;
  for (let fromS = endS - daySeconds; fromS < endS; fromS += 3_600) {
    const envelopes = Array.from({ length: instances }, (_, instance) => {
      const timeS: number[] = [];
      const methodRef: number[] = [];
      const peerServiceRef: number[] = [];
      const bucketIndex: number[] = [];
      const bucketCount: number[] = [];
      for (let time = fromS; time < fromS + 3_600; time += stepS) {
        for (let edge = 0; edge < methods * callers; edge++) {
          timeS.push(time);
          methodRef.push(1 + (edge % methods));
          peerServiceRef.push(1 + methods + Math.floor(edge / methods));
          const first = 70 + Math.floor(random() * 20);
          for (let bucket = 0; bucket < bucketsPerRow; bucket++) {
            bucketIndex.push(first + 3 * bucket);
            bucketCount.push(1 + Math.floor(random() * 20));
          }
        }
      }
      rows += timeS.length;
      const all = (value: number) => timeS.map(() => value);
      const columns = { timeS, side: all(1), methodRef, peerServiceRef, peerInstanceRef: all(0), code: all(0) };
      const measures = { count: all(80), durationUsSum: all(400_000), bucketLength: all(bucketsPerRow) };
      const identity = { host: `host-${instance}`, service: "Shop.order", instance: `10.0.0.${instance}:7963` };
      return {
        identity,
        batch: { strings, calls: { ...columns, ...measures, bucketIndex, bucketCount }, droppedRows: 0n },
      };
    });
    await store.ingestAll(envelopes, `bench-calls/${fromS}`);
  }
  const bytes = await bench.tableBytes("call");
  yield { what: "a row of calls with 8 buckets on disk", goal: "", found: `${(bytes / rows).toFixed(1)} bytes` };
  for (const table of ["call_minute", "call_hour"]) await bench.tableBytes(table);
  const day = {
    fromMs: (endS - daySeconds) * 1_000,
    toMs: endS * 1_000,
    stepS: 60,
    service: "Shop.order",
    side: 1,
  } as const;
  const ask = (query: object) => questionMs(bench, () => store.queryCalls({ ...day, ...query }));
  yield {
    what: "p50/p90/p99/p99.9 per method and minute over a day",
    goal: "≤ 60 ms",
    found: await ask({ byMethod: true }),
  };
  yield { what: "the same of one method", goal: "", found: await ask({ method: strings[1] }) };
  yield { what: "the same per caller", goal: "", found: await ask({ byCaller: true }) };
  yield { what: "the same per method and instance", goal: "", found: await ask({ byMethod: true, byInstance: true }) };
}
