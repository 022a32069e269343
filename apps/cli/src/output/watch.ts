import { setTimeout as delay } from "node:timers/promises";
import { ConnectError } from "@connectrpc/connect";
import { stopSignal, UserError } from "@msec/process";
import { userErrorFromConnect } from "../api/connect-error.ts";
import type { CommandContext } from "../context.ts";

// To the upper left, and from there: lines are cleared as they are written over, which does not flicker as clearing the screen does.
const HOME = "\u001b[H";
const CLEAR_TO_LINE_END = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const CLEAR_ALL = "\u001b[2J";
// A line that is too long is cut, not continued: the ones below would move.
const WRAP_OFF = "\u001b[?7l";
const WRAP_ON = "\u001b[?7h";

/** What a command shows again and again. */
export interface Watched<View> {
  readonly everyMs: number;
  /** Says how often, beside the time. */
  readonly note: string;
  readonly read: () => Promise<View>;
  readonly lines: (view: View) => readonly string[];
  /** What `--json` prints of it, one line each time; absent: text for people. */
  readonly json?: ((view: View) => unknown) | undefined;
}

/**
 * Show something anew until Ctrl-C. At a terminal it stays at the top of the screen; in a pipe each time follows the last.
 *
 * @throws what the first question fails with; what fails later is shown and waited for
 */
export async function watch<View>(context: CommandContext, watched: Watched<View>): Promise<void> {
  const { terminal, style, messages } = context;
  // The first answer says whether there is such a thing at all.
  let view = await watched.read();
  let problem = "";
  using stopping = stopSignal(() => process.exit(1));
  const draws = terminal.interactive && watched.json === undefined;
  if (draws) terminal.out(CLEAR_ALL + WRAP_OFF);
  while (!stopping.signal.aborted) {
    show();
    await delay(watched.everyMs, undefined, { signal: stopping.signal }).catch(() => {});
    try {
      if (!stopping.signal.aborted) view = await watched.read();
      problem = "";
    } catch (error) {
      const known = error instanceof ConnectError ? userErrorFromConnect(error, messages) : error;
      if (!(known instanceof UserError)) throw error;
      problem = known.message;
    }
  }
  if (draws) terminal.out(WRAP_ON);

  function show(): void {
    if (watched.json !== undefined) {
      terminal.out(JSON.stringify(problem === "" ? watched.json(view) : { problem }));
      return;
    }
    const head = `${new Date().toLocaleTimeString("en-GB")}  ${problem === "" ? style.faint(watched.note) : style.bad(problem)}`;
    const lines = [head, ...watched.lines(view), ""];
    if (terminal.interactive) {
      const fitting = fitRows(lines, process.stdout.rows);
      terminal.out(`${HOME}${fitting.map((line) => `${line}${CLEAR_TO_LINE_END}`).join("\n")}${CLEAR_BELOW}`);
    } else {
      for (const line of lines) terminal.out(line);
    }
  }

  function fitRows(lines: readonly string[], rows: number): readonly string[] {
    if (lines.length < rows) return lines;
    const shown = Math.max(1, rows - 2);
    return [...lines.slice(0, shown), messages.watchMore(lines.length - shown)];
  }
}
