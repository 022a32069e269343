import type { GlobalOptions } from "../context.ts";
import { getState } from "../context.ts";
import { processStateText } from "../output/process-state.ts";
import { formatBytes, formatUptime } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import { collectProcesses, type ProcessRow, type WorkerRow } from "../state/collect-processes.ts";
import type { AddCommand } from "./command.ts";

/** `msec ps`: every process of the system on this host. */
export const addPsCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("ps")
    .description(messages.psDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command) => {
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean };
      const rows = await collectProcesses(getState(context, options), messages);
      if (options.json) {
        terminal.out(JSON.stringify(rows, null, 2));
      } else if (rows.length === 0) {
        terminal.out(messages.noProcesses);
      } else {
        const lines = tableLines(
          [
            { heading: messages.headingName },
            { heading: messages.headingState },
            { heading: messages.headingPid, align: "right" },
            { heading: messages.headingUptime, align: "right" },
            { heading: messages.headingMemory, align: "right" },
            { heading: messages.headingRestarts, align: "right" },
            { heading: messages.headingRelease },
            { heading: messages.headingListen },
          ],
          rows.flatMap((row) => [rowTexts(row), ...row.workers.map(workerTexts)]),
        );
        for (const line of lines) terminal.out(line);
      }
    });

  function workerTexts({ pid, uptimeMs, memoryBytes }: WorkerRow): string[] {
    return [
      `  ${messages.workerProcess}`,
      "",
      String(pid),
      formatUptime(uptimeMs),
      formatBytes(memoryBytes),
      "",
      "",
      "",
    ];
  }

  function rowTexts(row: ProcessRow): string[] {
    const dash = style.faint("–");
    return [
      row.name,
      processStateText(row.state, context),
      row.pid === 0 ? dash : String(row.pid),
      row.pid === 0 ? dash : formatUptime(row.uptimeMs),
      row.pid === 0 ? dash : formatBytes(row.memoryBytes),
      row.restarts === null ? dash : String(row.restarts),
      row.release === "" ? dash : row.release,
      row.listen === "" ? dash : row.listen,
    ];
  }
};
