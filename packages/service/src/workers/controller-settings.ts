/** The environment variable in which a program tells its successor, the controller, what to do. */
export const CONTROLLER_VARIABLE = "MSEC_CONTROLLER";

/** What the controller works with: the content of `MSEC_CONTROLLER`, as JSON. Made and read by the same version of this package. */
export type ControllerSettings = {
  /** `L1.L2`. */
  readonly service: string;
  /** The file that each worker runs, and its arguments. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** Arguments for Node itself. */
  readonly nodeArguments: readonly string[];
  /** 2…1024. */
  readonly workers: number;
  /** Longest silence of a worker in milliseconds. */
  readonly heartbeatMs: number;
  /** Whether one worker that has loaded the SDK waits for the place of one that ends. */
  readonly spare: boolean;
  /** The unix socket at which it is asked for reloads; without an agent there is none. */
  readonly reloadSocket: string | undefined;
};
