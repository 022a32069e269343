import {
  type GetServiceMapResponse,
  GetServiceMapResponseSchema,
  RequestService,
  ServiceMapKind,
} from "@msec/api/console/v1/requests_pb.js";
import { openOperatorApi } from "../api/operator-client.ts";
import { isRegistered } from "../api/registered-service.ts";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { harmlessText } from "../log/log-text.ts";
import { momentOption } from "../log/moment-option.ts";
import { messageJson } from "../output/message-json.ts";
import { formatDuration } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import type { AddCommand } from "./command.ts";

/** Calls take that long from a process to the store: the newest seconds would look as if nobody called. */
const arrivalMs = 3_000;

interface MapOptions extends GlobalOptions {
  since: string;
  until?: string;
  failed?: boolean;
  minRate?: string;
  json?: boolean;
}

/** `msec map [service]`: who calls whom. */
export const addMapCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("map")
    .description(messages.mapDescription)
    .argument("[service]", messages.mapService)
    .option("--since <time>", messages.mapSince, "1m")
    .option("--until <time>", messages.mapUntil)
    .option("--failed", messages.mapFailed)
    .option("--min-rate <n>", messages.mapMin)
    .option("--json", messages.optionJson)
    .action(async (service: string | undefined, _options, command) => {
      const options = command.optsWithGlobals() as MapOptions;
      const nowMs = Date.now() - arrivalMs;
      const api = openOperatorApi(getState(context, options), messages, 30_000);
      const map = await api.client(RequestService).getServiceMap({
        fromMs: momentOption("--since", options.since, nowMs, messages),
        toMs: options.until === undefined ? nowMs : momentOption("--until", options.until, nowMs, messages),
        service: service ?? "",
        failedOnly: options.failed ?? false,
        minPerSecond: rateOf(options.minRate),
      });
      if (options.json) {
        terminal.out(JSON.stringify(messageJson(GetServiceMapResponseSchema, map), null, 2));
        return;
      }
      printMap(map);
      if (map.edges.length === 0 && !(await isRegistered(api, service ?? ""))) {
        terminal.err(style.faint(messages.serviceNotRegistered(service ?? "")));
      }
    });

  function rateOf(text: string | undefined): number {
    if (text === undefined) return 0;
    if (!/^\d{1,9}(\.\d{1,6})?$/.test(text)) throw usageError(messages.badRate(text));
    return Number(text);
  }

  function printMap(map: GetServiceMapResponse): void {
    if (map.edges.length === 0) {
      terminal.err(style.faint(messages.mapNone));
      return;
    }
    const kinds = new Map(map.nodes.map(({ name, kind }) => [name, kind]));
    const columns = [
      { heading: messages.headingCaller },
      { heading: messages.headingCallee },
      { heading: messages.headingKind },
      { heading: messages.headingRate, align: "right" as const },
      { heading: messages.headingFailures, align: "right" as const },
      { heading: "P50", align: "right" as const },
      { heading: "P99", align: "right" as const },
    ];
    const rows = map.edges.map((edge) => [
      edge.caller === "" ? messages.mapNobody : harmlessText(edge.caller),
      harmlessText(edge.callee),
      kindText(kinds.get(edge.callee)),
      `${edge.fromSpans ? "≈" : ""}${edge.perSecond.toFixed(edge.perSecond < 10 ? 2 : 0)}`,
      failuresText(edge.failures, edge.calls),
      formatDuration(edge.p50Ms * 1_000),
      formatDuration(edge.p99Ms * 1_000),
    ]);
    for (const line of tableLines(columns, rows)) terminal.out(line);
    if (map.truncated) terminal.err(style.warn(messages.mapTruncated));
  }

  function failuresText(failures: number, calls: number): string {
    return failures === 0 ? "0" : style.bad(`${((failures / Math.max(1, calls)) * 100).toFixed(2)} %`);
  }

  function kindText(kind: ServiceMapKind | undefined): string {
    if (kind === ServiceMapKind.EXTERNAL) return messages.mapExternal;
    return kind === ServiceMapKind.STANDARD ? "" : messages.mapOutside;
  }
};
