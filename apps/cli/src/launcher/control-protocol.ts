/** The parts that the launcher runs and that can be stopped and started alone. */
export const parts = ["server", "agent"] as const;

/** One of `parts`. */
export type Part = (typeof parts)[number];

/** What `msec start`, `stop` and `ps` ask of the launcher: one JSON line on `run/launcher.sock`. */
export type ControlRequest =
  | { readonly command: "start" | "stop"; readonly part: Part }
  | { readonly command: "stop-all" }
  | { readonly command: "status" };

/** The launcher's answer: one JSON line. It comes when what was asked for has happened; for `stop-all` when it begins. */
export type ControlResponse =
  | { readonly ok: true; readonly changed: boolean; readonly parts: Readonly<Record<Part, PartStatus>> }
  | { readonly ok: false; readonly message: string };

/** How one part is. */
export interface PartStatus {
  readonly state: string;
  /** 0 where it does not run. */
  readonly pid: number;
  readonly restarts: number;
  /** Why it ended last time, empty where nothing went wrong. */
  readonly reason: string;
}

/** Longest request line in bytes. */
export const controlRequestMaxBytes = 1024;

/** A request from a line of text; `undefined` when it is none. */
export function parseControlRequest(line: string): ControlRequest | undefined {
  let value: { command?: unknown; part?: unknown };
  try {
    value = Object(JSON.parse(line));
  } catch {
    return undefined;
  }
  const { command } = value;
  const part = parts.find((name) => name === value.part);
  if (command === "status" || command === "stop-all") return { command };
  return (command === "start" || command === "stop") && part !== undefined ? { command, part } : undefined;
}
