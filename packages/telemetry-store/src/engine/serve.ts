import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type EngineDirectory, emptyInbox, findHolder, prepareDirectory } from "./directory.ts";
import { engineException } from "./exception.ts";
import { handleRequest } from "./handler.ts";
import { EngineSessions } from "./sessions.ts";

/** How an engine is opened. */
export interface ServeOptions {
  /** Directory of its data; created where it is missing. */
  dataDir: string;
  /** Path of the unix socket, at most 107 bytes; what lies there is replaced. */
  socket: string;
  /** The engine's memory in MiB, 300…4096. */
  memoryMiB: number;
}

/** An engine that serves. */
export interface ServingEngine {
  /** ClickHouse's version. */
  version: string;
  /**
   * Stop taking requests, finish those that run, close the data.
   *
   * @param graceMs what runs for longer is left behind
   * @returns whether everything was finished
   */
  close(graceMs: number): Promise<boolean>;
}

/** The directory is in use by another process. */
export class DirectoryInUse extends Error {
  override readonly name = "DirectoryInUse";
}

/**
 * Open chdb on a directory and serve ClickHouse's HTTP interface on a unix socket of mode 0600.
 *
 * @throws DirectoryInUse, chdb's own errors for damaged data, errors of the file system and of `listen`
 */
export async function serveEngine({ dataDir, socket, memoryMiB }: ServeOptions): Promise<ServingEngine> {
  const directory = prepareDirectory(dataDir);
  const sessions = openSessions(directory, memoryMiB);
  const inbox = emptyInbox(directory);
  const version = await engineVersion(sessions);
  const server = createServer({ requestTimeout: 60_000, keepAliveTimeout: 0, maxHeaderSize: 1024 * 1024 });
  const running = new Set<Promise<void>>();
  server.on("request", (request, response) => {
    const handled = handleRequest({ sessions, inbox, version }, request, response);
    running.add(handled);
    void handled.finally(() => running.delete(handled));
  });
  await listen(server, socket);
  return {
    version,
    async close(graceMs) {
      server.close();
      server.closeIdleConnections();
      const finished = (async () => {
        await Promise.allSettled(running);
        await sessions.close();
        return true;
      })();
      const done = await Promise.race([finished, after(graceMs)]);
      server.closeAllConnections();
      return done;
    },
  };
}

function openSessions(directory: EngineDirectory, memoryMiB: number): EngineSessions {
  const holder = findHolder(directory);
  if (holder !== undefined) {
    throw new DirectoryInUse(
      `the telemetry data in ${directory.data} is in use by process ${holder}: stop it first, or choose another --data`,
    );
  }
  return new EngineSessions(directory.data, [
    `--max_server_memory_usage=${memoryMiB * 1024 * 1024}`,
    // Caches count into the cap: a share of it, not the server's gigabytes.
    `--mark_cache_size=${32 * 1024 * 1024}`,
    `--index_mark_cache_size=${32 * 1024 * 1024}`,
    `--uncompressed_cache_size=0`,
    `--async_load_databases=0`,
  ]);
}

async function engineVersion(sessions: EngineSessions): Promise<string> {
  try {
    const { bytes } = await sessions.read({
      sql: "SELECT version()",
      format: "TabSeparatedRaw",
      database: "default",
      settings: new Map(),
      params: new Map(),
    });
    return Buffer.from(bytes).toString().trim();
  } catch (error) {
    throw engineException(error);
  }
}

function listen(server: Server, socket: string): Promise<void> {
  // Ours to replace: whoever served it held the data that we hold now.
  rmSync(socket, { force: true });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, () => {
      chmodSync(socket, 0o600);
      server.off("error", reject);
      resolve();
    });
  });
}

function after(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, ms, false).unref());
}
