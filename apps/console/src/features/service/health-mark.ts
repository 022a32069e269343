import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { Mark } from "../../ui/status-mark.tsx";
import type { Health } from "./service-health.ts";

/** The mark of each state of health. */
export const healthMark: Record<Health, Mark> = {
  ok: Mark.Ok,
  degraded: Mark.Warn,
  down: Mark.Fail,
  out: Mark.Off,
  unknown: Mark.Unknown,
  empty: Mark.Unknown,
};

/** The mark and the text key of each state of a process. */
export const processStateView = {
  [ProcessState.UNSPECIFIED]: { mark: Mark.Unknown, key: "state.unknown" },
  [ProcessState.STOPPED]: { mark: Mark.Off, key: "state.stopped" },
  [ProcessState.STARTING]: { mark: Mark.Progress, key: "state.starting" },
  [ProcessState.RUNNING]: { mark: Mark.Ok, key: "state.running" },
  [ProcessState.STOPPING]: { mark: Mark.Progress, key: "state.stopping" },
  [ProcessState.BACKING_OFF]: { mark: Mark.Fail, key: "state.backingOff" },
} as const;
