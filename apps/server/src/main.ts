import {
  createLog,
  openState,
  osUserName,
  removeRunRecord,
  reportUserError,
  stopSignal,
  UserError,
  writeRunRecord,
} from "@msec/process";
import { type CommandLine, readCommandLine, usage } from "./command-line.ts";
import { readServerConfig } from "./config/server-config.ts";
import { startServer } from "./server.ts";

try {
  const commandLine = readCommandLine(process.argv.slice(2));
  if (commandLine.help) {
    process.stdout.write(usage);
  } else {
    await run(commandLine);
  }
} catch (error) {
  process.exitCode = reportUserError(error, "msec server");
}

async function run({
  state: directory,
  config: file,
  overrides,
  readyJson,
  replaceRoutes,
}: CommandLine): Promise<void> {
  // From the first moment on: a signal during the start is not lost.
  using stop = stopSignal(() => process.exit(1));
  const config = readServerConfig(file, overrides);
  const state = openState(directory).path;
  const log = createLog({ name: "server", level: config.log_level });
  const server = await startServer({ state, config, log, replaceRoutes, signal: stop.signal }).catch((error) => {
    // Asked to stop while it waited for its turn.
    if (error !== stop.signal.reason) throw error;
  });
  if (server === undefined) return;
  try {
    writeRunRecord(state, { name: "server", role: "server", listen: new URL(server.console).host });
    process.stdout.write(
      readyJson
        ? `${JSON.stringify({ ready: true, console: server.console, agents: server.agents })}\n`
        : `console: ${server.console}/sign-in#${await server.createSignInToken(osUserName())} (for one sign-in within 30 minutes)\nagents: ${server.agents}\n`,
    );
    log.info("serving", { console: server.console, agents: server.agents });
    if (!stop.signal.aborted) {
      const asked = new Promise((resolve) => stop.signal.addEventListener("abort", resolve, { once: true }));
      await Promise.race([asked, server.replaced]);
    }
    if (!stop.signal.aborted) {
      throw new UserError("another msec server has taken the database over while the connection to it was broken", {
        hint: "agents follow it by themselves where `server` of [agent] names both; start this one as a standby",
      });
    }
    log.info(`stopping: ${stop.signal.reason}`);
  } finally {
    await server.close();
    removeRunRecord(state, "server");
  }
}
