/** What controller and worker say to each other over the IPC channel; a program may use the same channel for words of its own. */
export const WorkerMessage = {
  /** Controller: are you there? The worker's event loop answers with `pong`. */
  Ping: "msec:ping",
  /** Worker: yes. */
  Pong: "msec:pong",
  /** Worker: callers can reach me. */
  Ready: "msec:ready",
  /** Controller: finish what runs, refuse what is new, end. */
  Stop: "msec:stop",
  /** Controller: the same, but others serve this port already: send callers to them first, and refuse nobody meanwhile. */
  Leave: "msec:leave",
} as const;
/** One of them. */
export type WorkerMessage = (typeof WorkerMessage)[keyof typeof WorkerMessage];

/** Controller, to a spare worker: begin, as the worker of this number. */
export type TakeSeat = { readonly takeSeat: number };

/** Whether a message of the channel is a {@link TakeSeat}. */
export function isTakeSeat(message: unknown): message is TakeSeat {
  return typeof (message as TakeSeat | null)?.takeSeat === "number";
}
