import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { systemErrorCode, UserError } from "@msec/process";
import type { Messages } from "./messages/messages.ts";
import type { Style } from "./output/style.ts";
import type { Terminal } from "./output/terminal.ts";
import { findState } from "./state/find-state.ts";

/** What every command works with besides its own arguments. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly style: Style;
  readonly messages: Messages;
  readonly environment: NodeJS.ProcessEnv;
  readonly workingDirectory: string;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly state?: string;
}

/**
 * The state directory that the command is about.
 *
 * @throws UserError when there is none, or when it belongs to another user
 */
export function getState(context: CommandContext, options: GlobalOptions): string {
  const { environment, messages, workingDirectory } = context;
  const named = options.state || environment.MSEC_STATE;
  const state = findState({ option: options.state, variable: environment.MSEC_STATE, workingDirectory });
  if (state !== undefined) {
    assertReadable(state, messages);
    return state;
  }
  throw new UserError(named ? messages.stateMissing(resolve(workingDirectory, named)) : messages.noState, {
    hint: messages.noStateHint,
  });
}

/** Its records and keys are for the user who started the system alone: another one is told so, by whatever command. */
function assertReadable(state: string, messages: Messages): void {
  try {
    readdirSync(join(state, "run"));
  } catch (cause) {
    // Nothing was started there: each command says itself what it misses.
    if (systemErrorCode(cause) !== "EACCES") return;
    throw new UserError(messages.stateForbidden(state), { hint: messages.operatorKeyHint, cause });
  }
}

/** What the user typed makes no sense: one line, exit status 2. */
export function usageError(message: string, hint = ""): UserError {
  return new UserError(message, { hint, exitStatus: 2 });
}
