import { DyeingService, type DyeRuleView, DyeRuleViewSchema } from "@msec/api/console/v1/dyeing_pb.js";
import { openOperatorApi } from "../api/operator-client.ts";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { harmlessText } from "../log/log-text.ts";
import { parseTimeSpan } from "../log/time-span.ts";
import { messageJson } from "../output/message-json.ts";
import { formatUptime } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import type { AddCommand } from "./command.ts";

interface DyeOptions extends GlobalOptions {
  service?: string;
  caller?: string;
  for: string;
  note?: string;
  end?: string;
  json?: boolean;
}

/** `msec dye [field=value]`: record matching requests in full; without an argument, what is dyed now. */
export const addDyeCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("dye")
    .description(messages.dyeDescription)
    .argument("[field=value]", messages.dyeField)
    .option("--service <name>", messages.dyeService)
    .option("--caller <name>", messages.dyeCaller)
    .option("--for <time>", messages.dyeFor, "10m")
    .option("--note <text>", messages.dyeNote)
    .option("--end <id>", messages.dyeEnd)
    .option("--json", messages.optionJson)
    .action(async (pair: string | undefined, _options, command) => {
      const options = command.optsWithGlobals() as DyeOptions;
      const rule = ruleOf(pair, options);
      const dyeing = openOperatorApi(getState(context, options), messages).client(DyeingService);
      if (options.end !== undefined) {
        await dyeing.endDyeRule({ id: options.end });
        if (options.json) terminal.out(JSON.stringify({ ended: options.end }));
        else terminal.out(messages.dyeEnded(options.end));
        return;
      }
      if (rule === undefined) {
        const { rules } = await dyeing.listDyeRules({});
        const active = rules.filter((one) => one.active);
        if (options.json) terminal.out(JSON.stringify(active.map(ruleJson), null, 2));
        else printRules(active);
        return;
      }
      const { rule: made } = await dyeing.createDyeRule(rule);
      if (options.json) terminal.out(JSON.stringify(made && ruleJson(made), null, 2));
      else if (made !== undefined) terminal.out(messages.dyeMade(made.id, ruleText(made), leftText(made)));
    });

  function ruleOf(pair: string | undefined, options: DyeOptions) {
    const { service = "", caller = "", note = "" } = options;
    if (pair === undefined && caller === "") {
      if (service !== "" || note !== "") throw usageError(messages.dyeNothing, messages.dyeNothingHint);
      return undefined;
    }
    const at = pair?.indexOf("=") ?? 0;
    if (pair !== undefined && at < 1) throw usageError(messages.badPair(pair), messages.dyeNothingHint);
    const durationS = parseTimeSpan(options.for);
    if (durationS === undefined || durationS < 10 || durationS > 86_400)
      throw usageError(messages.badDyeTime(options.for));
    return { field: pair?.slice(0, at) ?? "", value: pair?.slice(at + 1) ?? "", service, caller, durationS, note };
  }

  function printRules(rules: readonly DyeRuleView[]): void {
    if (rules.length === 0) {
      terminal.out(messages.dyeNone);
      return;
    }
    const columns = [messages.columnId, messages.columnDyed, messages.columnTimeLeft, messages.columnNote];
    const rows = rules.map((rule) => [rule.id, ruleText(rule), leftText(rule), harmlessText(rule.note)]);
    for (const line of tableLines(
      columns.map((heading) => ({ heading })),
      rows,
    ))
      terminal.out(line);
  }

  function ruleText({ field, value, service, caller }: DyeRuleView): string {
    const parts = [
      field === "" ? "" : `${field}=${value}`,
      caller === "" ? "" : messages.dyeFrom(caller),
      service === "" ? "" : messages.dyeAt(service),
    ];
    return style.strong(harmlessText(parts.filter((part) => part !== "").join(" ")));
  }

  function leftText({ expiresMs }: DyeRuleView): string {
    return formatUptime(expiresMs - Date.now());
  }
};

function ruleJson(rule: DyeRuleView): unknown {
  return messageJson(DyeRuleViewSchema, rule);
}
