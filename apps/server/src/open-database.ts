import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Log, UserError } from "@msec/process";
import { DatabaseFailure, findDatabaseFailure, StoreError } from "@msec/store";
import type { ServerConfig } from "./config/server-config.ts";
import { openServerStore, type ServerStore } from "./schema.ts";

const standbyCheckMs = 1_000;
/** By what agents, programs and channels know the server; in its directory. */
const keyFiles = ["identity.json", "operator.key", "secrets.key"];

/** Which database, and what to do where another server has it. */
export interface DatabaseOptions {
  /** The state directory: the default database is in it, and a standby's keys are. */
  readonly state: string;
  readonly config: Pick<ServerConfig, "database" | "standby">;
  readonly log: Log;
  /** Ends the wait of a standby; default: it waits for as long as another server has the database. */
  readonly signal?: AbortSignal;
}

/**
 * Open the database for this server alone, and bring its tables up to date. A standby waits for its turn.
 *
 * @param onTaken  called when another server has taken the database over
 * @throws UserError, for everything that an operator can put right; the signal's reason
 */
export async function openDatabase(options: DatabaseOptions, onTaken: () => void): Promise<ServerStore> {
  const { config, log, state } = options;
  const url = config.database || `sqlite:${join(state, "server", "control.db")}`;
  try {
    const store = await openServerStore(url, (error) => log.warn("a database connection broke", { error }));
    try {
      await takeDatabase(store, options, onTaken);
      const steps = await store.migrate();
      if (steps.length > 0) {
        log.info(`database brought up to date: ${steps.join(", ")}`);
      }
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof StoreError ? new UserError(error.message, { cause: error }) : error;
  }
}

/** Routes and hosts are kept in memory: what a second server wrote would never reach the first one's agents. So one has the database at a time. */
async function takeDatabase(store: ServerStore, options: DatabaseOptions, onTaken: () => void): Promise<void> {
  const { config, log, signal, state } = options;
  let waiting = false;
  while (!(await takeOrFail(store, config.standby, onTaken))) {
    if (!config.standby) {
      throw new UserError("another msec server uses the same database", {
        hint: "stop that one, let this one wait for its turn (standby = true in [server] of msec.ini), or name another database there",
      });
    }
    if (!waiting) {
      assertHasKeys(join(state, "server"));
      log.info("another msec server has the database; this one waits and takes over when that one ends");
    }
    waiting = true;
    await delay(standbyCheckMs, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  }
  if (waiting) log.warn("the other msec server is gone: this one takes over");
}

/** Keys of its own would only show when it takes over: agents talk to none but the server that they enrolled with. */
function assertHasKeys(directory: string): void {
  const missing = keyFiles.filter((name) => !existsSync(join(directory, name)));
  if (missing.length > 0) {
    throw new UserError(`this standby has no ${missing.join(", no ")} in ${directory}`, {
      hint: `copy ${keyFiles.join(", ")} from <state>/server of the server that has the database, with their permissions`,
    });
  }
}

/** A database that is away for a moment does not end a standby: it is there for such moments. */
async function takeOrFail(store: ServerStore, standby: boolean, onTaken: () => void): Promise<boolean> {
  try {
    return await store.takeAlone(onTaken);
  } catch (error) {
    if (standby && findDatabaseFailure(error) === DatabaseFailure.Unavailable) return false;
    throw error;
  }
}
