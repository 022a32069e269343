import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

/**
 * One numbered step of one capability's tables.
 */
export interface Migration {
  /** Who owns the tables: `registry`. */
  readonly capability: string;
  /** 1, 2, 3, … within the capability, without gaps. */
  readonly number: number;
  /** File name without its ending: `0001-services`. */
  readonly name: string;
  /** Statements that mean the same to SQLite and PostgreSQL. */
  readonly script: string;
  /** SHA-256 of the script, hex: a step that has been applied somewhere must never change. */
  readonly sha256: string;
}

const fileName = /^(\d{4})-[a-z0-9-]+\.sql$/;

/**
 * Read the steps of one capability from its `migrations/0001-….sql`, `0002-….sql`, ….
 *
 * The scripts run on both engines as they stand. What both understand alike: `text`, `integer`, `bigint`,
 * `double precision`, `check`, `references`, partial indexes; booleans as integer 0 and 1, times as bigint
 * milliseconds, hashes as hex text. The order of text differs (PostgreSQL's collation): sort in the program.
 *
 * @param capability  the owner's name
 * @param directory   its `migrations` folder
 * @throws Error where a file has another kind of name or a number is missing: a mistake in the program
 */
export function readMigrations(capability: string, directory: URL): Migration[] {
  return readdirSync(directory)
    .sort()
    .map((file, index) => {
      const number = Number(fileName.exec(file)?.[1]);
      if (number !== index + 1) {
        throw new Error(
          `migration ${file} of ${capability}: expected a name like ${String(index + 1).padStart(4, "0")}-what-it-does.sql`,
        );
      }
      return createMigration(
        capability,
        number,
        file.slice(0, -".sql".length),
        readFileSync(new URL(file, withSlash(directory)), "utf8"),
      );
    });
}

/**
 * A step from its parts, for programs that bring their steps in another way than as files.
 */
export function createMigration(capability: string, number: number, name: string, script: string): Migration {
  return { capability, number, name, script, sha256: createHash("sha256").update(script).digest("hex") };
}

function withSlash(directory: URL): URL {
  return directory.pathname.endsWith("/") ? directory : new URL(`${directory.href}/`);
}
