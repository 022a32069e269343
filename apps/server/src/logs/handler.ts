import { setTimeout as delay } from "node:timers/promises";
import type { ServiceImpl } from "@connectrpc/connect";
import { LogFieldType, type LogFilter, type LogService } from "@msec/api/console/v1/logs_pb.js";
import { Code, RpcError } from "@msec/rpc";
import {
  definedFieldsMax,
  type LogPage,
  type LogStore,
  problemText,
  type LogFieldType as StoredType,
  type LogFilter as StoreFilter,
  ValueType,
} from "@msec/telemetry-store";
import { connectErrorFrom } from "../errors/connect-error-from.ts";
import { rpcErrorFrom } from "../errors/rpc-error-from.ts";
import { askTelemetry } from "../telemetry/telemetry-error.ts";
import { exportLogs } from "./export.ts";

const pageDefault = 100;
const tailDefault = 500;
const aroundDefault = 20;
/** Between two looks for new lines. */
const tailPauseMs = 700;
const waitMaxMs = 30_000;
/** Questions that wait for new lines at once: each looks into the store again and again. */
const tailsMax = 100;
/** UTF-16 units of one page: what is more comes with the next. */
const pageMaxUnits = 8 * 1024 * 1024;

const typeNames: Readonly<Record<number, StoredType>> = {
  [LogFieldType.TEXT]: ValueType.Text,
  [LogFieldType.INTEGER]: ValueType.Integer,
  [LogFieldType.NUMBER]: ValueType.Number,
};

/** `msec.console.v1.LogService`: questions about log lines; the store has the same limits and names. */
export function createLogHandler(logs: LogStore): ServiceImpl<typeof LogService> {
  let tails = 0;
  return {
    async findLogs({ filter, limit, before }) {
      const query = { ...filterOf(filter), limit: limit || pageDefault, before };
      const { rows, next, searchedToMs } = bounded(await askTelemetry(logs.find(query)));
      return { lines: rows, next, searchedToMs };
    },

    async tailLogs({ filter, after, limit, waitMs }, context) {
      if (waitMs > waitMaxMs) throw new RpcError(Code.InvalidArgument, `wait_ms ${waitMs} must be 0…${waitMaxMs}`);
      if (tails >= tailsMax) {
        throw new RpcError(Code.ResourceExhausted, `${tailsMax} others follow the log already; try again later`);
      }
      tails++;
      try {
        const deadline = performance.now() + waitMs;
        for (let from = after; ; ) {
          const found = await askTelemetry(
            logs.tail({ ...filterOf(filter), after: from, limit: limit || tailDefault }),
          );
          // Who asks for the first time wants a place to begin at once.
          const enough = found.rows.length > 0 || after === "" || performance.now() + tailPauseMs > deadline;
          if (enough || context.signal.aborted) {
            return { lines: found.rows, next: found.next, skipped: found.skipped };
          }
          from = found.next;
          await delay(tailPauseMs, undefined, { signal: context.signal }).catch(() => {}); // Gone: the loop ends.
        }
      } finally {
        tails--;
      }
    },

    async findLogsAround({ id, service, instance, count }) {
      return { lines: await askTelemetry(logs.around({ id, service, instance, count: count || aroundDefault })) };
    },

    async countLogs({ filter, stepS }) {
      return await askTelemetry(logs.count({ ...filterOf(filter), stepS }));
    },

    async checkExpression({ where, language }) {
      const problem = await askTelemetry(logs.check(where));
      if (problem === undefined) return {};
      const text = problemText(problem, language === "zh" ? "zh" : "en");
      return { problem: { position: problem.position, length: problem.length, text } };
    },

    async *exportLogs({ filter, format, limit }, context) {
      try {
        yield* exportLogs(logs, filterOf(filter), format, limit);
      } catch (thrown) {
        // What a stream throws passes by the interceptor that translates for unary calls.
        throw connectErrorFrom(rpcErrorFrom(thrown), context.requestHeader);
      }
    },

    async listLogFields() {
      const [defined, seen] = await Promise.all([askTelemetry(logs.listFields()), askTelemetry(logs.listSeenFields())]);
      return {
        defined: defined.map(({ name, type }) => ({ name, type: typeOf(type) })),
        seen,
        definedMax: definedFieldsMax,
      };
    },

    async addLogField({ name, type }) {
      const known = typeNames[type];
      if (known === undefined) {
        throw new RpcError(Code.InvalidArgument, `type ${type} must be 1 (text), 2 (integer) or 3 (number)`);
      }
      await askTelemetry(logs.defineField({ name, type: known }));
      return {};
    },

    async removeLogField({ name }) {
      await askTelemetry(logs.removeField(name));
      return {};
    },
  };
}

function filterOf(filter: LogFilter | undefined): StoreFilter {
  if (filter === undefined) throw new RpcError(Code.InvalidArgument, "filter is missing");
  const { fromMs, toMs, service, host, instance, requestId, level, dyedOnly, where } = filter;
  return { fromMs, toMs, service, host, instance, requestId, level, dyedOnly, where };
}

function typeOf(type: StoredType): LogFieldType {
  if (type === ValueType.Integer) return LogFieldType.INTEGER;
  return type === ValueType.Number ? LogFieldType.NUMBER : LogFieldType.TEXT;
}

/** A page that fits into one answer, however long its lines are. */
function bounded(page: LogPage): LogPage {
  let units = 0;
  for (const [index, { id, timeUs, text, fields }] of page.rows.entries()) {
    units += text.length + Object.values(fields).reduce((sum, value) => sum + value.length, 0);
    if (units > pageMaxUnits) {
      return { rows: page.rows.slice(0, index + 1), next: id, searchedToMs: timeUs / 1_000 };
    }
  }
  return page;
}
