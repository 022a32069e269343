/**
 * The life of a supervised process.
 *
 * - `stopped`: not running, and not to be started
 * - `starting`: started, has not yet shown that it serves
 * - `running`: alive, and has shown that it serves
 * - `stopping`: asked to stop, finishes its work
 * - `backing-off`: ended without having been asked to; starts again after a pause
 */
export type SupervisedState = "stopped" | "starting" | "running" | "stopping" | "backing-off";

/**
 * What happens to a supervised process.
 *
 * - `start`, `stop`: its owner wants it to run, or not to
 * - `ready`: it has shown that it serves
 * - `exit`: it has ended, or could not be started
 * - `retry`: the pause after an exit is over
 */
export type SupervisedEvent = "start" | "stop" | "ready" | "exit" | "retry";

/**
 * State × event → state. A pair that is not here changes nothing: `start` while it runs, `ready` while it stops, and so on.
 * An owner who changes his mind while it is `stopping` (`start`) is remembered by the supervisor and obeyed after the exit.
 */
export const SUPERVISED_TRANSITIONS: {
  readonly [S in SupervisedState]: { readonly [E in SupervisedEvent]?: SupervisedState };
} = {
  stopped: { start: "starting" },
  starting: { ready: "running", exit: "backing-off", stop: "stopping" },
  running: { exit: "backing-off", stop: "stopping" },
  stopping: { exit: "stopped" },
  "backing-off": { retry: "starting", start: "starting", stop: "stopped" },
};

/** The state after an event; `undefined` when the event changes nothing. */
export function nextSupervisedState(state: SupervisedState, event: SupervisedEvent): SupervisedState | undefined {
  return SUPERVISED_TRANSITIONS[state][event];
}
