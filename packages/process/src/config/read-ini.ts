import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { systemErrorCode } from "../node-error.ts";
import { UserError } from "../user-error.ts";
import { type IniSection, iniLines } from "./ini-lines.ts";
import { nearestName } from "./nearest-name.ts";

/** The largest INI file that is read, in bytes. */
export const INI_FILE_MAX_BYTES = 1024 * 1024;

/** What an INI file may contain. */
export interface IniSchema<S extends Record<string, z.ZodType>> {
  /**
   * A zod type for each section. A `z.object` is strict: its keys are all there are. A `z.record` (or an object with a
   * `catchall`) takes any key. A section that the file lacks is parsed as an empty one, so defaults apply.
   */
  readonly sections: S;
  /** Sections that another program reads and checks: accepted here whatever they contain. */
  readonly elsewhere?: readonly string[];
  /** Whether sections of any other name are accepted (a service's own) or refused; default false. */
  readonly openSections?: boolean;
}

/** What an INI file contains. */
export interface IniFile<S extends Record<string, z.ZodType>> {
  /** The sections of the schema, parsed. */
  readonly values: { readonly [K in keyof S]: z.output<S[K]> };
  /** The others, as they stand: section → key → text. */
  readonly others: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/**
 * Read an INI file strictly: whatever is not known is an error, never silently without effect.
 *
 * @param options.optional  a file that does not exist counts as an empty one; default false
 * @throws UserError with file, line, section, key, what was expected and, for an unknown name, the nearest known one:
 *   `msec.ini:4: [server] has no key "lissten"; did you mean "listen"? known keys: …`
 */
export function readIni<S extends Record<string, z.ZodType>>(
  file: string,
  schema: IniSchema<S>,
  options: { readonly optional?: boolean } = {},
): IniFile<S> {
  return parseIni(file, readText(file, options.optional ?? false), schema);
}

/** `readIni` for a text that is already there; `file` is its name for messages. */
export function parseIni<S extends Record<string, z.ZodType>>(
  file: string,
  text: string,
  schema: IniSchema<S>,
): IniFile<S> {
  const found = iniLines(file, text);
  const elsewhere = schema.elsewhere ?? [];
  const others = new Map<string, ReadonlyMap<string, string>>();
  for (const [name, section] of found) {
    if (Object.hasOwn(schema.sections, name)) continue;
    if (schema.openSections !== true && !elsewhere.includes(name)) {
      throw unknownName(
        `${file}:${section.line}: there is no section [${name}]`,
        name,
        [...Object.keys(schema.sections), ...elsewhere],
        "sections",
      );
    }
    others.set(name, textsOf(section));
  }
  const values = Object.fromEntries(
    Object.entries(schema.sections).map(([name, type]) => [name, parseSection(file, name, found.get(name), type)]),
  );
  return { values: values as { [K in keyof S]: z.output<S[K]> }, others };
}

function parseSection(file: string, name: string, section: IniSection | undefined, type: z.ZodType): unknown {
  if (section !== undefined && type instanceof z.ZodObject && type.def.catchall === undefined) {
    const known = Object.keys(type.shape);
    for (const [key, entry] of section.entries) {
      if (known.includes(key)) continue;
      const where = `${file}:${entry.line}: [${name}] has no key ${JSON.stringify(key)}`;
      throw unknownName(where, key, known, "keys");
    }
  }
  const parsed = type.safeParse(section === undefined ? {} : Object.fromEntries(textsOf(section)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const key = issue.path[0] === undefined ? "" : String(issue.path[0]);
  const entry = section?.entries.get(key);
  const line = entry?.line ?? section?.line;
  const where = `${line === undefined ? file : `${file}:${line}`}: [${name}]${key === "" ? "" : ` ${key}`}`;
  const missing = key !== "" && entry === undefined && issue.code === "invalid_type";
  throw new UserError(missing ? `${where} is missing` : `${where}: ${issue.message}`);
}

function textsOf(section: IniSection): ReadonlyMap<string, string> {
  return new Map([...section.entries].map(([key, entry]) => [key, entry.value]));
}

function unknownName(where: string, name: string, known: readonly string[], what: string): UserError {
  const nearest = nearestName(name, known);
  const list = `known ${what}: ${known.length === 0 ? "none" : known.join(", ")}`;
  return new UserError(where, {
    hint: nearest === undefined ? list : `did you mean ${JSON.stringify(nearest)}? ${list}`,
  });
}

function readText(file: string, optional: boolean): string {
  try {
    const { size } = statSync(file);
    if (size > INI_FILE_MAX_BYTES) {
      throw new UserError(`${file} has ${size} bytes; a configuration file may have ${INI_FILE_MAX_BYTES}`);
    }
    return readFileSync(file, "utf8");
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === "ENOENT" && optional) return "";
    if (code === undefined) throw cause;
    const why = code === "ENOENT" ? "it does not exist" : code === "EISDIR" ? "it is a directory" : code;
    throw new UserError(`cannot read ${file}: ${why}`, { hint: "check its path and its permissions", cause });
  }
}
