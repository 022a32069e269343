import type { CommandContext } from "../context.ts";

/** The state of a process as the command shows it; words of JSON output. */
export const ProcessWord = {
  Running: "running",
  Dead: "dead",
  Stopped: "stopped",
  Starting: "starting",
  Stopping: "stopping",
  BackingOff: "backing-off",
  Unknown: "unknown",
} as const;
export type ProcessWord = (typeof ProcessWord)[keyof typeof ProcessWord];

/** The word of a `ProcessState` of the API, by its number. */
export const wordsOfStates: readonly ProcessWord[] = [
  "unknown",
  "stopped",
  "starting",
  "running",
  "stopping",
  "backing-off",
];

/** A state in the user's language, coloured by how good it is. */
export function processStateText(
  word: ProcessWord,
  { messages, style }: Pick<CommandContext, "messages" | "style">,
): string {
  switch (word) {
    case "running":
      return style.good(messages.stateRunning);
    case "dead":
      return style.bad(messages.stateDead);
    case "stopped":
      return style.faint(messages.stateStopped);
    case "starting":
      return style.warn(messages.stateStarting);
    case "stopping":
      return style.warn(messages.stateStopping);
    case "backing-off":
      return style.bad(messages.stateBackingOff);
    case "unknown":
      return style.faint(messages.stateUnknown);
  }
}
