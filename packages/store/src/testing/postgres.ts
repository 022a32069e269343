import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Pool, type PoolOptions } from "pg";

/** A PostgreSQL server of a test's own, on a unix socket only. */
export interface TestPostgres extends AsyncDisposable {
  /** Make an empty database and give its URL. */
  createDatabase(): Promise<string>;
  /** Run statements as the superuser in the `postgres` database. */
  execute(sql: string): Promise<void>;
}

/**
 * Where PostgreSQL's programs are, in Debian's place or on PATH.
 *
 * @returns the directory of the newest version, `undefined` where none is installed
 */
function findPostgres(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((left, right) => Number(right) - Number(left)) : [];
  const directories = [
    ...versions.map((version) => join(root, version, "bin")),
    ...(process.env.PATH ?? "").split(":"),
  ];
  return directories.find(
    (directory) => existsSync(join(directory, "initdb")) && existsSync(join(directory, "postgres")),
  );
}

/** Why tests on PostgreSQL are skipped: a value for `skip` of `node:test`, `false` where they can run. */
export const skipWithoutPostgres: string | false =
  findPostgres() === undefined && "PostgreSQL is not installed: apt-get install postgresql";

/**
 * Start an empty PostgreSQL in a temporary directory; it ends, and the directory goes, when it is disposed of or
 * when this process dies.
 *
 * @param settings  lines for its command line, `fsync=off`; default: its own safe defaults
 * @throws Error where none is installed (ask `skipWithoutPostgres` first) or it does not start
 */
export async function startPostgres(...settings: string[]): Promise<TestPostgres> {
  const programs = findPostgres();
  if (programs === undefined) {
    throw new Error(String(skipWithoutPostgres));
  }
  // Short, as the socket's path may have 107 bytes at most.
  const directory = mkdtempSync(join(tmpdir(), "msec-pg-"));
  const prefix = lowerPrivileges(directory);
  const data = join(directory, "data");
  const run = (program: string, ...args: string[]): [string, string[]] => [
    "setpriv",
    [...prefix, "--", join(programs, program), ...args],
  ];
  const child = await startServer(directory, run, data, settings);
  const clientUrl = (database: string) =>
    `postgres://postgres@localhost/${database}?host=${encodeURIComponent(directory)}`;
  const execute = async (text: string) => {
    const pool = new Pool({ connectionString: clientUrl("postgres") } as PoolOptions);
    try {
      await pool.query(text);
    } finally {
      await pool.end();
    }
  };
  let databases = 0;
  return {
    execute,
    async createDatabase() {
      const name = `test_${++databases}`;
      await execute(`create database ${name}`);
      return clientUrl(name);
    },
    async [Symbol.asyncDispose]() {
      await stop(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. `--pdeathsig` ends it with us, also where we are killed. */
function lowerPrivileges(directory: string): string[] {
  const prefix = ["--pdeathsig", "INT"];
  if (process.getuid?.() !== 0) {
    return prefix;
  }
  const [uid, gid] = ["-u", "-g"].map((flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" })));
  chownSync(directory, uid as number, gid as number);
  return [...prefix, "--reuid", String(uid), "--regid", String(gid), "--clear-groups"];
}

async function startServer(
  directory: string,
  run: (program: string, ...args: string[]) => [string, string[]],
  data: string,
  settings: readonly string[],
): Promise<ChildProcess> {
  try {
    const [initdb, initdbArgs] = run(
      "initdb",
      "-D",
      data,
      "-U",
      "postgres",
      "--auth=trust",
      "--no-sync",
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
    );
    execFileSync(initdb, initdbArgs, { stdio: ["ignore", "ignore", "pipe"], cwd: directory, env: {} });
    const options = ["listen_addresses=", `unix_socket_directories=${directory}`, "shared_buffers=16MB", ...settings];
    const [postgres, args] = run("postgres", "-D", data, ...options.flatMap((option) => ["-c", option]));
    const child = spawn(postgres, args, { stdio: ["ignore", "ignore", "pipe"], cwd: directory, env: {} });
    await untilReady(child);
    return child;
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

async function untilReady(child: ChildProcess): Promise<void> {
  const output: string[] = [];
  const lines = createInterface({ input: child.stderr as NonNullable<ChildProcess["stderr"]> });
  const ready = new Promise<void>((resolve, reject) => {
    lines.on("line", (line) => {
      output.push(line);
      if (line.includes("ready to accept connections")) {
        resolve();
      }
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${output.join("\n")}`)));
  });
  await ready;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = once(child, "exit");
  // Immediate shutdown: the data is thrown away.
  child.kill("SIGQUIT");
  await ended;
}
