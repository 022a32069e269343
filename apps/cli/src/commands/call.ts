import { existsSync, readFileSync } from "node:fs";
import { parseAddressPort, socketPath, UserError } from "@msec/process";
import type { Json } from "@msec/service";
import { type CommandContext, type GlobalOptions, getState, usageError } from "../context.ts";
import { fileProblem } from "../output/file-problem.ts";
import { formatDuration } from "../output/quantity.ts";
import type { AddCommand } from "./command.ts";

interface CallCommandOptions extends GlobalOptions {
  readonly timeout?: string;
  readonly instance?: string;
  readonly dye?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

/** Under this name the command's calls are in curves and flows. */
const callerName = "msec.cli";
const maxTimeoutMs = 3_600_000;

/** `msec call <service> <method> <json>`: one call, as any program on this host would make it. */
export const addCallCommand: AddCommand = (program, context) => {
  const { messages } = context;
  program
    .command("call")
    .description(messages.callDescription)
    .argument("<service>", messages.callService)
    .argument("<method>", messages.callMethod)
    .argument("<json>", messages.callJson)
    .option("--timeout <ms>", messages.callTimeout)
    .option("--instance <ip:port>", messages.callInstance)
    .option("--dye", messages.callDye)
    .option("-v, --verbose", messages.callVerbose)
    .option("--json", messages.callJsonOutput)
    .action(async (service: string, method: string, text: string, _options, command) => {
      await call(service, method, text, command.optsWithGlobals() as CallCommandOptions, context);
    });
};

async function call(
  service: string,
  method: string,
  text: string,
  options: CallCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { messages, terminal, style } = context;
  const json = readRequest(text, context);
  const timeoutMs = readTimeout(options.timeout, context);
  const { instance } = options;
  if (instance !== undefined && parseAddressPort(instance) === undefined)
    throw usageError(messages.badInstance(instance));
  const agent = socketPath(getState(context, options), "agent");
  if (!existsSync(agent)) throw new UserError(messages.agentNotRunning, { hint: messages.agentNotRunningHint });
  // Only now: the SDK is most of what all commands together load, and the help needs none of it.
  const { codeName, connect, RpcError } = await import("@msec/service");
  await using connection = connect({ name: callerName, agent, onNotice: () => {} });
  const start = performance.now();
  const durationMs = () => Math.round((performance.now() - start) * 1000) / 1000;
  const print = (value: unknown) =>
    terminal.out(JSON.stringify(value, null, options.json || terminal.interactive ? 2 : undefined));
  try {
    const answer = await connection.callJson(instance ?? service, method, json, {
      timeoutMs,
      dyed: options.dye === true,
    });
    if (options.json) {
      print({ result: answer.result, requestId: answer.requestId, durationMs: durationMs() });
      return;
    }
    print(answer.result);
    terminal.err(`${style.faint(messages.requestId)} ${answer.requestId}`);
    if (options.verbose) terminal.err(style.faint(messages.answeredAfter(formatDuration(durationMs() * 1000))));
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    process.exitCode = 1;
    const { requestId = "" } = error.details as { requestId?: string };
    if (options.json) {
      const failure = { code: codeName(error.code), message: error.message };
      print({ error: failure, requestId, durationMs: durationMs() });
      return;
    }
    if (requestId) terminal.err(`${style.faint(messages.requestId)} ${requestId}`);
    terminal.err(`${style.bad(codeName(error.code))}: ${error.message}`);
  }
}

/** The request as a JSON value: from the argument itself, `@file`, or `-` for standard input. */
function readRequest(text: string, { messages }: CommandContext): Json {
  const file = text === "-" ? 0 : text.startsWith("@") ? text.slice(1) : undefined;
  let source = text;
  if (file !== undefined) {
    try {
      source = readFileSync(file, "utf8");
    } catch (cause) {
      throw new UserError(messages.cannotReadFile(String(file || "-"), fileProblem(cause, messages)), { cause });
    }
  }
  try {
    return JSON.parse(source, keepDigits) as Json;
  } catch (cause) {
    throw usageError(messages.badJson((cause as Error).message), messages.badJsonHint);
  }
}

/** An integer that a number would change goes as a string of its digits, which protobuf's JSON takes for the same. */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const digits = context?.source ?? "";
  return typeof value === "number" && /^-?\d{16,}$/.test(digits) && String(value) !== digits ? digits : value;
}

function readTimeout(text: string | undefined, { messages }: CommandContext): number | undefined {
  if (text === undefined) return undefined;
  const timeoutMs = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (timeoutMs < 1 || timeoutMs > maxTimeoutMs) throw usageError(messages.badTimeout(text));
  return timeoutMs;
}
