import type { BenchStore, Figure } from "./bench-store.ts";
import { questionMs } from "./bench-store.ts";

const spansPerRequest = 4;
const spansPerInsert = 250_000;
const rangeS = 6 * 3_600;
/** Different sizes of the table, spans. The second argument of the benchmark names others: `npm run bench -- store flows 1000000,10000000`. */
const sizes = (process.argv[3] ?? "1000000").split(",").map(Number);

/** Requests of four spans over six hours and twenty services: the flow of one by its id, and searches. */
export async function* flows(bench: BenchStore): AsyncGenerator<Figure> {
  const { store, client } = bench;
  const endS = Math.floor(Date.now() / 1_000);
  let spans = 0;
  for (const size of sizes) {
    if (!Number.isInteger(size) || size <= spans)
      throw new Error(`sizes ${sizes.join(",")} must be whole and ascending`);
    for (; spans < size; spans += spansPerInsert) {
      const query = insertQuery(spans, Math.min(spansPerInsert, size - spans), endS - rangeS, size);
      await client.command({ query });
    }
    spans = size;
    const name = `${size / 1_000_000} M spans`;
    yield { what: `${name}: flow by id, each time another`, goal: "20 ms", found: await flowMs(bench, size) };
    const bytes = await bench.tableBytes("span");
    yield {
      what: `${name}, merged (${(bytes / size).toFixed(0)} bytes a span): flow by id`,
      goal: "20 ms",
      found: await flowMs(bench, size),
    };
    const range = { fromMs: (endS - 3_600) * 1_000, toMs: endS * 1_000 };
    const search = (query: object) => questionMs(bench, () => store.searchRequests({ ...range, ...query }), 10);
    const service = "Shop.service7";
    yield { what: `${name}: newest 50 of a service`, goal: "", found: await search({ service }) };
    yield {
      what: `${name}: slowest 50 of a service in an hour`,
      goal: "",
      found: await search({ service, order: "slowest" }),
    };
    yield {
      what: `${name}: failed ones of any service in an hour`,
      goal: "",
      found: await search({ failedOnly: true }),
    };
  }
}

/** Each time another request; their ids are asked for before. */
async function flowMs(bench: BenchStore, size: number): Promise<string> {
  const requests = size / spansPerRequest;
  const found = await bench.client.query({
    query: `SELECT toString(cityHash64((number + 1) * 7919 % ${requests})) AS id FROM numbers(100)`,
    format: "JSONEachRow",
  });
  const ids = (await found.json<{ id: string }>()).map(({ id }) => id);
  return await questionMs(bench, async () => {
    const id = ids.shift() ?? "";
    const flow = await bench.store.getFlow(id);
    if (flow?.spans.length !== spansPerRequest) throw new Error(`request ${id} has not its ${spansPerRequest} spans`);
  });
}

/** Spans in the order of time, as hosts send them. */
function insertQuery(from: number, count: number, startS: number, size: number): string {
  return `INSERT INTO span (start, trace_high, flow_id, span_id, parent_span_id, host, service, instance, side, method, peer_service, peer_instance,
    code, message, duration_us, queue_us, request_bytes, response_bytes, deadline_ms) SELECT
    fromUnixTimestamp64Micro(toInt64(${startS * 1e6} + intDiv(number, ${spansPerRequest}) * ${((rangeS * 1e6) / size) * spansPerRequest} + number % ${spansPerRequest}), 'UTC'),
    0, cityHash64(intDiv(number, ${spansPerRequest})), number + 1, if(number % ${spansPerRequest} = 0, 0, number),
    concat('host-', toString(number % 40)), concat('Shop.service', toString(number % 20)), concat('10.0.0.', toString(number % 40), ':7963'),
    1 + number % 2, concat('shop.order_service.method', toString(number % 5)), concat('Shop.service', toString((number + 1) % 20)),
    '10.0.0.1:7963', if(cityHash64(number, 1) % 100 = 0, 14, 0), '', toUInt32(200 + cityHash64(number, 2) % 20000), 10, 120, 480, 2900
  FROM numbers(${from}, ${count})`;
}
