import type { LogColumns, TelemetryEnvelope } from "@msec/telemetry-store";

/** How a day of log lines looks: the same rows for every store, by number. */
const DAY_US = 86_400_000_000;
const services = ["Flight.mod_flight", "Flight.traffic", "Login.mod_user", "Pay.order", "Pay.ledger"];
const texts = [
  "query of flights answered from the timetable with",
  "order was placed and handed to the ledger for booking, total",
  "user was checked against the directory of accounts in",
  "seat map was read from the cache of the aircraft, seats left",
];

/** Rows of one line, as plain values. */
export interface Line {
  readonly timeUs: number;
  readonly service: string;
  readonly host: string;
  readonly instance: string;
  readonly level: number;
  readonly traceHigh: bigint;
  readonly flowId: bigint;
  readonly spanId: bigint;
  readonly method: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A number that looks random and is the same each time. */
function mixed(number: number): number {
  let value = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** As a message holds a text that was read from a socket: in one piece, where one put together is a tree of its parts until somebody reads it. */
function asRead(text: string): string {
  return Buffer.from(text).toString();
}

/**
 * One line of a day.
 *
 * @param index   0…rows−1; three lines after each other belong to one request
 * @param startUs  of the day, microseconds since 1970 UTC
 */
export function lineOf(index: number, rows: number, startUs: number): Line {
  const random = mixed(index);
  const request = mixed(Math.floor(index / 3) + 0x5bd1e995);
  const service = random % services.length;
  const roll = random % 1_000;
  const id = BigInt(request) * 0x1_0000_0001n + BigInt(Math.floor(index / 3));
  return {
    timeUs: Math.floor(startUs + (index / rows) * DAY_US),
    service: services[service]!,
    host: `host-${random % 7}`,
    instance: `10.0.0.${random % 20}:7963`,
    level: roll < 10 ? 17 : roll < 200 ? 5 : 9,
    traceHigh: BigInt(request) + 1n,
    flowId: id & 0xffff_ffff_ffff_ffffn,
    spanId: BigInt(random) * 7n + 1n,
    method: `${services[service]}.method${random % 12}`,
    // About 120 bytes, with words that repeat and numbers that do not.
    text: asRead(
      `${texts[random % 4]} ${random % 100_000} units, reference ${request.toString(36)}-${(random >>> 3).toString(36)}, attempt ${roll % 4}, queue ${roll}`,
    ),
    fields: { uid: String(request % 200_000), city: `c${random % 300}`, cost: String(roll / 10) },
  };
}

/** Lines as agents hand them over: one envelope for each service and instance of a batch. */
export function envelopesOf(lines: readonly Line[]): TelemetryEnvelope[] {
  const groups = Map.groupBy(lines, (line) => `${line.service} ${line.host} ${line.instance}`);
  return [...groups.values()].map((group) => {
    const strings = [""];
    const positions = new Map([["", 0]]);
    const ref = (text: string) => {
      let position = positions.get(text);
      if (position === undefined) {
        position = strings.push(text) - 1;
        positions.set(text, position);
      }
      return position;
    };
    const traceIds = Buffer.alloc(group.length * 16);
    const spanIds = Buffer.alloc(group.length * 8);
    for (const [row, line] of group.entries()) {
      traceIds.writeBigUInt64BE(line.traceHigh, row * 16);
      traceIds.writeBigUInt64BE(line.flowId, row * 16 + 8);
      spanIds.writeBigUInt64BE(line.spanId, row * 8);
    }
    const logs: LogColumns = {
      timeUs: group.map(({ timeUs }) => timeUs),
      traceIds,
      spanIds,
      level: group.map(({ level }) => level),
      methodRef: group.map(({ method }) => ref(method)),
      text: group.map(({ text }) => text),
      fieldLength: group.map(({ fields }) => Object.keys(fields).length),
      fieldNameRef: group.flatMap(({ fields }) => Object.keys(fields).map(ref)),
      fieldValue: group.flatMap(({ fields }) => Object.values(fields)),
    };
    const { service, host, instance } = group[0]!;
    return { identity: { service, host, instance }, batch: { strings, logs } };
  });
}
