import type { TelemetryBatch } from "@msec/telemetry-store";

const stepS = 10;
const pointsOfHour = 3_600 / stepS;

/**
 * An hour of gauges that move, one sample each ten seconds, up to now.
 *
 * @param from   number of the first
 * @param count  how many, at most 500: a batch has room for 200,000 rows
 */
export function curvesBatch(from: number, count: number): TelemetryBatch {
  const nowS = Math.floor(Date.now() / 10_000) * 10;
  const samples = { timeS: [] as number[], nameRef: [] as number[], kind: [] as number[], value: [] as number[] };
  const strings = [""];
  for (let curve = 0; curve < count; curve++) {
    const ref = strings.push(`usr.bench.curve_${String(from + curve).padStart(4, "0")}`) - 1;
    for (let point = 0; point < pointsOfHour; point++) {
      samples.timeS.push(nowS - (pointsOfHour - point) * stepS);
      samples.nameRef.push(ref);
      samples.kind.push(2);
      samples.value.push(50 + 30 * Math.sin(point / 20 + curve) + 10 * Math.sin(point * 1.7 + curve * 3));
    }
  }
  return { strings, samples };
}
