import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { reportUserError, UserError } from "@msec/process";
import { CommanderError } from "commander";
import { userErrorFromConnect } from "./api/connect-error.ts";
import { checkout } from "./checkout.ts";
import type { CommandContext } from "./context.ts";
import { chooseLanguage } from "./messages/language.ts";
import { messagesIn } from "./messages/messages.ts";
import { styleOf } from "./output/style.ts";
import { processTerminal } from "./output/terminal.ts";
import { usageErrorFromParser } from "./parser-error.ts";
import { createProgram } from "./program.ts";

// Exit statuses: 0 done, 1 failed, 2 the command line makes no sense (`usageError`).
const failed = 1;

const args = process.argv.slice(2);
const terminal = processTerminal(process.env);
const context: CommandContext = {
  terminal,
  style: styleOf(terminal),
  messages: messagesIn(chooseLanguage(args, process.env)),
  environment: process.env,
  workingDirectory: process.cwd(),
};

// `msec services | head`: who reads has read enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  const program = await createProgram(context, readVersion(), args);
  try {
    if (args.length === 0) program.help();
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    // Help and version come this way too, with status 0.
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageErrorFromParser(error, program, args, context);
  }
} catch (error) {
  process.exitCode = statusAfter(error);
}

function statusAfter(error: unknown): number {
  const known = error instanceof ConnectError ? userErrorFromConnect(error, context.messages) : error;
  const status = reportUserError(known, "msec", (text) => terminal.err(text.trimEnd()));
  return known instanceof UserError ? status : failed;
}

function readVersion(): string {
  return (JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { version: string }).version;
}
