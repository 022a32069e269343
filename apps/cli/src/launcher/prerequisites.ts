import { isAlive, readRunRecord, UserError } from "@msec/process";
import type { Messages } from "../messages/messages.ts";
import { localTime } from "../output/local-time.ts";
import { liveRecords, processTitle } from "../state/system-processes.ts";
import type { WantedPort } from "./ports.ts";
import type { Settings } from "./settings.ts";

const wantedNodeMajor = 24;

/** @throws UserError when this machine or this Node cannot run the system */
export function checkPlatform(messages: Messages): void {
  if (process.platform !== "linux") throw new UserError(messages.needsLinux(process.platform));
  if (Number.parseInt(process.versions.node, 10) < wantedNodeMajor) {
    throw new UserError(messages.needsNode(process.version), { hint: messages.needsNodeHint });
  }
}

/**
 * Check that nothing of the system runs on a state directory.
 *
 * @throws UserError with who runs, and since when
 */
export function checkNothingRuns(state: string, messages: Messages): void {
  const launcher = readRunRecord(state, "launcher");
  if (launcher !== undefined && isAlive(launcher)) {
    throw new UserError(messages.alreadyRuns(launcher.pid, localTime(launcher.startedMs), state), {
      hint: messages.alreadyRunsHint,
    });
  }
  const running = liveRecords(state);
  if (running.length > 0) {
    const names = running.map(processTitle).join(", ");
    throw new UserError(messages.runsWithoutLauncher(names), { hint: messages.runsWithoutLauncherHint });
  }
}

/** Every port that the system is going to listen on. */
export function wantedPorts({ listen, agentListen, example }: Settings): WantedPort[] {
  const system: WantedPort[] = [
    { ...listen, purpose: "console", key: "[server] listen" },
    { ...agentListen, purpose: "agents", key: "[server] agent_listen" },
  ];
  if (!example.enabled) return system;
  const address = "127.0.0.1";
  return [
    ...system,
    { address, port: example.userPort, purpose: "Login.mod_user", key: "[example] user_port" },
    ...example.flightPorts.map((port) => ({
      address,
      port,
      purpose: "Flight.mod_flight",
      key: "[example] flight_ports",
    })),
  ];
}
