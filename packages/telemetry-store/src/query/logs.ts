import type { StoreClients } from "../client.ts";
import { findLogsAround, type LogAroundQuery } from "./logs-around.ts";
import type { LogField } from "./logs-columns.ts";
import { compileExpression } from "./logs-compile.ts";
import { defineField, listDefinedFields, listSeenFields, removeField, type SeenField } from "./logs-fields.ts";
import { countLogs, type LogHistogram, type LogHistogramQuery } from "./logs-histogram.ts";
import { findLogs, type LogPage, type LogPageQuery } from "./logs-page.ts";
import { parseExpression } from "./logs-parser.ts";
import { assertPatterns } from "./logs-patterns.ts";
import { type ExpressionProblem, InvalidExpression } from "./logs-problem.ts";
import type { LogRow } from "./logs-row.ts";
import { type LogTail, type LogTailQuery, tailLogs } from "./logs-tail.ts";

/** What can be asked about log lines. Each throws InvalidQuery, InvalidExpression, StoreUnavailable, TelemetryStoreError. */
export interface LogStore {
  /** Lines, newest first, a page at a time. */
  find(query: LogPageQuery): Promise<LogPage>;
  /** Lines that arrived since the last question. */
  tail(query: LogTailQuery): Promise<LogTail>;
  /** What one instance wrote before and after a line. */
  around(query: LogAroundQuery): Promise<LogRow[]>;
  /** How many lines of each level there were over time. */
  count(query: LogHistogramQuery): Promise<LogHistogram>;
  /** What is wrong with an expression, its regular expressions included; `undefined` where nothing is. */
  check(expression: string): Promise<ExpressionProblem | undefined>;
  /** The fields with columns of their own, in order of their names. */
  listFields(): Promise<LogField[]>;
  /** The names of fields in lines of the last hour, the most frequent first. */
  listSeenFields(): Promise<SeenField[]>;
  /** Give a field a column of its own: at most 32. */
  defineField(field: LogField): Promise<void>;
  /** Take its column away; its values stay. */
  removeField(name: string): Promise<void>;
}

/** The defined fields change rarely and are asked for with each query. */
const fieldsFreshMs = 30_000;

/** The log of a store. */
export function createLogStore(clients: StoreClients): LogStore {
  let known: { fields: ReadonlyMap<string, LogField>; readMs: number } | undefined;
  const fieldsByName = async () => {
    if (known === undefined || performance.now() - known.readMs > fieldsFreshMs) {
      const fields = await listDefinedFields(clients);
      known = { fields: new Map(fields.map((field) => [field.name, field])), readMs: performance.now() };
    }
    return known.fields;
  };
  let changing: Promise<void> = Promise.resolve();
  // One after the other: two at once could each see room for one more field.
  const change = async (work: () => Promise<void>) => {
    const mine = changing.then(work).finally(() => {
      known = undefined;
    });
    changing = mine.catch(() => {}); // The caller gets the error; the next change is not held up by it.
    await mine;
  };
  return {
    find: async (query) => await findLogs(clients, query, await fieldsByName()),
    tail: async (query) => await tailLogs(clients, query, await fieldsByName(), Date.now()),
    around: async (query) => await findLogsAround(clients, query),
    count: async (query) => await countLogs(clients, query, await fieldsByName()),
    check: async (text) => {
      const problem = findProblem(text, await fieldsByName());
      return problem ?? (await problemOf(assertPatterns(clients, text)));
    },
    listFields: async () => await listDefinedFields(clients),
    listSeenFields: async () => await listSeenFields(clients, Date.now()),
    defineField: async (field) => await change(() => defineField(clients, field)),
    removeField: async (name) => await change(() => removeField(clients, name)),
  };
}

async function problemOf(check: Promise<void>): Promise<ExpressionProblem | undefined> {
  try {
    await check;
    return undefined;
  } catch (error) {
    if (error instanceof InvalidExpression) return error.problem;
    throw error;
  }
}

/** What is wrong with an expression as far as can be told without the store; `undefined` where nothing is. */
export function findProblem(text: string, fields: ReadonlyMap<string, LogField>): ExpressionProblem | undefined {
  try {
    const expression = parseExpression(text);
    if (expression !== undefined) compileExpression(expression, fields);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidExpression) return error.problem;
    throw error;
  }
}
