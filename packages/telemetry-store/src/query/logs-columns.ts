/** What a column or field holds, and so how it is compared. */
export const ValueType = {
  Text: "text",
  /** A whole number of 64 bits. */
  Integer: "integer",
  Number: "number",
  Level: "level",
  RequestId: "request-id",
  SpanId: "span-id",
  YesNo: "yes-no",
} as const;
/** What a column or field holds. */
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

/** One column of the table `log_line` that an expression can name. */
export interface LogColumn {
  /** The name in expressions. */
  readonly name: string;
  /** The column; our own text. */
  readonly sql: string;
  readonly type: ValueType;
  /** Other names for it, in small letters: the original's among them. */
  readonly aliases: readonly string[];
}

/** The columns that every line has. */
export const logColumns: readonly LogColumn[] = [
  { name: "level", sql: "level", type: ValueType.Level, aliases: [] },
  { name: "text", sql: "text", type: ValueType.Text, aliases: ["content", "message", "msg", "body"] },
  { name: "request", sql: "flow_id", type: ValueType.RequestId, aliases: ["reqid", "request_id", "trace", "trace_id"] },
  { name: "span", sql: "span_id", type: ValueType.SpanId, aliases: ["span_id"] },
  { name: "service", sql: "service", type: ValueType.Text, aliases: ["servicename"] },
  { name: "instance", sql: "instance", type: ValueType.Text, aliases: ["serverip"] },
  { name: "host", sql: "host", type: ValueType.Text, aliases: ["ip"] },
  { name: "method", sql: "method", type: ValueType.Text, aliases: ["rpcname", "rpc"] },
  { name: "caller", sql: "caller", type: ValueType.Text, aliases: [] },
  { name: "peer", sql: "peer", type: ValueType.Text, aliases: ["clientip"] },
  { name: "source", sql: "source", type: ValueType.Text, aliases: ["fileline"] },
  { name: "function", sql: "function", type: ValueType.Text, aliases: [] },
  { name: "dyed", sql: "dyed", type: ValueType.YesNo, aliases: ["coloring"] },
];

const byName = new Map<string, LogColumn>(
  logColumns.flatMap((column) => [column.name, ...column.aliases].map((name) => [name, column] as const)),
);

/** The column of a name, in any spelling of capitals; `undefined` where it is a user's field. */
export function findLogColumn(name: string): LogColumn | undefined {
  return byName.get(name.toLowerCase());
}

/** A field of the user's that has a column of its own. */
export interface LogField {
  readonly name: string;
  readonly type: LogFieldType;
}

/** What a defined field holds. */
export type LogFieldType = typeof ValueType.Text | typeof ValueType.Integer | typeof ValueType.Number;

/** Names that a defined field may have: they become part of a column's name. */
export const fieldNamePattern = /^[A-Za-z][A-Za-z0-9_]{0,47}$/;

/** The column of a defined field. Its name has passed `fieldNamePattern`. */
export function fieldColumn(name: string): string {
  return `f_${name}`;
}

/** Levels by name, in the order of OpenTelemetry's severity numbers. */
export const levelNumbers = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;

const gravestFirst = Object.entries(levelNumbers).reverse();

/** The name of a level's number: the one at or below it. */
export function levelName(level: number): string {
  return gravestFirst.find(([, number]) => number <= level)?.[0] ?? "trace";
}
