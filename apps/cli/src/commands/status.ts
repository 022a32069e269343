import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { HealthService } from "@msec/api/console/v1/health_pb.js";
import { LogService } from "@msec/api/console/v1/logs_pb.js";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { openOperatorApi } from "../api/operator-client.ts";
import { type GlobalOptions, getState } from "../context.ts";
import { formatUptime } from "../output/quantity.ts";
import { padText } from "../output/text-width.ts";
import { readSystemProcesses, type SystemProcess } from "../state/system-processes.ts";
import type { AddCommand } from "./command.ts";

/** One thing that is well or is not. */
interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
}

/** `msec status`: a line for each thing that should be well; exit status 1 when one is not. */
export const addStatusCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("status")
    .description(messages.statusDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command) => {
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean };
      const state = getState(context, options);
      const findings = [...processFindings(state), await telemetryFinding(state), ...(await apiFindings(state))];
      if (options.json) {
        terminal.out(JSON.stringify(findings, null, 2));
      } else {
        for (const { name, ok, text } of findings) {
          terminal.out(`${ok ? style.good("✔") : style.bad("✖")} ${padText(name, 16)} ${text}`);
        }
      }
      if (findings.some((finding) => !finding.ok)) process.exitCode = 1;
    });

  /**
   * The system's own processes. What was started by `msec server`, on a machine of its own, has neither launcher nor agent: they are
   * missed only where the launcher's record says that it is to be there.
   */
  function processFindings(state: string): Finding[] {
    const processes = readSystemProcesses(state, Date.now());
    const titles = { launcher: messages.statusLauncher, server: messages.statusServer, agent: messages.statusAgent };
    const whole = processes.some(({ record }) => record.role === "launcher");
    return Object.entries(titles)
      .filter(([role]) => whole || role === "server" || processes.some(({ record }) => record.role === role))
      .map(([role, name]) =>
        processFinding(
          name,
          processes.find((process) => process.record.role === role && process.alive),
        ),
      );
  }

  /** The embedded engine is a process of the server; a ClickHouse server of its own shows by its answers. */
  async function telemetryFinding(state: string): Promise<Finding> {
    const name = messages.statusTelemetry;
    const engine = readSystemProcesses(state, Date.now()).find(({ record }) => record.role === "telemetry-store");
    if (engine?.alive) return processFinding(name, engine);
    const answer = await attempt(() => openOperatorApi(state, messages).client(LogService).listLogFields({}));
    return { name, ok: answer !== undefined, text: answer ? messages.statusAnswers : messages.statusSilent };
  }

  function processFinding(name: string, found: SystemProcess | undefined): Finding {
    if (found === undefined) return { name, ok: false, text: messages.statusProcessGone };
    return { name, ok: true, text: messages.statusProcessRuns(found.record.pid, formatUptime(found.uptimeMs)) };
  }

  /** What the server says is wrong with the system itself. */
  async function healthFindings(state: string): Promise<Finding[]> {
    const answer = await attempt(() => openOperatorApi(state, messages).client(HealthService).getHealth({}));
    return (answer?.problems ?? []).map(({ subject, sinceMs, text }) => {
      const age = messages.statusSince(formatUptime(Math.max(0, Date.now() - sinceMs)));
      return { name: messages.statusHealth, ok: false, text: [subject, age, text].filter(Boolean).join("; ") };
    });
  }

  async function apiFindings(state: string): Promise<Finding[]> {
    const registry = await attempt(() => openOperatorApi(state, messages).client(RegistryService));
    const answers = await attempt(async () =>
      registry === undefined ? undefined : await Promise.all([registry.listServices({}), registry.listHosts({})]),
    );
    // That the server is gone is a finding of its own already.
    if (answers === undefined) return [];
    const [{ services }, { hosts }] = answers;
    const instances = services.flatMap((service) => service.instances);
    const running = instances.filter(({ process }) => process?.state === ProcessState.RUNNING).length;
    const supervised = instances.filter(({ process }) => process !== undefined).length;
    const routable = instances.filter(({ port }) => port !== 0);
    const routed = routable.filter(({ inRouting }) => inRouting).length;
    const connected = hosts.filter((host) => host.connected).length;
    return [
      {
        name: messages.statusHosts,
        ok: connected === hosts.length,
        text: messages.statusHostsText(connected, hosts.length),
      },
      {
        name: messages.statusServices,
        ok: running === supervised,
        text: messages.statusServicesText(services.length, running, supervised),
      },
      ...(await healthFindings(state)),
      // Out of routing is what an operator chose: it is said, and is not a fault.
      { name: messages.statusRouting, ok: true, text: messages.statusRoutingText(routed, routable.length) },
    ];
  }
};

async function attempt<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
