import type { CommandContext } from "../context.ts";
import { instanceAddress } from "../output/instance-address.ts";
import { formatDuration } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import type { RouteTableAnswer, Thought } from "./ask-agent.ts";

type Words = Pick<CommandContext, "messages" | "style">;

/** A service's table for a terminal: for each process of this host that calls it, and for those without an SDK, who gets what and why. */
export function routeLines(table: RouteTableAnswer, words: Words): string[] {
  const { messages, style } = words;
  const { service, version, policy, instances, callers, local } = table;
  const lines = [`${style.strong(service)}  ${messages.routeHead(version, policy, instances.length)}`];
  if (instances.length === 0) return lines;
  for (const caller of callers) {
    // The agent's own voice is what `local` says.
    if (caller.service === "msec.agent") continue;
    const name = `${caller.service} ${caller.instance.startsWith("pid:") ? "" : `${caller.instance} `}`.trimEnd();
    lines.push("", messages.routeCaller(name, caller.pid), ...thoughtLines(table, caller.instances, words));
  }
  lines.push("", messages.routeLocal, ...thoughtLines(table, local, words));
  return lines;
}

function thoughtLines(table: RouteTableAnswer, thoughts: readonly Thought[], words: Words): string[] {
  const { messages, style } = words;
  const byPlace = new Map(thoughts.map((thought) => [instanceAddress(thought), thought]));
  const hasZones = table.instances.some(({ zone }) => zone !== "");
  const rows = table.instances.map((instance) => {
    const name = instanceAddress(instance);
    const thought = byPlace.get(name);
    const about = [name, ...(hasZones ? [instance.zone] : [])];
    const weight = String(instance.weight);
    const dash = style.faint("–");
    if (thought === undefined) return [...about, dash, weight, dash, dash, dash, dash, messages.routeNotCalled];
    return [
      ...about,
      stateText(thought, words),
      weight,
      `${(thought.share * 100).toFixed(1)} %`,
      thought.latencyMs > 0 ? formatDuration(thought.latencyMs * 1_000) : dash,
      `${Math.round(thought.successRatio * 100)} %`,
      String(thought.inFlight),
      messages.routeWhy(thought),
    ];
  });
  const right = (heading: string) => ({ heading, align: "right" as const });
  return tableLines(
    [
      { heading: messages.headingInstance },
      ...(hasZones ? [{ heading: messages.headingZone }] : []),
      { heading: messages.headingState },
      right(messages.headingWeight),
      right(messages.headingShare),
      right(messages.headingLatency),
      right(messages.headingSuccess),
      right(messages.headingInFlight),
      { heading: messages.headingWhy },
    ],
    rows,
  );
}

function stateText({ state }: Thought, { messages, style }: Words): string {
  switch (state) {
    case "serving":
      return style.good(messages.routeServing);
    case "warming":
      return style.warn(messages.routeWarming);
    case "suppressed":
      return style.warn(messages.routeSuppressed);
    case "ejected":
      return style.bad(messages.routeEjected);
    case "probing":
      return style.bad(messages.routeProbing);
  }
}
