import type { Event } from "@msec/api/console/v1/metrics_pb.js";
import { EventKind } from "@msec/api/console/v1/metrics_pb.js";
import type { TFunction } from "i18next";
import { type ChartMark, MarkKind } from "../../ui/mark-groups.ts";
import { kindKey } from "../capacity/operation-words.ts";

const kinds = {
  [EventKind.UNSPECIFIED]: { mark: MarkKind.Other, key: "event.other" },
  [EventKind.ROUTING_IN]: { mark: MarkKind.In, key: "event.in" },
  [EventKind.ROUTING_OUT]: { mark: MarkKind.Out, key: "event.out" },
  [EventKind.RELEASE]: { mark: MarkKind.Release, key: "event.release" },
  [EventKind.LIFE]: { mark: MarkKind.Life, key: "event.life" },
} as const;

/**
 * What was done to a service as marks on its curves: an operation leads to its page, a release or a switch of routing to the instances of the service.
 *
 * @param clock  a time for people
 */
export function eventMarks(events: readonly Event[], t: TFunction, clock: (ms: number) => string): ChartMark[] {
  return events.map((event) => ({
    timeMs: event.timeMs,
    kind: (kinds[event.kind] ?? kinds[EventKind.UNSPECIFIED]).mark,
    clock: clock(event.timeMs),
    label: `${wordsOf(event, t)} · ${event.by}`,
    href: pathOf(event),
  }));
}

function wordsOf({ kind, subject, operation, operationKind, instances }: Event, t: TFunction): string {
  if (operation !== "") {
    const words = t("operation.of", { kind: t(`operation.kind.${kindKey[operationKind]}`), count: instances });
    // `restart 127.0.0.1:7963`: the words say the verb in the reader's language.
    return instances === 1 ? `${words} ${subject.split(" ").at(-1)}` : words;
  }
  const several = /^(\d+) instances$/.exec(subject);
  const what = several === null ? subject : t("event.instances", { count: Number(several[1]) });
  return `${t((kinds[kind] ?? kinds[EventKind.UNSPECIFIED]).key)} ${what}`;
}

function pathOf({ service, operation }: Event): string {
  if (operation === "") return `/services/${encodeURIComponent(service)}`;
  return `/capacity?view=operations&operation=${encodeURIComponent(JSON.stringify(operation))}`;
}
