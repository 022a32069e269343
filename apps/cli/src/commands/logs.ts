import { toJson } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { type LogLine, LogLineSchema, LogService } from "@msec/api/console/v1/logs_pb.js";
import { LOG_LEVELS } from "@msec/process";
import { openOperatorApi } from "../api/operator-client.ts";
import { isRegistered } from "../api/registered-service.ts";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { checkExpression } from "../log/check-expression.ts";
import { fieldValue, harmlessText, timeText } from "../log/log-text.ts";
import { momentOption } from "../log/moment-option.ts";
import type { AddCommand } from "./command.ts";

const pageLines = 1_000;
const linesMax = 100_000;
const followWaitMs = 10_000;
/** Lines whose ids are kept to tell those that are given twice. */
const seenMax = 20_000;

interface LogsOptions extends GlobalOptions {
  since: string;
  until?: string;
  level?: string;
  where?: string;
  request?: string;
  host?: string;
  instance?: string;
  limit: string;
  dyed?: boolean;
  follow?: boolean;
  json?: boolean;
}

/** `msec logs [service]`: log lines, the newest last, and on as they come. */
export const addLogsCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("logs")
    .description(messages.logsDescription)
    .argument("[service]", messages.logsService)
    .option("--since <time>", messages.logsSince, "1h")
    .option("--until <time>", messages.logsUntil)
    .option("--level <level>", messages.logsLevel)
    .option("--where <expression>", messages.logsWhere)
    .option("--request <id>", messages.logsRequest)
    .option("--host <name>", messages.logsHost)
    .option("--instance <address>", messages.logsInstance)
    .option("--dyed", messages.logsDyed)
    .option("-n, --limit <lines>", messages.logsLimit, "100")
    .option("-f, --follow", messages.logsFollow)
    .option("--json", messages.logsJson)
    .action(async (service: string | undefined, _options, command) => {
      const options = command.optsWithGlobals() as LogsOptions;
      const filter = filterOf(service, options);
      const limit = limitOf(options.limit);
      const api = openOperatorApi(getState(context, options), messages, 30_000);
      const logs = api.client(LogService);
      await checkExpression(logs, filter.where, messages);
      const print = options.json ? printJson : printText;
      // From before the first page: what arrives meanwhile is told by its id.
      const place = options.follow ? (await logs.tailLogs({ filter })).next : "";
      const seen = new Set<string>();
      for (const line of await findLines(logs, filter, limit)) {
        seen.add(line.id);
        print(line);
      }
      if (options.follow) await follow(logs, filter, place, seen, print);
      else if (seen.size === 0) {
        const known = await isRegistered(api, service ?? "");
        terminal.err(style.faint(known ? messages.logsNothing : messages.logsOfNobody(service ?? "")));
      }
    });

  function filterOf(service: string | undefined, options: LogsOptions) {
    const nowMs = Date.now();
    const fromMs = momentOption("--since", options.since, nowMs, messages);
    const toMs = options.until === undefined ? nowMs + 60_000 : momentOption("--until", options.until, nowMs, messages);
    const level = options.level?.toLowerCase() ?? "";
    const { where = "", request = "", host = "", instance = "", dyed = false } = options;
    if (level !== "" && !LOG_LEVELS.some((one) => one === level)) {
      throw usageError(messages.badLevel(options.level ?? ""), LOG_LEVELS.join(", "));
    }
    return { fromMs, toMs, service: service ?? "", level, where, requestId: request, host, instance, dyedOnly: dyed };
  }

  function limitOf(text: string): number {
    const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
    if (limit < 1 || limit > linesMax) throw usageError(messages.badLineLimit(text));
    return limit;
  }

  function printJson(line: LogLine): void {
    const { fields, ...rest } = toJson(LogLineSchema, line) as Record<string, unknown>;
    terminal.out(JSON.stringify({ time: new Date(line.timeUs / 1_000).toISOString(), ...rest, fields: fields ?? {} }));
  }

  function printText(line: LogLine): void {
    const fields = Object.entries(line.fields).map(([name, value]) => ` ${harmlessText(name)}=${fieldValue(value)}`);
    const where = [line.service, line.instance, line.source].filter((part) => part !== "").map(harmlessText);
    const request = line.requestId === "" ? "" : ` ${line.requestId.slice(0, 16)}${line.dyed ? "*" : ""}`;
    const time = style.faint(timeText(line.timeUs, Date.now()));
    const place = style.faint(`${where.join(" ")}${request}`);
    terminal.out(
      `${time} ${levelText(line.level)} ${place}  ${harmlessText(line.text)}${style.faint(fields.join(""))}`,
    );
  }

  function levelText(level: string): string {
    const padded = level.padEnd(5);
    if (level === "error" || level === "fatal") return style.bad(padded);
    return level === "warn" ? style.warn(padded) : padded;
  }
};

type Filter = Parameters<Client<typeof LogService>["findLogs"]>[0]["filter"];

/** The newest lines, in order of time. */
async function findLines(logs: Client<typeof LogService>, filter: Filter, limit: number): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  let before = "";
  do {
    const page = await logs.findLogs({ filter, limit: Math.min(pageLines, limit - lines.length), before });
    lines.push(...page.lines);
    before = page.next;
  } while (before !== "" && lines.length < limit);
  return lines.reverse();
}

async function follow(
  logs: Client<typeof LogService>,
  filter: Filter,
  place: string,
  seen: Set<string>,
  print: (line: LogLine) => void,
): Promise<never> {
  for (let after = place; ; ) {
    const { lines, next } = await logs.tailLogs({ filter, after, waitMs: followWaitMs, limit: 1_000 });
    for (const line of lines) {
      if (seen.has(line.id)) continue;
      if (seen.size >= seenMax) seen.clear();
      seen.add(line.id);
      print(line);
    }
    after = next;
  }
}
