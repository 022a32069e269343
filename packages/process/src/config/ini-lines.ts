/// <reference path="./ini.d.ts" />
import { parse, unsafe } from "ini";
import { UserError } from "../user-error.ts";

/** One `key = value` of an INI file. */
export interface IniEntry {
  readonly value: string;
  /** 1 is the first. */
  readonly line: number;
}

/** One `[section]` of an INI file. */
export interface IniSection {
  /** Where it begins first: a section may be continued further down. */
  readonly line: number;
  readonly entries: ReadonlyMap<string, IniEntry>;
}

/**
 * Split an INI text into sections and entries that know their lines.
 *
 * Each line means what npm's `ini` makes of it (quotes, escapes, `;` and `#` comments). It is given to `ini` alone, because
 * a whole file parsed by it knows no lines and takes `[a.b]` apart. What `ini` would pass over or guess is refused here.
 *
 * @param file  name for messages
 * @throws UserError naming file and line: entry outside a section, key given twice, neither section nor `key = value`
 */
export function iniLines(file: string, text: string): ReadonlyMap<string, IniSection> {
  const sections = new Map<string, { line: number; entries: Map<string, IniEntry> }>();
  let name: string | undefined;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = index + 1;
    const trimmed = raw.trim();
    if (trimmed === "" || trimmed.startsWith(";") || trimmed.startsWith("#")) continue;
    const header = /^\[([^\]]*)\]\s*([;#].*)?$/.exec(trimmed);
    if (header !== null) {
      name = unsafe(header[1]!);
      if (!sections.has(name)) sections.set(name, { line, entries: new Map() });
      continue;
    }
    const [key, value] = entryOf(file, line, trimmed);
    if (name === undefined) {
      throw new UserError(`${file}:${line}: ${key} stands before the first [section]`, {
        hint: "put a line with its section's name, such as [server], above it",
      });
    }
    const { entries } = sections.get(name)!;
    const earlier = entries.get(key);
    if (earlier !== undefined) {
      throw new UserError(`${file}:${line}: [${name}] ${key} is given twice, first in line ${earlier.line}`, {
        hint: "remove one of them",
      });
    }
    entries.set(key, { value, line });
  }
  return sections;
}

function entryOf(file: string, line: number, text: string): [key: string, value: string] {
  if (!text.includes("=") || text.startsWith("[")) {
    throw new UserError(
      `${file}:${line}: expected [section] or key = value, found ${JSON.stringify(text.slice(0, 60))}`,
    );
  }
  const entry = Object.entries(parse(text))[0];
  // `ini` drops a key called __proto__ and makes a list of `key[]`: neither means anything here.
  if (entry === undefined || entry[0] === "" || Array.isArray(entry[1])) {
    throw new UserError(`${file}:${line}: ${JSON.stringify(text.slice(0, 60))} has no usable key`);
  }
  return [entry[0], String(entry[1])];
}
