import type { StoreClients } from "../client.ts";
import { storeErrorFrom } from "../client-error.ts";
import { changeStructure } from "../schema/migrate.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask } from "./ask.ts";
import {
  fieldColumn,
  fieldNamePattern,
  findLogColumn,
  type LogField,
  type LogFieldType,
  ValueType,
} from "./logs-columns.ts";

/** Fields that may have columns of their own. */
export const definedFieldsMax = 32;

/** A field that lines have, defined or not. */
export interface SeenField {
  readonly name: string;
  /** Lines of the last hour that have it. */
  readonly lines: number;
}

// What a new column is: its type, and how it comes from the map. Our own text; the name has passed `fieldNamePattern`.
const kinds: Readonly<Record<LogFieldType, { type: string; from: (map: string) => string; codec: string }>> = {
  text: { type: "String", from: (map) => map, codec: "ZSTD(1)" },
  integer: { type: "Nullable(Int64)", from: (map) => `toInt64OrNull(${map})`, codec: "ZSTD(1)" },
  number: { type: "Nullable(Float64)", from: (map) => `toFloat64OrNull(${map})`, codec: "ZSTD(1)" },
};

/**
 * The user's fields that have columns of their own: the table itself is the list.
 *
 * @throws StoreUnavailable, TelemetryStoreError
 */
export async function listDefinedFields(clients: StoreClients): Promise<LogField[]> {
  const columns = await ask<{ name: string; type: string }>(
    clients,
    "list the fields of the log",
    `SELECT name, type FROM system.columns
     WHERE database = {database:String} AND table = 'log_line' AND startsWith(name, 'f_') ORDER BY name`,
    { database: clients.database },
  );
  return columns.map(({ name, type }) => ({ name: name.slice(2), type: fieldType(type) }));
}

/**
 * Give a field a column of its own. Lines that are there already have it too: theirs is computed when it is read.
 *
 * @throws InvalidQuery (a name that cannot be one, too many, defined already), StoreUnavailable, TelemetryStoreError
 */
export async function defineField(clients: StoreClients, { name, type }: LogField): Promise<void> {
  const kind = kinds[type];
  if (kind === undefined) throw new InvalidQuery(`type ${JSON.stringify(type)} must be text, integer or number`);
  assertFieldName(name);
  const defined = await listDefinedFields(clients);
  if (defined.some((field) => field.name === name)) throw new InvalidQuery(`the field ${name} is defined already`);
  if (defined.length >= definedFieldsMax) {
    throw new InvalidQuery(`${definedFieldsMax} fields are defined already; remove one first`);
  }
  const column = fieldColumn(name);
  const expression = kind.from(`fields['${name}']`);
  await change(
    clients,
    `define the field ${name}`,
    `ALTER TABLE log_line ADD COLUMN IF NOT EXISTS \`${column}\` ${kind.type} MATERIALIZED ${expression} CODEC(${kind.codec})`,
  );
  await change(
    clients,
    `index the field ${name}`,
    `ALTER TABLE log_line ADD INDEX IF NOT EXISTS \`${column}_index\` \`${column}\` TYPE bloom_filter(0.01) GRANULARITY 4`,
  );
}

/**
 * Take a field's column away. Its values stay in the map, so it can still be asked for, only more slowly.
 *
 * @throws InvalidQuery (not defined), StoreUnavailable, TelemetryStoreError
 */
export async function removeField(clients: StoreClients, name: string): Promise<void> {
  assertFieldName(name);
  const defined = await listDefinedFields(clients);
  if (!defined.some((field) => field.name === name)) throw new InvalidQuery(`the field ${name} is not defined`);
  const column = fieldColumn(name);
  await change(clients, `remove ${name}`, `ALTER TABLE log_line DROP INDEX IF EXISTS \`${column}_index\``);
  await change(clients, `remove ${name}`, `ALTER TABLE log_line DROP COLUMN IF EXISTS \`${column}\``);
}

/** The names of fields that lines of the last hour have, the most frequent first, at most 200. */
export async function listSeenFields(clients: StoreClients, nowMs: number): Promise<SeenField[]> {
  return await ask<SeenField>(
    clients,
    "list the fields of the log",
    `SELECT arrayJoin(mapKeys(fields)) AS name, count() AS lines FROM log_line
     WHERE time >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
     GROUP BY name ORDER BY lines DESC, name LIMIT 200`,
    { fromMs: Math.floor(nowMs - 3_600_000) },
  );
}

function assertFieldName(name: string): void {
  if (!fieldNamePattern.test(name)) {
    throw new InvalidQuery(
      `${JSON.stringify(name.slice(0, 80))} is no name of a field: a letter, then letters, digits and _, at most 48`,
    );
  }
  const column = findLogColumn(name);
  if (column !== undefined) throw new InvalidQuery(`every line has a column ${column.name}; ${name} is a name of it`);
}

function fieldType(type: string): LogFieldType {
  if (type.includes("Int64")) return ValueType.Integer;
  return type.includes("Float64") ? ValueType.Number : ValueType.Text;
}

async function change(clients: StoreClients, doing: string, statement: string): Promise<void> {
  try {
    await changeStructure(clients, statement);
  } catch (error) {
    throw storeErrorFrom(error, doing, clients.where);
  }
}
