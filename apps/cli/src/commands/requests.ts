import type { Client } from "@connectrpc/connect";
import { LogService } from "@msec/api/console/v1/logs_pb.js";
import {
  type FoundRequest,
  FoundRequestSchema,
  RequestOrder,
  RequestService,
} from "@msec/api/console/v1/requests_pb.js";
import { type Code, codeName } from "@msec/rpc/code";
import { type OperatorApi, openOperatorApi } from "../api/operator-client.ts";
import { isRegistered } from "../api/registered-service.ts";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { checkExpression } from "../log/check-expression.ts";
import { harmlessText, timeText } from "../log/log-text.ts";
import { momentOption } from "../log/moment-option.ts";
import { messageJson } from "../output/message-json.ts";
import { formatDuration } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import type { AddCommand } from "./command.ts";

const pageRequests = 500;
const requestsMax = 10_000;
const codeMax = 16;

interface RequestsOptions extends GlobalOptions {
  since: string;
  until?: string;
  method?: string;
  caller?: string;
  callerInstance?: string;
  instance?: string;
  host?: string;
  code?: string;
  failed?: boolean;
  min?: string;
  max?: string;
  where?: string;
  slowest?: boolean;
  limit: string;
  json?: boolean;
}

/** `msec requests [service]`: requests with a call that fits. */
export const addRequestsCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("requests")
    .description(messages.requestsDescription)
    .argument("[service]", messages.requestsService)
    .option("--since <time>", messages.requestsSince, "1h")
    .option("--until <time>", messages.requestsUntil)
    .option("--method <name>", messages.requestsMethod)
    .option("--caller <service>", messages.requestsCaller)
    .option("--caller-instance <address>", messages.requestsCallerInstance)
    .option("--instance <address>", messages.requestsInstance)
    .option("--host <name>", messages.requestsHost)
    .option("--code <codes>", messages.requestsCode)
    .option("--failed", messages.requestsFailed)
    .option("--min <ms>", messages.requestsMin)
    .option("--max <ms>", messages.requestsMax)
    .option("--where <expression>", messages.requestsWhere)
    .option("--slowest", messages.requestsSlowest)
    .option("-n, --limit <requests>", messages.requestsLimit, "50")
    .option("--json", messages.requestsJson)
    .action(async (service: string | undefined, _options, command) => {
      const options = command.optsWithGlobals() as RequestsOptions;
      const query = queryOf(service ?? "", options);
      const limit = limitOf(options.limit);
      const api = openOperatorApi(getState(context, options), messages, 30_000);
      await checkExpression(api.client(LogService), query.where, messages);
      const found = await findRequests(api.client(RequestService), query, limit);
      if (options.json) for (const one of found) printJson(one);
      else if (found.length === 0) terminal.err(style.faint(await sayNone(api, service ?? "")));
      else printTable(found);
    });

  async function sayNone(api: OperatorApi, service: string): Promise<string> {
    const known = await isRegistered(api, service);
    return known ? messages.requestsNone : `${messages.requestsNone} ${messages.serviceNotRegistered(service)}`;
  }

  function queryOf(service: string, options: RequestsOptions) {
    const nowMs = Date.now();
    const { method = "", caller = "", callerInstance = "", instance = "" } = options;
    const { host = "", where = "", failed = false } = options;
    return {
      fromMs: momentOption("--since", options.since, nowMs, messages),
      // A host's clock may be ahead.
      toMs: options.until === undefined ? nowMs + 60_000 : momentOption("--until", options.until, nowMs, messages),
      ...{ service, method, caller, callerInstance, instance, host, where, failedOnly: failed },
      codes: options.code === undefined ? [] : options.code.split(",").map((text) => codeOf(text.trim())),
      minUs: microsecondsOf("--min", options.min),
      maxUs: microsecondsOf("--max", options.max),
      order: options.slowest ? RequestOrder.SLOWEST : RequestOrder.NEWEST,
    };
  }

  function microsecondsOf(option: string, text: string | undefined): number {
    if (text === undefined) return 0;
    if (!/^\d{1,7}(\.\d{1,3})?$/.test(text)) throw usageError(messages.badMilliseconds(option, text));
    return Number(text) * 1_000;
  }

  function codeOf(text: string): number {
    const codes = Array.from({ length: codeMax + 1 }, (_, code) => code);
    const found = codes.find(
      (code) => String(code) === text || codeName(code as Code).toLowerCase() === text.toLowerCase(),
    );
    if (found === undefined) {
      throw usageError(messages.badCode(text), codes.map((code) => codeName(code as Code)).join(", "));
    }
    return found;
  }

  function limitOf(text: string): number {
    const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (limit < 1 || limit > requestsMax) throw usageError(messages.badRequestsLimit(text));
    return limit;
  }

  function printJson(found: FoundRequest): void {
    terminal.out(JSON.stringify(messageJson(FoundRequestSchema, found)));
  }

  function printTable(found: readonly FoundRequest[]): void {
    const columns = [
      { heading: messages.headingTime },
      { heading: messages.headingRequest },
      { heading: messages.headingCall },
      { heading: messages.headingDuration, align: "right" as const },
      { heading: messages.headingResult },
      { heading: messages.headingPath },
    ];
    const rows = found.flatMap(({ summary, call }) => {
      if (summary === undefined || call === undefined) return [];
      const result = codeName(call.code as Code);
      return [
        [
          timeText(call.startUs, Date.now()),
          summary.requestId,
          harmlessText(call.method.slice(call.method.lastIndexOf(".") + 1)),
          formatDuration(call.durationUs),
          call.code === 0 ? messages.ok : style.bad(result),
          harmlessText(summary.services.join(" › ")),
        ],
      ];
    });
    for (const line of tableLines(columns, rows)) terminal.out(line);
  }
};

type Query = Parameters<Client<typeof RequestService>["searchRequests"]>[0];

/** A page may be empty and not the last: the server stops a long search for its time. */
async function findRequests(
  requests: Client<typeof RequestService>,
  query: Query,
  limit: number,
): Promise<FoundRequest[]> {
  const found: FoundRequest[] = [];
  let after = "";
  do {
    const page = await requests.searchRequests({
      ...query,
      after,
      limit: Math.min(pageRequests, limit - found.length),
    });
    found.push(...page.requests);
    after = page.next;
  } while (after !== "" && found.length < limit);
  return found;
}
