import { logLevels } from "./logs-search.ts";

/** What names and values an expression can have. */
export interface CompletionWords {
  /** Columns and fields, the most likely first. */
  readonly names: readonly string[];
  readonly services: readonly string[];
}

/** What could stand where the caret is. */
export interface Completions {
  /** UTF-16 units before the word that is being written. */
  readonly from: number;
  readonly words: readonly string[];
}

const WORDS_MAX = 8;
const begun = /[\p{L}_][\p{L}\p{N}_.-]*$/u;
const compared = /([\p{L}_][\p{L}\p{N}_.-]*)\s*(?:==?|!=|[<>]=?|[＝≥≤≠＞＜]|in\s*\((?:[^()"']*,)?)\s*$/iu;

/**
 * Names that go on with the word before the caret, or, after a comparison, values of that column.
 *
 * @returns no words where nothing is being written, where it stands in quotes, and where it is complete
 */
export function completionsAt(text: string, caret: number, { names, services }: CompletionWords): Completions {
  const before = text.slice(0, caret);
  const word = begun.exec(before)?.[0] ?? "";
  const from = caret - word.length;
  const none = { from, words: [] };
  if (isInQuotes(before) || /[\p{L}\p{N}_.-]/u.test(text[caret] ?? "")) return none;
  const column = compared.exec(before.slice(0, from))?.[1]?.toLowerCase();
  const values = column === undefined ? undefined : valuesOf(column, services);
  if (column !== undefined && values === undefined) return none;
  if (values === undefined && word === "") return none;
  const begins = word.toLowerCase();
  const found = (values ?? names).filter((one) => one.toLowerCase().startsWith(begins));
  return found.includes(word) ? none : { from, words: found.slice(0, WORDS_MAX) };
}

/** The text with a word in place of the one that was begun, and where the caret stands then. */
export function withCompletion(
  text: string,
  caret: number,
  from: number,
  word: string,
): { text: string; caret: number } {
  const completed = `${text.slice(0, from)}${word} `;
  return { text: completed + text.slice(caret).trimStart(), caret: completed.length };
}

function valuesOf(column: string, services: readonly string[]): readonly string[] | undefined {
  if (column === "level") return logLevels;
  if (column === "dyed") return ["true", "false"];
  return column === "service" || column === "caller" ? services : undefined;
}

function isInQuotes(before: string): boolean {
  let quote = "";
  for (let at = 0; at < before.length; at++) {
    const unit = before[at]!;
    if (quote === "") {
      if (unit === '"' || unit === "'") quote = unit;
    } else if (unit === "\\") at++;
    else if (unit === quote) quote = "";
  }
  return quote !== "";
}
