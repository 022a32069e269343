import { rmSync } from "node:fs";
import { Controller } from "./controller.ts";
import { CONTROLLER_VARIABLE, type ControllerSettings } from "./controller-settings.ts";
import { listenForReloads } from "./listen-for-reloads.ts";

// The program that a service with several workers becomes: it starts them, watches them, replaces them, and has no code of the service.
const settings = JSON.parse(process.env[CONTROLLER_VARIABLE] ?? "null") as ControllerSettings;
delete process.env[CONTROLLER_VARIABLE];
process.title = `${settings.service} controller`;

const controller = new Controller(settings, (text) => void process.stderr.write(`${settings.service}: ${text}\n`));
let stops = 0;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    // The second time somebody is impatient.
    if (stops++ > 0) controller.abandon();
    else void controller.stop();
  });
}
process.on("SIGUSR2", () => void controller.reload());
const { reloadSocket } = settings;
if (reloadSocket !== undefined) {
  try {
    listenForReloads(reloadSocket, (tell) => controller.reload(tell));
  } catch (error) {
    process.stderr.write(`${settings.service}: only SIGUSR2 reloads: ${(error as Error).message}\n`);
  }
  process.on("exit", () => rmSync(reloadSocket, { force: true }));
}
process.exit(await controller.run());
