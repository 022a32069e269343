import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@connectrpc/connect";
import { Code } from "@connectrpc/connect";
import {
  type FlowLog,
  type GetFlowResponse,
  GetFlowResponseSchema,
  TelemetryService,
} from "@msec/api/console/v1/telemetry_pb.js";
import { UserError } from "@msec/process";
import { codeName } from "@msec/rpc/code";
import { failedWith } from "../api/connect-error.ts";
import { openOperatorApi } from "../api/operator-client.ts";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { flowTree, type Hop } from "../flow/flow-tree.ts";
import { messageJson } from "../output/message-json.ts";
import { formatDuration } from "../output/quantity.ts";
import { padText, textWidth } from "../output/text-width.ts";
import { type TreeNode, treeLines } from "../output/tree.ts";
import type { AddCommand } from "./command.ts";

/** Spans take that long from a process to the store at most, where all is well: they are waited for. */
const arrivalMs = 5_000;
const askAgainMs = 250;
/** Log lines are stored after the spans of their batch. A request without any must not be waited for long. */
const logsArriveMs = 1_000;

/** `msec flow <request id>`: the path of one request. */
export const addFlowCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("flow")
    .description(messages.flowDescription)
    .argument("<request-id>", messages.flowRequestId)
    .option("--logs", messages.flowLogs)
    .option("--json", messages.optionJson)
    .action(async (requestId: string, _options, command) => {
      if (!isRequestId(requestId)) throw usageError(messages.badRequestId(requestId), messages.badRequestIdHint);
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean; logs?: boolean };
      const telemetry = openOperatorApi(getState(context, options), messages).client(TelemetryService);
      const flow = await waitForFlow(telemetry, requestId, options.logs ?? options.json ?? false);
      if (flow === undefined) {
        throw new UserError(messages.requestUnknown(requestId), { hint: messages.requestUnknownHint });
      }
      if (options.json) {
        terminal.out(JSON.stringify(messageJson(GetFlowResponseSchema, flow), null, 2));
      } else {
        printFlow(flow, options.logs ?? false);
      }
    });

  function printFlow(flow: GetFlowResponse, withLogs: boolean): void {
    const tree = flowTree(flow.spans);
    const startUs = Math.min(...flow.spans.map((span) => span.startUs));
    const endUs = Math.max(...flow.spans.map((span) => span.startUs + span.durationUs));
    const started = new Date(startUs / 1000).toISOString().replace("T", " ").replace("Z", " UTC");
    terminal.out(messages.flowHead(flow.requestId, started, formatDuration(endUs - startUs)));
    const logs = withLogs ? flow.logs : [];
    const width = Math.max(0, ...tree.hops.flatMap((hop) => nameWidths(hop, 1)));
    const nodes = tree.hops.map((hop) => hopNode(hop, logs, startUs, width, 1));
    for (const line of treeLines([{ text: style.strong(tree.caller || "–"), children: nodes }])) terminal.out(line);
    if (!tree.complete) terminal.err(style.warn(messages.flowPartial));
    if (flow.truncated) terminal.err(style.warn(messages.flowTruncated));
  }

  // Durations stand in one column, whatever the depth: each level's branch takes three columns.
  function hopNode(hop: Hop, logs: readonly FlowLog[], startUs: number, width: number, depth: number): TreeNode {
    const name = padText(hopName(hop), width - 3 * depth);
    const duration = padText(formatDuration(hop.span.durationUs), 9, "right");
    const text = `${name}  ${duration}  ${resultText(hop)}${wayText(hop)}`;
    const lines = logs.filter((log) => hop.spanIds.includes(log.spanId)).map((log) => logNode(log, startUs));
    return {
      text,
      children: [...lines, ...hop.children.map((child) => hopNode(child, logs, startUs, width, depth + 1))],
    };
  }

  function hopName(hop: Hop): string {
    const instance = hop.instance === "" ? "" : style.faint(` ${hop.instance}`);
    return `${hop.service || "?"}${instance}  ${hop.span.method}`;
  }

  function nameWidths(hop: Hop, depth: number): number[] {
    return [3 * depth + textWidth(hopName(hop)), ...hop.children.flatMap((child) => nameWidths(child, depth + 1))];
  }

  function resultText({ span, reported }: Hop): string {
    const result =
      span.code === 0 ? style.good(messages.ok) : style.bad(`${codeName(span.code)} ${span.message}`.trimEnd());
    return reported ? result : `${result}  ${style.warn(`(${messages.flowNotReported})`)}`;
  }

  // Which attempt, by which routes, to which release: what is not known or goes without saying is left out.
  function wayText({ span, release }: Hop): string {
    const again = span.attempt > 0 ? style.warn(`  ${messages.flowAttempt(span.attempt + 1, span.attemptReason)}`) : "";
    const way = [
      span.routeVersion > 0 ? messages.flowRoutes(span.routeVersion) : "",
      release === "" ? "" : messages.flowRelease(release),
    ];
    return again + style.faint(way.map((part) => (part === "" ? "" : `  ${part}`)).join(""));
  }

  function logNode(log: FlowLog, startUs: number): TreeNode {
    const fields = Object.entries(log.fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
    const time = `+${formatDuration(Math.max(0, log.timeUs + log.shiftUs - startUs))}`;
    return { text: style.faint(`${time}  ${log.level}  ${log.text}${fields.join("")}`), children: [] };
  }
};

/**
 * Ask until the flow is complete, for a few seconds; then what there is. Where its log lines are wanted, a complete flow without any is
 * asked for during a second more.
 *
 * @returns `undefined` when there is nothing
 */
async function waitForFlow(
  telemetry: Client<typeof TelemetryService>,
  requestId: string,
  withLogs: boolean,
): Promise<GetFlowResponse | undefined> {
  let deadline = performance.now() + arrivalMs;
  for (;;) {
    const flow = await findFlow(telemetry, requestId);
    const found = flow !== undefined && flow.spans.length > 0 ? flow : undefined;
    // Of one that is longer than an answer there will never be all.
    if (found?.truncated) return found;
    const complete = found !== undefined && flowTree(found.spans).complete;
    if (complete && (!withLogs || found.logs.length > 0)) return found;
    if (performance.now() >= deadline) return found;
    if (complete) deadline = Math.min(deadline, performance.now() + logsArriveMs);
    await delay(askAgainMs);
  }
}

async function findFlow(
  telemetry: Client<typeof TelemetryService>,
  requestId: string,
): Promise<GetFlowResponse | undefined> {
  try {
    return await telemetry.getFlow({ requestId });
  } catch (error) {
    if (failedWith(error, Code.NotFound)) return undefined;
    throw error;
  }
}

function isRequestId(text: string): boolean {
  return /^([0-9a-f]{32}|[0-9a-f]{16}|\d{1,20})$/i.test(text);
}
