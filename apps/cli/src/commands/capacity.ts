import { addChangeCommands } from "../capacity/change-commands.ts";
import { addInstanceCommands } from "../capacity/instance-commands.ts";
import { addLoadCommand } from "../capacity/load-command.ts";
import { addOperationCommands } from "../capacity/operation-commands.ts";
import type { AddCommand } from "./command.ts";

/** `msec capacity …`: loads, and changes of capacity (扩容/缩容) that wait until they are done. */
export const addCapacityCommand: AddCommand = (program, context) => {
  const capacity = program.command("capacity").helpCommand(false).description(context.messages.capacityDescription);
  addChangeCommands(capacity, context);
  addLoadCommand(capacity, context);
  addInstanceCommands(capacity, context);
  addOperationCommands(capacity, context);
};
