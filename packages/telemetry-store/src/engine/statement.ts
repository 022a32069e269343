/** What a statement does, as far as the engine must know to choose a session for it. */
export const StatementKind = {
  /** Reads only; may run beside others. */
  Read: "read",
  /** INSERT, with or without data behind it. */
  Insert: "insert",
  /** Anything else that changes something: DDL, ALTER, OPTIMIZE, SYSTEM. */
  Write: "write",
  /** SET and USE: they would change a session that other requests share. */
  Session: "session",
} as const;
export type StatementKind = (typeof StatementKind)[keyof typeof StatementKind];

const leadingTrivia = /^(?:\s+|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\()*/;
const readKeywords = new Set(["select", "with", "show", "describe", "desc", "explain", "exists", "check"]);

/**
 * Tell what a statement does by its first word; comments and opening parentheses before it do not count.
 *
 * @param sql one statement in ClickHouse's SQL
 */
export function statementKind(sql: string): StatementKind {
  const start = leadingTrivia.exec(sql)![0].length;
  const word = /^[A-Za-z]*/.exec(sql.slice(start))![0].toLowerCase();
  if (readKeywords.has(word)) return StatementKind.Read;
  if (word === "insert") return StatementKind.Insert;
  if (word === "set" || word === "use") return StatementKind.Session;
  return StatementKind.Write;
}

const trailingFormat = /\bFORMAT\s+([A-Za-z][A-Za-z0-9]*)(?:\s+SETTINGS\s[\s\S]*)?[\s;]*$/i;

/**
 * The format that a statement names at its end, which decides the format of its result.
 *
 * @returns e.g. `JSONEachRow`; `undefined` where it names none
 */
export function formatOf(sql: string): string | undefined {
  return trailingFormat.exec(sql)?.[1];
}

/** An INSERT whose data comes behind it: `head` up to the format, with its settings taken out. */
export interface InsertWithData {
  /** `INSERT INTO span (a, b)` */
  head: string;
  /** `SETTINGS a = 1` or empty */
  settings: string;
  /** `RowBinary` */
  format: string;
  /** Length of the statement in characters; what follows is data. */
  length: number;
}

// The data begins after the format's name: at a line break, or after blanks where the statement ends. A VALUES or
// SELECT before it means that there is no data of this kind.
const insertHead = /^([\s\S]*?)\bFORMAT\s+([A-Za-z][A-Za-z0-9]*)[ \t]*;?(?:\r?\n|$)/i;

/**
 * Take apart `INSERT INTO t (…) [SETTINGS …] FORMAT X`, with or without data behind it.
 *
 * @returns `undefined` where the statement has its data inside (VALUES, SELECT) or names no format
 */
export function parseInsertWithData(sql: string): InsertWithData | undefined {
  const match = insertHead.exec(sql);
  if (match === null) return undefined;
  const [whole, before, format] = match as unknown as [string, string, string];
  if (/\b(?:VALUES|SELECT|INFILE)\b/i.test(before)) return undefined;
  const settingsAt = before.search(/\bSETTINGS\s/i);
  return {
    head: (settingsAt < 0 ? before : before.slice(0, settingsAt)).trimEnd(),
    settings: settingsAt < 0 ? "" : before.slice(settingsAt).trimEnd(),
    format,
    length: whole.length,
  };
}

/**
 * The same INSERT with its data in a file. The engine's parser reads the file itself, off the event loop: the one way
 * into chdb for a binary format (its own `insert` takes text formats only).
 *
 * @param path absolute; without the characters that ClickHouse takes for a pattern: * ? { }
 */
export function insertFromFile(insert: InsertWithData, path: string): string {
  return `${insert.head} FROM INFILE ${quote(path)} ${insert.settings} FORMAT ${insert.format}`;
}

/** A string as a literal of ClickHouse's SQL. */
export function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
